//! The container, used as SageMaker uses it: folders in, folders out, HTTP.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot continue should panic"
)]
#![expect(
    clippy::float_cmp,
    reason = "a model must give the same prediction bit for bit"
)]

// A training job in a temporary folder, and a server on a free port.
mod job;
mod server;

// What a job writes, and how it fails.
mod train;
mod train_failures;
// The formats of requests and responses, and every kind of rejected request.
mod serve;
mod serve_rejections;
// Predictions with explanations.
mod explanations;
// What clients do to connections, and the limits that apply.
mod serve_bytes;
mod serve_connections;
mod serve_limits;
// Untrusted input: the fuzzer's corpus.
mod corpus;
// Predictions for files without a server, and exported models.
mod export;
mod predict;
// The program itself: exit codes, signals, names, variables, the log.
mod process;
mod serve_process;
