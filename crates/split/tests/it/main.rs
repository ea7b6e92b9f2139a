//! Tests of the public interface.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot continue should panic"
)]

// The splitter's guarantees.
mod split;
// The audit's checks, on valid and on corrupted splits.
mod audit;
