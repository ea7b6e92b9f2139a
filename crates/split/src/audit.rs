//! An independent check of a finished split.
//!
//! The audit reads the rows as a learner will see them. It shares nothing with the splitter but the
//! names of the parts, so that it also detects the splitter's own mistakes.
//!
//! | check | value | limit |
//! |---|---|---|
//! | `parts_present` | parts without a row | 0 |
//! | `group_overlap` | groups with rows in more than one part | 0 |
//! | `site_overlap` | sites with rows in more than one part; only if sites are known | 0 |
//! | `exact_duplicates` | rows with an identical row in another part | 0 |
//! | `near_duplicates` | rows with a near duplicate in another part, see [`NEAR`] | 0 |
//! | `label_drift` | largest difference between a label's share in a part and its overall share | four standard errors |
//! | named by the caller | sites that the parts and held-out sets share, see [`AuditInput::with_held_out`] | 0 |

mod drift;
mod duplicates;
mod input;
mod near;
mod overlap;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::part::Part;

use duplicates::Class;

pub use input::{AuditInput, HeldOut, Table};

/// Two rows are near duplicates if their values differ by at most this many standard deviations in
/// every column.
pub(crate) const NEAR: f64 = 1e-3;

/// The result of an audit. Only [`audit()`] constructs it, so `passed` always agrees with the checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    passed: bool,
    checks: Vec<Check>,
}

impl Audit {
    /// Whether every check passed.
    pub fn passed(&self) -> bool {
        self.passed
    }

    /// All checks, in the order in which they were made.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.passed)
    }
}

/// One check: it passes while `value` does not exceed `limit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// A name that does not change between releases.
    pub name: String,
    /// Whether `value` is within `limit`.
    pub passed: bool,
    /// The measured value: a count, or a difference of shares.
    pub value: f64,
    /// The largest value that passes.
    pub limit: f64,
    /// The result in words, with an example if something was found.
    pub detail: String,
}

impl Check {
    /// A check that passes if `value` is within `limit`.
    fn new(name: &str, value: f64, limit: f64, detail: String) -> Self {
        Self {
            name: name.to_owned(),
            passed: value <= limit,
            value,
            limit,
            detail,
        }
    }

    /// A check that passes if `found` is 0.
    fn none_of(name: &str, found: usize, detail: String) -> Self {
        Self::new(name, found as f64, 0.0, detail)
    }
}

/// Checks a split for leaks and label drift.
///
/// # Errors
/// [`Error::Shape`] if the slices of a table do not describe the same rows.
pub fn audit(input: &AuditInput<'_>) -> Result<Audit, Error> {
    input.check_shape()?;
    let classes = Class::all(input);
    let groups = input.rows().map(|row| (row.group, row.part));
    let mut checks = vec![
        parts_present(input),
        overlap::between_parts("group", groups),
    ];
    if input.has_sites() {
        checks.push(overlap::between_parts("site", input.sites_or_groups()));
    }
    checks.push(duplicates::check(&classes));
    checks.push(near::check(input, &classes));
    checks.push(drift::check(input));
    checks.extend(overlap::with_held_out(input));
    Ok(Audit {
        passed: checks.iter().all(|check| check.passed),
        checks,
    })
}

/// An empty part passes every other check trivially, so it needs a check of its own.
fn parts_present(input: &AuditInput<'_>) -> Check {
    let absent: Vec<String> = Part::ALL
        .into_iter()
        .filter(|&part| input.rows().all(|row| row.part != part))
        .map(|part| part.to_string())
        .collect();
    let detail = match absent.as_slice() {
        [] => "every part has rows".to_owned(),
        names => format!("parts without rows: {}", names.join(", ")),
    };
    Check::none_of("parts_present", absent.len(), detail)
}
