//! Integration tests of the public API.

#![expect(
    clippy::float_cmp,
    reason = "the compared results must be bit-identical"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot fit its model has failed"
)]

/// The model file: round trips and rejected content.
mod artifact;
/// The fuzzing corpus.
mod corpus;
/// Curves and partial dependence, compared with scikit-learn.
mod curves;
/// Fits on unusual rows.
mod edge_cases;
/// Explanations of fitted models.
mod explain;
/// Helpers that fit models.
mod fitting;
/// The hyperparameter tables in the documentation.
mod hyperparameters_doc;
/// Learners compared with other implementations, and across numbers of threads.
mod learners;
/// Metrics, compared with scikit-learn.
mod metrics;
/// ONNX export.
#[cfg(feature = "onnx")]
mod onnx;
/// Out-of-bag metrics.
mod out_of_bag;
/// A helper that builds artifacts.
mod packing;
/// Synthetic rows.
mod synthetic;
/// Independence of the number of threads.
mod threads;
/// Sample weights and class weights.
mod weighting;
