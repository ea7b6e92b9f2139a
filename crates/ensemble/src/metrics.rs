//! How good probabilities are, by the definitions of scikit-learn.
//!
//! Labels are 0 or 1, probabilities those of class 1, both slices equally long. [`evaluate`] checks that and computes
//! everything at once; the other functions take it for granted, and their figures mean nothing where it does not hold.

mod confusion;
mod ranking;
mod resample;
mod scores;

mod band;
mod curves;
mod interval;
mod paired;

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
pub(crate) use scores::{check, check_probabilities, evaluate_grouped};

/// Mean negative logarithm of the probability given to the true class (`log_loss`), probabilities kept 2.2e-16 away
/// from 0 and 1.
pub fn log_loss(labels: &[u8], probabilities: &[f64]) -> f64 {
    mean(labels, probabilities, |label, p| {
        let given = if label == 1 { p } else { 1.0 - p };
        -libm::log(given.clamp(f64::EPSILON, 1.0 - f64::EPSILON))
    })
}

/// Mean squared distance of the probability from the label (`brier_score_loss`).
pub fn brier(labels: &[u8], probabilities: &[f64]) -> f64 {
    mean(labels, probabilities, |label, p| {
        (p - f64::from(label)) * (p - f64::from(label))
    })
}

/// Expected calibration error: rows are put into ten bins of equal width by probability, and the distances between
/// each bin's mean probability and its share of positives are averaged by the bins' sizes (Guo et al. 2017).
pub fn expected_calibration_error(labels: &[u8], probabilities: &[f64]) -> f64 {
    // By linearity a bin's size cancels: its contribution is |sum of probabilities - number of positives|.
    let mut excess = [0.0; 10];
    for (&label, &p) in labels.iter().zip(probabilities) {
        excess[((p * 10.0) as usize).min(9)] += p - f64::from(label);
    }
    excess.iter().map(|sum: &f64| sum.abs()).sum::<f64>() / labels.len().max(1) as f64
}

fn mean(labels: &[u8], probabilities: &[f64], term: impl Fn(u8, f64) -> f64) -> f64 {
    let sum: f64 = labels
        .iter()
        .zip(probabilities)
        .map(|(&label, &p)| term(label, p))
        .sum();
    sum / labels.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_of_certainty_are_finite() {
        assert!(log_loss(&[1, 0], &[1.0, 0.0]) < 1e-15);
        let worst = log_loss(&[0, 1], &[1.0, 0.0]);
        assert!((worst - 36.043_653_389_117_15).abs() < 1e-9, "{worst}");
        assert_eq!((log_loss(&[], &[]), brier(&[], &[])), (0.0, 0.0));
    }

    #[test]
    fn calibration_error_is_the_mean_distance_of_the_bins() {
        // Bin 0.2..0.3: mean 0.25, share 0.5, two rows; bin 0.9..1: mean 1, share 1, one row.
        assert!(
            (expected_calibration_error(&[0, 1, 1], &[0.25, 0.25, 1.0]) - 0.5 / 3.0).abs() < 1e-12
        );
        assert_eq!(expected_calibration_error(&[1, 0], &[1.0, 0.0]), 0.0);
    }
}
