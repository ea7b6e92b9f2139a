//! Counts of correct and incorrect decisions.

use super::same_length;
use crate::error::DataError;

/// The confusion matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Confusion {
    /// Positive rows predicted positive.
    pub true_positives: u64,
    /// Negative rows predicted positive.
    pub false_positives: u64,
    /// Negative rows predicted negative.
    pub true_negatives: u64,
    /// Positive rows predicted negative.
    pub false_negatives: u64,
}

impl Confusion {
    /// Predicts a row positive when its probability is at least `threshold`.
    pub fn at(threshold: f64, labels: &[u8], probabilities: &[f64]) -> Result<Self, DataError> {
        same_length(labels, probabilities, None)?;
        let rows = labels.iter().copied().zip(probabilities.iter().copied());
        Ok(Self::of_rows(threshold, rows))
    }

    /// [`at`](Self::at) for pairs of label and probability.
    pub(crate) fn of_rows(threshold: f64, rows: impl Iterator<Item = (u8, f64)>) -> Self {
        let mut counts = Self::default();
        for (label, p) in rows {
            match (label == 1, p >= threshold) {
                (true, true) => counts.true_positives += 1,
                (false, true) => counts.false_positives += 1,
                (false, false) => counts.true_negatives += 1,
                (true, false) => counts.false_negatives += 1,
            }
        }
        counts
    }

    /// Share of correct decisions.
    pub fn accuracy(&self) -> f64 {
        let correct = self.true_positives + self.true_negatives;
        ratio(
            correct,
            correct + self.false_positives + self.false_negatives,
        )
    }

    /// Share of the rows predicted positive that are positive; 0 if there are none.
    pub fn precision(&self) -> f64 {
        ratio(
            self.true_positives,
            self.true_positives + self.false_positives,
        )
    }

    /// Share of the positive rows that are predicted positive; 0 if there are none.
    pub fn recall(&self) -> f64 {
        ratio(
            self.true_positives,
            self.true_positives + self.false_negatives,
        )
    }

    /// Harmonic mean of precision and recall; 0 without true positives.
    pub fn f1(&self) -> f64 {
        let found = 2 * self.true_positives;
        ratio(found, found + self.false_positives + self.false_negatives)
    }
}

/// `part / whole`; 0 if `whole` is 0, as with scikit-learn's `zero_division=0`.
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_at_the_threshold_is_positive() {
        let counts = Confusion::at(0.5, &[1, 0, 1, 0, 0], &[0.5, 0.5, 0.4, 0.1, 0.2]).unwrap();
        let expected = Confusion {
            true_positives: 1,
            false_positives: 1,
            true_negatives: 2,
            false_negatives: 1,
        };
        assert_eq!(counts, expected);
        assert_eq!(
            (
                counts.accuracy(),
                counts.precision(),
                counts.recall(),
                counts.f1()
            ),
            (0.6, 0.5, 0.5, 0.5)
        );
    }

    #[test]
    fn empty_classes_score_zero() {
        let none = Confusion::at(0.9, &[0, 0], &[0.1, 0.2]).unwrap();
        assert_eq!(
            (none.precision(), none.recall(), none.f1(), none.accuracy()),
            (0.0, 0.0, 0.0, 1.0)
        );
        assert_eq!(Confusion::default().accuracy(), 0.0);
    }
}
