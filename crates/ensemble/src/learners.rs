//! The learners: names, hyperparameters and fitted models. Only this module distinguishes between them.
//!
//! The rest of the crate asks a model for its [`DecisionFunction`], so any learner that sums trees or linear terms is
//! stored, predicted quickly, explained and exported without code of its own. `CONTRIBUTING.md` lists the steps for
//! adding a learner.

use serde::{Deserialize, Serialize};

use crate::boosting::{Boosting, BoostingParams};
use crate::decision_function::DecisionFunction;
use crate::error::{DataError, Error};
use crate::forest::{Forest, ForestParams, OutOfBag};
use crate::hyperparameters::{Engine, Hyperparameter};
use crate::logistic::{Logistic, LogisticParams};
use crate::matrix::{Matrix, Samples};
use crate::names::names;
use crate::predict;
use crate::run::Run;
use crate::smartcore_trees;
use crate::stored::{Reader, Stored, reject};

/// The learners of this crate, named `random_forest`, `gradient_boosting`, `logistic_regression`.
///
/// The discriminants are stored in model files: a new learner takes the next number, and numbers are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Algorithm {
    /// Bagged Gini trees with features drawn at each node (Breiman 2001).
    RandomForest = 0,
    /// Second-order boosted trees on the log-loss (Friedman 2001; Chen and Guestrin 2016).
    GradientBoosting = 1,
    /// L2-penalised logistic regression on standardised inputs.
    LogisticRegression = 2,
}

impl Algorithm {
    /// All learners, in report order.
    pub const ALL: [Self; 3] = [
        Self::RandomForest,
        Self::GradientBoosting,
        Self::LogisticRegression,
    ];

    /// The two-letter abbreviation used in job names.
    pub fn short(self) -> &'static str {
        match self {
            Self::RandomForest => "rf",
            Self::GradientBoosting => "gb",
            Self::LogisticRegression => "lr",
        }
    }

    /// Its hyperparameters, for documentation.
    pub fn hyperparameters(self) -> Vec<Hyperparameter> {
        match self {
            Self::RandomForest => ForestParams::table(),
            Self::GradientBoosting => BoostingParams::table(),
            Self::LogisticRegression => LogisticParams::table(),
        }
    }
}

/// Unchecked hyperparameters of one learner.
#[derive(Debug, Clone, PartialEq)]
pub enum Params {
    /// For [`Algorithm::RandomForest`].
    Forest(ForestParams),
    /// For [`Algorithm::GradientBoosting`].
    Boosting(BoostingParams),
    /// For [`Algorithm::LogisticRegression`].
    Logistic(LogisticParams),
}

/// A fitted model, which predicts the probability of class 1.
#[derive(Debug, Clone, PartialEq)]
pub enum Model {
    /// A random forest.
    Forest(Forest),
    /// Boosted trees.
    Boosting(Boosting),
    /// A logistic regression.
    Logistic(Logistic),
}

/// Evaluates the same expression for every variant of [`Params`] or [`Model`].
macro_rules! each {
    ($value:expr, $inner:ident => $result:expr) => {
        match $value {
            Self::Forest($inner) => $result,
            Self::Boosting($inner) => $result,
            Self::Logistic($inner) => $result,
        }
    };
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

    /// The learner these parameters belong to.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Forest(_) => Algorithm::RandomForest,
            Self::Boosting(_) => Algorithm::GradientBoosting,
            Self::Logistic(_) => Algorithm::LogisticRegression,
        }
    }

    /// Sets the parameter `name` to `value`.
    ///
    /// Fails on an unknown name, listing all known ones, and on an unparsable or out-of-range value, stating the
    /// accepted ones; the parameters are then unchanged.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        // Works on a copy, so that a rejected value changes nothing.
        let mut changed = self.clone();
        if !each!(&mut changed, params => params.set(name, value)?) {
            return Err(self.unknown(name));
        }
        changed.validate()?;
        *self = changed;
        Ok(())
    }

    /// All parameters with their values, in a fixed order; [`set`](Self::set) accepts each pair.
    pub fn entries(&self) -> Vec<(String, String)> {
        each!(self, params => params.entries())
    }

    /// Checks ranges and unsupported combinations.
    pub fn check(self) -> Result<CheckedParams, Error> {
        self.validate()?;
        Ok(CheckedParams(self))
    }

    fn validate(&self) -> Result<(), Error> {
        each!(self, params => params.check_ranges())?;
        match self {
            Self::Forest(params) => params.check_combination(),
            Self::Boosting(params) => params.check_combination(),
            Self::Logistic(_) => Ok(()),
        }
    }

    fn unknown(&self, name: &str) -> Error {
        let known: Vec<_> = self.entries().into_iter().map(|(name, _)| name).collect();
        Error::UnknownParameter {
            algorithm: self.algorithm().name(),
            name: name.to_owned(),
            known: known.join(", "),
        }
    }
}

/// Validated hyperparameters.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedParams(Params);

impl CheckedParams {
    /// The parameters.
    pub fn params(&self) -> &Params {
        &self.0
    }

    /// Fits a model to `train`, which must have rows of both classes.
    ///
    /// With [`Engine::Histogram`], forest and boosting accept up to 16,777,216 rows.
    ///
    /// Only gradient boosting uses `validation`, for the log-loss per round and for early stopping. Without it,
    /// boosting runs all its rounds. Validation rows are always unweighted, regardless of the class weight.
    pub fn fit(
        &self,
        train: &Samples,
        validation: Option<&Samples>,
        run: &mut Run,
    ) -> Result<Model, Error> {
        train.expect_both_classes()?;
        if let Some(validation) = validation {
            validation.x().expect_columns(train.x().columns())?;
            if validation.y().is_empty() {
                return Err(DataError::Empty.into());
            }
        }
        if train.weights().is_some() && !self.supports_weights() {
            return Err(DataError::UnusedWeights.into());
        }
        match &self.0 {
            Params::Forest(params) => match params.engine {
                Engine::Histogram => Forest::fit(params, train, run),
                Engine::Smartcore => smartcore_trees::fit_forest(params, train, run),
            }
            .map(Model::Forest),
            Params::Boosting(params) => match params.engine {
                Engine::Histogram => Boosting::fit(params, train, validation, run),
                Engine::Smartcore => smartcore_trees::fit_boosting(params, train, validation, run),
            }
            .map(Model::Boosting),
            Params::Logistic(params) => Logistic::fit(params, train, run).map(Model::Logistic),
        }
    }

    /// Whether the learner supports sample weights; smartcore does not.
    fn supports_weights(&self) -> bool {
        match &self.0 {
            Params::Forest(params) => params.engine == Engine::Histogram,
            Params::Boosting(params) => params.engine == Engine::Histogram,
            Params::Logistic(_) => false,
        }
    }
}

impl Model {
    /// The learner that fitted the model.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Forest(_) => Algorithm::RandomForest,
            Self::Boosting(_) => Algorithm::GradientBoosting,
            Self::Logistic(_) => Algorithm::LogisticRegression,
        }
    }

    /// The number of columns it was fitted on.
    pub fn columns(&self) -> usize {
        each!(self, model => model.columns())
    }

    /// The function that computes its probabilities.
    pub(crate) fn decision_function(&self) -> DecisionFunction<'_> {
        each!(self, model => model.decision_function())
    }

    /// Each feature's share of the total split gain (forest: Gini impurity; boosting: loss). The shares sum to 1, or
    /// are all 0 if no gains are known. `None` for logistic regression, which has no splits.
    pub fn importances(&self) -> Option<&[f64]> {
        match self {
            Self::Forest(model) => Some(&model.importances),
            Self::Boosting(model) => Some(&model.importances),
            Self::Logistic(_) => None,
        }
    }

    /// The number of trees; 0 for logistic regression.
    pub fn trees(&self) -> usize {
        self.decision_function().trees().len()
    }

    /// The probability of class 1 for each row of `x`, which must have as many columns as the training rows.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Vec<f64>, Error> {
        x.expect_columns(self.columns())?;
        let function = self.decision_function();
        let fast = predict::probabilities(function, x);
        Ok(fast.unwrap_or_else(|| function.probabilities(x)))
    }

    /// The probability of class 1 for one row of [`columns`](Self::columns) values, NaN for missing ones.
    ///
    /// Unlike [`Matrix`], this does not reject infinite values; the probability may then be NaN.
    ///
    /// # Panics
    /// May panic on a shorter row.
    pub fn predict_row(&self, row: &[f32]) -> f64 {
        self.decision_function().probability(row)
    }

    /// A forest's metrics on its own training rows, each predicted by the trees that did not see it. `None` unless the
    /// forest was fitted with `oob_score` in this process (model files do not store it) on enough rows.
    pub fn out_of_bag(&self) -> Option<&OutOfBag> {
        match self {
            Self::Forest(model) => model.out_of_bag.as_ref(),
            Self::Boosting(_) | Self::Logistic(_) => None,
        }
    }
}

impl Stored for Model {
    fn write(&self, out: &mut Vec<u8>) {
        self.algorithm().write(out);
        each!(self, model => model.write(out));
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
        found.ok_or_else(|| reject("it contains an unknown algorithm"))
    }
}

names!(Algorithm, "algorithm" {
    RandomForest = "random_forest",
    GradientBoosting = "gradient_boosting",
    LogisticRegression = "logistic_regression"
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_agree_with_serde() {
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
        let error = "svm".parse::<Algorithm>().unwrap_err().to_string();
        let known = Algorithm::ALL.map(Algorithm::name).join(", ");
        assert_eq!(
            error,
            format!("unknown algorithm `svm`; expected one of {known}")
        );
    }

    #[test]
    fn entries_round_trip() {
        for algorithm in Algorithm::ALL {
            let defaults = Params::defaults(algorithm);
            let mut again = Params::defaults(algorithm);
            for (name, value) in defaults.entries() {
                again.set(&name, &value).unwrap();
            }
            assert_eq!(again, defaults);
            assert_eq!(again.algorithm(), algorithm);
        }
    }

    #[test]
    fn values_are_set_by_name() {
        let check = |algorithm, name: &str, value: &str| {
            let mut params = Params::defaults(algorithm);
            params.set(name, value).unwrap();
            let entry = params
                .entries()
                .into_iter()
                .find(|(found, _)| found == name);
            assert_eq!(entry.unwrap().1, value);
        };
        check(Algorithm::RandomForest, "n_estimators", "7");
        check(Algorithm::RandomForest, "max_features", "all");
        check(Algorithm::RandomForest, "max_features", "5");
        check(Algorithm::RandomForest, "bootstrap", "false");
        check(Algorithm::RandomForest, "oob_score", "true");
        check(Algorithm::GradientBoosting, "learning_rate", "0.05");
        check(Algorithm::GradientBoosting, "early_stopping_rounds", "0");
        check(Algorithm::GradientBoosting, "engine", "smartcore");
        check(Algorithm::LogisticRegression, "l2", "0.25");
        check(Algorithm::RandomForest, "class_weight", "balanced");
        check(Algorithm::GradientBoosting, "class_weight", "balanced");
    }

    #[test]
    fn an_invalid_setting_is_reported_and_changes_nothing() {
        let check = |algorithm, name: &str, value: &str, expected: &str| {
            let mut params = Params::defaults(algorithm);
            assert_eq!(params.set(name, value).unwrap_err().to_string(), expected);
            assert_eq!(params, Params::defaults(algorithm));
        };
        check(
            Algorithm::LogisticRegression,
            "depth",
            "3",
            "logistic_regression has no parameter `depth`; it has l2",
        );
        check(
            Algorithm::RandomForest,
            "max_depth",
            "ten",
            "parameter `max_depth` is `ten`; it must be a whole number from 1 to 64",
        );
        check(
            Algorithm::RandomForest,
            "max_features",
            "0",
            "parameter `max_features` is `0`; it must be sqrt, all or a whole number from 1 to 255",
        );
        check(
            Algorithm::GradientBoosting,
            "learning_rate",
            "0",
            "parameter `learning_rate` is `0`; it must be a number above 0 and at most 1",
        );
        check(
            Algorithm::GradientBoosting,
            "l2",
            "NaN",
            "parameter `l2` is `NaN`; it must be a number from 0 to 1e9",
        );
        check(
            Algorithm::GradientBoosting,
            "max_bins",
            "256",
            "parameter `max_bins` is `256`; it must be a whole number from 2 to 255",
        );
        check(
            Algorithm::GradientBoosting,
            "early_stopping_rounds",
            "10001",
            "parameter `early_stopping_rounds` is `10001`; it must be a whole number from 0 (off) to 10000",
        );
    }

    #[test]
    fn settings_that_smartcore_does_not_support_are_rejected_in_either_order() {
        let check = |algorithm, name: &str, value: &str, expected: &str| {
            let engine = ("engine", "smartcore");
            for [first, second] in [[engine, (name, value)], [(name, value), engine]] {
                let mut params = Params::defaults(algorithm);
                params.set(first.0, first.1).unwrap();
                let error = params.set(second.0, second.1).unwrap_err();
                let expected = format!(
                    "parameter `{name}` is `{value}`; it must be {expected} with engine=smartcore"
                );
                assert_eq!(error.to_string(), expected);
            }
        };
        check(Algorithm::RandomForest, "bootstrap", "false", "true");
        check(Algorithm::RandomForest, "oob_score", "true", "false");
        check(Algorithm::GradientBoosting, "gamma", "0.5", "0");
        check(Algorithm::GradientBoosting, "subsample", "0.5", "1");
        check(Algorithm::GradientBoosting, "colsample", "0.25", "1");
        for algorithm in [Algorithm::RandomForest, Algorithm::GradientBoosting] {
            check(algorithm, "class_weight", "balanced", "none");
        }
    }

    #[test]
    fn manually_built_params_are_checked_too() {
        let params = Params::Boosting(BoostingParams {
            subsample: 0.0,
            ..BoostingParams::default()
        });
        let expected = "parameter `subsample` is `0`; it must be a number above 0 and at most 1";
        assert_eq!(params.check().unwrap_err().to_string(), expected);
    }
}
