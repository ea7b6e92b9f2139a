//! What each training row counts: its own weight times that of its class.

use crate::matrix::Samples;
use crate::params::ClassWeight;

/// The weights of all rows.
#[derive(Debug)]
pub(crate) struct RowWeights {
    /// None if every row counts 1.
    pub(crate) each: Option<Vec<f32>>,
    /// The sums of all rows with label 0 and of all with label 1.
    pub(crate) classes: [f64; 2],
    /// Of the heaviest row.
    pub(crate) largest: f64,
}

impl RowWeights {
    /// Of the rows of `train`, in which both classes weigh something.
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

    /// How likely label 1 is against label 0, as a logarithm; finite however much one of them outweighs the other.
    pub(crate) fn log_odds(&self) -> f64 {
        libm::log(self.classes[1] / self.classes[0])
    }

    /// Of all rows.
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
            let weights = RowWeights::new(samples, class_weight);
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
