//! Hyperparameters: read by name, checked once, and only then able to fit.

mod class_weight;
pub(crate) mod value;

pub use class_weight::{ClassWeight, UnknownClassWeight};

use crate::error::{DataError, Error};
use crate::learners::{Model, Params};
use crate::matrix::Samples;
use crate::run::Run;

impl Params {
    /// Sets the parameter `name` to what `value` says.
    ///
    /// An unknown name is refused with all known ones, an unreadable or out-of-range value with its range;
    /// the parameters are then as they were.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        // On a copy, so that a refused value leaves no trace.
        let mut changed = self.clone();
        if !changed.of_learner_mut().set(name, value)? {
            return Err(self.unknown(name));
        }
        changed.of_learner().validate()?;
        *self = changed;
        Ok(())
    }

    /// All parameters with their values, in a fixed order; [`set`](Self::set) reads each of them back.
    pub fn entries(&self) -> Vec<(String, String)> {
        let entries = self.of_learner().entries().into_iter();
        entries
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// Checks every range; only what comes out can fit.
    pub fn check(self) -> Result<CheckedParams, Error> {
        self.of_learner().validate()?;
        Ok(CheckedParams(self))
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

/// Hyperparameters whose every value is in range.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedParams(Params);

impl CheckedParams {
    /// What was checked.
    pub fn params(&self) -> &Params {
        &self.0
    }

    /// Fits a model on `train`, which must hold both classes.
    ///
    /// This crate's forest and boosting take up to 16,777,216 rows.
    ///
    /// `validation` is used by gradient boosting alone, for its log-loss per round and for early stopping;
    /// without it boosting runs all its rounds. All its rows count alike, whatever the class weight.
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
        let params = self.0.of_learner();
        if train.weights().is_some() && !params.takes_weights() {
            return Err(DataError::UnusedWeights.into());
        }
        params.fit(train, validation, run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boosting::BoostingParams;
    use crate::learners::Algorithm;

    #[test]
    fn entries_are_read_back() {
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
    fn a_bad_setting_is_named_and_changes_nothing() {
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
    }

    #[test]
    fn what_smartcore_cannot_do_is_refused_in_either_order() {
        let check = |algorithm, name: &str, value: &str, expected: &str| {
            let engine = ("engine", "smartcore");
            for [first, second] in [[engine, (name, value)], [(name, value), engine]] {
                let mut params = Params::defaults(algorithm);
                params.set(first.0, first.1).unwrap();
                let error = params.set(second.0, second.1).unwrap_err();
                assert_eq!(error.to_string(), expected);
            }
        };
        check(
            Algorithm::RandomForest,
            "bootstrap",
            "false",
            "parameter `bootstrap` is `false`; it must be true with engine=smartcore",
        );
        check(
            Algorithm::RandomForest,
            "oob_score",
            "true",
            "parameter `oob_score` is `true`; it must be false with engine=smartcore",
        );
        check(
            Algorithm::GradientBoosting,
            "gamma",
            "0.5",
            "parameter `gamma` is `0.5`; it must be 0 with engine=smartcore",
        );
        for algorithm in [Algorithm::RandomForest, Algorithm::GradientBoosting] {
            check(
                algorithm,
                "class_weight",
                "balanced",
                "parameter `class_weight` is `balanced`; it must be none with engine=smartcore",
            );
        }
        check(
            Algorithm::GradientBoosting,
            "subsample",
            "0.5",
            "parameter `subsample` is `0.5`; it must be 1 with engine=smartcore",
        );
        check(
            Algorithm::GradientBoosting,
            "colsample",
            "0.25",
            "parameter `colsample` is `0.25`; it must be 1 with engine=smartcore",
        );
    }

    #[test]
    fn params_built_by_hand_are_checked_too() {
        let params = Params::Boosting(BoostingParams {
            subsample: 0.0,
            ..BoostingParams::default()
        });
        let expected = "parameter `subsample` is `0`; it must be a number above 0 and at most 1";
        assert_eq!(params.check().unwrap_err().to_string(), expected);
    }
}
