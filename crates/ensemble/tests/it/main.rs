//! The crate from outside.

#![expect(
    clippy::float_cmp,
    reason = "results that must be equal to the bit are compared exactly"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot fit its model has failed"
)]

/// The model file: what it keeps, what it refuses.
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
/// The document with all hyperparameters is current.
mod hyperparameters_doc;
/// Each learner compared with another implementation, and with itself on other numbers of threads.
mod learners;
/// Metrics, compared with scikit-learn.
mod metrics;
/// ONNX export.
#[cfg(feature = "onnx")]
mod onnx;
/// Out-of-bag metrics.
mod out_of_bag;
/// A helper that makes model files.
mod packing;
/// Synthetic rows.
mod synthetic;
/// No result depends on the number of threads.
mod threads;
/// Sample weights and class weights.
mod weighting;
