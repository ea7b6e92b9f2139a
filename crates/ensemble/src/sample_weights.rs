//! The effective weight of each training row: its sample weight times its class weight.

use crate::hyperparameters::{Range, Value};
use crate::matrix::Samples;
use crate::names::names;

/// `none`, or `balanced` to give both classes the same total weight, as in scikit-learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassWeight {
    /// Sample weights are used unchanged.
    None,
    /// Each row's weight is multiplied by the total weight of all rows divided by twice that of its class. Predicted
    /// probabilities are then those of a population with as many positives as negatives.
    Balanced,
}

impl ClassWeight {
    /// The accepted values.
    pub(crate) const RANGE: Range = Range::Words("none or balanced");

    /// The factors for labels 0 and 1, whose total weights are `sums`; both are above 0.
    fn factors(self, sums: [f64; 2]) -> [f64; 2] {
        match self {
            Self::None => [1.0; 2],
            Self::Balanced => sums.map(|sum| (sums[0] + sums[1]) / (2.0 * sum)),
        }
    }
}

impl Value for ClassWeight {
    fn is_in(&self, _: Range) -> bool {
        true
    }
}

names!(ClassWeight, "class weight" { None = "none", Balanced = "balanced" });

/// The weights of all training rows.
#[derive(Debug)]
pub(crate) struct SampleWeights {
    /// The weight of each row; `None` if all are 1.
    pub(crate) each: Option<Vec<f32>>,
    /// The total weights of the rows with label 0 and with label 1.
    pub(crate) classes: [f64; 2],
    /// The largest weight of a row.
    pub(crate) largest: f64,
}

impl SampleWeights {
    /// The weights of the rows of `train`, in which both classes have a total weight above 0.
    pub(crate) fn new(train: &Samples, class_weight: ClassWeight) -> Self {
        let own = train.class_weights();
        let factors = class_weight.factors(own);
        let classes = [own[0] * factors[0], own[1] * factors[1]];
        if train.weights().is_none() && class_weight == ClassWeight::None {
            return Self {
                each: None,
                classes,
                largest: 1.0,
            };
        }
        let factor = |label: u8| factors[usize::from(label)] as f32;
        let each: Vec<f32> = match train.weights() {
            None => train.y().iter().map(|&label| factor(label)).collect(),
            Some(weights) => {
                let pairs = train.y().iter().zip(weights);
                pairs
                    .map(|(&label, weight)| factor(label) * weight)
                    .collect()
            }
        };
        Self {
            largest: f64::from(each.iter().copied().fold(0.0, f32::max)),
            classes,
            each: Some(each),
        }
    }

    /// The weighted log-odds of label 1.
    pub(crate) fn log_odds(&self) -> f64 {
        // Not via p / (1 - p), which is infinite if one class far outweighs the other.
        libm::log(self.classes[1] / self.classes[0])
    }

    /// The total weight of all rows.
    pub(crate) fn total(&self) -> f64 {
        self.classes[0] + self.classes[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;

    #[test]
    fn own_weights_and_class_weights_multiply() {
        let values = [0.0; 4];
        let samples = Samples::new(Matrix::new(&values, 1).unwrap(), &[0, 0, 0, 1]).unwrap();
        let weighted = samples.weighted(&[1.0, 2.0, 3.0, 2.0]).unwrap();
        let check = |samples, class_weight, each: Option<Vec<f32>>, odds: f64| {
            let weights = SampleWeights::new(samples, class_weight);
            assert_eq!(
                (&weights.each, weights.log_odds()),
                (&each, libm::log(odds))
            );
        };
        check(&samples, ClassWeight::None, None, 1.0 / 3.0);
        check(
            &weighted,
            ClassWeight::None,
            Some(vec![1.0, 2.0, 3.0, 2.0]),
            1.0 / 3.0,
        );
        let balanced = vec![2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 2.0];
        check(&samples, ClassWeight::Balanced, Some(balanced), 1.0);
    }
}
