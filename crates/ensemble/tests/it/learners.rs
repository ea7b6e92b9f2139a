use std::ops::ControlFlow;

use ensemble::metrics::{Confusion, log_loss, roc_auc};
use ensemble::{Algorithm, Error, Matrix, Model};
use smartcore::ensemble::random_forest_classifier::{
    RandomForestClassifier, RandomForestClassifierParameters,
};
use smartcore::linalg::basic::matrix::DenseMatrix;

use crate::fitting::{Fit, probabilities, samples};
use crate::synthetic::{COLUMNS, Table, table};

fn auc(model: &Model, test: &Table) -> f64 {
    let test = samples(&test.values, COLUMNS, &test.labels);
    roc_auc(test.y(), &probabilities(model, &test)).unwrap()
}

/// No model can exceed about 0.77 on these rows.
#[test]
fn learners_approach_the_best_possible_auc() {
    let (train, test) = (table(20_000, 1), table(20_000, 2));
    let rows = samples(&train.values, COLUMNS, &train.labels);
    let check = |algorithm, settings: &[(&str, &str)], at_least: f64| {
        let found = auc(&Fit::new(algorithm, settings).on(&rows), &test);
        assert!(
            (at_least..0.785).contains(&found),
            "{algorithm}: AUC {found}"
        );
    };
    check(Algorithm::RandomForest, &[("n_estimators", "60")], 0.757);
    check(
        Algorithm::GradientBoosting,
        &[("n_estimators", "60"), ("max_depth", "4")],
        0.757,
    );
    check(Algorithm::LogisticRegression, &[], 0.685);
}

#[test]
fn the_forest_is_as_accurate_as_that_of_smartcore() {
    let (train, test) = (table(3_000, 3), table(10_000, 4));
    let matrix = |table: &Table| {
        let values = table.values.iter().copied().map(f64::from).collect();
        DenseMatrix::new(table.labels.len(), COLUMNS, values, false).unwrap()
    };
    let theirs = RandomForestClassifierParameters::default()
        .with_n_trees(80)
        .with_max_depth(8)
        .with_m(4)
        .with_seed(1);
    let labels: Vec<i32> = train.labels.iter().map(|&label| i32::from(label)).collect();
    let theirs = RandomForestClassifier::fit(&matrix(&train), &labels, theirs).unwrap();
    let theirs = theirs.predict(&matrix(&test)).unwrap();
    let correct = theirs
        .iter()
        .zip(&test.labels)
        .filter(|&(&found, &label)| found == i32::from(label))
        .count();
    let theirs = correct as f64 / test.labels.len() as f64;

    let settings = [("n_estimators", "80"), ("max_depth", "8")];
    let ours = Fit::new(Algorithm::RandomForest, &settings).on(&samples(
        &train.values,
        COLUMNS,
        &train.labels,
    ));
    let ours = probabilities(&ours, &samples(&test.values, COLUMNS, &test.labels));
    let ours = Confusion::at(0.5, &test.labels, &ours).unwrap().accuracy();
    assert!(
        (ours - theirs).abs() < 0.01,
        "accuracy {ours}, smartcore's {theirs}"
    );
}

/// Coefficients of very different magnitude and correlated inputs; the expected probabilities come from scikit-learn
/// 1.9.1's `LogisticRegression(C = 1 / l2, tol = 1e-12)` after a `StandardScaler`.
#[test]
fn logistic_regression_agrees_with_scikit_learn() {
    let columns = [1.0_f32, 10.0, 100.0];
    let value = |i: u32, j: u32| {
        ((i * (7919 + 1013 * j) + j * 31) % 1000) as f32 / 10.0 * columns[j as usize]
    };
    let values: Vec<f32> = (0..400)
        .flat_map(|i| (0..3).map(move |j| value(i, j)))
        .collect();
    let label = |i: u32| {
        let score = f64::from(value(i, 0)) / 100.0 + f64::from(value(i, 1)) / 1000.0;
        u8::from(score + f64::from(i * 577 % 89) / 89.0 > 1.4)
    };
    let labels: Vec<u8> = (0..400).map(label).collect();
    let train = samples(&values, 3, &labels);
    let check = |l2: &str, expected: [f64; 4]| {
        let model = Fit::new(Algorithm::LogisticRegression, &[("l2", l2)]).on(&train);
        for (row, expected) in [0, 1, 17, 399].into_iter().zip(expected) {
            let found = model.predict_row(train.x().row(row));
            assert!(
                (found - expected).abs() < 1e-6,
                "l2 {l2}, row {row}: {found} against {expected}"
            );
        }
    };
    check(
        "1",
        [
            0.006_088_231_620_713_958,
            0.997_196_737_529_22,
            0.975_630_513_345_024_8,
            0.984_631_132_193_288_9,
        ],
    );
    check(
        "100",
        [
            0.211_426_403_474_864_22,
            0.868_668_299_979_457_2,
            0.778_239_803_678_779_8,
            0.800_922_880_173_523_2,
        ],
    );
    check(
        "0.01",
        [
            0.004_410_145_616_648_378,
            0.998_026_929_440_895_2,
            0.980_267_103_376_559_5,
            0.987_930_520_929_643_7,
        ],
    );
}

#[test]
fn a_model_depends_on_the_seed_and_not_on_threads() {
    // Enough rows for several threads to share a node.
    let (train, validation) = (table(40_000, 5), table(3_000, 6));
    let train = samples(&train.values, COLUMNS, &train.labels);
    let validation = samples(&validation.values, COLUMNS, &validation.labels);
    let check = |algorithm, settings: &[(&str, &str)]| {
        let fit = |threads, seed| {
            let fit = Fit {
                threads,
                seed,
                ..Fit::new(algorithm, settings)
            };
            fit.try_on(&train, Some(&validation)).unwrap()
        };
        let one = fit(1, 7);
        assert!(
            one == fit(2, 7) && one == fit(7, 7),
            "{algorithm} depends on the number of threads"
        );
        assert!(one != fit(2, 8), "{algorithm} does not use its seed");
    };
    check(Algorithm::RandomForest, &[("n_estimators", "9")]);
    check(
        Algorithm::GradientBoosting,
        &[
            ("n_estimators", "9"),
            ("subsample", "0.9"),
            ("colsample", "0.6"),
        ],
    );
}

#[test]
fn boosting_reports_its_validation_loss_and_stops_early() {
    let (train, validation) = (table(2_000, 7), table(2_000, 8));
    let train = samples(&train.values, COLUMNS, &train.labels);
    let validation = samples(&validation.values, COLUMNS, &validation.labels);
    let settings = [("learning_rate", "0.3"), ("early_stopping_rounds", "5")];
    let fit = Fit::new(Algorithm::GradientBoosting, &settings);
    let mut losses = Vec::new();
    let mut watch = |progress: ensemble::Progress| {
        assert_eq!((progress.round, progress.rounds), (losses.len() + 1, 200));
        losses.push(progress.validation_logloss.unwrap());
        ControlFlow::Continue(())
    };
    let model = fit.watched(&train, Some(&validation), &mut watch).unwrap();
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(losses.len(), model.trees() + 5);
    assert_eq!(losses[model.trees() - 1], best);
    let reached = log_loss(validation.y(), &probabilities(&model, &validation)).unwrap();
    assert!((reached - best).abs() < 1e-12, "{reached} against {best}");
    assert_eq!(
        fit.on(&train).trees(),
        200,
        "early stopping needs a validation set"
    );
}

#[test]
fn a_fit_can_be_stopped() {
    let train = table(500, 9);
    let train = samples(&train.values, COLUMNS, &train.labels);
    for algorithm in [Algorithm::RandomForest, Algorithm::GradientBoosting] {
        let mut stop_at_3 = |progress: ensemble::Progress| match progress.round {
            3 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let stopped = Fit::new(algorithm, &[]).watched(&train, None, &mut stop_at_3);
        assert!(
            matches!(stopped, Err(Error::Interrupted { rounds: 3 })),
            "{algorithm}"
        );
    }
}

#[test]
fn a_model_rejects_a_different_number_of_columns() {
    let train = table(200, 10);
    let train = samples(&train.values, COLUMNS, &train.labels);
    let other = Matrix::new(&[0.0; 34], 17).unwrap();
    for algorithm in Algorithm::ALL {
        let fit = Fit::new(algorithm, &[]);
        let model = fit.on(&train);
        assert_eq!((model.algorithm(), model.columns()), (algorithm, 18));
        let expected = "expected 18 columns, found 17";
        assert_eq!(
            model.predict_proba(&other).unwrap_err().to_string(),
            expected
        );
        let other = samples(&[0.0; 34], 17, &[0, 1]);
        assert_eq!(
            fit.try_on(&train, Some(&other)).unwrap_err().to_string(),
            expected
        );
    }
}
