//! Tests of the crate from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

// What the splitter guarantees.
mod split;
// What the audit finds, in good splits and in spoiled ones.
mod audit;
