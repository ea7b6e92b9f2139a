//! Tests of the container through the interfaces that SageMaker uses: directories and HTTP.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot continue should panic"
)]
#![expect(
    clippy::float_cmp,
    reason = "a model must give the same prediction bit for bit"
)]

// A training job in a temporary directory, and a server on a free port.
mod job;
mod server;

// The files that a job reads and writes, and failing jobs.
mod channels;
mod train;
mod train_failures;
// The formats of requests and responses, and every kind of rejected request.
mod serve;
mod serve_rejections;
// Predictions with explanations.
mod explanations;
// Misbehaving clients, shutdown, and the limits of connections and requests.
mod serve_bytes;
mod serve_connections;
mod serve_limits;
// Untrusted input: the fuzzer's corpus.
mod corpus;
// Predictions for files without a server, and exported models.
mod export;
mod predict;
// The program as a process: exit codes, signals, names, environment variables, the log.
mod process;
mod serve_process;
