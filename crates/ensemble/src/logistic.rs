//! Logistic regression on standardised inputs, solved by smartcore.
//!
//! Using L-BFGS, smartcore minimises the summed log-loss plus `alpha / 2` times the squared coefficients, with the
//! intercept unpenalised (`BinaryObjectiveFunction` in its source), until the gradient norm is below 1e-8. This is
//! scikit-learn's objective with `C = 1 / alpha`.

use smartcore::error::Failed;
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters};

use crate::decision_function::DecisionFunction;
use crate::error::Error;
use crate::hyperparameters::Range::NonNegative;
use crate::hyperparameters::hyperparameters;
use crate::linear::{Linear, Term};
use crate::matrix::Samples;
use crate::run::{Progress, Run};
use crate::stored::stored_fields;

hyperparameters! {
    /// Hyperparameters of logistic regression.
    LogisticParams {
        l2: f64 = 1.0, NonNegative, "L2 penalty on the coefficients of the standardised inputs; 1 / C in scikit-learn";
    }
}

/// A fitted logistic regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// One per feature.
    pub(crate) terms: Vec<Term>,
    pub(crate) intercept: f64,
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

    pub(crate) fn columns(&self) -> usize {
        self.terms.len()
    }

    pub(crate) fn decision_function(&self) -> DecisionFunction<'_> {
        DecisionFunction::Linear(Linear {
            terms: &self.terms,
            intercept: self.intercept,
        })
    }
}

stored_fields!(Logistic { terms, intercept });

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
        return Err(Failed::fit("the solver diverged; increase l2"));
    }
    for (term, &coefficient) in terms.iter_mut().zip(fitted.coefficients().iterator(0)) {
        term.coefficient = coefficient;
    }
    Ok(intercept)
}
