//! The whole system: the programs' `run()` in this process, the real AWS SDK, a real
//! `local-sagemaker` with real training and serving processes behind it.
//!
//! The programs must have been built (`cargo build --workspace`; `cargo xtask test`
//! does it). Each test has a state directory and a server of its own, so they need no
//! order and no fixed port.
#![expect(
    clippy::unwrap_used,
    reason = "this whole package is tests, and a panic is how a test says no"
)]

// The fixture: a state directory, its server, and the programs called in process.
mod world;

// From rows to the endpoint's answers, and what the figures must satisfy.
mod pipeline;

// The page of a run, and the comparison of two.
mod report;

// Simulated episodes: the alarm rule, shards, what is kept, rows beside given ones.
mod episodes;

// Why rows are not dealt one by one: the figures of a split that leaks.
mod leakage;

// Variants, shares, scaling, what is kept, and what is checked before anything is created.
mod serving;

// What people and programs read, word for word.
mod snapshots;

// Wrong input: the message and the exit code of each.
mod bad_input;
mod crash_points;

// Programs that are killed, and servers that are.
mod faults;

// Checks before anything is created, and logs.
mod operator;

// Every fault that the server can be told to have, and what the programs do about it.
mod scripted_faults;

// What the documents say against what the code does.
mod docs;

// What docs/AWS.md says is sent, against what arrives; the policies against both.
mod aws_calls;

// That the documents' commands can be typed and their links lead somewhere.
mod reading;

// The libraries' own examples, as a newcomer runs them.
mod examples;

// Every command of the documents, run or parsed.
mod commands;

// Which crate may link which.
mod edges;

// The project's own rules about its files.
mod tidy;
