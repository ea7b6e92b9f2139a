//! Logistic regression on standardised inputs, solved by smartcore.
//!
//! smartcore minimises the summed log-loss plus `alpha / 2` times the squared coefficients, the intercept unpenalised
//! (`BinaryObjectiveFunction` of its source), by L-BFGS until the gradient's norm is below 1e-8. That is scikit-learn's
//! objective with `C = 1 / alpha`.

use smartcore::error::Failed;
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters};

use crate::error::Error;
use crate::loss::sigmoid;
use crate::matrix::{Matrix, Samples};
use crate::params::LogisticParams;
use crate::run::{Progress, Run};

/// A fitted logistic regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// One per column.
    pub(crate) terms: Vec<Term>,
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

impl Term {
    /// Standardises a column.
    fn of_column(x: &Matrix, column: usize) -> Self {
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
    fn standardise(&self, value: f32) -> f64 {
        if value.is_nan() {
            0.0
        } else {
            (f64::from(value) - self.mean) / self.deviation
        }
    }
}

impl Logistic {
    pub(crate) fn fit(
        params: &LogisticParams,
        train: &Samples,
        run: &mut Run,
    ) -> Result<Self, Error> {
        let x = train.x();
        let mut terms: Vec<_> = (0..x.columns())
            .map(|column| Term::of_column(&x, column))
            .collect();
        let standardised = x.iter_rows().flat_map(|row| {
            terms
                .iter()
                .zip(row)
                .map(|(term, &value)| term.standardise(value))
        });
        let intercept = solve(params.l2, standardised.collect(), train.y(), &mut terms)
            .map_err(Error::Solver)?;
        run.report(Progress {
            round: 1,
            rounds: 1,
            validation_logloss: None,
        })?;
        Ok(Self { terms, intercept })
    }

    /// The probability of class 1 for one row.
    pub(crate) fn probability(&self, row: &[f32]) -> f64 {
        sigmoid(self.parts(row).fold(self.intercept, |sum, part| sum + part))
    }

    /// What each column adds to the log-odds.
    pub(crate) fn parts(&self, row: &[f32]) -> impl Iterator<Item = f64> {
        let terms = self.terms.iter().zip(row);
        terms.map(|(term, &value)| term.coefficient * term.standardise(value))
    }
}

/// Sets the coefficients of `terms` and returns the intercept. `values` is row-major and standardised.
fn solve(l2: f64, values: Vec<f64>, labels: &[u8], terms: &mut [Term]) -> Result<f64, Failed> {
    let x = DenseMatrix::new(labels.len(), terms.len(), values, false)?;
    let y: Vec<i32> = labels.iter().map(|&label| i32::from(label)).collect();
    let parameters = LogisticRegressionParameters::default().with_alpha(l2);
    let fitted = LogisticRegression::fit(&x, &y, parameters)?;
    let intercept = *fitted.intercept().get((0, 0));
    if !intercept.is_finite()
        || !fitted
            .coefficients()
            .iterator(0)
            .all(|number| number.is_finite())
    {
        return Err(Failed::fit(
            "the solver left the finite numbers; a larger l2 keeps it among them",
        ));
    }
    for (term, &coefficient) in terms.iter_mut().zip(fitted.coefficients().iterator(0)) {
        term.coefficient = coefficient;
    }
    Ok(intercept)
}
