//! The change of the image within a second.

use super::statistics::{Moments, sum};

/// The difference between two images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Difference {
    /// Mean absolute difference, in Celsius.
    pub(super) mean_absolute: f64,
    /// Population standard deviation of the signed difference, in Celsius.
    pub(super) std_signed: f64,
}

impl Difference {
    /// The difference from the earlier to the later image.
    pub(super) fn between(earlier: &[f32], later: &[f32]) -> Self {
        let differences: Vec<_> = later
            .iter()
            .zip(earlier)
            .map(|(later, earlier)| later - earlier)
            .collect();
        let absolute = sum(&differences, |difference| f64::from(difference.abs()));
        Self {
            mean_absolute: absolute / differences.len() as f64,
            std_signed: Moments::of(&differences).std,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_changes_the_mean_and_not_the_spread() {
        let earlier = [20.0, 21.0, 22.0, 23.0];
        let check = |later: [f32; 4], mean_absolute, std_signed| {
            let expected = Difference {
                mean_absolute,
                std_signed,
            };
            assert_eq!(Difference::between(&earlier, &later), expected, "{later:?}");
        };
        check(earlier, 0.0, 0.0);
        check(earlier.map(|value| value - 2.0), 2.0, 0.0);
        check([21.0, 20.0, 23.0, 22.0], 1.0, 1.0);
    }
}
