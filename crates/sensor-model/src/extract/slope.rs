//! The least-squares slope of a few samples.

/// Minimum number of samples: two always lie on a line, whatever their noise.
const MIN_SAMPLES: usize = 3;

/// Slope in units per second of the straight line closest to the samples `(seconds, value)`, oldest first.
///
/// `None` for fewer than three samples, or if they span less than half of `window_s`: a slope over the first moments
/// of a recording is mostly noise.
pub(super) fn slope(
    samples: impl Iterator<Item = (f64, f64)> + Clone,
    window_s: f64,
) -> Option<f64> {
    let (mut count, mut time, mut value) = (0_usize, 0.0, 0.0);
    let (mut first_s, mut last_s) = (None, 0.0);
    for (at, sample) in samples.clone() {
        let origin = *first_s.get_or_insert(at);
        count += 1;
        // Relative to the first sample, so that times since 1970 do not lose precision.
        time += at - origin;
        value += sample;
        last_s = at;
    }
    let origin = first_s?;
    if count < MIN_SAMPLES || last_s - origin < 0.5 * window_s {
        return None;
    }
    let (mean_time, mean_value) = (time / count as f64, value / count as f64);
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (at, sample) in samples {
        let distance = at - origin - mean_time;
        covariance += distance * (sample - mean_value);
        variance += distance * distance;
    }
    Some(covariance / variance)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(samples: &[(f64, f64)], expected: Option<f64>) {
        let found = slope(samples.iter().copied(), 10.0);
        let agree = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
            (found, expected) => found == expected,
        };
        assert!(agree, "{samples:?}: {found:?} instead of {expected:?}");
    }

    #[test]
    fn a_line_has_a_slope_but_short_or_sparse_samples_have_none() {
        check(&[], None);
        check(&[(0.0, 1.0), (10.0, 2.0)], None);
        check(&[(0.0, 1.0), (2.0, 2.0), (4.9, 3.0)], None);
        check(&[(0.0, 1.0), (2.0, 2.0), (5.0, 3.5)], Some(0.5));
        check(&[(1e9, 7.0), (1e9 + 4.0, 7.0), (1e9 + 8.0, 7.0)], Some(0.0));
        // By hand: times -4, -1, 5 around their mean, values -1, 2, -1.
        check(&[(0.0, 0.0), (3.0, 3.0), (9.0, 0.0)], Some(-3.0 / 42.0));
    }
}
