use ensemble::metrics::roc_auc;
use ensemble::voting::{exponential, stacked};
use ensemble::{Algorithm, Samples};

use crate::fitting::{Fit, known, probabilities, samples};
use crate::packing::packed;
use crate::synthetic::{COLUMNS, table};

const FEW: (&str, &str) = ("n_estimators", "6");
const BALANCED: (&str, &str) = ("class_weight", "balanced");

#[test]
fn the_model_file_does_not_depend_on_threads() {
    // Enough rows for several threads to share a node.
    let (train, validation) = (table(40_000, 15), table(3_000, 16));
    let train = samples(&train.values, COLUMNS, &train.labels);
    let validation = samples(&validation.values, COLUMNS, &validation.labels);
    let weights: Vec<f32> = (0..40_000_u16)
        .map(|row| f32::from(row % 5) / 2.0)
        .collect();
    let weighted = train.weighted(&weights).unwrap();
    let check = |algorithm, settings: &[(&str, &str)], train: &Samples| {
        let bytes = |threads| {
            let fit = Fit {
                threads,
                ..Fit::new(algorithm, settings)
            };
            packed(fit.try_on(train, Some(&validation)).unwrap(), train)
                .unwrap()
                .to_bytes()
        };
        let one = bytes(1);
        for threads in [2, 7] {
            assert!(
                bytes(threads) == one,
                "{algorithm} {settings:?} on {threads} threads"
            );
        }
    };
    let forest = Algorithm::RandomForest;
    check(forest, &[FEW, ("bootstrap", "false")], &train);
    check(forest, &[FEW, BALANCED, ("oob_score", "true")], &train);
    check(
        forest,
        &[FEW, BALANCED, ("min_samples_leaf", "7")],
        &weighted,
    );
    let boosting = Algorithm::GradientBoosting;
    check(
        boosting,
        &[FEW, ("subsample", "0.7"), ("colsample", "0.3")],
        &train,
    );
    check(boosting, &[FEW, BALANCED, ("subsample", "0.2")], &weighted);
    check(
        boosting,
        &[FEW, ("l2", "0"), ("min_child_weight", "0"), ("gamma", "1")],
        &weighted,
    );
    check(Algorithm::LogisticRegression, &[("l2", "0.5")], &train);
}

#[test]
fn early_stopping_does_not_depend_on_threads() {
    let (train, validation) = (table(20_000, 17), table(3_000, 18));
    let train = samples(&train.values, COLUMNS, &train.labels);
    let validation = samples(&validation.values, COLUMNS, &validation.labels);
    let settings = [
        ("learning_rate", "1"),
        ("early_stopping_rounds", "2"),
        ("subsample", "0.5"),
    ];
    let fit = |threads| {
        let fit = Fit {
            threads,
            ..Fit::new(Algorithm::GradientBoosting, &settings)
        };
        fit.try_on(&train, Some(&validation)).unwrap()
    };
    let one = fit(1);
    assert!(
        one.trees() < 50,
        "{} trees: it did not stop early",
        one.trees()
    );
    let one = packed(one, &train).unwrap().to_bytes();
    for threads in [2, 7] {
        assert!(
            packed(fit(threads), &train).unwrap().to_bytes() == one,
            "{threads} threads"
        );
    }
}

#[test]
fn ensemble_weights_do_not_depend_on_threads() {
    let (train, validation) = (table(20_000, 19), table(5_000, 20));
    let train = samples(&train.values, COLUMNS, &train.labels);
    let validation = samples(&validation.values, COLUMNS, &validation.labels);
    let weights = |threads| {
        let members = Algorithm::ALL.map(|algorithm| {
            let settings = known(algorithm, &[FEW]);
            let fit = Fit {
                threads,
                ..Fit::new(algorithm, &settings)
            };
            probabilities(&fit.on(&train), &validation)
        });
        let scores = members
            .each_ref()
            .map(|p| roc_auc(validation.y(), p).unwrap());
        let members = members.each_ref().map(Vec::as_slice);
        [
            exponential(&scores),
            stacked(validation.y(), &members).unwrap(),
        ]
    };
    let one = weights(1);
    assert!(one[0] != one[1], "{one:?}");
    for threads in [2, 7] {
        assert_eq!(weights(threads), one, "{threads} threads");
    }
}
