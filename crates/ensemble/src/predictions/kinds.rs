//! Row figures of each kind of recording.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Predictions;
use crate::metrics::Confusion;

/// How the rows of one kind of recording are told apart at a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KindScores {
    /// Rows of the kind.
    pub rows: u64,
    /// Those with label 1.
    pub positives: u64,
    /// The share of the positives at or above the threshold; nothing without positives.
    pub recall: Option<f64>,
    /// The share of the others at or above the threshold; nothing without others.
    pub false_positive_rate: Option<f64>,
}

impl Predictions {
    /// The figures of each kind at a threshold; empty without a [`timeline`](Self::timeline).
    pub fn by_kind(&self, threshold: f64) -> BTreeMap<String, KindScores> {
        let kinds = self.timeline.iter().flat_map(|timeline| &timeline.kinds);
        let rows = kinds.zip(self.labels.iter().zip(&self.probabilities));
        let mut columns: BTreeMap<&str, (Vec<u8>, Vec<f64>)> = BTreeMap::new();
        for (kind, (&label, &probability)) in rows {
            let (labels, probabilities) = columns.entry(kind).or_default();
            labels.push(label);
            probabilities.push(probability);
        }
        let scores = columns.into_iter().map(|(kind, (labels, probabilities))| {
            let counts = Confusion::at(threshold, &labels, &probabilities);
            (kind.to_owned(), KindScores::of(&counts))
        });
        scores.collect()
    }
}

impl KindScores {
    fn of(counts: &Confusion) -> Self {
        let positives = counts.true_positives + counts.false_negatives;
        let others = counts.false_positives + counts.true_negatives;
        let share = |count: u64, of: u64| (of > 0).then(|| count as f64 / of as f64);
        Self {
            rows: positives + others,
            positives,
            recall: share(counts.true_positives, positives),
            false_positive_rate: share(counts.false_positives, others),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predictions::Timeline;

    #[test]
    fn each_kind_has_its_own_figures() {
        let mut predictions = Predictions {
            labels: vec![0, 1, 1, 0, 0],
            probabilities: vec![0.6, 0.6, 0.2, 0.1, 0.7],
            timeline: Some(Timeline {
                times_s: vec![0.0; 5],
                kinds: ["far", "far", "far", "sun", "sun"].map(Into::into).into(),
            }),
            ..Predictions::default()
        };
        let kinds = predictions.by_kind(0.6);
        let far = KindScores {
            rows: 3,
            positives: 2,
            recall: Some(0.5),
            false_positive_rate: Some(1.0),
        };
        let sun = KindScores {
            rows: 2,
            positives: 0,
            recall: None,
            false_positive_rate: Some(0.5),
        };
        assert_eq!(
            kinds,
            BTreeMap::from([("far".to_owned(), far), ("sun".to_owned(), sun)])
        );
        predictions.timeline = None;
        assert!(predictions.by_kind(0.6).is_empty());
    }
}
