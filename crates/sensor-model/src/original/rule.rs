//! The label rule of profile `original`, and its expectation: the rule with its noise integrated out.

use std::f64::consts::{PI, SQRT_2};
use std::sync::LazyLock;

use crate::schema::Feature;

use super::laws::NOISE;

/// Score of a row in hundredths, 0 to 100.
///
/// Whole hundredths, because binary sums of 0.15 and 0.3 miss the exact value 1, where the expectation has its kink.
pub(crate) fn score_hundredths(row: &[f32]) -> u32 {
    let value = |feature: Feature| row[feature.index()];
    let above = |feature, limit| value(feature) > limit;
    let conditions = [
        (30, above(Feature::TMax, 60.0)),
        (25, above(Feature::TP95, 55.0)),
        (20, above(Feature::TMean, 40.0)),
        (20, above(Feature::THotAreaPct, 15.0)),
        (15, above(Feature::THotLargestBlobPct, 5.0)),
        (15, above(Feature::TGradMean, 8.0)),
        (15, above(Feature::TDiffMean, 12.0)),
        (25, above(Feature::GasVal, 800.0)),
        (20, above(Feature::GasDelta, 150.0)),
        (
            30,
            above(Feature::TMax, 70.0) && above(Feature::GasVal, 1000.0),
        ),
        (
            20,
            above(Feature::THotAreaPct, 20.0) && above(Feature::TGradMean, 10.0),
        ),
    ];
    let sum: u32 = conditions
        .iter()
        .filter(|(_, holds)| *holds)
        .map(|(weight, _)| weight)
        .sum();
    sum.min(100)
}

/// A score in hundredths as a number from 0 to 1.
pub(super) fn score(hundredths: u32) -> f64 {
    f64::from(hundredths) / 100.0
}

/// `E[p|x]` by the score in hundredths; the 101 possible values are computed once per process.
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
    use crate::schema::FEATURE_COUNT;

    fn check(values: &[(Feature, f32)], expected: u32) {
        let mut row = [0.0; FEATURE_COUNT];
        for &(feature, value) in values {
            row[feature.index()] = value;
        }
        assert_eq!(score_hundredths(&row), expected, "{values:?}");
    }

    #[test]
    fn each_condition_adds_its_weight_up_to_a_sum_of_one() {
        use Feature::*;
        check(&[], 0);
        check(&[(TMax, 60.0)], 0);
        check(&[(TMax, 60.1)], 30);
        check(&[(TP95, 55.5)], 25);
        check(&[(TMean, 41.0)], 20);
        check(&[(THotAreaPct, 16.0)], 20);
        check(&[(THotLargestBlobPct, 5.1)], 15);
        check(&[(TGradMean, 8.1)], 15);
        check(&[(TDiffMean, 12.1)], 15);
        check(&[(GasVal, 801.0)], 25);
        check(&[(GasDelta, 151.0)], 20);
        check(&[(TMax, 71.0), (GasVal, 1001.0)], 85);
        check(&[(THotAreaPct, 21.0), (TGradMean, 10.1)], 55);
        check(&[(TMax, 71.0), (GasVal, 1001.0), (GasDelta, 151.0)], 100);
    }

    #[test]
    fn a_missing_value_meets_no_condition() {
        check(&[(Feature::TMax, f32::NAN), (Feature::GasVal, 900.0)], 25);
    }

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
    fn noise_raises_the_minimum_and_lowers_the_maximum() {
        let lift = NOISE / (2.0 * PI).sqrt();
        assert!((expectation(0.0) - lift).abs() < 1e-12);
        assert!((expectation(1.0) - (1.0 - lift)).abs() < 1e-12);
        assert!((expectation(0.5) - 0.5).abs() < 1e-12);
    }
}
