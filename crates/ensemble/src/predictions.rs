//! Stored predictions on a set of rows, the basis of ensemble weights, thresholds and reports.

mod csv;
mod kinds;

use std::sync::Arc;

use crate::error::Error;
use crate::metrics::{Scores, evaluate_grouped};

pub use kinds::KindScores;

/// Predictions on a set of rows; all fields have the same length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Predictions {
    /// The row numbers in the data set.
    pub ids: Vec<u64>,
    /// The group of each row, such as its recording.
    pub groups: Vec<u64>,
    /// The true classes, 0 or 1.
    pub labels: Vec<u8>,
    /// The predicted probabilities of class 1.
    pub probabilities: Vec<f64>,
    /// The time and kind of each row, if each group is a recording.
    pub timeline: Option<Timeline>,
}

/// The rows' times, and the kinds of their recordings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeline {
    /// Seconds from the start of the recording, finite.
    pub times_s: Vec<f64>,
    /// The kind of each row's recording, by which metrics are grouped.
    pub kinds: Vec<Arc<str>>,
}

impl Predictions {
    /// All metrics; the confidence interval resamples whole groups. See [`evaluate`](crate::metrics::evaluate).
    pub fn evaluate(&self, threshold: Option<f64>) -> Result<Scores, Error> {
        evaluate_grouped(
            &self.labels,
            &self.probabilities,
            Some(&self.groups),
            threshold,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_depends_on_the_groups() {
        let one_by_one: Vec<u64> = (0..400).collect();
        let predictions = |groups| Predictions {
            ids: one_by_one.clone(),
            groups,
            labels: (0..400).map(|i| u8::from(i % 2 == 0)).collect(),
            probabilities: (0..400_u32)
                .map(|i| f64::from(i * 37 % 101) / 101.0)
                .collect(),
            timeline: None,
        };
        let single = predictions(one_by_one.clone()).evaluate(None).unwrap();
        let grouped = predictions(one_by_one.iter().map(|id| id / 20).collect())
            .evaluate(None)
            .unwrap();
        assert_eq!(single.auc, grouped.auc);
        assert_ne!(single.auc_interval, grouped.auc_interval);
    }
}
