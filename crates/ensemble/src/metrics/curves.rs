//! Curves over all thresholds, for plots.

use serde::{Deserialize, Serialize};

use super::ranking::ties;
use super::{Confusion, missing_class, same_length};
use crate::error::DataError;

/// Error rates at one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// Probabilities of at least this are positive; infinite for the point where none are.
    pub threshold: f64,
    /// Share of the negatives that are predicted positive.
    pub false_positive_rate: f64,
    /// Share of the positives that are predicted positive.
    pub true_positive_rate: f64,
}

/// Precision and recall at one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PrecisionRecallPoint {
    /// Probabilities of at least this are positive.
    pub threshold: f64,
    /// Share of the rows predicted positive that are positive.
    pub precision: f64,
    /// Share of the positives that are predicted positive.
    pub recall: f64,
}

/// The rows whose probabilities are in one interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// The lower end, inclusive.
    pub low: f64,
    /// The upper end, exclusive except in the last bin.
    pub high: f64,
    /// The number of rows in the bin.
    pub rows: u64,
    /// Their mean probability; `None` in an empty bin.
    pub mean_probability: Option<f64>,
    /// Their share of positives; `None` in an empty bin.
    pub positive_share: Option<f64>,
}

/// The receiver operating characteristic (Fawcett 2006): first the point where nothing is predicted positive, then a
/// point for each distinct probability in descending order (`roc_curve` with `drop_intermediate=False`).
///
/// Needs both classes.
pub fn roc_curve(labels: &[u8], probabilities: &[f64]) -> Result<Vec<RocPoint>, DataError> {
    same_length(labels, probabilities, None)?;
    let (positives, negatives) = classes(labels);
    if positives == 0 || negatives == 0 {
        return Err(missing_class(labels));
    }
    let (mut found, mut wrong) = (0, 0);
    let mut points = vec![RocPoint {
        threshold: f64::INFINITY,
        false_positive_rate: 0.0,
        true_positive_rate: 0.0,
    }];
    for tie in ties(labels, probabilities) {
        found += tie.positives;
        wrong += tie.negatives;
        points.push(RocPoint {
            threshold: tie.probability,
            false_positive_rate: wrong as f64 / negatives as f64,
            true_positive_rate: found as f64 / positives as f64,
        });
    }
    Ok(points)
}

/// Precision and recall with each distinct probability as threshold, in descending order.
///
/// The points of `precision_recall_curve` in reverse order, without its last point, which has no threshold.
/// Needs positives.
pub fn precision_recall_curve(
    labels: &[u8],
    probabilities: &[f64],
) -> Result<Vec<PrecisionRecallPoint>, DataError> {
    same_length(labels, probabilities, None)?;
    let (positives, _) = classes(labels);
    if positives == 0 {
        return Err(missing_class(labels));
    }
    let (mut found, mut called) = (0, 0);
    let points = ties(labels, probabilities).into_iter().map(|tie| {
        found += tie.positives;
        called += tie.positives + tie.negatives;
        PrecisionRecallPoint {
            threshold: tie.probability,
            precision: found as f64 / called as f64,
            recall: found as f64 / positives as f64,
        }
    });
    Ok(points.collect())
}

/// The reliability diagram (Niculescu-Mizil and Caruana 2005): `bins` intervals of equal width (at least one), each
/// with its mean probability and share of positives. Like `calibration_curve` with `strategy="uniform"`, but with empty
/// bins included and each bin closed at its lower end, as in [`expected_calibration_error`].
///
/// [`expected_calibration_error`]: super::expected_calibration_error
pub fn calibration_curve(
    labels: &[u8],
    probabilities: &[f64],
    bins: usize,
) -> Result<Vec<CalibrationBin>, DataError> {
    same_length(labels, probabilities, None)?;
    let bins = bins.max(1);
    let mut sums = vec![(0_u64, 0.0, 0_u64); bins];
    for (&label, &p) in labels.iter().zip(probabilities) {
        let bin = &mut sums[((p * bins as f64) as usize).min(bins - 1)];
        bin.0 += 1;
        bin.1 += p;
        bin.2 += u64::from(label == 1);
    }
    let numbered = sums.into_iter().enumerate();
    let curve = numbered.map(|(number, (rows, probability, positives))| CalibrationBin {
        low: number as f64 / bins as f64,
        high: (number + 1) as f64 / bins as f64,
        rows,
        mean_probability: (rows > 0).then(|| probability / rows as f64),
        positive_share: (rows > 0).then(|| positives as f64 / rows as f64),
    });
    Ok(curve.collect())
}

/// The confusion matrix at each of `steps + 1` evenly spaced thresholds from 0 to 1, with the threshold.
///
/// Use the methods of [`Confusion`] to plot precision, recall and F1.
pub fn threshold_curve(
    labels: &[u8],
    probabilities: &[f64],
    steps: usize,
) -> Result<Vec<(f64, Confusion)>, DataError> {
    let steps = steps.max(1);
    let threshold = |step: usize| step as f64 / steps as f64;
    let at = |step| {
        let threshold = threshold(step);
        Ok((threshold, Confusion::at(threshold, labels, probabilities)?))
    };
    (0..=steps).map(at).collect()
}

/// The numbers of positive and negative labels.
fn classes(labels: &[u8]) -> (u64, u64) {
    let positives = labels
        .iter()
        .map(|&label| u64::from(label == 1))
        .sum::<u64>();
    (positives, labels.len() as u64 - positives)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_class_has_no_curve() {
        let one_class = |label| DataError::OneClass(label);
        assert_eq!(roc_curve(&[1, 1], &[0.1, 0.2]), Err(one_class(1)));
        assert_eq!(roc_curve(&[0], &[0.1]), Err(one_class(0)));
        assert_eq!(
            precision_recall_curve(&[0, 0], &[0.1, 0.2]),
            Err(one_class(0))
        );
        assert_eq!(precision_recall_curve(&[], &[]), Err(DataError::Empty));
    }

    #[test]
    fn a_probability_on_an_edge_belongs_to_the_bin_above_and_1_to_the_last() {
        let bins = calibration_curve(&[1, 0, 1], &[0.5, 0.49, 1.0], 2).unwrap();
        let rows: Vec<_> = bins.iter().map(|bin| bin.rows).collect();
        assert_eq!(rows, [1, 2]);
        assert_eq!(bins[1].mean_probability, Some(0.75));
        assert_eq!(bins[1].positive_share, Some(1.0));
        let empty = calibration_curve(&[], &[], 1).unwrap();
        assert_eq!((empty[0].rows, empty[0].mean_probability), (0, None));
    }

    #[test]
    fn recall_falls_from_1_at_threshold_0_to_0_above_all_probabilities() {
        let curve = threshold_curve(&[1, 0, 1], &[0.2, 0.4, 0.9], 4).unwrap();
        let thresholds: Vec<_> = curve.iter().map(|(threshold, _)| *threshold).collect();
        assert_eq!(thresholds, [0.0, 0.25, 0.5, 0.75, 1.0]);
        let recalls: Vec<_> = curve.iter().map(|(_, counts)| counts.recall()).collect();
        assert_eq!(recalls, [1.0, 0.5, 0.5, 0.5, 0.0]);
    }
}
