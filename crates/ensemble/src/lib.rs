//! Three learners for two classes, one weighted vote, honest figures, one model file.
//!
//! Rows come in as a [`Matrix`] of `f32` (1 to 255 columns, NaN = missing; [`OwnedMatrix`] rounds `f64`) with labels
//! 0 or 1: together [`Samples`]. [`Params`] are read by name, [`check`](Params::check)ed once, and fit a [`Model`];
//! a model answers each row with the probability of class 1. The crate knows nothing of where rows come from or what they mean.
//!
//! How a tree is fitted:
//!
//! ```text
//! rows ─ cuts ─ binned ─ histogram ─ split ─ partition ─ tree
//!        quantiles  bytes   packed sums  best gain  rows of the children
//! ```
//!
//! Values become bin numbers (at most 255 quantile bins, and one for missing values), rows become integer sums per
//! bin, and a split is found by a scan over those sums. [`Forest`] grows one tree per thread, [`Boosting`] one tree by
//! all threads; both find splits by the same scan. What a leaf is worth is said by `boosting::rule`, and for the forest
//! by `forest::grow`; threads start in `parallel` alone. [`Logistic`] standardises and leaves the solving to smartcore.
//! [`Engine::Smartcore`] leaves the trees to smartcore too, and [`smartcore_api`] offers ours to its model selection.
//!
//! In the trees of [`Engine::Own`] rows count by their own weight ([`Samples::weighted`]) times that of their class
//! ([`ClassWeight`]); the other learners refuse weights. Such a forest can judge itself on the rows that its trees
//! did not see ([`OutOfBag`]).
//!
//! Sums are fixed-point integers, every tree has a random stream of its own, and `exp` and `ln` are one pure-Rust
//! implementation: the same rows, parameters and seed give the same model on any number of threads. The exception is
//! the logistic regression, whose solver uses the system's `exp`: it is the same on any number of threads, but its last
//! digits may differ between machines.
//!
//! Answers of many rows, and those of a [`Prepared`] artifact, come from trees that are laid out anew for speed
//! (`predict`), and are equal to the bit to what the trees themselves say.
//!
//! Models are judged by [`metrics`], looked into by [`inspection`], weighed against each other by [`weights`] from
//! their [`Predictions`] on the validation part, and kept as one [`artifact`]. [`explain`] says what each column adds to an answer, and with the
//! feature `onnx` the module of that name writes an artifact for other runtimes. The feature `onnx` is off by default, and the only one.
//!
//! ```
//! # use std::{num::NonZeroUsize, ops::ControlFlow};
//! use ensemble::{Algorithm, Matrix, Params, Run, Samples};
//!
//! # fn main() -> Result<(), ensemble::Error> {
//! let values = [0.1, 0.4, 0.6, f32::NAN, 0.9, 0.8];
//! let x = Matrix::new(&values, 1)?;
//! let train = Samples::new(x, &[0, 0, 1, 0, 1, 1])?;
//! let mut params = Params::defaults(Algorithm::RandomForest);
//! params.set("n_estimators", "50")?;
//! let mut progress = |_| ControlFlow::Continue(());
//! let mut run = Run { seed: 42, threads: NonZeroUsize::MIN, progress: &mut progress };
//! let model = params.check()?.fit(&train, None, &mut run)?;
//! assert!(model.predict_row(&[0.95]) > 0.5);
//! # Ok(())
//! # }
//! ```

#![expect(
    clippy::float_cmp,
    reason = "tied values and probabilities, and answers in tests, are equal to the bit"
)]

mod error;
mod learner;
mod learners;
mod matrix;
mod params;
mod run;

mod binned;
mod cuts;
mod histogram;
mod loss;
mod packed;
mod parallel;
mod partition;
mod row_weights;
mod split;
mod tree;

#[cfg(test)]
mod exact_tree;

mod boosting;
mod engine;
mod forest;
mod form;
mod linear;
mod logistic;
mod model;
mod stored;

pub mod artifact;
pub mod explain;
pub mod inspection;
pub mod metrics;
#[cfg(feature = "onnx")]
pub mod onnx;
mod predict;
mod predictions;
pub mod smartcore_api;
pub mod weights;

pub use boosting::{Boosting, BoostingParams};
pub use engine::Engine;
pub use error::{DataError, Error};
pub use forest::{Forest, ForestParams, MaxFeatures, OutOfBag};
pub use learners::{Algorithm, Model, Params};
pub use logistic::{Logistic, LogisticParams};
pub use matrix::{Matrix, OwnedMatrix, Samples};
pub use params::{CheckedParams, ClassWeight, UnknownClassWeight};
pub use predict::Prepared;
pub use predictions::{KindScores, Predictions, Timeline};
pub use run::{Progress, Run};

// The README's excerpt is run like the examples above.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
