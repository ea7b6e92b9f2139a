use ensemble::metrics::{best_f1_threshold, evaluate};
use serde::Deserialize;
use serde_json::Value;

/// Labels, probabilities and their metrics by scikit-learn 1.9.1, written by `tests/data/metrics.py`.
#[derive(Deserialize)]
struct Case {
    name: String,
    labels: Vec<u8>,
    probabilities: Vec<f64>,
    /// By field name of [`Scores`](ensemble::metrics::Scores); decisions are at threshold 1/2.
    figures: Value,
    threshold: f64,
    /// By field name of [`AtThreshold`](ensemble::metrics::AtThreshold).
    at_threshold: Value,
    best_threshold: f64,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../data/metrics.json")).unwrap()
}

/// Checks each metric of `expected` against the one of the same name.
fn check(case: &str, found: &Value, expected: &Value) {
    for (name, expected) in expected.as_object().unwrap() {
        let (found, expected) = (found[name].as_f64().unwrap(), expected.as_f64().unwrap());
        assert!(
            (found - expected).abs() < 1e-9,
            "{case}, {name}: {found} against {expected}"
        );
    }
}

#[test]
fn metrics_agree_with_scikit_learn() {
    let cases = cases();
    assert_eq!(cases.len(), 10);
    for case in cases {
        let scores = evaluate(&case.labels, &case.probabilities, Some(case.threshold)).unwrap();
        let found = serde_json::to_value(&scores).unwrap();
        assert_eq!(case.figures.as_object().unwrap().len(), 9);
        assert_eq!(case.at_threshold.as_object().unwrap().len(), 4);
        check(&case.name, &found, &case.figures);
        check(&case.name, &found["at_threshold"], &case.at_threshold);
    }
}

#[test]
fn the_best_f1_threshold_agrees_with_scikit_learn() {
    for case in cases() {
        let found = best_f1_threshold(&case.labels, &case.probabilities).unwrap();
        assert!(
            (found - case.best_threshold).abs() < 1e-15,
            "{}: {found}",
            case.name
        );
    }
}

#[test]
fn an_interval_contains_the_auc_and_narrows_with_more_rows() {
    let width = |rows: usize| {
        let labels: Vec<u8> = (0..rows).map(|i| u8::from(i * 37 % 100 < 45)).collect();
        let noise = |i: usize| (i * 7919 % 997) as f64 / 997.0;
        let p: Vec<f64> = (0..rows)
            .map(|i| 0.125 * f64::from(labels[i]) + 0.875 * noise(i))
            .collect();
        let scores = evaluate(&labels, &p, None).unwrap();
        let [low, high] = scores.auc_interval;
        assert!(low < scores.auc && scores.auc < high, "{rows} rows");
        high - low
    };
    let (few, many) = (width(250), width(4_000));
    // Sixteen times the rows, a quarter of the width.
    assert!((0.2..0.32).contains(&(many / few)), "{many} and {few}");
}
