//! A part's predictions: what members are combined, alarm rules chosen and reports made from.

mod csv;
mod kinds;

use std::sync::Arc;

use crate::error::Error;
use crate::metrics::{Scores, evaluate_grouped};

pub use kinds::KindScores;

/// Predictions on one part; all columns are equally long.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Predictions {
    /// Which row of the data set each is.
    pub ids: Vec<u64>,
    /// Rows of one group belong together.
    pub groups: Vec<u64>,
    /// 0 or 1.
    pub labels: Vec<u8>,
    /// Of class 1.
    pub probabilities: Vec<f64>,
    /// When each row was, if each group is a recording.
    pub timeline: Option<Timeline>,
}

/// When rows were, and of what kind their recordings are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeline {
    /// Seconds from the start of the row's recording, finite.
    pub times_s: Vec<f64>,
    /// What figures are grouped by; for people.
    pub kinds: Vec<Arc<str>>,
}

impl Predictions {
    /// All figures, with an interval that draws whole groups; see [`evaluate`](crate::metrics::evaluate).
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
    fn groups_enter_the_interval() {
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
