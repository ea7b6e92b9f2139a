use ensemble::{Algorithm, Model};

use crate::fitting::{Fit, probabilities, samples};
use crate::synthetic::{COLUMNS, table};

const TREES: [Algorithm; 2] = [Algorithm::RandomForest, Algorithm::GradientBoosting];

fn mean(probabilities: &[f64]) -> f64 {
    probabilities.iter().sum::<f64>() / probabilities.len() as f64
}

/// A row of weight 3 is equivalent to three copies; in a deterministic fit, up to fixed-point rounding.
#[test]
fn a_weight_counts_as_repeated_rows() {
    // Few enough rows that every value has its own bin, because quantiles ignore weights.
    let table = table(200, 3);
    let weights: Vec<f32> = (0..200_u16).map(|row| f32::from(row % 3 + 1)).collect();
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for (row, &weight) in weights.iter().enumerate() {
        for _ in 0..weight as usize {
            values.extend_from_slice(&table.values[row * COLUMNS..][..COLUMNS]);
            labels.push(table.labels[row]);
        }
    }
    let repeated = samples(&values, COLUMNS, &labels);
    let plain = samples(&table.values, COLUMNS, &table.labels);
    let weighted = plain.weighted(&weights).unwrap();
    let check = |algorithm, settings: &[(&str, &str)]| {
        let fit = Fit::new(algorithm, settings);
        let (expected, found) = (fit.on(&repeated), fit.on(&weighted));
        let expected = probabilities(&expected, &plain);
        let found = probabilities(&found, &plain);
        let largest = expected.iter().zip(&found).map(|(a, b)| (a - b).abs());
        let largest = largest.fold(0.0, f64::max);
        assert!(largest < 0.01, "{algorithm}: {largest}");
    };
    let deterministic = [
        ("bootstrap", "false"),
        ("max_features", "all"),
        ("n_estimators", "1"),
        ("max_depth", "3"),
    ];
    check(Algorithm::RandomForest, &deterministic);
    check(
        Algorithm::GradientBoosting,
        &[("n_estimators", "5"), ("max_depth", "2")],
    );
}

#[test]
fn balanced_class_weights_raise_the_rarer_class() {
    let table = table(3_000, 4);
    // About one positive in eight.
    let labels: Vec<u8> = (0..)
        .zip(&table.labels)
        .map(|(row, &label)| if row % 4 == 0 { label } else { 0 })
        .collect();
    let train = samples(&table.values, COLUMNS, &labels);
    let share = mean(
        &labels
            .iter()
            .map(|&label| f64::from(label))
            .collect::<Vec<_>>(),
    );
    for algorithm in TREES {
        let mean_of = |setting| {
            let settings = [
                ("class_weight", setting),
                ("n_estimators", "30"),
                ("max_depth", "4"),
            ];
            mean(&probabilities(
                &Fit::new(algorithm, &settings).on(&train),
                &train,
            ))
        };
        let (none, balanced) = (mean_of("none"), mean_of("balanced"));
        assert!(
            (none - share).abs() < 0.02,
            "{algorithm}: {none} of {share}"
        );
        assert!(
            balanced > share + 0.15,
            "{algorithm}: {balanced} of {share}"
        );
    }
}

#[test]
fn rows_of_weight_zero_change_nothing() {
    let table = table(600, 5);
    let weights: Vec<f32> = (0..600)
        .map(|row| if row < 500 { 2.0 } else { 0.0 })
        .collect();
    let mut flipped = table.labels.clone();
    for label in &mut flipped[500..] {
        *label = 1 - *label;
    }
    for algorithm in TREES {
        let fit = |labels: &[u8]| -> Model {
            let train = samples(&table.values, COLUMNS, labels);
            Fit::new(algorithm, &[("n_estimators", "5")]).on(&train.weighted(&weights).unwrap())
        };
        assert!(fit(&table.labels) == fit(&flipped), "{algorithm}");
    }
}

#[test]
fn weights_are_rejected_where_they_would_be_ignored() {
    let train = samples(&[0.0, 1.0], 1, &[0, 1]);
    let train = train.weighted(&[1.0, 2.0]).unwrap();
    let check = |algorithm, settings: &[(&str, &str)]| {
        let error = Fit::new(algorithm, settings).try_on(&train, None);
        assert_eq!(
            error.unwrap_err().to_string(),
            "only forest and boosting with engine=own support sample weights"
        );
    };
    check(Algorithm::LogisticRegression, &[]);
    for algorithm in TREES {
        check(algorithm, &[("engine", "smartcore")]);
    }
}

#[test]
fn importances_identify_the_relevant_features() {
    let values: Vec<f32> = (0..900_u16)
        .flat_map(|row| [f32::from(row * 7 % 11), f32::from(row % 30), 1.0])
        .collect();
    let labels: Vec<u8> = (0..900).map(|row| u8::from(row % 30 > 12)).collect();
    let train = samples(&values, 3, &labels);
    for algorithm in TREES {
        let model = Fit::new(algorithm, &[("n_estimators", "10")]).on(&train);
        let importances = model.importances().unwrap();
        assert!((importances.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(
            importances[1] > 0.9 && importances[2] == 0.0,
            "{importances:?}"
        );
    }
    let logistic = Fit::new(Algorithm::LogisticRegression, &[]).on(&train);
    assert_eq!(logistic.importances(), None);
}
