//! Hyperparameters of the random forest.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use crate::error::Error;
use crate::hyperparameters::Range::{self, Whole, Words};
use crate::hyperparameters::{Engine, Value, hyperparameters, require};
use crate::sample_weights::ClassWeight;

hyperparameters! {
    /// Of a random forest; the names are scikit-learn's.
    ForestParams {
        n_estimators: u32 = 200, Whole(1, 10_000), "The number of trees";
        max_depth: u32 = 10, Whole(1, 64), "The most splits between the root and a leaf";
        max_features: MaxFeatures = MaxFeatures::Sqrt, MaxFeatures::RANGE, "How many features are drawn at each node";
        min_samples_leaf: u32 = 1, Whole(1, 1_000_000), "The fewest rows in a leaf. A row drawn twice counts twice; a row with a weight counts its weight over the mean weight";
        max_bins: u32 = 255, Whole(2, 255), "Quantile bins per feature";
        bootstrap: bool = true, BOOL, "Whether each tree sees rows drawn with replacement, or all rows";
        oob_score: bool = false, BOOL, "Whether to evaluate the forest on its out-of-bag rows, which takes a prediction of all training rows";
        class_weight: ClassWeight = ClassWeight::None, ClassWeight::RANGE, "Whether both classes count the same in sum";
        engine: Engine = Engine::Own, Engine::RANGE, "Which implementation grows the trees";
    }
}

const BOOL: Range = Words("true or false");

impl ForestParams {
    /// Rejects values that others rule out.
    pub(crate) fn check_combination(&self) -> Result<(), Error> {
        if !self.bootstrap {
            let expected = "false with bootstrap=false, which leaves no row out of any bag";
            require("oob_score", &self.oob_score, &false, expected)?;
        }
        if self.engine == Engine::Smartcore {
            require(
                "bootstrap",
                &self.bootstrap,
                &true,
                "true with engine=smartcore",
            )?;
            require(
                "oob_score",
                &self.oob_score,
                &false,
                "false with engine=smartcore",
            )?;
            let expected = "none with engine=smartcore";
            require(
                "class_weight",
                &self.class_weight,
                &ClassWeight::None,
                expected,
            )?;
        }
        Ok(())
    }
}

/// How many features a node may choose from: `sqrt`, `all`, or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxFeatures {
    /// The square root of the number of features, rounded down.
    Sqrt,
    /// All features, which gives bagged trees.
    All,
    /// This many, or all if the data has fewer.
    Count(u32),
}

impl MaxFeatures {
    /// The values in settings.
    pub(crate) const RANGE: Range = Words("sqrt, all or a whole number from 1 to 255");

    /// How many of `columns` that is, at least 1.
    pub(crate) fn of(self, columns: usize) -> usize {
        match self {
            Self::Sqrt => columns.isqrt(),
            Self::All => columns,
            Self::Count(count) => columns.min(count as usize),
        }
    }
}

impl Value for MaxFeatures {
    fn is_in(&self, _: Range) -> bool {
        !matches!(self, Self::Count(0 | 256..))
    }
}

impl fmt::Display for MaxFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqrt => f.write_str("sqrt"),
            Self::All => f.write_str("all"),
            Self::Count(count) => count.fmt(f),
        }
    }
}

impl FromStr for MaxFeatures {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "sqrt" => Ok(Self::Sqrt),
            "all" => Ok(Self::All),
            count => count.parse().map(Self::Count),
        }
    }
}
