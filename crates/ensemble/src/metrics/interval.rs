//! The confidence interval of the ROC-AUC.

use super::resample::{Units, percentile_interval};
use super::same_length;
use crate::error::DataError;

/// The 95 % percentile bootstrap interval of the ROC-AUC (Efron and Tibshirani 1993, chapter 13).
///
/// With `groups` (one number per row), whole groups are drawn: rows of a group are similar, and drawing them
/// individually would make the interval too narrow. With few groups the interval is unreliable; with a single one it
/// has width 0. `None` if no resample has both classes.
pub fn auc_interval(
    labels: &[u8],
    probabilities: &[f64],
    groups: Option<&[u64]>,
    seed: u64,
) -> Result<Option<[f64; 2]>, DataError> {
    same_length(labels, probabilities, groups)?;
    let units = Units::new(labels.len(), groups);
    let ranked = Ranked::new(labels, probabilities, &units.of_row);
    let aucs = units.resampled(seed, |draws| ranked.auc(draws));
    Ok(percentile_interval(aucs))
}

/// Rows by descending probability, sorted once for all resamples.
pub(super) struct Ranked {
    rows: Vec<Row>,
}

#[derive(Clone, Copy)]
struct Row {
    unit: u32,
    positive: bool,
    /// Whether the next row has a different probability.
    ends_tie: bool,
}

impl Ranked {
    pub(super) fn new(labels: &[u8], probabilities: &[f64], units: &[usize]) -> Self {
        let mut order: Vec<usize> =
            (0..labels.len().min(probabilities.len()).min(units.len())).collect();
        order.sort_unstable_by(|&a, &b| {
            probabilities[b]
                .total_cmp(&probabilities[a])
                .then(a.cmp(&b))
        });
        let row = |at: usize| Row {
            unit: units[order[at]] as u32,
            positive: labels[order[at]] == 1,
            ends_tie: order
                .get(at + 1)
                .is_none_or(|&next| probabilities[next] != probabilities[order[at]]),
        };
        Self {
            rows: (0..order.len()).map(row).collect(),
        }
    }

    /// The numbers of positives and negatives at or above each distinct probability, in descending order; each row
    /// counts as often as its unit was drawn.
    pub(super) fn called(&self, draws: &[u32]) -> Vec<[u64; 2]> {
        let mut called = Vec::new();
        let mut counts = [0, 0];
        for row in &self.rows {
            counts[usize::from(!row.positive)] += u64::from(draws[row.unit as usize]);
            if row.ends_tie {
                called.push(counts);
            }
        }
        called
    }

    /// The ROC-AUC with each row counted as often as its unit was drawn.
    pub(super) fn auc(&self, draws: &[u32]) -> Option<f64> {
        let (mut positives, mut negatives, mut twice_won) = (0, 0, 0);
        let (mut tied_positives, mut tied_negatives) = (0, 0);
        for row in &self.rows {
            let weight = u64::from(draws[row.unit as usize]);
            tied_positives += weight * u64::from(row.positive);
            tied_negatives += weight * u64::from(!row.positive);
            if row.ends_tie {
                twice_won += tied_negatives * (2 * positives + tied_positives);
                positives += tied_positives;
                negatives += tied_negatives;
                (tied_positives, tied_negatives) = (0, 0);
            }
        }
        let pairs = positives * negatives;
        (pairs > 0).then(|| twice_won as f64 / (2 * pairs) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::roc_auc;

    /// Overlapping classes; positives are shifted up by 0.2.
    fn rows(count: u32) -> (Vec<u8>, Vec<f64>) {
        (0..count)
            .map(|i| {
                let label = (i % 2) as u8;
                (
                    label,
                    f64::from(i * 7919 % 1_000) / 1_250.0 + 0.2 * f64::from(label),
                )
            })
            .unzip()
    }

    #[test]
    fn drawing_every_row_once_gives_the_auc() {
        let (labels, p) = rows(500);
        let ranked = Ranked::new(&labels, &p, &(0..500).collect::<Vec<_>>());
        assert_eq!(ranked.auc(&[1; 500]), roc_auc(&labels, &p).ok());
    }

    #[test]
    fn the_width_of_the_interval_matches_the_standard_error() {
        let (labels, p) = rows(2_000);
        let auc = roc_auc(&labels, &p).unwrap();
        let [low, high] = auc_interval(&labels, &p, None, 3).unwrap().unwrap();
        assert!(low < auc && auc < high);
        // Hanley and McNeil 1982, with 1000 rows of each class.
        let (q1, q2) = (auc / (2.0 - auc), 2.0 * auc * auc / (1.0 + auc));
        let variance =
            (auc * (1.0 - auc) + 999.0 * (q1 - auc * auc) + 999.0 * (q2 - auc * auc)) / 1e6;
        let expected = 2.0 * 1.96 * variance.sqrt();
        assert!(
            ((high - low) / expected - 1.0).abs() < 0.25,
            "{} against {expected}",
            high - low
        );
        assert_eq!(auc_interval(&labels, &p, None, 3), Ok(Some([low, high])));
        assert_ne!(auc_interval(&labels, &p, None, 4), Ok(Some([low, high])));
    }

    #[test]
    fn duplicated_rows_in_groups_do_not_narrow_the_interval() {
        let (labels, p) = rows(300);
        let copies = |values: &[f64]| values.repeat(9);
        let groups: Vec<u64> = (0..300).collect::<Vec<u64>>().repeat(9);
        let width = |interval: Result<Option<[f64; 2]>, DataError>| {
            let [low, high] = interval.unwrap().unwrap();
            high - low
        };
        let single = width(auc_interval(&labels, &p, None, 1));
        let grouped = width(auc_interval(
            &labels.repeat(9),
            &copies(&p),
            Some(&groups),
            1,
        ));
        let ungrouped = width(auc_interval(&labels.repeat(9), &copies(&p), None, 1));
        assert!(
            (grouped / single - 1.0).abs() < 1e-9,
            "{grouped} against {single}"
        );
        assert!(ungrouped < 0.5 * single);
    }

    #[test]
    fn one_class_has_no_interval() {
        assert_eq!(auc_interval(&[1, 1], &[0.3, 0.4], None, 0), Ok(None));
        assert_eq!(auc_interval(&[], &[], None, 0), Ok(None));
    }
}
