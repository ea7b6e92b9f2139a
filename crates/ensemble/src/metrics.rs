//! Metrics of predicted probabilities, as defined by scikit-learn.
//!
//! Labels are 0 or 1, probabilities are those of class 1. [`evaluate`] checks both and computes all metrics. The other
//! functions fail with [`DataError::Lengths`] on slices of different length, and with [`DataError::OneClass`] or
//! [`DataError::Empty`] if rows that a metric needs are absent; they do not check the values.

mod confusion;
mod ranking;
mod resample;
mod scores;

mod band;
mod curves;
mod interval;
mod paired;

use crate::error::DataError;

pub use band::{BandPoint, calibration_intervals, precision_recall_band, roc_band};
pub use confusion::Confusion;
pub use curves::{
    CalibrationBin, PrecisionRecallPoint, RocPoint, calibration_curve, precision_recall_curve,
    roc_curve, threshold_curve,
};
pub use interval::auc_interval;
pub use paired::{Candidate, Difference, PairedDifferences, paired_differences};
pub use ranking::{best_f1_threshold, pr_auc, roc_auc};
pub use scores::{AtThreshold, Scores, evaluate};
pub(crate) use scores::{check, evaluate_grouped};

/// Mean negative logarithm of the probability of the true class (`log_loss`), with probabilities kept 2.2e-16 away from
/// 0 and 1.
pub fn log_loss(labels: &[u8], probabilities: &[f64]) -> Result<f64, DataError> {
    mean(labels, probabilities, row_log_loss)
}

/// The log-loss of one row.
fn row_log_loss(label: u8, p: f64) -> f64 {
    let of_truth = if label == 1 { p } else { 1.0 - p };
    -libm::log(of_truth.clamp(f64::EPSILON, 1.0 - f64::EPSILON))
}

/// Mean squared difference between probability and label (`brier_score_loss`).
pub fn brier(labels: &[u8], probabilities: &[f64]) -> Result<f64, DataError> {
    mean(labels, probabilities, |label, p| {
        (p - f64::from(label)) * (p - f64::from(label))
    })
}

/// Expected calibration error: rows are binned by probability into ten bins of equal width, and the absolute
/// differences between each bin's mean probability and its share of positives are averaged, weighted by bin size (Guo
/// et al. 2017).
pub fn expected_calibration_error(labels: &[u8], probabilities: &[f64]) -> Result<f64, DataError> {
    same_length(labels, probabilities, None)?;
    // The bin size cancels: each bin contributes |sum of probabilities - number of positives|.
    let mut excess = [0.0; 10];
    for (&label, &p) in labels.iter().zip(probabilities) {
        excess[((p * 10.0) as usize).min(9)] += p - f64::from(label);
    }
    if labels.is_empty() {
        return Err(DataError::Empty);
    }
    Ok(excess.iter().map(|sum: &f64| sum.abs()).sum::<f64>() / labels.len() as f64)
}

fn mean(
    labels: &[u8],
    probabilities: &[f64],
    term: impl Fn(u8, f64) -> f64,
) -> Result<f64, DataError> {
    same_length(labels, probabilities, None)?;
    if labels.is_empty() {
        return Err(DataError::Empty);
    }
    let rows = labels.iter().zip(probabilities);
    let sum: f64 = rows.map(|(&label, &p)| term(label, p)).sum();
    Ok(sum / labels.len() as f64)
}

/// Rejects columns of different length.
fn same_length(
    labels: &[u8],
    probabilities: &[f64],
    groups: Option<&[u64]>,
) -> Result<(), DataError> {
    let rows = labels.len();
    let groups = groups.map_or(rows, <[u64]>::len);
    for (others, what) in [(probabilities.len(), "probabilities"), (groups, "groups")] {
        if others != rows {
            return Err(DataError::Lengths { rows, others, what });
        }
    }
    Ok(())
}

/// The error for labels that are all equal.
fn missing_class(labels: &[u8]) -> DataError {
    labels
        .first()
        .map_or(DataError::Empty, |&label| DataError::OneClass(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_of_certain_predictions_are_finite() {
        assert!(log_loss(&[1, 0], &[1.0, 0.0]).unwrap() < 1e-15);
        let worst = log_loss(&[0, 1], &[1.0, 0.0]).unwrap();
        assert!((worst - 36.043_653_389_117_15).abs() < 1e-9, "{worst}");
    }

    #[test]
    fn calibration_error_is_the_mean_distance_of_the_bins() {
        // Bin 0.2..0.3: mean 0.25, share 0.5, two rows; bin 0.9..1: mean 1, share 1, one row.
        assert!(
            (expected_calibration_error(&[0, 1, 1], &[0.25, 0.25, 1.0]).unwrap() - 0.5 / 3.0).abs()
                < 1e-12
        );
        assert_eq!(expected_calibration_error(&[1, 0], &[1.0, 0.0]), Ok(0.0));
    }

    #[test]
    fn slices_of_different_length_are_rejected() {
        let (labels, p) = ([0, 1, 1], [0.1, 0.9]);
        let groups = Some(&[1, 2][..]);
        let found = [
            log_loss(&labels, &p).err(),
            brier(&labels, &p).err(),
            expected_calibration_error(&labels, &p).err(),
            roc_auc(&labels, &p).err(),
            pr_auc(&labels, &p).err(),
            best_f1_threshold(&labels, &p).err(),
            Confusion::at(0.5, &labels, &p).err(),
            auc_interval(&labels, &p, None, 0).err(),
            roc_curve(&labels, &p).err(),
            precision_recall_curve(&labels, &p).err(),
            calibration_curve(&labels, &p, 2).err(),
            threshold_curve(&labels, &p, 2).err(),
            roc_band(&labels, &p, None, 2).err(),
            precision_recall_band(&labels, &p, None, 2).err(),
            calibration_intervals(&labels, &p, None, 2).err(),
        ];
        for error in found {
            let text = error.map(|error| error.to_string());
            assert_eq!(text.as_deref(), Some("3 rows, but 2 probabilities"));
        }
        let error = auc_interval(&labels, &[0.5; 3], groups, 0).unwrap_err();
        assert_eq!(error.to_string(), "3 rows, but 2 groups");
    }

    #[test]
    fn losses_without_rows_are_rejected() {
        assert_eq!(log_loss(&[], &[]), Err(DataError::Empty));
        assert_eq!(brier(&[], &[]), Err(DataError::Empty));
        assert_eq!(expected_calibration_error(&[], &[]), Err(DataError::Empty));
    }
}
