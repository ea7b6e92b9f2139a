//! The predictions on a part of the data, from which ensemble weights, thresholds and reports are made.

mod csv;
mod kinds;

use std::sync::Arc;

use crate::error::Error;
use crate::metrics::{Scores, evaluate_grouped};

pub use kinds::KindScores;

/// Predictions on one part; all columns have the same length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Predictions {
    /// The row of the data set.
    pub ids: Vec<u64>,
    /// The group of the row; rows of one group belong together.
    pub groups: Vec<u64>,
    /// The true classes, 0 or 1.
    pub labels: Vec<u8>,
    /// The predicted probabilities of class 1.
    pub probabilities: Vec<f64>,
    /// The time and kind of each row, if each group is a recording.
    pub timeline: Option<Timeline>,
}

/// The times of rows, and the kinds of their recordings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeline {
    /// Seconds from the start of the recording, finite.
    pub times_s: Vec<f64>,
    /// A name for people, by which metrics are grouped.
    pub kinds: Vec<Arc<str>>,
}

impl Predictions {
    /// All metrics, with an interval that resamples whole groups; see [`evaluate`](crate::metrics::evaluate).
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
