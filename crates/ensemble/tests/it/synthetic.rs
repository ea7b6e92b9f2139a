//! Rows with 18 features of various distributions, and labels that depend on thresholds, two interactions and noise.
//!
//! The noise limits any model to an AUC of about 0.77 and an accuracy of about 0.70.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Number of features.
pub(crate) const COLUMNS: usize = 18;

/// Row-major values and labels.
pub(crate) struct Table {
    pub(crate) values: Vec<f32>,
    pub(crate) labels: Vec<u8>,
}

/// `rows` rows; the same seed gives the same rows.
pub(crate) fn table(rows: usize, seed: u64) -> Table {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut table = Table {
        values: Vec::with_capacity(rows * COLUMNS),
        labels: Vec::with_capacity(rows),
    };
    for _ in 0..rows {
        let row = row(&mut rng);
        let chance = probability(&row, &mut rng);
        table.labels.push(u8::from(uniform(&mut rng) < chance));
        table.values.extend(row.iter().map(|&value| value as f32));
    }
    table
}

fn row(rng: &mut impl Rng) -> [f64; COLUMNS] {
    [
        normal(rng, 25.0, 15.0).clamp(-40.0, 330.0),
        gamma(rng, 2, 5.0).min(50.0),
        normal(rng, 45.0, 20.0).clamp(-40.0, 330.0),
        normal(rng, 40.0, 18.0).clamp(-40.0, 330.0),
        100.0 * beta(rng, 2, 5),
        50.0 * beta(rng, 1, 4),
        gamma(rng, 2, 3.0).min(20.0),
        gamma(rng, 1, 2.0).min(10.0),
        gamma(rng, 2, 4.0).min(30.0),
        gamma(rng, 1, 3.0).min(15.0),
        gamma(rng, 2, 2.0).min(15.0),
        gamma(rng, 1, 1.5).min(8.0),
        normal(rng, 30.0, 15.0).clamp(0.0, 100.0),
        normal(rng, 0.0, 10.0),
        normal(rng, 0.0, 5.0),
        normal(rng, 450.0, 200.0).clamp(400.0, 5000.0),
        normal(rng, 0.0, 100.0),
        normal(rng, 0.0, 15.0),
    ]
}

fn probability(x: &[f64; COLUMNS], rng: &mut impl Rng) -> f64 {
    let terms = [
        (0.3, x[2] > 60.0),
        (0.25, x[3] > 55.0),
        (0.2, x[0] > 40.0),
        (0.2, x[4] > 15.0),
        (0.15, x[5] > 5.0),
        (0.15, x[6] > 8.0),
        (0.15, x[8] > 12.0),
        (0.25, x[15] > 800.0),
        (0.2, x[16] > 150.0),
        (0.3, x[2] > 70.0 && x[15] > 1000.0),
        (0.2, x[4] > 20.0 && x[6] > 10.0),
    ];
    let score: f64 = terms
        .iter()
        .filter(|(_, holds)| *holds)
        .map(|(weight, _)| weight)
        .sum();
    normal(rng, score.min(1.0), 0.05).clamp(0.0, 1.0)
}

/// Uniform in (0, 1].
fn uniform(rng: &mut impl Rng) -> f64 {
    (f64::from(rng.next_u32()) + 1.0) / 4_294_967_296.0
}

/// Normal, by the Box-Muller transform.
fn normal(rng: &mut impl Rng, mean: f64, deviation: f64) -> f64 {
    let radius = (-2.0 * libm::log(uniform(rng))).sqrt();
    mean + deviation * radius * libm::cos(std::f64::consts::TAU * uniform(rng))
}

/// Gamma with an integer shape, as a sum of exponentials.
fn gamma(rng: &mut impl Rng, shape: u32, scale: f64) -> f64 {
    (0..shape).map(|_| -scale * libm::log(uniform(rng))).sum()
}

/// Beta, as a ratio of gammas.
fn beta(rng: &mut impl Rng, a: u32, b: u32) -> f64 {
    let (a, b) = (gamma(rng, a, 1.0), gamma(rng, b, 1.0));
    a / (a + b)
}
