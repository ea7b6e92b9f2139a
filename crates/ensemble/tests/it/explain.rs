//! Explanations of fitted models. The unit tests of `explain::paths` check a tree's Shapley values.

use ensemble::artifact::Artifact;
use ensemble::explain::{Explainer, Explanation, Scale};
use ensemble::{Algorithm, Engine};

use crate::fitting::{Fit, known, samples};
use crate::packing::packed;
use crate::synthetic::{COLUMNS, table};

/// An artifact per learner and their ensemble, fitted on the features of `table` plus a constant one.
fn artifacts(engine: Engine) -> Vec<Artifact> {
    let train = table(900, 3);
    let values = with_constant(&train.values);
    let train = samples(&values, COLUMNS + 1, &train.labels);
    let engine = engine.to_string();
    let fit = |algorithm| {
        let trees = [
            ("n_estimators", "12"),
            ("max_depth", "5"),
            ("engine", &engine),
        ];
        let settings = known(algorithm, &trees);
        packed(Fit::new(algorithm, &settings).on(&train), &train).unwrap()
    };
    let mut artifacts: Vec<_> = Algorithm::ALL.into_iter().map(fit).collect();
    let weights: Vec<f64> = (2..).map(f64::from).take(artifacts.len()).collect();
    artifacts.push(Artifact::combine(artifacts.clone(), &weights).unwrap());
    artifacts
}

/// Appends a constant feature to each row.
fn with_constant(values: &[f32]) -> Vec<f32> {
    let rows = values.chunks(COLUMNS);
    rows.flat_map(|row| row.iter().copied().chain([7.0]))
        .collect()
}

/// Rows; every third one lacks its first feature.
fn rows() -> Vec<Vec<f32>> {
    let values = with_constant(&table(60, 4).values);
    let mut rows: Vec<_> = values.chunks(COLUMNS + 1).map(<[f32]>::to_vec).collect();
    for row in rows.iter_mut().step_by(3) {
        row[0] = f32::NAN;
    }
    rows
}

fn log_odds(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

#[test]
fn contributions_sum_to_the_prediction() {
    for engine in [Engine::Histogram, Engine::Smartcore] {
        for artifact in artifacts(engine) {
            let explainer = Explainer::new(&artifact).unwrap();
            for row in rows() {
                let ensemble = explainer.row(&row);
                assert_eq!(ensemble.scale, Scale::Probability);
                let error = ensemble.output() - artifact.predict_row(&row);
                assert!(error.abs() < 1e-9, "{engine} {error:e}");
                let members = artifact.members.iter().zip(explainer.members(&row));
                for (member, explanation) in members {
                    let p = member.model.predict_row(&row);
                    if member.algorithm() == Algorithm::RandomForest {
                        assert_eq!(explanation.scale, Scale::Probability);
                    }
                    let expected = match explanation.scale {
                        Scale::Probability => p,
                        Scale::LogOdds => log_odds(p),
                    };
                    let error = explanation.output() - expected;
                    assert!(
                        error.abs() < 1e-9 * expected.abs().max(1.0),
                        "{engine} {error:e}"
                    );
                }
            }
        }
    }
}

#[test]
fn an_unused_feature_gets_zero_and_others_do_not() {
    for artifact in artifacts(Engine::Histogram) {
        let explainer = Explainer::new(&artifact).unwrap();
        let mut used = vec![false; COLUMNS + 1];
        for row in rows() {
            let parts = explainer.row(&row).contributions;
            assert_eq!(parts[COLUMNS], 0.0);
            for (used, part) in used.iter_mut().zip(parts) {
                *used |= part != 0.0;
            }
        }
        assert!(used.iter().filter(|&&used| used).count() >= 3, "{used:?}");
    }
}

/// Because it is replaced by the mean.
#[test]
fn a_missing_value_contributes_zero_in_logistic_regression() {
    let artifacts = artifacts(Engine::Histogram);
    let logistic = artifacts
        .iter()
        .find(|artifact| artifact.members[0].algorithm() == Algorithm::LogisticRegression);
    let explainer = Explainer::new(logistic.unwrap()).unwrap();
    let nothing = explainer.members(&[f32::NAN; COLUMNS + 1]).remove(0);
    assert_eq!(nothing.contributions, vec![0.0; COLUMNS + 1]);
    assert_eq!(nothing.output(), nothing.base);
}

#[test]
fn explanations_survive_a_file_round_trip() {
    for artifact in artifacts(Engine::Histogram) {
        let again = Artifact::from_bytes(&artifact.to_bytes(), &artifact.schema).unwrap();
        let [before, after] = [&artifact, &again].map(|artifact| Explainer::new(artifact).unwrap());
        for row in rows() {
            assert_eq!(before.row(&row), after.row(&row));
        }
    }
}

#[test]
fn the_ranking_is_by_absolute_contribution_then_feature_order() {
    let explanation = Explanation {
        scale: Scale::Probability,
        base: 0.5,
        contributions: vec![0.0, -0.2, 0.1, 0.2, 0.0, -0.3],
    };
    assert_eq!(explanation.ranking(), [5, 1, 3, 2, 0, 4]);
}
