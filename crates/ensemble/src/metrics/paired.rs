//! Paired comparison of two models on the same rows.

use serde::{Deserialize, Serialize};

use super::interval::Ranked;
use super::resample::{Units, percentile_interval};
use super::{Confusion, check, log_loss, roc_auc, row_log_loss, same_length};
use crate::error::Error;

/// A model's probabilities and its threshold.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The probability of class 1 for each row.
    pub probabilities: &'a [f64],
    /// Probabilities of at least this are positive.
    pub threshold: f64,
}

/// A metric of the second model minus that of the first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The difference on the original rows.
    pub value: f64,
    /// 95 % percentile bootstrap interval.
    pub interval: [f64; 2],
    /// Whether the interval excludes 0.
    pub significant: bool,
}

/// The differences between two models' metrics on the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedDifferences {
    /// Area under the ROC curve.
    pub auc: Difference,
    /// F1, each model at its own threshold.
    pub f1: Difference,
    /// Mean log-loss; lower is better.
    pub logloss: Difference,
}

/// The differences between two models, the second minus the first, by a paired bootstrap (Efron and Tibshirani 1993;
/// Koehn 2004): both models are evaluated on the same resamples, so variation that affects both cancels.
///
/// With `groups`, whole groups are drawn, as for [`auc_interval`](super::auc_interval). Fails like
/// [`evaluate`](super::evaluate).
pub fn paired_differences(
    labels: &[u8],
    groups: Option<&[u64]>,
    models: [Candidate; 2],
) -> Result<PairedDifferences, Error> {
    let mut metrics = Vec::new();
    for Candidate {
        probabilities,
        threshold,
    } in models
    {
        check(labels, probabilities)?;
        same_length(labels, probabilities, groups)?;
        let auc = roc_auc(labels, probabilities)?;
        let f1 = Confusion::at(threshold, labels, probabilities)?.f1();
        metrics.push([auc, f1, log_loss(labels, probabilities)?]);
    }
    let units = Units::new(labels.len(), groups);
    let models = models.map(|model| Resampled::new(labels, model, &units));
    let resampled = units.resampled(SEED, |draws| {
        let [first, second] = [models[0].metrics(draws)?, models[1].metrics(draws)?];
        Some([0, 1, 2].map(|metric| second[metric] - first[metric]))
    });
    let [auc, f1, logloss] = [0, 1, 2].map(|metric| {
        let value = metrics[1][metric] - metrics[0][metric];
        let drawn = resampled.iter().map(|differences| differences[metric]);
        let interval = percentile_interval(drawn.collect()).unwrap_or([value, value]);
        let significant = interval[0] > 0.0 || interval[1] < 0.0;
        Difference {
            value,
            interval,
            significant,
        }
    });
    Ok(PairedDifferences { auc, f1, logloss })
}

/// The bootstrap seed; constant, so that equal predictions have equal intervals in every report.
const SEED: u64 = 0;

/// Computes one model's metrics on resamples.
struct Resampled {
    ranked: Ranked,
    /// Per unit: true positives, false positives, false negatives, log-loss, rows.
    sums: Vec<[f64; 5]>,
}

impl Resampled {
    fn new(labels: &[u8], model: Candidate, units: &Units) -> Self {
        let mut sums = vec![[0.0; 5]; units.count];
        for (row, (&label, &p)) in labels.iter().zip(model.probabilities).enumerate() {
            let unit = units.of_row[row];
            let (positive, called) = (label == 1, p >= model.threshold);
            let counts = [positive && called, !positive && called, positive && !called];
            for (sum, count) in sums[unit].iter_mut().zip(counts) {
                *sum += f64::from(u8::from(count));
            }
            sums[unit][3] += row_log_loss(label, p);
            sums[unit][4] += 1.0;
        }
        Self {
            ranked: Ranked::new(labels, model.probabilities, &units.of_row),
            sums,
        }
    }

    /// AUC, F1 and log-loss with each unit counted as often as it was drawn.
    fn metrics(&self, draws: &[u32]) -> Option<[f64; 3]> {
        let auc = self.ranked.auc(draws)?;
        let mut total = [0.0; 5];
        for (sums, &weight) in self.sums.iter().zip(draws) {
            for (total, sum) in total.iter_mut().zip(sums) {
                *total += f64::from(weight) * sum;
            }
        }
        let [found, wrong, missed, loss, rows] = total;
        let called_or_positive = 2.0 * found + wrong + missed;
        let f1 = if called_or_positive > 0.0 {
            2.0 * found / called_or_positive
        } else {
            0.0
        };
        Some([auc, f1, loss / rows])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize, signal: f64) -> (Vec<u8>, Vec<f64>) {
        let labels: Vec<u8> = (0..count).map(|i| u8::from(i * 37 % 100 < 45)).collect();
        let noise = |i: usize| (i * 7919 % 997) as f64 / 997.0;
        let p = (0..count).map(|i| signal * f64::from(labels[i]) + (1.0 - signal) * noise(i));
        let p = p.collect();
        (labels, p)
    }

    fn candidate(probabilities: &[f64]) -> Candidate<'_> {
        Candidate {
            probabilities,
            threshold: 0.5,
        }
    }

    #[test]
    fn a_model_does_not_differ_from_itself() {
        let (labels, p) = rows(300, 0.2);
        let found = paired_differences(&labels, None, [candidate(&p), candidate(&p)]).unwrap();
        for difference in [found.auc, found.f1, found.logloss] {
            assert_eq!(difference.value, 0.0);
            assert_eq!(difference.interval, [0.0, 0.0]);
            assert!(!difference.significant);
        }
    }

    #[test]
    fn a_better_model_is_recognised_in_either_order() {
        let (labels, weak) = rows(2_000, 0.1);
        let (_, strong) = rows(2_000, 0.4);
        let [weak, strong] = [candidate(&weak), candidate(&strong)];
        let up = paired_differences(&labels, None, [weak, strong]).unwrap();
        assert!(up.auc.value > 0.0 && up.auc.significant && up.auc.interval[0] > 0.0);
        assert!(up.f1.significant && up.logloss.significant && up.logloss.value < 0.0);
        let down = paired_differences(&labels, None, [strong, weak]).unwrap();
        assert_eq!(down.auc.value, -up.auc.value);
        assert!((down.auc.interval[0] + up.auc.interval[1]).abs() < 1e-12);
    }

    #[test]
    fn drawing_every_row_once_gives_the_metrics_themselves() {
        let (labels, p) = rows(400, 0.2);
        let units = Units::new(400, None);
        let metrics = Resampled::new(&labels, candidate(&p), &units).metrics(&[1; 400]);
        let [auc, f1, loss] = metrics.unwrap();
        assert_eq!(Ok(auc), roc_auc(&labels, &p));
        assert_eq!(f1, Confusion::at(0.5, &labels, &p).unwrap().f1());
        assert!((loss - log_loss(&labels, &p).unwrap()).abs() < 1e-12);
    }

    #[test]
    fn duplicated_rows_in_groups_do_not_narrow_the_interval() {
        let (labels, weak) = rows(300, 0.1);
        let (_, strong) = rows(300, 0.15);
        let groups: Vec<u64> = (0..300).chain(0..300).collect();
        let once = paired_differences(&labels, None, [candidate(&weak), candidate(&strong)]);
        let (weak, strong) = (weak.repeat(2), strong.repeat(2));
        let models = [candidate(&weak), candidate(&strong)];
        let twice = paired_differences(&labels.repeat(2), Some(&groups), models).unwrap();
        let once = once.unwrap();
        assert_eq!(once.auc, twice.auc);
        assert!((once.logloss.interval[0] - twice.logloss.interval[0]).abs() < 1e-12);
    }

    #[test]
    fn rows_without_metrics_are_rejected() {
        let compared = paired_differences(&[1, 1], None, [candidate(&[0.5, 0.6]); 2]);
        assert!(compared.is_err());
        let compared = paired_differences(&[1, 0], None, [candidate(&[0.5]); 2]);
        assert_eq!(
            compared.unwrap_err().to_string(),
            "2 rows, but 1 probabilities"
        );
    }
}
