use ensemble::Algorithm;

use crate::fitting::{Fit, probabilities, samples};

const NAN: f32 = f32::NAN;

/// Fits every learner and checks that all of its answers are probabilities.
fn check(values: &[f32], columns: usize, labels: &[u8]) {
    let train = samples(values, columns, labels);
    for algorithm in Algorithm::ALL {
        let model = Fit::new(algorithm, &[]).on(&train);
        let missing = vec![NAN; columns];
        let answers = probabilities(&model, &train)
            .into_iter()
            .chain([model.predict_row(&missing)]);
        for p in answers {
            assert!((0.0..=1.0).contains(&p), "{algorithm} says {p}");
        }
    }
}

#[test]
fn unusual_rows_give_probabilities() {
    check(&[0.0, 1.0], 1, &[0, 1]);
    check(&[3.0, 3.0, 3.0], 1, &[0, 1, 1]);
    check(&[NAN, NAN, NAN], 1, &[0, 1, 1]);
    check(&[1.0, NAN, 2.0, NAN, 2.0, NAN], 2, &[0, 1, 1]);
    check(&[1e-45, 2e-45, 3e-45, 0.0], 1, &[0, 1, 1, 0]);
    check(&[f32::MIN, f32::MAX, f32::MIN, f32::MAX], 1, &[0, 1, 0, 1]);
    check(
        &[0.1; 1_000],
        4,
        &(0..250).map(|i| u8::from(i % 3 == 0)).collect::<Vec<_>>(),
    );
    let distinct: Vec<f32> = (0..300_u16).map(f32::from).collect();
    check(
        &distinct,
        1,
        &(0..300).map(|i| u8::from(i % 7 < 3)).collect::<Vec<_>>(),
    );
    check(&vec![0.5; 255 * 4], 255, &[0, 1, 0, 1]);
}

#[test]
fn one_class_is_refused() {
    let values = [1.0, 2.0, 3.0];
    for algorithm in Algorithm::ALL {
        for label in [0, 1] {
            let labels = [label; 3];
            let refused = Fit::new(algorithm, &[]).try_on(&samples(&values, 1, &labels), None);
            let expected = format!("every label is {label}; both 0 and 1 are needed");
            assert_eq!(refused.unwrap_err().to_string(), expected);
        }
        let refused = Fit::new(algorithm, &[]).try_on(&samples(&[], 1, &[]), None);
        assert_eq!(refused.unwrap_err().to_string(), "there are no rows");
    }
}

/// A column that says nothing must not keep the others from being looked at.
#[test]
fn constant_columns_are_passed_over() {
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

/// Missing values carry the label here, on one side or the other of the present ones.
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

/// In a logistic regression a missing value counts as the mean of the others.
#[test]
fn a_missing_value_is_the_mean_of_a_logistic_regression() {
    let values = [1.0, 2.0, 3.0, 6.0, NAN, 3.0];
    let model =
        Fit::new(Algorithm::LogisticRegression, &[]).on(&samples(&values, 1, &[0, 0, 1, 1, 0, 1]));
    assert!((model.predict_row(&[NAN]) - model.predict_row(&[3.0])).abs() < 1e-12);
    assert!(model.predict_row(&[6.0]) > model.predict_row(&[1.0]));
}

#[test]
fn limits_on_leaves_are_kept() {
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

/// Without a penalty, separable classes have no best coefficients.
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
