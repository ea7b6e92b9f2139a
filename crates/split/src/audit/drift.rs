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

pub(super) fn check(input: &AuditInput<'_>) -> Check {
    let mut labels = input.labels.to_vec();
    labels.sort_unstable();
    labels.dedup();
    let deviations = Part::ALL.into_iter().flat_map(|part| {
        labels
            .iter()
            .filter_map(move |&label| deviation(input, part, label))
    });
    let excess = |deviation: &Deviation| deviation.value / deviation.limit;
    let worst = deviations.max_by(|a, b| excess(a).total_cmp(&excess(b)));
    let Some(worst) = worst else {
        return Check::new("label_drift", (0.0, 0.0), "there are no rows".to_owned());
    };
    let Deviation {
        part,
        label,
        value,
        limit,
    } = worst;
    let detail = format!(
        "label {label} in {part} is {value:.6} away from its overall share, \
         {STANDARD_ERRORS} standard errors being {limit:.6}"
    );
    Check::new("label_drift", (value, limit), detail)
}

/// The limit is the binomial error of drawing as many labels as the part has groups: rows of one
/// group may all have the same label, so they count once. One row of rounding is granted.
fn deviation(input: &AuditInput<'_>, part: Part, label: u8) -> Option<Deviation> {
    let of_part = |i: &usize| input.part_of[*i] == part;
    let rows: Vec<usize> = (0..input.labels.len()).filter(of_part).collect();
    if rows.is_empty() {
        return None;
    }
    let mut groups: Vec<u64> = rows.iter().map(|&i| input.groups[i]).collect();
    groups.sort_unstable();
    groups.dedup();
    let is_label = |&&i: &&usize| input.labels[i] == label;
    let here = rows.iter().filter(is_label).count() as f64 / rows.len() as f64;
    let all = input.labels.iter().filter(|&&l| l == label).count() as f64;
    let overall = all / input.labels.len() as f64;
    let error = (overall * (1.0 - overall) / groups.len() as f64).sqrt();
    let limit = STANDARD_ERRORS * error + 1.0 / groups.len() as f64;
    Some(Deviation {
        part,
        label,
        value: (here - overall).abs(),
        limit,
    })
}
