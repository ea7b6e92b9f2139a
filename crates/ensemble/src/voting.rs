//! Ensemble weights for soft voting, computed on the validation set.

use crate::error::{DataError, Error};
use crate::metrics::Scores;
use crate::names::names;

/// The best member's weight relative to the worst is e to this power.
const SHARPNESS: f64 = 3.0;
/// Maximum number of stacking steps. Only weights of nearly equal members converge this slowly, and they hardly affect
/// the mixture.
const MAX_STEPS: usize = 5_000;

/// A method of computing ensemble weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighting {
    /// Exponential scaling of the members' metrics; see [`exponential`].
    Exponential,
    /// The weights with the lowest log-loss; see [`stacked`].
    Stacked,
}

impl Weighting {
    /// All methods.
    pub const ALL: [Self; 2] = [Self::Exponential, Self::Stacked];
}

/// The metric by which [`exponential`] weights compare members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightMetric {
    /// Area under the ROC curve.
    Auc,
    /// F1 at 1/2.
    F1,
    /// Accuracy at 1/2.
    Accuracy,
    /// Log-loss, negated.
    LogLoss,
}

impl WeightMetric {
    /// All metrics.
    pub const ALL: [Self; 4] = [Self::Auc, Self::F1, Self::Accuracy, Self::LogLoss];

    /// The metric's value in `scores`, with the sign chosen so that higher is better.
    pub fn of(self, scores: &Scores) -> f64 {
        match self {
            Self::Auc => scores.auc,
            Self::F1 => scores.f1,
            Self::Accuracy => scores.accuracy,
            Self::LogLoss => -scores.logloss,
        }
    }
}

/// Weights by exponential scaling: with metrics s (higher is better), n = (s - min) / (max - min) and w = e^(3 n), scaled
/// to sum to 1. Equal metrics get equal weights; metrics must be finite.
///
/// The worst member always has w = e⁰ and the best w = e³, however close they are; [`stacked`] is not so abrupt.
pub fn exponential(scores: &[f64]) -> Vec<f64> {
    let min = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let scaled = |score: &f64| {
        if max > min {
            libm::exp(SHARPNESS * (score - min) / (max - min))
        } else {
            1.0
        }
    };
    let weights: Vec<f64> = scores.iter().map(scaled).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

/// The weights (non-negative, sum 1) whose mixture of `members` has the lowest log-loss on `labels`.
///
/// The loss is convex in the weights. It is minimised by expectation-maximisation for mixture proportions (Dempster,
/// Laird and Rubin 1977), deterministically and starting from equal weights. `members[k][i]` is member k's probability
/// of row i.
pub fn stacked(labels: &[u8], members: &[&[f64]]) -> Result<Vec<f64>, Error> {
    for member in members {
        crate::metrics::check(labels, member)?;
    }
    let given: Vec<Vec<f64>> = members
        .iter()
        .map(|member| given_to_truth(labels, member))
        .collect();
    let mut weights = vec![1.0 / members.len() as f64; members.len()];
    for _ in 0..MAX_STEPS {
        let next = step(&given, &weights);
        let moved = next
            .iter()
            .zip(&weights)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        weights = next;
        if moved < 1e-9 {
            break;
        }
    }
    Ok(weights)
}

/// A member's probability of each row's true class, always above 0.
fn given_to_truth(labels: &[u8], member: &[f64]) -> Vec<f64> {
    let given = labels
        .iter()
        .zip(member)
        .map(|(&label, &p)| if label == 1 { p } else { 1.0 - p });
    // Avoids a division by 0 on rows where every member is certain and wrong.
    given.map(|p| p.max(1e-15)).collect()
}

/// Each member's new weight is its mean share of the mixture's probability of the true class.
fn step(given: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let rows = given.first().map_or(0, Vec::len);
    let mut shares = vec![0.0; weights.len()];
    for row in 0..rows {
        let mixture: f64 = given
            .iter()
            .zip(weights)
            .map(|(member, weight)| weight * member[row])
            .sum();
        for ((share, member), weight) in shares.iter_mut().zip(given).zip(weights) {
            *share += weight * member[row] / mixture;
        }
    }
    let sum: f64 = shares.iter().sum();
    shares.iter().map(|share| share / sum).collect()
}

/// The weighted mean of the members' probabilities; `members[k][i]` is member k's probability of row i.
pub fn mix(members: &[&[f64]], weights: &[f64]) -> Result<Vec<f64>, Error> {
    let weights = normalised(members.len(), weights)?;
    let rows = members.first().map_or(0, |member| member.len());
    if let Some(other) = members.iter().find(|member| member.len() != rows) {
        return Err(DataError::Lengths {
            rows,
            others: other.len(),
            what: "probabilities",
        }
        .into());
    }
    let of_row = |row: usize| {
        let terms = members.iter().zip(&weights);
        let sum: f64 = terms.map(|(member, weight)| weight * member[row]).sum();
        // The weights sum to 1 only up to rounding, which may push the sum above 1.
        sum.min(1.0)
    };
    Ok((0..rows).map(of_row).collect())
}

/// `weights` scaled to sum to 1. Fails unless there is one per member, finite, not negative, and not all 0.
pub(crate) fn normalised(members: usize, weights: &[f64]) -> Result<Vec<f64>, Error> {
    let sum: f64 = weights.iter().sum();
    let usable = weights.iter().all(|&weight| weight >= 0.0) && sum > 0.0 && sum.is_finite();
    if usable && weights.len() == members {
        Ok(weights.iter().map(|weight| weight / sum).collect())
    } else {
        Err(Error::Weights {
            members,
            weights: weights.to_vec(),
        })
    }
}

names!(Weighting, "weighting" { Exponential = "exponential", Stacked = "stacked" });

names!(WeightMetric, "weight metric" {
    Auc = "auc", F1 = "f1", Accuracy = "accuracy", LogLoss = "logloss"
});

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::log_loss;

    fn close(found: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(found.len(), expected.len());
        assert!(
            found
                .iter()
                .zip(expected)
                .all(|(a, b)| (a - b).abs() <= tolerance),
            "{found:?} against {expected:?}"
        );
    }

    #[test]
    fn a_mixture_of_ones_is_at_most_one() {
        let certain: [&[f64]; 3] = [&[1.0]; 3];
        assert_eq!(mix(&certain, &[0.65, 0.35, 0.2]).unwrap(), [1.0]);
    }

    #[test]
    fn exponential_weights_follow_the_formula() {
        let e = std::f64::consts::E;
        let sum = 1.0 + e.powf(1.5) + e.powi(3);
        close(
            &exponential(&[0.70, 0.72, 0.74]),
            &[1.0 / sum, e.powf(1.5) / sum, e.powi(3) / sum],
            1e-12,
        );
        close(&exponential(&[0.7, 0.7, 0.7]), &[1.0 / 3.0; 3], 1e-15);
        close(&exponential(&[-0.4]), &[1.0], 0.0);
        close(&exponential(&[]), &[], 0.0);
    }

    #[test]
    fn stacking_finds_the_useful_member() {
        let labels = [1, 0, 1, 0, 1, 1];
        let (good, bad) = (
            [0.9, 0.1, 0.8, 0.2, 0.9, 0.8],
            [0.2, 0.8, 0.3, 0.9, 0.1, 0.4],
        );
        close(
            &stacked(&labels, &[&good, &bad]).unwrap(),
            &[1.0, 0.0],
            1e-6,
        );
        close(
            &stacked(&labels, &[&good, &good]).unwrap(),
            &[0.5, 0.5],
            1e-12,
        );
        assert_eq!(
            stacked(&labels, &[&good, &[0.5]]).unwrap_err().to_string(),
            "6 rows, but 1 probabilities"
        );
    }

    #[test]
    fn no_weights_on_a_grid_beat_the_stacked_ones() {
        let labels: Vec<u8> = (0..300_u32).map(|i| u8::from(i * 37 % 100 < 45)).collect();
        let member = |phase: u32, pull: f64| -> Vec<f64> {
            let noise = |i: u32| f64::from((i * 7919 + phase * 104_729) % 1_000) / 1_000.0;
            labels
                .iter()
                .zip(0..)
                .map(|(&label, i)| pull * f64::from(label) + (1.0 - pull) * noise(i))
                .collect()
        };
        let (a, b) = (member(1, 0.3), member(2, 0.4));
        let loss = |weight: f64| {
            log_loss(&labels, &mix(&[&a, &b], &[weight, 1.0 - weight]).unwrap()).unwrap()
        };
        let best = loss(stacked(&labels, &[&a, &b]).unwrap()[0]);
        for step in 0..=100 {
            assert!(best <= loss(f64::from(step) / 100.0) + 1e-9, "at {step} %");
        }
    }

    #[test]
    fn invalid_weights_are_rejected() {
        for weights in [
            &[0.5][..],
            &[0.5, -0.1],
            &[0.0, 0.0],
            &[f64::NAN, 1.0],
            &[f64::INFINITY, 1.0],
        ] {
            assert!(
                matches!(
                    mix(&[&[0.1], &[0.2]], weights),
                    Err(Error::Weights { members: 2, .. })
                ),
                "{weights:?}"
            );
        }
        assert_eq!(mix(&[&[0.1], &[0.2]], &[3.0, 1.0]).unwrap(), [0.125]);
    }

    #[test]
    fn names_round_trip() {
        for weighting in Weighting::ALL {
            assert_eq!(
                weighting.to_string().parse::<Weighting>().unwrap(),
                weighting
            );
        }
        for metric in WeightMetric::ALL {
            assert_eq!(metric.to_string().parse::<WeightMetric>().unwrap(), metric);
        }
        let expected = "unknown weight metric `loss`; expected one of auc, f1, accuracy, logloss";
        assert_eq!(
            "loss".parse::<WeightMetric>().unwrap_err().to_string(),
            expected
        );
    }

    proptest! {
        #[test]
        fn exponential_weights_are_a_distribution(scores in prop::collection::vec(-1.0_f64..1.0, 1..6)) {
            let weights = exponential(&scores);
            prop_assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert!(weights.iter().all(|&weight| weight > 0.0));
        }
    }
}
