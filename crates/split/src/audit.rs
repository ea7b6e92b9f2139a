//! An independent look at a finished split.
//!
//! It takes the rows as the learners will see them and trusts nothing that the splitter says.
//! Of this crate it uses only the names of the parts.
//!
//! | check | value | limit |
//! |---|---|---|
//! | `parts_present` | parts without a row | 0 |
//! | `group_overlap` | groups with rows in more than one part | 0 |
//! | `site_overlap` | sites with rows in more than one part; only where sites are known | 0 |
//! | `exact_duplicates` | rows whose values all stand in another part too | 0 |
//! | `near_duplicates` | rows with a neighbour in another part, see [`NEAR`] | 0 |
//! | `label_drift` | largest difference of a label's share in a part from its overall share | four standard errors |
//!
//! Data sets that lie beside the parts, such as whole recordings kept for later, are held against them by [`disjoint`].

mod drift;
mod duplicates;
mod near;
mod overlap;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::part::Part;

use duplicates::Classes;

pub use overlap::disjoint;

/// Rows are near duplicates when each of their values differs by at most this many standard
/// deviations of its column.
pub(crate) const NEAR: f64 = 1e-3;

/// The rows and the parts that they were dealt to.
#[derive(Clone, Copy, Debug)]
pub struct AuditInput<'a> {
    /// Row-major feature values, NaN for missing.
    pub features: &'a [f32],
    /// Values per row, 1 to 128.
    pub columns: usize,
    /// Label of each row.
    pub labels: &'a [u8],
    /// Group of each row.
    pub groups: &'a [u64],
    /// Place where each row was recorded, if that is known: what looks the same in every recording.
    pub sites: Option<&'a [u64]>,
    /// Part of each row.
    pub part_of: &'a [Part],
}

impl<'a> AuditInput<'a> {
    /// The values of row `i`.
    fn row(&self, i: usize) -> &'a [f32] {
        &self.features[i * self.columns..(i + 1) * self.columns]
    }

    /// Refuses columns of different lengths before anything is indexed.
    fn check_shape(&self) -> Result<(), Error> {
        let rows = self.labels.len();
        let fits = (1..=128).contains(&self.columns)
            && self.features.len() == rows * self.columns
            && self.groups.len() == rows
            && self.sites.is_none_or(|sites| sites.len() == rows)
            && self.part_of.len() == rows;
        if fits {
            return Ok(());
        }
        Err(Error::Shape {
            features: self.features.len(),
            columns: self.columns,
            labels: rows,
            groups: self.groups.len(),
            parts: self.part_of.len(),
        })
    }
}

/// The outcome of an audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Whether every check passed.
    pub passed: bool,
    /// The checks, in the order of the table above.
    pub checks: Vec<Check>,
}

/// One check: it passes while `value` does not exceed `limit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Stable name.
    pub name: String,
    /// Whether the value is within the limit.
    pub passed: bool,
    /// What was measured.
    pub value: f64,
    /// The largest value that passes.
    pub limit: f64,
    /// The same in words, with an example where something was found.
    pub detail: String,
}

impl Check {
    /// A check that passes while the value does not exceed the limit.
    fn new(name: &str, (value, limit): (f64, f64), detail: String) -> Self {
        Self {
            name: name.to_owned(),
            passed: value <= limit,
            value,
            limit,
            detail,
        }
    }

    /// A check that passes when nothing was found.
    fn none_of(name: &str, found: usize, detail: String) -> Self {
        Self::new(name, (found as f64, 0.0), detail)
    }
}

/// Checks a split for leaks and for drift.
///
/// # Errors
/// [`Error::Shape`] when the columns of the input do not describe the same rows.
pub fn audit(input: &AuditInput<'_>) -> Result<Audit, Error> {
    input.check_shape()?;
    let classes = Classes::of(input);
    let sites = input
        .sites
        .map(|sites| overlap::check("site", sites, input.part_of));
    let checks: Vec<Check> = [
        parts_present(input),
        overlap::check("group", input.groups, input.part_of),
    ]
    .into_iter()
    .chain(sites)
    .chain([
        duplicates::check(&classes),
        near::check(input, &classes),
        drift::check(input),
    ])
    .collect();
    Ok(Audit {
        passed: checks.iter().all(|check| check.passed),
        checks,
    })
}

/// An empty part makes every other check pass for nothing.
fn parts_present(input: &AuditInput<'_>) -> Check {
    let absent: Vec<String> = Part::ALL
        .into_iter()
        .filter(|part| !input.part_of.contains(part))
        .map(|part| part.to_string())
        .collect();
    let detail = match absent.as_slice() {
        [] => "every part has rows".to_owned(),
        names => format!("without a row: {}", names.join(", ")),
    };
    Check::none_of("parts_present", absent.len(), detail)
}
