//! The whole system: the programs' `run()` in this process, the real AWS SDK, and a real
//! `local-sagemaker` with real training and serving processes behind it.
//!
//! Build the programs first with `cargo build --workspace`, as `cargo xtask test` does. Each test has
//! its own state directory and server, so tests need no order and no fixed port.
#![expect(
    clippy::unwrap_used,
    reason = "this whole package is tests, and tests fail by panicking"
)]

// The fixture: a state directory, its server, and the programs called in process.
mod world;

// What the local server keeps on disk.
mod state;

// From rows to the endpoint's responses, and bounds on the metrics.
mod pipeline;

// The same by one program, `pipeline-100k`.
mod whole_pipeline;

// The report of a run, and the comparison of two runs.
mod report;

// Simulated episodes: the alarm rule, shards, the cache, simulated rows mixed with given ones.
mod episodes;

// Why rows are not split one by one: the metrics of a split that leaks.
mod leakage;

// Variants, their weights, scaling, data capture, and checks before anything is created.
mod serving;

// What people and programs read, word for word.
mod snapshots;

// Wrong input: message and exit code for each case.
mod bad_input;

// Programs that are killed before each call that others can see.
mod crash_points;

// Programs and servers that are killed.
mod faults;

// Checks before anything is created, and logs.
mod operator;

// Every fault that the server can simulate, and how the programs handle it.
mod scripted_faults;

// The documents agree with the code.
mod docs;

// The calls in docs/AWS.md, the calls that arrive and the policies agree.
mod aws_calls;

// Links in the documents, and the guide's prices.
mod reading;

// The examples of the libraries, as a newcomer runs them.
mod examples;

// Every command in the documents, run or parsed.
mod commands;

// Which crate may link which.
mod edges;

// Names that outlive a process are spelled in `fire-run` only.
mod formats;

// The project's rules about its files.
mod tidy;
