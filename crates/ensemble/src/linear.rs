//! Log-odds that are a sum of standardised columns.

use crate::loss::sigmoid;
use crate::matrix::Matrix;
use crate::stored::stored_fields;

/// An intercept, and a term for each column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Linear<'a> {
    pub(crate) terms: &'a [Term],
    pub(crate) intercept: f64,
}

/// What one column adds to the log-odds: `coefficient * (x - mean) / deviation`, nothing where x is missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Term {
    /// Over the training values that are present.
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

    /// What each column adds to the log-odds.
    pub(crate) fn parts(self, row: &[f32]) -> impl Iterator<Item = f64> {
        let terms = self.terms.iter().zip(row);
        terms.map(|(term, &value)| term.coefficient * term.standardise(value))
    }
}

impl Term {
    /// Standardises a column.
    pub(crate) fn of_column(x: &Matrix, column: usize) -> Self {
        let present = || {
            x.iter_rows()
                .map(|row| f64::from(row[column]))
                .filter(|value| !value.is_nan())
        };
        let count = present().count().max(1) as f64;
        let mean = present().sum::<f64>() / count;
        // In a second pass: squares minus squared mean would lose all digits where the mean is large.
        let variance = present()
            .map(|value| (value - mean) * (value - mean))
            .sum::<f64>()
            / count;
        // Rounding leaves a constant column a variance that is tiny against its mean.
        let constant = variance <= 1e-24 * mean * mean || variance < f64::MIN_POSITIVE;
        Self {
            mean,
            deviation: if constant { 1.0 } else { variance.sqrt() },
            coefficient: 0.0,
        }
    }

    /// The standardised value; a missing one becomes the mean.
    pub(crate) fn standardise(&self, value: f32) -> f64 {
        if value.is_nan() {
            0.0
        } else {
            (f64::from(value) - self.mean) / self.deviation
        }
    }
}
