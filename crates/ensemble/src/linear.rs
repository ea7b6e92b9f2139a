//! A linear model of log-odds on standardised columns.

use crate::loss::sigmoid;
use crate::matrix::Matrix;
use crate::stored::stored_fields;

/// An intercept and one term per column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Linear<'a> {
    pub(crate) terms: &'a [Term],
    pub(crate) intercept: f64,
}

/// One column's part of the log-odds: `coefficient * (x - mean) / deviation`, or 0 where x is missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Term {
    /// The mean of the training values, without missing ones.
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

    /// Each column's part of the log-odds.
    pub(crate) fn parts(self, row: &[f32]) -> impl Iterator<Item = f64> {
        let terms = self.terms.iter().zip(row);
        terms.map(|(term, &value)| term.coefficient * term.standardise(value))
    }
}

impl Term {
    /// The term of a column, with coefficient 0.
    pub(crate) fn of_column(x: &Matrix, column: usize) -> Self {
        let present = || {
            x.iter_rows()
                .map(|row| f64::from(row[column]))
                .filter(|value| !value.is_nan())
        };
        let count = present().count().max(1) as f64;
        let mean = present().sum::<f64>() / count;
        // In a second pass, because squares minus squared mean would lose all digits where the mean is large.
        let variance = present()
            .map(|value| (value - mean) * (value - mean))
            .sum::<f64>()
            / count;
        // By rounding, a constant column may have a variance that is tiny compared with its mean.
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
