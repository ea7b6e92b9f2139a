//! Hyperparameters of the random forest.

use std::fmt;
use std::str::FromStr;

use super::Forest;
use crate::engine::{self, Engine};
use crate::error::Error;
use crate::learner::Hyperparameters;
use crate::learners::Model;
use crate::matrix::Samples;
use crate::params::ClassWeight;
use crate::params::value::{only, parse, whole};
use crate::run::Run;

const TREES: &str = "a whole number from 1 to 10000";
const DEPTH: &str = "a whole number from 1 to 64";
const FEATURES: &str = "sqrt, all or a whole number from 1 to 255";
const LEAF: &str = "a whole number from 1 to 1000000";
const BINS: &str = "a whole number from 2 to 255";
const BOOL: &str = "true or false";

/// Of a random forest; the names are scikit-learn's.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestParams {
    /// Trees, 1 to 10,000 (default 200).
    pub n_estimators: u32,
    /// Splits between the root and a leaf at most, 1 to 64 (default 10).
    pub max_depth: u32,
    /// How many features are drawn at each node (default the square root of all).
    pub max_features: MaxFeatures,
    /// Rows in a leaf at least, 1 to 1,000,000, a row drawn twice counting twice (default 1). Where rows have weights,
    /// a row counts its weight over the mean one.
    pub min_samples_leaf: u32,
    /// Quantile bins per feature, 2 to 255 (default 255).
    pub max_bins: u32,
    /// Whether each tree sees rows drawn with replacement, or all rows (default true).
    pub bootstrap: bool,
    /// Whether the fit ends with an [`OutOfBag`](crate::OutOfBag) score, which takes a prediction of all training rows
    /// (default false).
    pub oob_score: bool,
    /// Whether the rarer class counts as much as the other one altogether (default none).
    pub class_weight: ClassWeight,
    /// Whose trees (default this crate's).
    pub engine: Engine,
}

impl Default for ForestParams {
    fn default() -> Self {
        Self {
            n_estimators: 200,
            max_depth: 10,
            max_features: MaxFeatures::Sqrt,
            min_samples_leaf: 1,
            max_bins: 255,
            bootstrap: true,
            oob_score: false,
            class_weight: ClassWeight::None,
            engine: Engine::Own,
        }
    }
}

impl Hyperparameters for ForestParams {
    fn set(&mut self, name: &str, value: &str) -> Result<bool, Error> {
        match name {
            "n_estimators" => self.n_estimators = parse("n_estimators", value, TREES)?,
            "max_depth" => self.max_depth = parse("max_depth", value, DEPTH)?,
            "max_features" => self.max_features = parse("max_features", value, FEATURES)?,
            "min_samples_leaf" => self.min_samples_leaf = parse("min_samples_leaf", value, LEAF)?,
            "max_bins" => self.max_bins = parse("max_bins", value, BINS)?,
            "bootstrap" => self.bootstrap = parse("bootstrap", value, BOOL)?,
            "oob_score" => self.oob_score = parse("oob_score", value, BOOL)?,
            "class_weight" => {
                self.class_weight = parse("class_weight", value, ClassWeight::EXPECTED)?;
            }
            "engine" => self.engine = parse("engine", value, Engine::EXPECTED)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn entries(&self) -> Vec<(&'static str, String)> {
        vec![
            ("n_estimators", self.n_estimators.to_string()),
            ("max_depth", self.max_depth.to_string()),
            ("max_features", self.max_features.to_string()),
            ("min_samples_leaf", self.min_samples_leaf.to_string()),
            ("max_bins", self.max_bins.to_string()),
            ("bootstrap", self.bootstrap.to_string()),
            ("oob_score", self.oob_score.to_string()),
            ("class_weight", self.class_weight.to_string()),
            ("engine", self.engine.to_string()),
        ]
    }

    fn validate(&self) -> Result<(), Error> {
        whole("n_estimators", &self.n_estimators, &(1..=10_000), TREES)?;
        whole("max_depth", &self.max_depth, &(1..=64), DEPTH)?;
        whole(
            "min_samples_leaf",
            &self.min_samples_leaf,
            &(1..=1_000_000),
            LEAF,
        )?;
        whole("max_bins", &self.max_bins, &(2..=255), BINS)?;
        if !self.bootstrap {
            let expected = "false with bootstrap=false, which leaves no row out of any bag";
            only("oob_score", &self.oob_score, &false, expected)?;
        }
        if self.engine == Engine::Smartcore {
            let expected = "true with engine=smartcore";
            only("bootstrap", &self.bootstrap, &true, expected)?;
            let expected = "false with engine=smartcore";
            only("oob_score", &self.oob_score, &false, expected)?;
            only(
                "class_weight",
                &self.class_weight,
                &ClassWeight::None,
                "none with engine=smartcore",
            )?;
        }
        match self.max_features {
            MaxFeatures::Count(count) => whole("max_features", &count, &(1..=255), FEATURES),
            MaxFeatures::Sqrt | MaxFeatures::All => Ok(()),
        }
    }

    fn takes_weights(&self) -> bool {
        self.engine == Engine::Own
    }

    fn fit(
        &self,
        train: &Samples,
        _validation: Option<&Samples>,
        run: &mut Run,
    ) -> Result<Model, Error> {
        let fitted = match self.engine {
            Engine::Own => Forest::fit(self, train, run),
            Engine::Smartcore => engine::fit_forest(self, train, run),
        };
        fitted.map(Model::Forest)
    }
}

/// How many features a node may choose from: `sqrt`, `all`, or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxFeatures {
    /// The square root of their number, rounded down.
    Sqrt,
    /// All: bagged trees.
    All,
    /// So many, or all where the data has fewer.
    Count(u32),
}

impl MaxFeatures {
    /// How many of `columns` that is, at least 1.
    pub(crate) fn of(self, columns: usize) -> usize {
        match self {
            Self::Sqrt => columns.isqrt(),
            Self::All => columns,
            Self::Count(count) => columns.min(count as usize),
        }
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
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "sqrt" => Ok(Self::Sqrt),
            "all" => Ok(Self::All),
            count => count.parse().map(Self::Count),
        }
    }
}
