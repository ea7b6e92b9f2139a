//! The crate from outside.

/// Rows to learn from.
mod synthetic;
