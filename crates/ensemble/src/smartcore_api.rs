//! Adapters that make the learners usable with smartcore's model selection.
//!
//! smartcore's estimators return labels, so a probability of at least 1/2 becomes label 1. For probabilities, fit a
//! [`CheckedParams`] directly or use [`Estimator::model`].
//!
//! ```
//! use ensemble::{Algorithm, Params, smartcore_api::{Estimator, Settings}};
//! use smartcore::{linalg::basic::{arrays::Array2, matrix::DenseMatrix}, metrics::accuracy};
//! use smartcore::{api::SupervisedEstimator, model_selection::{KFold, cross_validate}};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let x = DenseMatrix::from_iterator((0..60).map(|i| f64::from(i % 20)), 60, 1, 0);
//! let y: Vec<i32> = (0..60).map(|i| i32::from(i % 20 > 12)).collect();
//! let settings = Settings::new(Params::defaults(Algorithm::RandomForest).check()?);
//! let unfitted = <Estimator as SupervisedEstimator<DenseMatrix<f64>, Vec<i32>, Settings>>::new();
//! let folds = KFold::default().with_n_splits(3);
//! let result = cross_validate(unfitted, &x, &y, settings, &folds, &accuracy)?;
//! assert!(result.mean_test_score() > 0.9);
//! # Ok(())
//! # }
//! ```

use std::error::Error as _;
use std::fmt::Write as _;
use std::num::NonZeroUsize;

use smartcore::api::{Predictor, SupervisedEstimator};
use smartcore::error::Failed;
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::numbers::basenum::Number;

use crate::error::Error;
use crate::learners::CheckedParams;
use crate::learners::Model;
use crate::matrix::{OwnedMatrix, Samples};
use crate::run::Run;

/// All settings of a fit, in the single value that smartcore's model selection passes on.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Hyperparameters of any learner.
    pub params: CheckedParams,
    /// Seeds every RNG stream.
    pub seed: u64,
    /// The number of threads; the result does not depend on it.
    pub threads: NonZeroUsize,
}

impl Settings {
    /// These hyperparameters, with seed 0 on one thread.
    pub fn new(params: CheckedParams) -> Self {
        Self {
            params,
            seed: 0,
            threads: NonZeroUsize::MIN,
        }
    }
}

/// A learner for smartcore's model selection. Labels must be 0 or 1; NaN marks a missing value.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimator {
    /// `None` before fitting, a state required by smartcore's traits.
    model: Option<Model>,
}

impl Estimator {
    /// The fitted model; `None` before fitting.
    pub fn model(&self) -> Option<&Model> {
        self.model.as_ref()
    }
}

impl<X: Number, Y: Number> SupervisedEstimator<DenseMatrix<X>, Vec<Y>, Settings> for Estimator {
    fn new() -> Self {
        Self { model: None }
    }

    fn fit(x: &DenseMatrix<X>, y: &Vec<Y>, settings: Settings) -> Result<Self, Failed> {
        let values = values(x).map_err(|problem| Failed::fit(&problem))?;
        let labels = labels(y)?;
        let mut run = Run::new(settings.seed).threads(settings.threads);
        let model = Samples::new(values.as_matrix(), &labels)
            .and_then(|train| settings.params.fit(&train, None, &mut run));
        Ok(Self {
            model: Some(model.map_err(|error| Failed::fit(&explained(&error)))?),
        })
    }
}

impl<X: Number, Y: Number> Predictor<DenseMatrix<X>, Vec<Y>> for Estimator {
    fn predict(&self, x: &DenseMatrix<X>) -> Result<Vec<Y>, Failed> {
        let model = self
            .model()
            .ok_or_else(|| Failed::predict("the estimator is not fitted yet"))?;
        let values = values(x).map_err(|problem| Failed::predict(&problem))?;
        let probabilities = model.predict_proba(&values.as_matrix());
        let probabilities = probabilities.map_err(|error| Failed::predict(&explained(&error)))?;
        let label = |probability: f64| {
            if probability < 0.5 {
                Y::zero()
            } else {
                Y::one()
            }
        };
        Ok(probabilities.into_iter().map(label).collect())
    }
}

fn values<X: Number>(x: &DenseMatrix<X>) -> Result<OwnedMatrix, String> {
    let values: Option<Vec<f64>> = x.iterator(0).map(X::to_f64).collect();
    let values = values.ok_or("a value is not a number")?;
    OwnedMatrix::from_f64(&values, x.shape().1).map_err(|error| explained(&error))
}

fn labels<Y: Number>(y: &[Y]) -> Result<Vec<u8>, Failed> {
    let label = |(row, label): (usize, &Y)| match label.to_f64() {
        Some(0.0) => Ok(0),
        Some(1.0) => Ok(1),
        _ => Err(Failed::fit(&format!(
            "row {row}: label {label}; it must be 0 or 1"
        ))),
    };
    y.iter().enumerate().map(label).collect()
}

/// The error and its causes as text, because smartcore's error has no source.
fn explained(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a string cannot fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use smartcore::linalg::basic::arrays::Array2;
    use smartcore::metrics::accuracy;
    use smartcore::model_selection::{KFold, cross_validate};

    use super::*;
    use crate::learners::Algorithm;
    use crate::learners::Params;

    type Trait<'a> = dyn Predictor<DenseMatrix<f32>, Vec<u32>> + 'a;

    fn settings(algorithm: Algorithm) -> Settings {
        let mut params = Params::defaults(algorithm);
        let entries = params.entries();
        if entries.iter().any(|(name, _)| name == "n_estimators") {
            params.set("n_estimators", "20").unwrap();
        }
        Settings::new(params.check().unwrap())
    }

    fn rows(count: u16) -> (DenseMatrix<f32>, Vec<u32>) {
        let values = (0..2 * count).map(|i| f32::from(i * 37 % 101));
        let x = DenseMatrix::from_iterator(values, usize::from(count), 2, 0);
        let y = (0..count)
            .map(|i| u32::from(2 * i * 37 % 101 > 60))
            .collect();
        (x, y)
    }

    fn fit(x: &DenseMatrix<f32>, y: &Vec<u32>) -> Result<Estimator, Failed> {
        Estimator::fit(x, y, settings(Algorithm::GradientBoosting))
    }

    #[test]
    fn smartcore_cross_validates_every_learner() {
        let (x, y) = rows(300);
        let folds = KFold::default().with_n_splits(3);
        for algorithm in Algorithm::ALL {
            let unfitted = <Estimator as SupervisedEstimator<DenseMatrix<f32>, Vec<u32>, _>>::new();
            let settings = settings(algorithm);
            let result = cross_validate(unfitted, &x, &y, settings, &folds, &accuracy).unwrap();
            assert_eq!(result.test_score.len(), 3);
            assert!(result.mean_test_score() > 0.9, "{algorithm}: {result:?}");
        }
    }

    #[test]
    fn predictions_are_those_of_the_model() {
        let (x, y) = rows(100);
        let fitted = fit(&x, &y).unwrap();
        let predictor: &Trait = &fitted;
        let labels = predictor.predict(&x).unwrap();
        for (row, label) in labels.iter().enumerate() {
            let values = [*x.get((row, 0)), *x.get((row, 1))];
            let probability = fitted.model().unwrap().predict_row(&values);
            assert_eq!(*label == 1, probability >= 0.5, "row {row}: {probability}");
        }
    }

    #[test]
    fn errors_state_their_cause() {
        let (x, y) = rows(20);
        let unfitted: &Trait = &Estimator { model: None };
        let error = unfitted.predict(&x).unwrap_err().to_string();
        assert!(error.contains("not fitted yet"), "{error}");
        let check = |x: &DenseMatrix<f32>, y: &Vec<u32>, expected: &str| {
            let error = fit(x, y).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(&x, &vec![1; 20], "every label is 1");
        check(&x, &vec![2; 20], "row 0: label 2; it must be 0 or 1");
        let infinite = DenseMatrix::from_iterator([f32::INFINITY; 20].into_iter(), 20, 1, 0);
        check(&infinite, &y, "row 0, column 0: infinite");
    }
}
