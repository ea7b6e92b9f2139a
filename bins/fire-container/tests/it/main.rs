//! The container, driven as SageMaker drives it: folders in, folders out, HTTP.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
#![expect(
    clippy::float_cmp,
    reason = "a model must give the same answer bit for bit"
)]

// A training job in a temporary folder, and a server on a free port.
mod job;
mod server;

// What a job leaves behind, and how it fails.
mod train;
mod train_failures;
// The forms of requests and answers, and every request that is refused.
mod serve;
mod serve_refusals;
// Answers with what each feature adds to them.
mod explanations;
// What clients do to a connection, and the limits that hold then.
mod serve_bytes;
mod serve_connections;
mod serve_limits;
// What strangers send, with the fuzzer's findings.
mod corpus;
// Files scored without a server, and models that leave as files.
mod export;
mod predict;
// The program itself: exit codes, signals, names, variables, the log.
mod process;
mod serve_process;
