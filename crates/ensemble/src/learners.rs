//! The learners, each with its name, its number in model files, and its place in the order.
//!
//! A learner is its hyperparameters ([`Hyperparameters`]) and what a fit of them gives ([`Fitted`]). The rest of the
//! crate asks those two and the [`Form`](crate::form::Form) of a model, so that whatever adds up trees or terms is read by name, kept in
//! model files, answered at speed, explained and exported without a line of its own there. `CONTRIBUTING.md` lists what
//! a further learner takes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::boosting::{Boosting, BoostingParams};
use crate::error::Error;
use crate::forest::{Forest, ForestParams};
use crate::learner::{Fitted, Hyperparameters};
use crate::logistic::{Logistic, LogisticParams};
use crate::stored::{Reader, Stored, refuse};

/// The learners of this crate, spelled `random_forest`, `gradient_boosting`, `logistic_regression`.
///
/// Their numbers stand in model files: a new learner takes the next one, and none is ever given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Algorithm {
    /// Bagged gini trees with drawn features at each node (Breiman 2001).
    RandomForest = 0,
    /// Second-order boosted trees on the log-loss (Friedman 2001; Chen and Guestrin 2016).
    GradientBoosting = 1,
    /// L2-penalised logistic regression on standardised inputs.
    LogisticRegression = 2,
}

impl Algorithm {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 3] = [
        Self::RandomForest,
        Self::GradientBoosting,
        Self::LogisticRegression,
    ];

    /// The name in settings and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::RandomForest => "random_forest",
            Self::GradientBoosting => "gradient_boosting",
            Self::LogisticRegression => "logistic_regression",
        }
    }

    /// The two letters in job names.
    pub fn short(self) -> &'static str {
        match self {
            Self::RandomForest => "rf",
            Self::GradientBoosting => "gb",
            Self::LogisticRegression => "lr",
        }
    }
}

/// Unchecked hyperparameters of one learner.
#[derive(Debug, Clone, PartialEq)]
pub enum Params {
    /// Of [`Algorithm::RandomForest`].
    Forest(ForestParams),
    /// Of [`Algorithm::GradientBoosting`].
    Boosting(BoostingParams),
    /// Of [`Algorithm::LogisticRegression`].
    Logistic(LogisticParams),
}

impl Params {
    /// The documented defaults of `algorithm`.
    pub fn defaults(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::RandomForest => Self::Forest(ForestParams::default()),
            Algorithm::GradientBoosting => Self::Boosting(BoostingParams::default()),
            Algorithm::LogisticRegression => Self::Logistic(LogisticParams::default()),
        }
    }

    /// The learner that these belong to.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Forest(_) => Algorithm::RandomForest,
            Self::Boosting(_) => Algorithm::GradientBoosting,
            Self::Logistic(_) => Algorithm::LogisticRegression,
        }
    }

    pub(crate) fn of_learner(&self) -> &dyn Hyperparameters {
        match self {
            Self::Forest(params) => params,
            Self::Boosting(params) => params,
            Self::Logistic(params) => params,
        }
    }

    pub(crate) fn of_learner_mut(&mut self) -> &mut dyn Hyperparameters {
        match self {
            Self::Forest(params) => params,
            Self::Boosting(params) => params,
            Self::Logistic(params) => params,
        }
    }
}

/// A fitted model; it answers with the probability of class 1.
#[derive(Debug, Clone, PartialEq)]
pub enum Model {
    /// A random forest.
    Forest(Forest),
    /// Boosted trees.
    Boosting(Boosting),
    /// A logistic regression.
    Logistic(Logistic),
}

impl Model {
    /// Which learner fitted it.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Forest(_) => Algorithm::RandomForest,
            Self::Boosting(_) => Algorithm::GradientBoosting,
            Self::Logistic(_) => Algorithm::LogisticRegression,
        }
    }

    pub(crate) fn fitted(&self) -> &dyn Fitted {
        match self {
            Self::Forest(model) => model,
            Self::Boosting(model) => model,
            Self::Logistic(model) => model,
        }
    }

    pub(crate) fn fitted_mut(&mut self) -> &mut dyn Fitted {
        match self {
            Self::Forest(model) => model,
            Self::Boosting(model) => model,
            Self::Logistic(model) => model,
        }
    }
}

impl Stored for Model {
    fn write(&self, out: &mut Vec<u8>) {
        self.algorithm().write(out);
        self.fitted().store(out);
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        match reader.read()? {
            Algorithm::RandomForest => reader.read().map(Self::Forest),
            Algorithm::GradientBoosting => reader.read().map(Self::Boosting),
            Algorithm::LogisticRegression => reader.read().map(Self::Logistic),
        }
    }
}

impl Stored for Algorithm {
    fn write(&self, out: &mut Vec<u8>) {
        (*self as u8).write(out);
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        let number: u8 = reader.read()?;
        let found = Self::ALL.into_iter().find(|one| *one as u8 == number);
        found.ok_or_else(|| refuse("it names an unknown algorithm"))
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == text);
        found.ok_or_else(|| Error::unknown_name("algorithm", text, &Self::ALL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_agree_with_serde() {
        for algorithm in Algorithm::ALL {
            assert_eq!(
                algorithm.to_string().parse::<Algorithm>().unwrap(),
                algorithm
            );
            assert_eq!(
                serde_json::to_string(&algorithm).unwrap(),
                format!("\"{algorithm}\"")
            );
        }
        let refused = "svm".parse::<Algorithm>().unwrap_err().to_string();
        let known = Algorithm::ALL.map(Algorithm::name).join(", ");
        assert_eq!(refused, format!("`svm` is no algorithm; known are {known}"));
    }
}
