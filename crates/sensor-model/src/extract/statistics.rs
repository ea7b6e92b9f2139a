//! Mean, standard deviation and maximum of an image.

/// Number of parallel sums: in a single one, each addition would wait for the previous one.
const LANES: usize = 8;

/// Mean and population standard deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moments {
    pub(super) mean: f64,
    pub(super) std: f64,
}

impl Moments {
    /// Mean and standard deviation of at least one value.
    ///
    /// In double precision and two passes, because the spread of a calm scene is small compared with its temperature.
    pub(super) fn of(values: &[f32]) -> Self {
        let count = values.len() as f64;
        let mean = sum(values, f64::from) / count;
        let squares = sum(values, |value| {
            let distance = f64::from(value) - mean;
            distance * distance
        });
        Self {
            mean,
            std: (squares / count).sqrt(),
        }
    }
}

/// Sum of a function of each value, in an order that depends only on their number.
pub(super) fn sum(values: &[f32], term: impl Fn(f32) -> f64) -> f64 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += term(value);
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|&value| term(value)).sum::<f64>()
}

/// The maximum of the values; negative infinity if there are none.
pub(super) fn maximum(values: &[f32]) -> f32 {
    let higher = |a: f32, b: f32| if a > b { a } else { b };
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = higher(value, *lane);
        }
    }
    lanes
        .iter()
        .chain(rest)
        .fold(f32::NEG_INFINITY, |highest, &value| higher(value, highest))
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the expected values are exact")]
mod tests {
    use super::*;

    #[test]
    fn moments_by_hand() {
        let moments = Moments::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0, 5.0]);
        assert_eq!(moments.mean, 5.0);
        assert!((moments.std - (32.0_f64 / 9.0).sqrt()).abs() < 1e-12);
        assert_eq!(maximum(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0, 5.0]), 9.0);
        assert_eq!(maximum(&[-2.0, -4.0]), -2.0);
    }

    #[test]
    fn equal_values_have_no_spread_and_their_own_mean() {
        let moments = Moments::of(&vec![21.37; 19_200]);
        assert_eq!(moments.mean as f32, 21.37);
        assert!(moments.std < 1e-9, "{}", moments.std);
    }
}
