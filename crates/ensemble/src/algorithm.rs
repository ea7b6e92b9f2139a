//! Which learner.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The learners of this crate, spelled `random_forest`, `gradient_boosting`, `logistic_regression`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// Bagged gini trees with drawn features at each node (Breiman 2001).
    RandomForest,
    /// Second-order boosted trees on the log-loss (Friedman 2001; Chen and Guestrin 2016).
    GradientBoosting,
    /// L2-penalised logistic regression on standardised inputs.
    LogisticRegression,
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
        assert_eq!(
            "svm".parse::<Algorithm>().unwrap_err().to_string(),
            "`svm` is no algorithm; known are random_forest, gradient_boosting, logistic_regression"
        );
    }
}
