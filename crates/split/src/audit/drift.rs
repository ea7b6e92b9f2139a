//! Labels that are more or less frequent in one part than chance explains.

use std::collections::BTreeSet;

use crate::part::Part;

use super::{AuditInput, Check};

/// Standard errors by which a share may differ from the overall share. Chance alone exceeds this in
/// about one of 16,000 comparisons.
const STANDARD_ERRORS: f64 = 4.0;

/// The share of one label in one part, compared with its overall share.
struct Deviation {
    part: Part,
    label: u8,
    value: f64,
    limit: f64,
}

/// Reports the share with the largest deviation relative to its limit.
pub(super) fn check(input: &AuditInput<'_>) -> Check {
    let labels: BTreeSet<u8> = input.rows().map(|row| row.label).collect();
    let labels = &labels;
    let cells = Part::ALL
        .into_iter()
        .flat_map(|part| labels.iter().map(move |&label| (part, label)));
    let excess = |deviation: &Deviation| deviation.value / deviation.limit;
    let worst = cells
        .filter_map(|(part, label)| deviation(input, part, label))
        .max_by(|a, b| excess(a).total_cmp(&excess(b)));
    let Some(Deviation {
        part,
        label,
        value,
        limit,
    }) = worst
    else {
        return Check::new("label_drift", 0.0, 0.0, "there are no rows".to_owned());
    };
    let detail = format!(
        "the share of label {label} in {part} differs by {value:.6} from its overall share; \
         {STANDARD_ERRORS} standard errors are {limit:.6}"
    );
    Check::new("label_drift", value, limit, detail)
}

/// The deviation of a label's share in a part. Its limit is the binomial error of drawing as many
/// labels as the part has groups, plus one row for rounding.
fn deviation(input: &AuditInput<'_>, part: Part, label: u8) -> Option<Deviation> {
    let rows = || input.rows().filter(|row| row.part == part);
    let overall = share(input.rows().map(|row| row.label == label))?;
    let here = share(rows().map(|row| row.label == label))?;
    // All rows of a group may have the same label, so a group is one draw: counting each row would
    // make the limit too tight.
    let mut groups: Vec<u64> = rows().map(|row| row.group).collect();
    groups.sort_unstable();
    groups.dedup();
    let draws = groups.len() as f64;
    let limit = STANDARD_ERRORS * (overall * (1.0 - overall) / draws).sqrt() + 1.0 / draws;
    Some(Deviation {
        part,
        label,
        value: (here - overall).abs(),
        limit,
    })
}

/// The share of `true`; `None` if there are no flags.
fn share(flags: impl Iterator<Item = bool>) -> Option<f64> {
    let (mut set, mut all) = (0.0, 0.0);
    for flag in flags {
        set += f64::from(u8::from(flag));
        all += 1.0;
    }
    (all > 0.0).then_some(set / all)
}
