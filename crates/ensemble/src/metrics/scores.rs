//! The full set of metrics, as used in reports.

use serde::{Deserialize, Serialize};

use super::{
    Confusion, auc_interval, brier, expected_calibration_error, log_loss, pr_auc, roc_auc,
    same_length,
};
use crate::error::{DataError, Error};

/// The bootstrap seed; constant, so that equal predictions have equal intervals in every report.
const INTERVAL_SEED: u64 = 0;

/// All metrics on one set of rows; `accuracy`, `f1`, `precision` and `recall` are at threshold 1/2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Area under the ROC curve.
    pub auc: f64,
    /// Average precision.
    pub pr_auc: f64,
    /// Share of correct decisions.
    pub accuracy: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// Share of the rows predicted positive that are positive.
    pub precision: f64,
    /// Share of the positives that are predicted positive.
    pub recall: f64,
    /// Mean log-loss, natural logarithm.
    pub logloss: f64,
    /// Brier score.
    pub brier: f64,
    /// Expected calibration error, ten bins.
    pub ece: f64,
    /// 95 % bootstrap interval of `auc`.
    pub auc_interval: [f64; 2],
    /// The metrics at the chosen threshold, if one was chosen.
    pub at_threshold: Option<AtThreshold>,
}

/// Metrics of the decisions at a chosen threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AtThreshold {
    /// Probabilities of at least this are positive.
    pub threshold: f64,
    /// Share of correct decisions.
    pub accuracy: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// Share of the rows predicted positive that are positive.
    pub precision: f64,
    /// Share of the positives that are predicted positive.
    pub recall: f64,
}

impl AtThreshold {
    fn new(threshold: f64, labels: &[u8], probabilities: &[f64]) -> Result<Self, DataError> {
        let counts = Confusion::at(threshold, labels, probabilities)?;
        Ok(Self {
            threshold,
            accuracy: counts.accuracy(),
            f1: counts.f1(),
            precision: counts.precision(),
            recall: counts.recall(),
        })
    }
}

/// All metrics of `probabilities` for `labels`, assuming that rows are independent.
///
/// Fails on different lengths, labels other than 0 and 1, probabilities outside 0..=1, or a missing class.
pub fn evaluate(
    labels: &[u8],
    probabilities: &[f64],
    threshold: Option<f64>,
) -> Result<Scores, Error> {
    evaluate_grouped(labels, probabilities, None, threshold)
}

/// [`evaluate`] with groups of rows, which the interval resamples as a whole.
pub(crate) fn evaluate_grouped(
    labels: &[u8],
    probabilities: &[f64],
    groups: Option<&[u64]>,
    threshold: Option<f64>,
) -> Result<Scores, Error> {
    check(labels, probabilities)?;
    let auc = roc_auc(labels, probabilities)?;
    let at = |threshold| AtThreshold::new(threshold, labels, probabilities);
    let at_half = at(0.5)?;
    Ok(Scores {
        auc,
        pr_auc: pr_auc(labels, probabilities)?,
        accuracy: at_half.accuracy,
        f1: at_half.f1,
        precision: at_half.precision,
        recall: at_half.recall,
        logloss: log_loss(labels, probabilities)?,
        brier: brier(labels, probabilities)?,
        ece: expected_calibration_error(labels, probabilities)?,
        auc_interval: auc_interval(labels, probabilities, groups, INTERVAL_SEED)?
            .unwrap_or([auc, auc]),
        at_threshold: threshold.map(at).transpose()?,
    })
}

/// Rejects rows whose metrics are undefined or whose values are invalid.
pub(crate) fn check(labels: &[u8], probabilities: &[f64]) -> Result<(), DataError> {
    same_length(labels, probabilities, None)?;
    if labels.is_empty() {
        return Err(DataError::Empty);
    }
    if let Some(row) = labels.iter().position(|&label| label > 1) {
        return Err(DataError::Label {
            row,
            label: labels[row],
        });
    }
    match probabilities.iter().position(|p| !(0.0..=1.0).contains(p)) {
        Some(row) => Err(DataError::Probability {
            row,
            value: probabilities[row],
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_metrics_are_rejected() {
        let check = |labels: &[u8], p: &[f64], expected: &str| {
            assert_eq!(evaluate(labels, p, None).unwrap_err().to_string(), expected);
        };
        check(&[0, 1], &[0.5], "2 rows, but 1 probabilities");
        check(&[], &[], "there are no rows");
        check(&[0, 2], &[0.5, 0.5], "row 1: label 2; it must be 0 or 1");
        check(&[0, 1], &[0.5, 1.5], "row 1: 1.5 is not a probability");
        check(&[0, 1], &[f64::NAN, 0.5], "row 0: NaN is not a probability");
        check(
            &[1, 1],
            &[0.5, 0.6],
            "every label is 1; both 0 and 1 are needed",
        );
    }

    #[test]
    fn reports_have_stable_names() {
        let scores = evaluate(&[0, 1, 1, 0], &[0.1, 0.8, 0.4, 0.3], Some(0.35)).unwrap();
        let json = serde_json::to_value(&scores).unwrap();
        let names: Vec<_> = json
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let expected =
            "accuracy at_threshold auc auc_interval brier ece f1 logloss pr_auc precision recall";
        assert_eq!(names.join(" "), expected);
        assert_eq!(json["at_threshold"]["f1"], 1.0);
        assert_eq!(serde_json::from_value::<Scores>(json).unwrap(), scores);
    }
}
