//! The expected probability of a row: the label rule with its noise integrated out.

use std::f64::consts::{PI, SQRT_2};
use std::sync::LazyLock;

use super::laws::NOISE;

/// A score in hundredths as a number from 0 to 1.
pub(super) fn score(hundredths: u32) -> f64 {
    f64::from(hundredths) / 100.0
}

/// `E[p|x]` by the score in hundredths, of which there are no more than 101: computed once per process.
pub(super) fn expected_probability(hundredths: u32) -> f64 {
    static TABLE: LazyLock<Vec<f64>> = LazyLock::new(|| {
        (0..=100)
            .map(|hundredths| expectation(score(hundredths)))
            .collect()
    });
    TABLE[hundredths as usize]
}

/// `E[clip(score + N(0, s), 0, 1)]` with `s` = [`NOISE`], in closed form.
///
/// With `a = -score / s` and `b = (1 - score) / s` the clipped normal has the mean
/// `score (Φ(b) - Φ(a)) + s (φ(a) - φ(b)) + 1 - Φ(b)` (the rectified normal on both sides).
fn expectation(score: f64) -> f64 {
    let (a, b) = (-score / NOISE, (1.0 - score) / NOISE);
    let inside = score * (cumulative(b) - cumulative(a)) + NOISE * (density(a) - density(b));
    // Φ(-b) is 1 - Φ(b) without the cancellation.
    inside + cumulative(-b)
}

/// Standard normal density.
fn density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x) / (2.0 * PI).sqrt()
}

/// Standard normal distribution function.
fn cumulative(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same integral by the midpoint rule.
    fn by_quadrature(score: f64) -> f64 {
        let (steps, reach) = (200_000, 8.0);
        let width = 2.0 * reach / f64::from(steps);
        (0..steps)
            .map(|k| -reach + (f64::from(k) + 0.5) * width)
            .map(|z| (score + NOISE * z).clamp(0.0, 1.0) * density(z) * width)
            .sum()
    }

    #[test]
    fn the_closed_form_equals_the_integral() {
        for hundredths in [0, 5, 10, 15, 30, 50, 85, 95, 100] {
            let score = score(hundredths);
            let difference = expectation(score) - by_quadrature(score);
            assert!(difference.abs() < 1e-9, "{score}: {difference}");
        }
    }

    #[test]
    fn noise_lifts_the_floor_and_lowers_the_roof() {
        let lift = NOISE / (2.0 * PI).sqrt();
        assert!((expectation(0.0) - lift).abs() < 1e-12);
        assert!((expectation(1.0) - (1.0 - lift)).abs() < 1e-12);
        assert!((expectation(0.5) - 0.5).abs() < 1e-12);
    }
}
