//! The parameters of a boosted tree's growth.

use super::params::BoostingParams;
use crate::best_split::Criterion;
use crate::packed::{FixedPoint, gradient, hessian};

/// The hyperparameters in the units of the packed sums.
#[derive(Debug)]
pub(super) struct TreeParams {
    scale: FixedPoint,
    pub(super) criterion: Criterion,
    pub(super) max_depth: u32,
    l2: f64,
    learning_rate: f64,
}

impl TreeParams {
    /// The parameters for gradients packed with `scale`.
    pub(super) fn new(params: &BoostingParams, scale: FixedPoint) -> Self {
        let criterion = Criterion {
            l2: params.l2 * scale.hessian,
            min_hessian: ((params.min_child_weight * scale.hessian).ceil() as u32).max(1),
            // The loss reduction is half the gain, and the gain is in the units of the packed sums.
            min_gain: 2.0 * params.gamma * scale.gradient * scale.gradient / scale.hessian,
        };
        Self {
            scale,
            criterion,
            max_depth: params.max_depth,
            l2: params.l2,
            learning_rate: params.learning_rate,
        }
    }

    /// The value of a leaf with packed sums `total`: the Newton step times the learning rate, or 0 if hessian and l2
    /// are 0.
    pub(super) fn leaf_value(&self, total: u64) -> f32 {
        let gradient = f64::from(gradient(total)) / self.scale.gradient;
        let weight = f64::from(hessian(total)) / self.scale.hessian + self.l2;
        if weight > 0.0 {
            (-self.learning_rate * gradient / weight) as f32
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::pack;

    #[test]
    fn a_leaf_value_is_the_scaled_newton_step() {
        let scale = FixedPoint::for_rows(100, 100.0, 1.0);
        let value = |l2, gradient, hessian| {
            let params = BoostingParams {
                l2,
                ..BoostingParams::default()
            };
            let (upper, lower): (f64, f64) = (gradient * scale.gradient, hessian * scale.hessian);
            f64::from(TreeParams::new(&params, scale).leaf_value(pack(upper as i32, lower as u32)))
        };
        let check = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        };
        check(value(1.0, 0.5, 0.25), -0.1 * 0.5 / 1.25);
        check(value(0.0, -1.0, 0.125), 0.1 * 1.0 / 0.125);
        check(value(0.0, 0.0, 0.0), 0.0);
    }

    #[test]
    fn limits_are_converted_to_the_units_of_the_sums() {
        let scale = FixedPoint::for_rows(100, 100.0, 1.0);
        let params = BoostingParams {
            gamma: 0.5,
            min_child_weight: 2.0,
            ..BoostingParams::default()
        };
        let criterion = TreeParams::new(&params, scale).criterion;
        assert_eq!(f64::from(criterion.min_hessian), 2.0 * scale.hessian);
        // A side with gradient 1 and hessian 1 scores 1 without a penalty, which is a loss reduction of exactly 0.5.
        assert_eq!(
            criterion.min_gain,
            scale.gradient * scale.gradient / scale.hessian
        );
        let no_limit = BoostingParams {
            min_child_weight: 0.0,
            ..BoostingParams::default()
        };
        assert_eq!(TreeParams::new(&no_limit, scale).criterion.min_hessian, 1);
    }
}
