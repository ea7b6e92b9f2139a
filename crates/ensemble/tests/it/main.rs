//! The crate from outside.

#![expect(
    clippy::float_cmp,
    reason = "answers that must be the same to the bit are compared so"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot fit its model has failed"
)]

/// The model file: what it keeps, what it refuses.
mod artifact;
/// What fuzzing starts from.
mod corpus;
/// Curves that scikit-learn draws of the same vectors, and its partial dependence.
mod curves;
/// What a fit does with unusual rows.
mod edge_cases;
/// What each column adds to an answer of a fitted model.
mod explain;
/// Short ways to a fitted model.
mod fitting;
/// Each learner against another implementation, and against itself on other numbers of threads.
mod learners;
/// Figures that scikit-learn gives for the same vectors.
mod metrics;
/// Models that leave.
#[cfg(feature = "onnx")]
mod onnx;
/// A forest's judgement of its own training rows.
mod out_of_bag;
/// A short way to a model file.
mod packing;
/// Rows to learn from.
mod synthetic;
/// Whatever is fitted, the number of threads leaves no trace.
mod threads;
/// What rows and classes count.
mod weighting;
