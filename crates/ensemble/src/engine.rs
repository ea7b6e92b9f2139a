//! Forest and boosting wholly from smartcore, as the slow reference for this crate's own.
//!
//! smartcore grows the trees, on exact values instead of bins and on one thread; they are then read from their serde
//! form into this crate's trees, so that prediction, artifact and report are the same for both engines. One tree of
//! 70,000 rows and 18 columns takes about half a second. What smartcore's learners cannot do is refused by
//! [`Params::check`](crate::Params::check): `class_weight`; a forest without bootstrap, or with `oob_score`; `gamma`,
//! `subsample` and `colsample` of boosting. Rows with weights are refused by the fit. `max_bins` has no meaning for
//! them.
//!
//! A missing value counts as the training mean of its column, as in the logistic regression.

mod boosting;
mod filled;
mod forest;
mod grown;

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
pub(crate) use boosting::fit as fit_boosting;
pub(crate) use forest::fit as fit_forest;

/// Whose learner grows the trees: `own` or `smartcore`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// This crate's, on histograms.
    #[default]
    Own,
    /// smartcore's, the slow reference.
    Smartcore,
}

impl Engine {
    /// What a setting must be.
    pub(crate) const EXPECTED: &str = "own or smartcore";
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "own",
            Self::Smartcore => "smartcore",
        })
    }
}

impl FromStr for Engine {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let all = [Self::Own, Self::Smartcore];
        let found = all.into_iter().find(|engine| engine.to_string() == text);
        found.ok_or_else(|| Error::unknown_name("engine", text, &all))
    }
}

/// Rows to compare the engines on.
#[cfg(test)]
#[path = "../tests/it/synthetic.rs"]
mod synthetic;

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::ops::ControlFlow;

    use super::synthetic::{COLUMNS, Table, table};
    use crate::learners::Algorithm;
    use crate::learners::Model;
    use crate::learners::Params;
    use crate::matrix::{Matrix, Samples};
    use crate::metrics::{Confusion, roc_auc};
    use crate::run::Run;

    fn samples(table: &Table) -> Samples<'_> {
        Samples::new(Matrix::new(&table.values, COLUMNS).unwrap(), &table.labels).unwrap()
    }

    fn fit(algorithm: Algorithm, settings: &[(&str, &str)], train: &Table) -> Model {
        let mut params = Params::defaults(algorithm);
        for (name, value) in settings {
            params.set(name, value).unwrap();
        }
        let mut run = Run {
            seed: 3,
            threads: NonZeroUsize::MIN,
            progress: &mut |_| ControlFlow::Continue(()),
        };
        let checked = params.check().unwrap();
        checked.fit(&samples(train), None, &mut run).unwrap()
    }

    #[test]
    fn both_engines_are_equally_good() {
        let (train, test) = (table(6_000, 1), table(40_000, 2));
        let check = |algorithm, settings: &[(&str, &str)]| {
            let judge = |engine| {
                let settings = [settings, &[("engine", engine)]].concat();
                let model = fit(algorithm, &settings, &train);
                let probabilities = model.predict_proba(&samples(&test).x()).unwrap();
                let auc = roc_auc(&test.labels, &probabilities).unwrap();
                (
                    auc,
                    Confusion::at(0.5, &test.labels, &probabilities).accuracy(),
                )
            };
            let (own, smartcore) = (judge("own"), judge("smartcore"));
            let near = |a: f64, b: f64| (a - b).abs() < 0.005;
            assert!(
                near(own.0, smartcore.0) && near(own.1, smartcore.1),
                "{algorithm}: AUC and accuracy {own:?} and {smartcore:?}"
            );
            assert!(own.0 > 0.7, "{algorithm}: {own:?}");
        };
        check(
            Algorithm::RandomForest,
            &[("n_estimators", "100"), ("min_samples_leaf", "5")],
        );
        check(
            Algorithm::GradientBoosting,
            &[("n_estimators", "40"), ("max_depth", "4")],
        );
    }

    #[test]
    fn a_seed_decides_all() {
        let train = table(300, 1);
        for algorithm in [Algorithm::RandomForest, Algorithm::GradientBoosting] {
            let settings = [("engine", "smartcore"), ("n_estimators", "5")];
            let model = fit(algorithm, &settings, &train);
            assert_eq!(model, fit(algorithm, &settings, &train));
            assert_eq!((model.trees(), model.columns()), (5, COLUMNS));
        }
    }
}
