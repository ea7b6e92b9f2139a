//! The three parts of a dataset.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The purpose of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Models are fitted on it.
    Train,
    /// Used for early stopping and to choose ensemble weights and thresholds.
    Validation,
    /// Used only once, to evaluate the final model.
    Test,
}

impl Part {
    /// The parts in the order in which they are used.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}
