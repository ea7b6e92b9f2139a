//! Whether a label is more frequent in one part than chance explains.

use crate::part::Part;

use super::{AuditInput, Check};

/// Standard errors that a share may be away from the overall share: one split in about 16,000
/// exceeds them by chance.
const STANDARD_ERRORS: f64 = 4.0;

/// The share of one label in one part, against its overall share.
struct Deviation {
    part: Part,
    label: u8,
    value: f64,
    limit: f64,
}

/// Reports the share that is furthest beyond what chance explains, or nearest to it.
pub(super) fn check(input: &AuditInput<'_>) -> Check {
    let mut labels = input.labels.to_vec();
    labels.sort_unstable();
    labels.dedup();
    let of_part = |part| {
        labels
            .iter()
            .filter_map(move |&label| deviation(input, part, label))
    };
    let excess = |deviation: &Deviation| deviation.value / deviation.limit;
    let worst = Part::ALL
        .into_iter()
        .flat_map(of_part)
        .max_by(|a, b| excess(a).total_cmp(&excess(b)));
    let Some(Deviation {
        part,
        label,
        value,
        limit,
    }) = worst
    else {
        return Check::new("label_drift", (0.0, 0.0), "there are no rows".to_owned());
    };
    let detail = format!(
        "label {label} in {part} is {value:.6} away from its overall share, \
         {STANDARD_ERRORS} standard errors being {limit:.6}"
    );
    Check::new("label_drift", (value, limit), detail)
}

/// The limit is the binomial error of drawing as many labels as the part has groups: rows of one
/// group may all have the same label, so they count once. One row of rounding is granted.
fn deviation(input: &AuditInput<'_>, part: Part, label: u8) -> Option<Deviation> {
    let rows = || (0..input.labels.len()).filter(|&i| input.part_of[i] == part);
    let overall = share((0..input.labels.len()).map(|i| input.labels[i] == label))?;
    let here = share(rows().map(|i| input.labels[i] == label))?;
    let mut groups: Vec<u64> = rows().map(|i| input.groups[i]).collect();
    groups.sort_unstable();
    groups.dedup();
    // Rows of a group are no independent draws; taking them as such would make the limit too tight.
    let draws = groups.len() as f64;
    let limit = STANDARD_ERRORS * (overall * (1.0 - overall) / draws).sqrt() + 1.0 / draws;
    Some(Deviation {
        part,
        label,
        value: (here - overall).abs(),
        limit,
    })
}

/// The share of `true`; `None` of nothing.
fn share(flags: impl Iterator<Item = bool>) -> Option<f64> {
    let (mut held, mut all) = (0.0, 0.0);
    for flag in flags {
        held += f64::from(u8::from(flag));
        all += 1.0;
    }
    (all > 0.0).then_some(held / all)
}
