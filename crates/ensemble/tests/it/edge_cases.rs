use ensemble::{Algorithm, Matrix, Samples};

use crate::fitting::{Fit, probabilities, samples};

const NAN: f32 = f32::NAN;
const SLOW: [(&str, &str); 2] = [("engine", "smartcore"), ("n_estimators", "20")];

/// Every learner with every engine. smartcore's forest uses all features, because among many constant ones it would
/// rarely draw the one that varies.
const LEARNERS: [(Algorithm, &[(&str, &str)]); 5] = [
    (Algorithm::RandomForest, &[]),
    (
        Algorithm::RandomForest,
        &[SLOW[0], SLOW[1], ("max_features", "all")],
    ),
    (Algorithm::GradientBoosting, &[]),
    (Algorithm::GradientBoosting, &SLOW),
    (Algorithm::LogisticRegression, &[]),
];

/// The training predictions of every learner.
fn predictions(train: &Samples) -> impl Iterator<Item = (String, Vec<f64>)> {
    LEARNERS.iter().map(|&(algorithm, settings)| {
        let model = Fit::new(algorithm, settings).on(train);
        let missing = model.predict_row(&vec![NAN; train.x().columns()]);
        let predicted = probabilities(&model, train);
        for &p in predicted.iter().chain([&missing]) {
            assert!(
                (0.0..=1.0).contains(&p),
                "{algorithm} {settings:?} predicts {p}"
            );
        }
        (format!("{algorithm} {settings:?}"), predicted)
    })
}

/// `count` copies of `row`, with the value at `at` replaced.
fn copies(row: &[f32], (at, value): (usize, f32), count: usize) -> Vec<f32> {
    let mut row = row.to_vec();
    row[at] = value;
    row.repeat(count)
}

#[test]
fn few_and_unusual_rows_give_probabilities() {
    let check = |values: &[f32], columns, labels: &[u8]| {
        assert_eq!(predictions(&samples(values, columns, labels)).count(), 5);
    };
    check(&[0.0, 1.0], 1, &[0, 1]);
    check(&[3.0, 3.0, 3.0], 1, &[0, 1, 1]);
    check(&[NAN, NAN, NAN], 1, &[0, 1, 1]);
    check(&[1.0, NAN, 2.0, NAN, 2.0, NAN], 2, &[0, 1, 1]);
    check(&[1e-45, 2e-45, 3e-45, 0.0], 1, &[0, 1, 1, 0]);
    check(&[f32::MIN, f32::MAX, f32::MIN, f32::MAX], 1, &[0, 1, 0, 1]);
    check(&vec![0.5; 255 * 4], 255, &[0, 1, 0, 1]);
}

/// Two kinds of rows, one of them positive, must be distinguished regardless of which feature differs.
#[test]
fn the_column_that_separates_the_classes_is_found() {
    let check = |what: &str, negative: Vec<f32>, positive: Vec<f32>, columns: usize| {
        let of = |rows: &[f32], label: u8| vec![label; rows.len() / columns];
        let labels = [of(&negative, 0), of(&positive, 1)].concat();
        let values = [negative, positive].concat();
        for (learner, predicted) in predictions(&samples(&values, columns, &labels)) {
            for (row, (&p, &label)) in predicted.iter().zip(&labels).enumerate() {
                assert_eq!(p > 0.5, label == 1, "{what}, {learner}, row {row}: {p}");
            }
        }
    };
    let two = |columns: &[f32], at, [negative, positive]: [f32; 2]| {
        let rows = |value| copies(columns, (at, value), 40);
        (rows(negative), rows(positive), columns.len())
    };
    let cases: [(&str, &[f32], usize, [f32; 2]); 8] = [
        ("duplicate rows", &[0.0], 0, [1.0, 2.0]),
        ("neighbouring numbers", &[0.0], 0, [1.0, 1.0_f32.next_up()]),
        ("subnormal numbers", &[0.0], 0, [1e-45, 3e-45]),
        ("zero and the least number", &[0.0], 0, [0.0, 1e-45]),
        ("the whole range", &[0.0], 0, [f32::MIN, f32::MAX]),
        ("among missing columns", &[NAN; 5], 3, [-1.0, 1.0]),
        ("among constant columns", &[7.0; 5], 4, [-1.0, 1.0]),
        ("the last of 255 columns", &[7.0; 255], 254, [-1.0, 1.0]),
    ];
    for (what, row, at, values) in cases {
        let (negative, positive, columns) = two(row, at, values);
        check(what, negative, positive, columns);
    }
    // More values than bins; the gap is wider than a bin, so a cut falls within it.
    let numbers = |range: std::ops::Range<u16>| range.map(f32::from).collect();
    check("300 distinct values", numbers(0..140), numbers(160..320), 1);
}

/// If all rows are equal, a learner can only predict the share of positives.
#[test]
fn equal_rows_get_the_share_of_positives() {
    let check = |what: &str, row: &[f32]| {
        let labels: Vec<u8> = (0..400).map(|i| u8::from(i % 4 == 0)).collect();
        for (learner, predicted) in predictions(&samples(&row.repeat(400), row.len(), &labels)) {
            let first = predicted[0];
            assert!((first - 0.25).abs() < 0.05, "{what}, {learner}: {first}");
            assert!(predicted.iter().all(|&p| p == first), "{what}, {learner}");
        }
    };
    check("one constant column", &[0.1]);
    check("constant columns", &[0.1, -5.0, 1e30, 0.0]);
    check("missing columns", &[NAN; 3]);
    check("constant and missing columns", &[2.0, NAN]);
    check("255 constant columns", &[1.0; 255]);
}

#[test]
fn one_class_is_rejected() {
    let check = |labels: &[u8], expected: &str| {
        let values = vec![1.0; labels.len()];
        for (algorithm, settings) in LEARNERS {
            let error = Fit::new(algorithm, settings).try_on(&samples(&values, 1, labels), None);
            assert_eq!(
                error.unwrap_err().to_string(),
                expected,
                "{algorithm} {settings:?}"
            );
        }
    };
    check(&[0, 0, 0], "every label is 0; both 0 and 1 are needed");
    check(&[1, 1, 1], "every label is 1; both 0 and 1 are needed");
    // A single row is of one class.
    check(&[0], "every label is 0; both 0 and 1 are needed");
    check(&[1], "every label is 1; both 0 and 1 are needed");
    check(&[], "there are no rows");
}

#[test]
fn invalid_matrices_are_rejected() {
    let check = |values: &[f32], columns, expected: &str| {
        assert_eq!(
            Matrix::new(values, columns).unwrap_err().to_string(),
            expected
        );
    };
    check(
        &[0.0; 256],
        256,
        "a matrix of 256 columns; 1 to 255 are supported",
    );
    check(&[], 0, "a matrix of 0 columns; 1 to 255 are supported");
    check(&[0.0; 7], 3, "7 values do not fill rows of 3 columns");
    for infinite in [f32::INFINITY, f32::NEG_INFINITY] {
        let values = [0.0, NAN, f32::MAX, 0.0, 1.0, infinite];
        check(
            &values,
            3,
            "row 1, column 2: infinite value (use NaN for missing values)",
        );
    }
}

/// Constant features must not keep a learner from using the others.
#[test]
fn constant_columns_are_ignored() {
    let labels: Vec<u8> = (0..400).map(|i| u8::from(i % 2 == 0)).collect();
    let row = |i: usize| {
        let mut row = [7.0; 40];
        row[33] = f32::from(labels[i]);
        row
    };
    let values: Vec<f32> = (0..400).flat_map(row).collect();
    let train = samples(&values, 40, &labels);
    for algorithm in Algorithm::ALL {
        let p = probabilities(&Fit::new(algorithm, &[]).on(&train), &train);
        assert!(
            p.iter()
                .zip(&labels)
                .all(|(&p, &label)| (p > 0.95) == (label == 1)),
            "{algorithm}"
        );
    }
}

/// Here missing values determine the label, on either side of the present values.
#[test]
fn missing_values_inform_trees() {
    let value = |i: u32| {
        if i.is_multiple_of(3) {
            NAN
        } else {
            (i % 3) as f32
        }
    };
    let values: Vec<f32> = (0..600).map(value).collect();
    for missing_as in [1.0, 2.0] {
        let labels: Vec<u8> = values
            .iter()
            .map(|&v| u8::from(if v.is_nan() { missing_as } else { v } > 1.5))
            .collect();
        let train = samples(&values, 1, &labels);
        for algorithm in [Algorithm::RandomForest, Algorithm::GradientBoosting] {
            let p = probabilities(&Fit::new(algorithm, &[]).on(&train), &train);
            assert!(
                p.iter()
                    .zip(&labels)
                    .all(|(&p, &label)| (p > 0.95) == (label == 1)),
                "{algorithm}"
            );
        }
    }
}

/// Logistic regression replaces a missing value by the mean.
#[test]
fn logistic_regression_replaces_missing_values_by_the_mean() {
    let values = [1.0, 2.0, 3.0, 6.0, NAN, 3.0];
    let model =
        Fit::new(Algorithm::LogisticRegression, &[]).on(&samples(&values, 1, &[0, 0, 1, 1, 0, 1]));
    assert!((model.predict_row(&[NAN]) - model.predict_row(&[3.0])).abs() < 1e-12);
    assert!(model.predict_row(&[6.0]) > model.predict_row(&[1.0]));
}

#[test]
fn limits_on_leaves_are_respected() {
    let values: Vec<f32> = (0..64_u8).map(f32::from).collect();
    let labels: Vec<u8> = (0..64).map(|i| u8::from(i >= 60)).collect();
    let train = samples(&values, 1, &labels);
    let settings = [
        ("bootstrap", "false"),
        ("n_estimators", "1"),
        ("min_samples_leaf", "8"),
    ];
    let forest = Fit::new(Algorithm::RandomForest, &settings).on(&train);
    assert_eq!(
        (forest.predict_row(&[63.0]), forest.predict_row(&[0.0])),
        (0.5, 0.0)
    );
    let settings = [("n_estimators", "1"), ("min_child_weight", "100")];
    let boosting = Fit::new(Algorithm::GradientBoosting, &settings).on(&train);
    assert_eq!(boosting.predict_row(&[63.0]), boosting.predict_row(&[0.0]));
}

/// Without a penalty, separable classes have no optimal coefficients.
#[test]
fn separable_classes_without_a_penalty_give_probabilities_or_an_error() {
    let train = samples(&[0.0, 1.0, 2.0, 3.0], 1, &[0, 0, 1, 1]);
    match Fit::new(Algorithm::LogisticRegression, &[("l2", "0")]).try_on(&train, None) {
        Ok(model) => assert!(model.predict_row(&[0.0]) < 0.01 && model.predict_row(&[3.0]) > 0.99),
        Err(error) => assert_eq!(
            error.to_string(),
            "the logistic regression could not be fitted"
        ),
    }
}

/// With balanced labels, every hessian of the first round has its maximum, 1/4.
#[test]
fn sums_of_balanced_rows_with_missing_values_do_not_overflow() {
    for rows in [64_520_usize, 65_536] {
        let values: Vec<f32> = (0..rows)
            .map(|row| if row % 3 == 0 { NAN } else { (row % 7) as f32 })
            .collect();
        let labels: Vec<u8> = (0..rows).map(|row| u8::from(row % 2 == 0)).collect();
        let train = samples(&values, 1, &labels);
        let model = Fit::new(Algorithm::GradientBoosting, &[("n_estimators", "1")]).on(&train);
        let p = model.predict_row(&[NAN]);
        assert!((p - 0.5).abs() < 0.1, "{rows} rows: {p}");
    }
}

#[test]
fn an_empty_validation_set_is_rejected() {
    let train = samples(&[0.0, 1.0], 1, &[0, 1]);
    let nothing = samples(&[], 1, &[]);
    for (algorithm, settings) in LEARNERS {
        let error = Fit::new(algorithm, settings).try_on(&train, Some(&nothing));
        assert_eq!(error.unwrap_err().to_string(), "there are no rows");
    }
}

#[test]
fn very_unequal_weights_give_finite_predictions() {
    let train = samples(&[0.0, 1.0, 0.0, 1.0], 1, &[0, 1, 0, 1]);
    let train = train.weighted(&[1e-17, 1.0, 1e-17, 1.0]).unwrap();
    for algorithm in [Algorithm::RandomForest, Algorithm::GradientBoosting] {
        let p = Fit::new(algorithm, &[]).on(&train).predict_row(&[1.0]);
        assert!(p.is_finite() && p > 0.9, "{algorithm} predicts {p}");
    }
}
