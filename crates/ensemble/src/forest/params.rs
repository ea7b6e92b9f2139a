//! Hyperparameters of the random forest.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use crate::error::Error;
use crate::hyperparameters::Range::{self, Integer, Words};
use crate::hyperparameters::{Engine, Value, hyperparameters, require, require_for_smartcore};
use crate::sample_weights::ClassWeight;

hyperparameters! {
    /// Hyperparameters of a random forest, named as in scikit-learn.
    ForestParams {
        n_estimators: u32 = 200, Integer(1, 10_000), "The number of trees";
        max_depth: u32 = 10, Integer(1, 64), "Maximum number of splits between the root and a leaf";
        max_features: MaxFeatures = MaxFeatures::Sqrt, MaxFeatures::RANGE, "Number of features drawn at each node";
        min_samples_leaf: u32 = 1, Integer(1, 1_000_000), "Minimum number of rows in a leaf. A row drawn twice counts twice; a weighted row counts as its weight divided by the mean weight";
        max_bins: u32 = 255, Integer(2, 255), "Quantile bins per feature";
        bootstrap: bool = true, BOOL, "Whether to grow each tree on rows drawn with replacement instead of on all rows";
        oob_score: bool = false, BOOL, "Whether to evaluate the forest on its out-of-bag rows, at the cost of predicting all training rows";
        class_weight: ClassWeight = ClassWeight::None, ClassWeight::RANGE, "Whether to give both classes the same total weight";
        engine: Engine = Engine::Histogram, Engine::RANGE, "The implementation that grows the trees";
    }
}

const BOOL: Range = Words("true or false");

impl ForestParams {
    /// Rejects combinations that are not supported.
    pub(crate) fn check_combination(&self) -> Result<(), Error> {
        if !self.bootstrap {
            let expected = "false with bootstrap=false, because then no rows are out of bag";
            require("oob_score", &self.oob_score, &false, expected)?;
        }
        if self.engine == Engine::Smartcore {
            require_for_smartcore("bootstrap", &self.bootstrap, &true)?;
            require_for_smartcore("oob_score", &self.oob_score, &false)?;
            require_for_smartcore("class_weight", &self.class_weight, &ClassWeight::None)?;
        }
        Ok(())
    }
}

/// Number of features drawn at each node: `sqrt`, `all`, or a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxFeatures {
    /// The square root of the number of features, rounded down.
    Sqrt,
    /// All features, which makes the forest plain bagging.
    All,
    /// This many, or all if the data has fewer.
    Count(u32),
}

impl MaxFeatures {
    /// The accepted values.
    pub(crate) const RANGE: Range = Words("sqrt, all or a whole number from 1 to 255");

    /// The resolved number of features out of `columns`, at least 1.
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
