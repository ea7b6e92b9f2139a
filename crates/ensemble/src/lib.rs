//! Three learners for two classes, weighted soft voting, metrics and one model file.
//!
//! Rows come in as a [`Matrix`] of `f32` (1 to 255 columns, NaN = missing; [`OwnedMatrix`] rounds `f64`) with labels
//! 0 or 1: together they are [`Samples`]. [`Params`] are set by name, [`check`](Params::check)ed once, and fit a
//! [`Model`], which gives the probability of class 1 for each row. The crate does not know where rows come from or what
//! they mean.
//!
//! How a tree is fitted:
//!
//! ```text
//! rows ─ cuts ─ binned ─ histogram ─ best_split ─ partition ─ tree
//!        quantiles  bytes   packed sums  highest gain  rows of the children
//! ```
//!
//! Values become bin numbers (at most 255 quantile bins, and one for missing values), rows are summed into integers per
//! bin, and a scan over those sums finds the best split. [`Forest`] grows one tree per thread, [`Boosting`] grows one
//! tree with all threads; both find splits by the same scan. The value of a leaf is defined in `boosting::rule` and, for
//! the forest, in `forest::grow`; threads are started only in `parallel`. [`Logistic`] standardises its inputs and leaves
//! the solving to smartcore. [`Engine::Smartcore`] leaves the trees to smartcore too, and [`smartcore_api`] offers our
//! learners to smartcore's model selection.
//!
//! In the trees of [`Engine::Own`] a row counts by its own weight ([`Samples::weighted`]) times the weight of its class
//! ([`ClassWeight`]); the other learners reject weights. Such a forest can also be evaluated on the rows that its trees
//! did not see ([`OutOfBag`]).
//!
//! Sums are fixed-point integers, every tree has its own random stream, and `exp` and `ln` are one pure-Rust
//! implementation: the same rows, parameters and seed give the same model on any number of threads. The exception is
//! the logistic regression, whose solver uses the system's `exp`: it is the same on any number of threads, but its last
//! digits may differ between machines.
//!
//! Predictions for many rows, and those of a [`Prepared`] artifact, use trees in a faster layout (`predict`); they are
//! equal to the bit to those of the trees themselves.
//!
//! [`metrics`] evaluates models and [`inspection`] shows what they react to. [`voting`] finds ensemble weights from the
//! [`Predictions`] on the validation part, and an [`artifact`] keeps one or more models in a file. [`explain`] says what
//! each column adds to a prediction. The feature `onnx`, the only one and off by default, adds a module that exports an
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
    reason = "ties between values and between probabilities are exact, and so are the comparisons of tests"
)]

mod error;
mod hyperparameters;
mod learners;
mod matrix;
mod model;
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
mod exact_tree;

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

// The README's example is run as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
