//! Random forest and gradient boosting grown by smartcore, a slow reference for this crate's own implementations.
//!
//! smartcore grows the trees on exact values instead of bins, on one thread. They are then converted, via their
//! serialised form, to this crate's trees, so that prediction, artifacts and reports are the same for both engines. One
//! tree on 70,000 rows with 18 features takes about half a second. [`Params::check`](crate::Params::check) rejects
//! settings that smartcore does not support: `class_weight`; a forest without bootstrap or with `oob_score`; `gamma`,
//! `subsample` and `colsample` of boosting. Fitting rejects sample weights, and `max_bins` is ignored.
//!
//! A missing value is replaced by the training mean of its feature, as in logistic regression.

mod boosting;
mod filled;
mod forest;
mod grown;

pub(crate) use boosting::fit as fit_boosting;
pub(crate) use forest::fit as fit_forest;

/// Synthetic rows for comparing the engines.
#[cfg(test)]
#[path = "../tests/it/synthetic.rs"]
mod synthetic;

#[cfg(test)]
mod tests {

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
        let mut run = Run::new(3);
        let checked = params.check().unwrap();
        checked.fit(&samples(train), None, &mut run).unwrap()
    }

    #[test]
    fn both_engines_are_equally_good() {
        let (train, test) = (table(6_000, 1), table(40_000, 2));
        let check = |algorithm, settings: &[(&str, &str)]| {
            let evaluate = |engine| {
                let settings = [settings, &[("engine", engine)]].concat();
                let model = fit(algorithm, &settings, &train);
                let probabilities = model.predict_proba(&samples(&test).x()).unwrap();
                let auc = roc_auc(&test.labels, &probabilities).unwrap();
                (
                    auc,
                    Confusion::at(0.5, &test.labels, &probabilities)
                        .unwrap()
                        .accuracy(),
                )
            };
            let (own, smartcore) = (evaluate("own"), evaluate("smartcore"));
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
    fn the_same_seed_gives_the_same_model() {
        let train = table(300, 1);
        for algorithm in [Algorithm::RandomForest, Algorithm::GradientBoosting] {
            let settings = [("engine", "smartcore"), ("n_estimators", "5")];
            let model = fit(algorithm, &settings, &train);
            assert_eq!(model, fit(algorithm, &settings, &train));
            assert_eq!((model.trees(), model.columns()), (5, COLUMNS));
        }
    }
}
