//! Metrics that depend only on the order of the probabilities.

use super::{missing_class, same_length};
use crate::error::DataError;

/// The positives and negatives that share one probability.
pub(super) struct Tie {
    pub(super) probability: f64,
    pub(super) positives: u64,
    pub(super) negatives: u64,
}

/// All ties, in descending order of probability.
pub(super) fn ties(labels: &[u8], probabilities: &[f64]) -> Vec<Tie> {
    let mut rows: Vec<(f64, u8)> = probabilities
        .iter()
        .copied()
        .zip(labels.iter().copied())
        .collect();
    rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let chunks = rows.chunk_by(|a, b| a.0 == b.0);
    let tie = |rows: &[(f64, u8)]| {
        let positives = rows.iter().filter(|row| row.1 == 1).count() as u64;
        Tie {
            probability: rows[0].0,
            positives,
            negatives: rows.len() as u64 - positives,
        }
    };
    chunks.map(tie).collect()
}

/// Area under the ROC curve: the probability that a random positive row ranks above a random negative one, with ties
/// counting half (`roc_auc_score`; equivalent to midranks). Any scores are accepted, not only probabilities.
pub fn roc_auc(labels: &[u8], probabilities: &[f64]) -> Result<f64, DataError> {
    same_length(labels, probabilities, None)?;
    let (mut positives, mut negatives, mut twice_won) = (0, 0, 0);
    for tie in ties(labels, probabilities) {
        twice_won += tie.negatives * (2 * positives + tie.positives);
        positives += tie.positives;
        negatives += tie.negatives;
    }
    let pairs = positives * negatives;
    if pairs == 0 {
        return Err(missing_class(labels));
    }
    Ok(twice_won as f64 / (2 * pairs) as f64)
}

/// Average precision (`average_precision_score`): precision at each threshold, weighted by the increase in recall,
/// without interpolation. Needs positives.
pub fn pr_auc(labels: &[u8], probabilities: &[f64]) -> Result<f64, DataError> {
    same_length(labels, probabilities, None)?;
    let (mut positives, mut called, mut sum) = (0, 0, 0.0);
    for tie in ties(labels, probabilities) {
        positives += tie.positives;
        called += tie.positives + tie.negatives;
        sum += tie.positives as f64 * (positives as f64 / called as f64);
    }
    if positives == 0 {
        return Err(missing_class(labels));
    }
    Ok(sum / positives as f64)
}

/// The threshold with the highest F1 among the given probabilities; the highest one on ties, 1/2 without positives.
pub fn best_f1_threshold(labels: &[u8], probabilities: &[f64]) -> Result<f64, DataError> {
    same_length(labels, probabilities, None)?;
    let all_positives = labels
        .iter()
        .map(|&label| u64::from(label == 1))
        .sum::<u64>();
    let (mut positives, mut called) = (0, 0);
    let (mut best, mut best_f1) = (0.5, 0.0);
    for tie in ties(labels, probabilities) {
        positives += tie.positives;
        called += tie.positives + tie.negatives;
        let f1 = (2 * positives) as f64 / (called + all_positives) as f64;
        if f1 > best_f1 {
            (best, best_f1) = (tie.probability, f1);
        }
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::Confusion;

    /// By definition, in quadratic time.
    fn textbook_auc(labels: &[u8], p: &[f64]) -> Option<f64> {
        let (mut won, mut pairs) = (0.0, 0.0);
        for (i, _) in labels.iter().enumerate().filter(|(_, label)| **label == 1) {
            for (j, _) in labels.iter().enumerate().filter(|(_, label)| **label == 0) {
                pairs += 1.0;
                won += if p[i] > p[j] { 1.0 } else { 0.0 } + if p[i] == p[j] { 0.5 } else { 0.0 };
            }
        }
        (pairs > 0.0).then(|| won / pairs)
    }

    fn rows() -> impl Strategy<Value = Vec<(u8, f64)>> {
        // Few levels, so that ties are common.
        prop::collection::vec(
            (
                0..=1_u8,
                (0..=12_u8).prop_map(|level| f64::from(level) / 12.0),
            ),
            0..80,
        )
    }

    proptest! {
        #[test]
        fn auc_is_the_share_of_pairs_won(rows in rows()) {
            let (labels, p): (Vec<u8>, Vec<f64>) = rows.into_iter().unzip();
            match (roc_auc(&labels, &p), textbook_auc(&labels, &p)) {
                (Ok(ours), Some(expected)) => prop_assert!((ours - expected).abs() < 1e-12),
                (ours, expected) => prop_assert_eq!(ours.ok(), expected),
            }
        }

        #[test]
        fn no_other_threshold_has_a_higher_f1(rows in rows()) {
            let (labels, p): (Vec<u8>, Vec<f64>) = rows.into_iter().unzip();
            let f1 = |threshold| Confusion::at(threshold, &labels, &p).unwrap().f1();
            let best = f1(best_f1_threshold(&labels, &p).unwrap());
            for &threshold in &p {
                prop_assert!(f1(threshold) <= best + 1e-12);
            }
        }
    }

    #[test]
    fn a_missing_class_has_no_ranking() {
        assert_eq!(roc_auc(&[1, 1], &[0.1, 0.2]), Err(DataError::OneClass(1)));
        assert_eq!(roc_auc(&[], &[]), Err(DataError::Empty));
        assert_eq!(pr_auc(&[0, 0], &[0.1, 0.2]), Err(DataError::OneClass(0)));
        assert_eq!(best_f1_threshold(&[0, 0], &[0.1, 0.2]), Ok(0.5));
    }
}
