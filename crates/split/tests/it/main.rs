//! Tests of the public interface.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot continue should panic"
)]

// What the splitter guarantees.
mod split;
// What the audit finds in proper splits and in spoiled ones.
mod audit;
