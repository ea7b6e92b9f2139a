//! A linear model of the log-odds on standardised features.

use crate::loss::sigmoid;
use crate::matrix::Matrix;
use crate::stored::stored_fields;

/// An intercept and one term per feature.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Linear<'a> {
    pub(crate) terms: &'a [Term],
    pub(crate) intercept: f64,
}

/// One feature's contribution to the log-odds: `coefficient * (x - mean) / deviation`, or 0 where x is missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Term {
    /// The mean of the present training values.
    pub(crate) mean: f64,
    /// Their standard deviation, 1 for a constant column.
    pub(crate) deviation: f64,
    pub(crate) coefficient: f64,
}

stored_fields!(Term {
    mean,
    deviation,
    coefficient
});

impl Linear<'_> {
    /// The probability of class 1 for one row.
    pub(crate) fn probability(self, row: &[f32]) -> f64 {
        sigmoid(self.parts(row).fold(self.intercept, |sum, part| sum + part))
    }

    /// Each feature's contribution to the log-odds.
    pub(crate) fn parts(self, row: &[f32]) -> impl Iterator<Item = f64> {
        let terms = self.terms.iter().zip(row);
        terms.map(|(term, &value)| term.coefficient * term.standardise(value))
    }
}

impl Term {
    /// The term of a column, with its coefficient still 0.
    pub(crate) fn of_column(x: &Matrix, column: usize) -> Self {
        let present = || {
            x.iter_rows()
                .map(|row| f64::from(row[column]))
                .filter(|value| !value.is_nan())
        };
        let count = present().count().max(1) as f64;
        let mean = present().sum::<f64>() / count;
        // Two passes, because mean square minus squared mean would cancel where the mean is large.
        let variance = present()
            .map(|value| (value - mean) * (value - mean))
            .sum::<f64>()
            / count;
        // Rounding may leave a constant column with a variance that is tiny relative to its mean.
        let constant = variance <= 1e-24 * mean * mean || variance < f64::MIN_POSITIVE;
        Self {
            mean,
            deviation: if constant { 1.0 } else { variance.sqrt() },
            coefficient: 0.0,
        }
    }

    /// The standardised value; a missing value is replaced by the mean.
    pub(crate) fn standardise(&self, value: f32) -> f64 {
        if value.is_nan() {
            0.0
        } else {
            (f64::from(value) - self.mean) / self.deviation
        }
    }
}
