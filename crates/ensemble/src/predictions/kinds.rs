//! Row metrics for each kind of recording.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Predictions;
use crate::metrics::Confusion;

/// Metrics of the rows of one kind of recording at a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KindScores {
    /// The number of rows of this kind.
    pub rows: u64,
    /// The number of rows with label 1.
    pub positives: u64,
    /// The share of the positives at or above the threshold; `None` without positives.
    pub recall: Option<f64>,
    /// The share of the negatives at or above the threshold; `None` without negatives.
    pub false_positive_rate: Option<f64>,
}

impl Predictions {
    /// The metrics of each kind at `threshold`; empty without a [`timeline`](Self::timeline).
    pub fn by_kind(&self, threshold: f64) -> BTreeMap<String, KindScores> {
        let kinds = self.timeline.iter().flat_map(|timeline| &timeline.kinds);
        let rows = kinds.zip(self.labels.iter().zip(&self.probabilities));
        let mut of_kinds: BTreeMap<&str, Vec<(u8, f64)>> = BTreeMap::new();
        for (kind, (&label, &probability)) in rows {
            of_kinds.entry(kind).or_default().push((label, probability));
        }
        let scores = of_kinds.into_iter().map(|(kind, rows)| {
            let counts = Confusion::of_rows(threshold, rows.into_iter());
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
    fn each_kind_has_its_own_metrics() {
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
