//! Hyperparameters of gradient boosting.

use super::Boosting;
use crate::engine::{self, Engine};
use crate::error::Error;
use crate::learner::Hyperparameters;
use crate::learners::Model;
use crate::matrix::Samples;
use crate::params::ClassWeight;
use crate::params::value::{PENALTY, SHARE, only, parse, penalty, share, whole};
use crate::run::Run;

const TREES: &str = "a whole number from 1 to 10000";
const DEPTH: &str = "a whole number from 1 to 32";
const BINS: &str = "a whole number from 2 to 255";
const PATIENCE: &str = "a whole number from 0 (off) to 10000";

/// Of gradient boosting; the names are XGBoost's and scikit-learn's.
#[derive(Debug, Clone, PartialEq)]
pub struct BoostingParams {
    /// Trees at most, 1 to 10,000 (default 200).
    pub n_estimators: u32,
    /// Splits between the root and a leaf at most, 1 to 32 (default 6).
    pub max_depth: u32,
    /// By how much of its fitted value each leaf moves the score, above 0 to 1 (default 0.1).
    pub learning_rate: f64,
    /// L2 penalty on leaf values, lambda of XGBoost, 0 to 1e9 (default 1).
    pub l2: f64,
    /// Loss that a split must save at least, summed over its rows, 0 to 1e9 (default 0).
    pub gamma: f64,
    /// Sum of hessians in a leaf at least, 0 to 1e9 (default 1). A row's hessian is p (1 - p) times its weight.
    pub min_child_weight: f64,
    /// Share of the rows that each tree is grown on, above 0 to 1 (default 1).
    pub subsample: f64,
    /// Share of the columns that each tree may use, rounded up, above 0 to 1 (default 1).
    pub colsample: f64,
    /// Quantile bins per feature, 2 to 255 (default 255).
    pub max_bins: u32,
    /// Rounds without a better validation log-loss before the fit stops, up to 10,000; 0 is off (default 10).
    pub early_stopping_rounds: u32,
    /// Whether the rarer class counts as much as the other one altogether (default none).
    pub class_weight: ClassWeight,
    /// Whose trees (default this crate's).
    pub engine: Engine,
}

impl Default for BoostingParams {
    fn default() -> Self {
        Self {
            n_estimators: 200,
            max_depth: 6,
            learning_rate: 0.1,
            l2: 1.0,
            gamma: 0.0,
            min_child_weight: 1.0,
            subsample: 1.0,
            colsample: 1.0,
            max_bins: 255,
            early_stopping_rounds: 10,
            class_weight: ClassWeight::None,
            engine: Engine::Own,
        }
    }
}

impl Hyperparameters for BoostingParams {
    fn set(&mut self, name: &str, value: &str) -> Result<bool, Error> {
        match name {
            "n_estimators" => self.n_estimators = parse("n_estimators", value, TREES)?,
            "max_depth" => self.max_depth = parse("max_depth", value, DEPTH)?,
            "learning_rate" => self.learning_rate = parse("learning_rate", value, SHARE)?,
            "l2" => self.l2 = parse("l2", value, PENALTY)?,
            "gamma" => self.gamma = parse("gamma", value, PENALTY)?,
            "min_child_weight" => {
                self.min_child_weight = parse("min_child_weight", value, PENALTY)?;
            }
            "subsample" => self.subsample = parse("subsample", value, SHARE)?,
            "colsample" => self.colsample = parse("colsample", value, SHARE)?,
            "max_bins" => self.max_bins = parse("max_bins", value, BINS)?,
            "early_stopping_rounds" => {
                self.early_stopping_rounds = parse("early_stopping_rounds", value, PATIENCE)?;
            }
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
            ("learning_rate", self.learning_rate.to_string()),
            ("l2", self.l2.to_string()),
            ("gamma", self.gamma.to_string()),
            ("min_child_weight", self.min_child_weight.to_string()),
            ("subsample", self.subsample.to_string()),
            ("colsample", self.colsample.to_string()),
            ("max_bins", self.max_bins.to_string()),
            (
                "early_stopping_rounds",
                self.early_stopping_rounds.to_string(),
            ),
            ("class_weight", self.class_weight.to_string()),
            ("engine", self.engine.to_string()),
        ]
    }

    fn validate(&self) -> Result<(), Error> {
        whole("n_estimators", &self.n_estimators, &(1..=10_000), TREES)?;
        whole("max_depth", &self.max_depth, &(1..=32), DEPTH)?;
        share("learning_rate", self.learning_rate)?;
        penalty("l2", self.l2)?;
        penalty("gamma", self.gamma)?;
        penalty("min_child_weight", self.min_child_weight)?;
        share("subsample", self.subsample)?;
        share("colsample", self.colsample)?;
        if self.engine == Engine::Smartcore {
            only("gamma", &self.gamma, &0.0, "0 with engine=smartcore")?;
            only(
                "class_weight",
                &self.class_weight,
                &ClassWeight::None,
                "none with engine=smartcore",
            )?;
            for (name, value) in [("subsample", self.subsample), ("colsample", self.colsample)] {
                only(name, &value, &1.0, "1 with engine=smartcore")?;
            }
        }
        whole("max_bins", &self.max_bins, &(2..=255), BINS)?;
        whole(
            "early_stopping_rounds",
            &self.early_stopping_rounds,
            &(0..=10_000),
            PATIENCE,
        )
    }

    fn takes_weights(&self) -> bool {
        self.engine == Engine::Own
    }

    fn fit(
        &self,
        train: &Samples,
        validation: Option<&Samples>,
        run: &mut Run,
    ) -> Result<Model, Error> {
        let fitted = match self.engine {
            Engine::Own => Boosting::fit(self, train, validation, run),
            Engine::Smartcore => engine::fit_boosting(self, train, validation, run),
        };
        fitted.map(Model::Boosting)
    }
}
