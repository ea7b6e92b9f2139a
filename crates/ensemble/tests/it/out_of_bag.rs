use ensemble::metrics::{Confusion, log_loss, roc_auc};
use ensemble::{Algorithm, Params, Samples};

use crate::fitting::{Fit, probabilities, samples};
use crate::synthetic::{COLUMNS, table};

const OOB: (&str, &str) = ("oob_score", "true");

#[test]
fn out_of_bag_metrics_match_metrics_on_new_rows() {
    let (train, fresh) = (table(8_000, 1), table(40_000, 2));
    let fresh = samples(&fresh.values, COLUMNS, &fresh.labels);
    let train = samples(&train.values, COLUMNS, &train.labels);
    let model = Fit::new(Algorithm::RandomForest, &[OOB, ("n_estimators", "100")]).on(&train);
    let found = *model.out_of_bag().unwrap();
    let metrics = |part: &Samples| {
        let p = probabilities(&model, part);
        let accuracy = Confusion::at(0.5, part.y(), &p).unwrap().accuracy();
        [
            roc_auc(part.y(), &p).unwrap(),
            accuracy,
            log_loss(part.y(), &p).unwrap(),
        ]
    };
    let (on_fresh, on_seen) = (metrics(&fresh), metrics(&train));
    let judged = [found.auc, found.accuracy, found.logloss];
    // The standard error of each metric on 8,000 rows is about 0.005; the metrics on rows that the forest has seen
    // differ far more.
    for ((judged, fresh), seen) in judged.into_iter().zip(on_fresh).zip(on_seen) {
        assert!((judged - fresh).abs() < 0.015, "{judged} for {fresh}");
        assert!((seen - fresh).abs() > 0.03, "{seen} for {fresh}");
    }
    assert_eq!(
        found.rows, 8_000,
        "with a hundred trees, every row is out of some bag"
    );
}

#[test]
fn a_bootstrap_sample_omits_the_expected_share_of_rows() {
    let train = table(10_000, 3);
    let train = samples(&train.values, COLUMNS, &train.labels);
    let fit = Fit::new(Algorithm::RandomForest, &[OOB, ("n_estimators", "1")]);
    let rows = fit.on(&train).out_of_bag().unwrap().rows as f64;
    // (1 - 1/n)^n of the rows, about 1/e.
    assert!((rows / 10_000.0 - 0.368).abs() < 0.015, "{rows}");
}

#[test]
fn the_score_depends_on_the_seed_and_not_on_threads() {
    // More trees than samples held in memory at once, and more rows than a job has.
    let table = table(3_000, 4);
    let weights: Vec<f32> = (0..3_000_u16).map(|row| f32::from(row % 4)).collect();
    let train = samples(&table.values, COLUMNS, &table.labels);
    let weighted = train.weighted(&weights).unwrap();
    let balanced = ("class_weight", "balanced");
    for (part, settings) in [
        (
            &train,
            &[OOB, ("n_estimators", "70"), ("max_depth", "3")][..],
        ),
        (
            &weighted,
            &[OOB, balanced, ("n_estimators", "70"), ("max_depth", "3")],
        ),
    ] {
        let score = |threads, seed| {
            let fit = Fit::new(Algorithm::RandomForest, settings);
            let model = Fit {
                threads,
                seed,
                ..fit
            }
            .on(part);
            *model.out_of_bag().unwrap()
        };
        let one = score(1, 5);
        for threads in [2, 7] {
            assert_eq!(score(threads, 5), one, "{threads} threads");
        }
        assert_ne!(score(2, 6), one);
    }
}

#[test]
fn out_of_bag_evaluation_is_optional_and_does_not_change_the_forest() {
    let table = table(500, 6);
    let train = samples(&table.values, COLUMNS, &table.labels);
    let fit = |settings: &[(&str, &str)]| Fit::new(Algorithm::RandomForest, settings).on(&train);
    let (with, without) = (fit(&[OOB]), fit(&[]));
    assert_eq!(without.out_of_bag(), None);
    assert_eq!(
        probabilities(&with, &train),
        probabilities(&without, &train)
    );
    assert_eq!(with.importances(), without.importances());
}

#[test]
fn too_few_out_of_bag_rows_give_no_metrics() {
    let train = samples(&[0.0, 1.0], 1, &[0, 1]);
    for seed in 0..20 {
        let settings = [OOB, ("n_estimators", "1")];
        let fit = Fit {
            seed,
            ..Fit::new(Algorithm::RandomForest, &settings)
        };
        // A bootstrap sample of two rows omits one of them or none.
        assert_eq!(fit.on(&train).out_of_bag(), None, "seed {seed}");
    }
}

#[test]
fn out_of_bag_evaluation_requires_bootstrap() {
    let expected = "parameter `oob_score` is `true`; \
                    it must be false with bootstrap=false, because then no rows are out of bag";
    for [first, second] in [[OOB, ("bootstrap", "false")], [("bootstrap", "false"), OOB]] {
        let mut params = Params::defaults(Algorithm::RandomForest);
        params.set(first.0, first.1).unwrap();
        let error = params.set(second.0, second.1).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}
