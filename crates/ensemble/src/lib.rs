//! Three learners for binary classification, weighted soft voting, metrics and a single model file.
//!
//! The input is a [`Matrix`] of `f32` (1 to 255 columns, NaN = missing; [`OwnedMatrix`] rounds `f64`) and labels 0 or
//! 1, together [`Samples`]. [`Params`] are set by name, [`check`](Params::check)ed once, and used to fit a [`Model`],
//! which predicts the probability of class 1 for each row. The crate is independent of the origin and meaning of the
//! rows.
//!
//! The stages of fitting a tree:
//!
//! ```text
//! rows ─ cuts ─ binned ─ histogram ─ best_split ─ partition ─ tree
//!        quantiles  bytes   packed sums  highest gain  rows of the children
//! ```
//!
//! Values are encoded as bin numbers (at most 255 quantile bins, plus one for missing values), rows are summed into
//! integers per bin, and a scan over those sums finds the best split. [`Forest`] grows one tree per thread,
//! [`Boosting`] one tree with all threads; both use the same scan. Leaf values are defined in `boosting::tree_params`
//! and `forest::grow`; threads are started only in `parallel`. [`Logistic`] standardises its inputs and uses smartcore's
//! solver. [`Engine::Smartcore`] also delegates growing trees to smartcore, and [`smartcore_api`] makes our learners
//! available to smartcore's model selection.
//!
//! In trees of [`Engine::Histogram`], a row's weight is its sample weight ([`Samples::weighted`]) times the weight of its
//! class ([`ClassWeight`]); the other learners reject sample weights. Forests of this engine can also be evaluated on
//! their out-of-bag rows ([`OutOfBag`]).
//!
//! Sums are fixed-point integers, every tree has its own RNG stream, and `exp` and `ln` are pure Rust, so the same
//! rows, parameters and seed give the same model on any number of threads. The exception is logistic regression, whose
//! solver uses the system's `exp`: it does not depend on threads, but its last digits may differ between machines.
//!
//! Batch predictions and those of a [`Prepared`] artifact use trees in a faster layout (`predict`), with bit-identical
//! results.
//!
//! [`metrics`] evaluates models, and [`inspection`] shows how they use features. [`voting`] computes ensemble weights
//! from the [`Predictions`] on the validation set, and an [`artifact`] stores one or more models in a file. [`explain`]
//! attributes predictions to features. The only Cargo feature, `onnx` (off by default), adds a module that exports an
//! artifact for other runtimes.
//!
//! ```
//! use ensemble::{Algorithm, Matrix, Params, Run, Samples};
//!
//! # fn main() -> Result<(), ensemble::Error> {
//! let values = [0.1, 0.4, 0.6, f32::NAN, 0.9, 0.8];
//! let x = Matrix::new(&values, 1)?;
//! let train = Samples::new(x, &[0, 0, 1, 0, 1, 1])?;
//! let mut params = Params::defaults(Algorithm::RandomForest);
//! params.set("n_estimators", "50")?;
//! let model = params.check()?.fit(&train, None, &mut Run::new(42))?;
//! assert!(model.predict_row(&[0.95]) > 0.5);
//! # Ok(())
//! # }
//! ```

#![expect(
    clippy::float_cmp,
    reason = "ties between values or probabilities are exact, and tests require exact equality"
)]

mod error;
mod hyperparameters;
mod learners;
mod matrix;
mod names;
mod run;

mod best_split;
mod binned;
mod cuts;
mod histogram;
mod loss;
mod packed;
mod parallel;
mod sample_weights;
mod tree;

#[cfg(test)]
mod tests {
    pub(crate) mod exact_tree;
}

mod boosting;
mod decision_function;
mod forest;
mod linear;
mod logistic;
mod predict;
mod smartcore_trees;
mod stored;

pub mod artifact;
pub mod explain;
pub mod inspection;
pub mod metrics;
#[cfg(feature = "onnx")]
pub mod onnx;
mod predictions;
pub mod smartcore_api;
pub mod voting;

pub use boosting::{Boosting, BoostingParams};
pub use error::{DataError, Error};
pub use forest::{Forest, ForestParams, MaxFeatures, OutOfBag};
pub use hyperparameters::{Engine, Hyperparameter};
pub use learners::{Algorithm, CheckedParams, Model, Params};
pub use logistic::{Logistic, LogisticParams};
pub use matrix::{Matrix, OwnedMatrix, Samples};
pub use predict::Prepared;
pub use predictions::{KindScores, Predictions, Timeline};
pub use run::{Progress, Run};
pub use sample_weights::ClassWeight;

// Runs the README's example as a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
