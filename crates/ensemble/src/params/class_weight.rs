//! How much the rows of each class count.

use std::fmt;
use std::str::FromStr;

/// `none`, or `balanced`: both classes count the same altogether, as in scikit-learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassWeight {
    /// Every row counts what its own weight says.
    None,
    /// A row's weight is multiplied by the weight of all rows over twice the weight of its class. Probabilities are
    /// then those of a world with as many positives as negatives.
    Balanced,
}

impl ClassWeight {
    /// What a setting must be.
    pub(crate) const EXPECTED: &str = "none or balanced";

    /// The factors for labels 0 and 1, whose rows weigh `weights` altogether; both are above 0.
    pub(crate) fn factors(self, weights: [f64; 2]) -> [f64; 2] {
        match self {
            Self::None => [1.0; 2],
            Self::Balanced => weights.map(|weight| (weights[0] + weights[1]) / (2.0 * weight)),
        }
    }
}

impl fmt::Display for ClassWeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Balanced => "balanced",
        })
    }
}

/// What was read is neither of the two words.
#[derive(Debug)]
pub struct UnknownClassWeight;

impl FromStr for ClassWeight {
    type Err = UnknownClassWeight;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            "balanced" => Ok(Self::Balanced),
            _ => Err(UnknownClassWeight),
        }
    }
}
