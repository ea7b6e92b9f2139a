//! Profile `original` compared with its distributions, which are written down here a second time.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::LazyLock;

use sensor_model::original::{Generated, generate};
use sensor_model::{FEATURE_COUNT, REQUIRED_COUNT, Rows};
use sha2::{Digest, Sha256};

const ROWS: usize = 100_000;

static DATA: LazyLock<Generated> = LazyLock::new(|| generate(42, 0..ROWS as u64, threads(2)));

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

fn column(column: usize) -> Vec<f64> {
    let values = DATA
        .rows
        .features
        .iter()
        .skip(column)
        .step_by(FEATURE_COUNT);
    values.map(|&value| f64::from(value)).collect()
}

/// A distribution function and the clipping limits.
type Law = (fn(f64) -> f64, f64, f64);

fn normal(x: f64, mean: f64, sd: f64) -> f64 {
    0.5 * libm::erfc(-(x - mean) / (sd * std::f64::consts::SQRT_2))
}

/// Gamma with shape 2: the sum of two exponentials.
fn gamma2(x: f64, scale: f64) -> f64 {
    1.0 - (-x / scale).exp() * (1.0 + x / scale)
}

fn exponential(x: f64, scale: f64) -> f64 {
    1.0 - (-x / scale).exp()
}

/// Beta(2, 5): at least two of six uniform numbers are below x.
fn beta25(x: f64) -> f64 {
    1.0 - (1.0 - x).powi(6) - 6.0 * x * (1.0 - x).powi(5)
}

const LAWS: [Law; REQUIRED_COUNT] = [
    (|x| normal(x, 25.0, 15.0), -40.0, 330.0),
    (|x| gamma2(x, 5.0), 0.0, 50.0),
    (|x| normal(x, 45.0, 20.0), -40.0, 330.0),
    (|x| normal(x, 40.0, 18.0), -40.0, 330.0),
    (|x| beta25(x / 100.0), 0.0, 100.0),
    (|x| 1.0 - (1.0 - x / 50.0).powi(4), 0.0, 50.0),
    (|x| gamma2(x, 3.0), 0.0, 20.0),
    (|x| exponential(x, 2.0), 0.0, 10.0),
    (|x| gamma2(x, 4.0), 0.0, 30.0),
    (|x| exponential(x, 3.0), 0.0, 15.0),
    (|x| gamma2(x, 2.0), 0.0, 15.0),
    (|x| exponential(x, 1.5), 0.0, 8.0),
    (|x| normal(x, 30.0, 15.0), 0.0, 100.0),
    (|x| normal(x, 0.0, 10.0), -50.0, 50.0),
    (|x| normal(x, 0.0, 5.0), -20.0, 20.0),
    (|x| normal(x, 450.0, 200.0), 400.0, 5000.0),
    (|x| normal(x, 0.0, 100.0), -500.0, 500.0),
    (|x| normal(x, 0.0, 15.0), -50.0, 50.0),
];

#[test]
fn every_feature_follows_its_distribution() {
    // Kolmogorov-Smirnov: samples of the true distribution exceed this distance once in 10,000 cases.
    let limit = (-(1e-4_f64 / 2.0).ln() / 2.0).sqrt() / (ROWS as f64).sqrt();
    for (c, (law, low, high)) in LAWS.into_iter().enumerate() {
        let mut values = column(c);
        values.sort_unstable_by(f64::total_cmp);
        assert!(
            values[0] >= low && values[ROWS - 1] <= high,
            "column {c} leaves its limits"
        );
        let distance = values
            .iter()
            .enumerate()
            .filter(|&(_, &x)| x > low && x < high)
            .map(|(i, &x)| (law(x) - i as f64 / ROWS as f64).abs())
            .fold(0.0, f64::max);
        assert!(
            distance < limit,
            "column {c}: distance {distance}, limit {limit}"
        );
    }
}

fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

#[test]
fn moments_match_the_distributions() {
    // Columns that clipping hardly affects; five standard errors of the mean.
    for (c, mean, sd) in [
        (0, 25.0, 15.0),
        (1, 10.0, 5.0 * 2_f64.sqrt()),
        (2, 45.0, 20.0),
        (3, 40.0, 18.0),
        (
            4,
            100.0 * 2.0 / 7.0,
            100.0 * (10.0_f64 / (49.0 * 8.0)).sqrt(),
        ),
        (5, 10.0, 50.0 * (4.0_f64 / (25.0 * 6.0)).sqrt()),
        (13, 0.0, 10.0),
        (16, 0.0, 100.0),
        (17, 0.0, 15.0),
    ] {
        let (found_mean, found_sd) = moments(&column(c));
        let error = 5.0 * sd / (ROWS as f64).sqrt();
        assert!(
            (found_mean - mean).abs() < error,
            "column {c}: mean {found_mean}, law {mean}"
        );
        assert!(
            (found_sd / sd - 1.0).abs() < 0.02,
            "column {c}: sd {found_sd}, law {sd}"
        );
    }
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let ((mean_a, sd_a), (mean_b, sd_b)) = (moments(a), moments(b));
    let products = a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b));
    products.sum::<f64>() / (a.len() as f64 * sd_a * sd_b)
}

#[test]
fn draws_are_independent_across_features_and_rows() {
    let limit = 5.0 / (ROWS as f64).sqrt();
    let columns: Vec<_> = (0..REQUIRED_COUNT).map(column).collect();
    for (a, first) in columns.iter().enumerate() {
        for (b, second) in columns.iter().enumerate().skip(a + 1) {
            let found = correlation(first, second);
            assert!(found.abs() < limit, "columns {a} and {b}: {found}");
        }
        let found = correlation(&first[1..], &first[..ROWS - 1]);
        assert!(
            found.abs() < limit,
            "column {a} and the row before: {found}"
        );
    }
}

fn fires(labels: &[u8]) -> f64 {
    labels.iter().map(|&label| f64::from(label)).sum()
}

/// Area under the ROC curve; ties get their mean rank.
fn auc(labels: &[u8], scores: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_unstable_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let (mut rank, mut rank_sum) = (0, 0.0);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let middle = rank as f64 + f64::midpoint(tied.len() as f64, 1.0);
        let positives = tied.iter().filter(|&&i| labels[i] == 1).count();
        rank_sum += middle * positives as f64;
        rank += tied.len();
    }
    let positives = fires(labels);
    let negatives = labels.len() as f64 - positives;
    (rank_sum - positives * (positives + 1.0) / 2.0) / (positives * negatives)
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() < tolerance,
        "{found} is not {expected} +- {tolerance}"
    );
}

#[test]
fn the_labels_have_the_known_prevalence_and_bayes_optimal_auc() {
    let Generated { rows, expected } = &*DATA;
    let fires = fires(&rows.labels);
    near(fires / ROWS as f64, 0.510, 0.006);
    near(
        expected.iter().sum::<f64>() / ROWS as f64,
        fires / ROWS as f64,
        0.006,
    );
    near(auc(&rows.labels, expected), 0.775, 0.006);
    let right = expected
        .iter()
        .zip(&rows.labels)
        .filter(|&(&p, &y)| (p > 0.5) == (y == 1));
    near(right.count() as f64 / ROWS as f64, 0.699, 0.006);
}

#[test]
fn the_expected_probability_is_the_frequency_of_fire() {
    // Rows of one score share one expectation, so each score is a binomial experiment.
    let Generated { rows, expected } = &*DATA;
    let mut order: Vec<usize> = (0..ROWS).collect();
    order.sort_unstable_by(|&a, &b| expected[a].total_cmp(&expected[b]));
    let mut scores = 0;
    for same in order.chunk_by(|&a, &b| expected[a] == expected[b]) {
        let (p, count) = (expected[same[0]], same.len() as f64);
        let fires = same.iter().filter(|&&i| rows.labels[i] == 1).count() as f64;
        let error = (p * (1.0 - p) / count).sqrt();
        assert!(
            (fires / count - p).abs() < 4.5 * error,
            "{p}: {fires} of {count}"
        );
        scores += 1;
    }
    // Every multiple of 0.05 from 0 to 1, but no sum of weights is 0.05 or 0.1.
    assert_eq!(scores, 19);
}

/// Everything drawn, with values as bits because NaN is not equal to itself.
fn known(drawn: &Generated) -> impl PartialEq {
    let Rows {
        ids,
        groups,
        features,
        labels,
        metadata: _,
    } = drawn.rows.clone();
    let bits: Vec<u32> = features.into_iter().map(f32::to_bits).collect();
    (ids, groups, bits, labels, drawn.expected.clone())
}

#[test]
fn the_rows_do_not_depend_on_threads_or_shards() {
    let whole = generate(9, 0..1_000, threads(1));
    for count in [2, 3, 7, 1_001] {
        let found = generate(9, 0..1_000, threads(count));
        assert!(known(&found) == known(&whole), "{count} threads");
    }
    let mut shards = generate(9, 0..333, threads(2));
    let rest = generate(9, 333..1_000, threads(2));
    shards.rows.extend(rest.rows);
    shards.expected.extend(rest.expected);
    assert!(known(&shards) == known(&whole));
}

#[test]
fn another_seed_gives_different_rows() {
    let [a, b] = [1, 2].map(|seed| generate(seed, 0..100, threads(1)));
    let equal = a
        .rows
        .features
        .iter()
        .zip(&b.rows.features)
        .filter(|(a, b)| a == b)
        .count();
    // Clipping to 400 ppm makes the same value common in one column.
    assert!(equal < 100, "{equal} equal values");
}

#[test]
fn the_same_seed_gives_the_same_rows_in_every_release() {
    let rows = generate(42, 0..1_000, threads(1)).rows;
    let drawn = rows.features.chunks(FEATURE_COUNT);
    let drawn = drawn.flat_map(|row| &row[..REQUIRED_COUNT]);
    let values: Vec<u8> = drawn.flat_map(|value| value.to_le_bytes()).collect();
    let digest = Sha256::digest([&values[..], &rows.labels].concat());
    let digits: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        digits.concat(),
        "b47af10929da4b0f976ce60f14d7440dd167eb2f4c4b24abd858b90e8bb528da"
    );
}

#[test]
fn an_empty_range_has_no_rows() {
    let nothing: Range<u64> = 5..5;
    assert!(generate(1, nothing, threads(2)).rows.is_empty());
}
