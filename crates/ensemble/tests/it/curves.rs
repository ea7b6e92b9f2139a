use ensemble::inspection::partial_dependence;
use ensemble::metrics::{calibration_curve, precision_recall_curve, roc_curve};
use ensemble::{Error, Matrix};
use serde::Deserialize;

/// Reference curves from scikit-learn 1.9.1, written by `tests/data/curves.py`.
#[derive(Deserialize)]
struct Stored {
    bins: usize,
    cases: Vec<Case>,
    dependence: DependenceCase,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    labels: Vec<u8>,
    probabilities: Vec<f64>,
    /// False-positive and true-positive rates.
    roc: Vec<[f64; 2]>,
    /// Thresholds, precisions and recalls.
    precision_recall: Vec<[f64; 3]>,
    /// Mean probabilities and shares of positives of the bins that have rows.
    calibration: Vec<[f64; 2]>,
}

/// A logistic regression and its partial dependences.
#[derive(Deserialize)]
struct DependenceCase {
    rows: Vec<[f32; 3]>,
    coefficients: [f64; 3],
    intercept: f64,
    columns: Vec<DependenceColumn>,
}

#[derive(Deserialize)]
struct DependenceColumn {
    values: Vec<f32>,
    mean: Vec<f64>,
}

fn stored() -> Stored {
    serde_json::from_str(include_str!("../data/curves.json")).unwrap()
}

#[track_caller]
fn same<const N: usize>(case: &str, found: &[[f64; N]], expected: &[[f64; N]]) {
    assert_eq!(found.len(), expected.len(), "{case}");
    for (found, expected) in found.iter().zip(expected) {
        let distance = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
        let distance = distance.fold(0.0, f64::max);
        assert!(distance < 1e-9, "{case}: {found:?} against {expected:?}");
    }
}

#[test]
fn curves_agree_with_scikit_learn() {
    let stored = stored();
    assert_eq!(stored.cases.len(), 5);
    for case in &stored.cases {
        let (labels, p) = (&case.labels, &case.probabilities);
        let roc: Vec<_> = roc_curve(labels, p)
            .unwrap()
            .iter()
            .map(|point| [point.false_positive_rate, point.true_positive_rate])
            .collect();
        same(&case.name, &roc, &case.roc);
        let precision_recall: Vec<_> = precision_recall_curve(labels, p)
            .unwrap()
            .iter()
            .map(|point| [point.threshold, point.precision, point.recall])
            .collect();
        same(&case.name, &precision_recall, &case.precision_recall);
        let calibration: Vec<_> = calibration_curve(labels, p, stored.bins)
            .unwrap()
            .iter()
            .filter_map(|bin| Some([bin.mean_probability?, bin.positive_share?]))
            .collect();
        same(&case.name, &calibration, &case.calibration);
    }
}

#[test]
fn partial_dependence_agrees_with_scikit_learn() {
    let case = stored().dependence;
    let values: Vec<f32> = case.rows.iter().flatten().copied().collect();
    let x = Matrix::new(&values, 3).unwrap();
    let predict = |x: &Matrix| -> Result<Vec<f64>, Error> {
        let probability = |row: usize| {
            let terms = x.row(row).iter().zip(case.coefficients);
            let sum = terms.map(|(&value, by)| f64::from(value) * by).sum::<f64>();
            1.0 / (1.0 + (-sum - case.intercept).exp())
        };
        Ok((0..x.rows()).map(probability).collect())
    };
    assert_eq!(case.columns.len(), 3);
    for (column, expected) in case.columns.iter().enumerate() {
        let found = partial_dependence(&x, predict, column, &expected.values).unwrap();
        let found: Vec<_> = found.iter().map(|point| [point.mean_probability]).collect();
        let expected: Vec<_> = expected.mean.iter().map(|&mean| [mean]).collect();
        for (found, expected) in found.iter().zip(&expected) {
            // Values are rounded to `f32`.
            assert!(
                (found[0] - expected[0]).abs() < 1e-6,
                "{found:?} {expected:?}"
            );
        }
        assert_eq!(found.len(), 5);
    }
}
