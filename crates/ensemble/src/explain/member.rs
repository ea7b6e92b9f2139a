//! Explanations of one member, on its own scale and in probability.

use super::paths::{PreparedTree, Walk};
use super::quadrature::Quadrature;
use super::{Explanation, Scale};
use crate::decision_function::{self, DecisionFunction, Link};
use crate::learners::Model;
use crate::linear::{Linear, Term};
use crate::loss::sigmoid;

/// A member prepared for explanation.
#[derive(Debug)]
pub(super) enum MemberExplainer {
    Trees(Box<TreeSum>),
    Linear(Vec<Term>, f64),
}

/// A sum of trees.
#[derive(Debug)]
pub(super) struct TreeSum {
    scale: Scale,
    trees: Vec<PreparedTree>,
    /// Multiplies each leaf value.
    factor: f64,
    /// The value before the first tree.
    start: f64,
    points: Points,
}

/// A quadrature with at least half as many points as any path has features, which makes it exact.
#[derive(Debug)]
enum Points {
    Four(Quadrature<4>),
    Eight(Quadrature<8>),
    Sixteen(Quadrature<16>),
    /// For up to 255 features, the maximum.
    All(Box<Quadrature<128>>),
}

impl MemberExplainer {
    pub(super) fn new(model: &Model) -> Self {
        let columns = model.columns();
        match model.decision_function() {
            DecisionFunction::Trees(sum) => Self::Trees(Box::new(TreeSum::new(&sum, columns))),
            DecisionFunction::Linear(linear) => {
                Self::Linear(linear.terms.to_vec(), linear.intercept)
            }
        }
    }

    /// Explains the prediction for `row` on the member's own scale.
    pub(super) fn explain(&self, row: &[f32], columns: usize) -> Explanation {
        match self {
            Self::Trees(trees) => trees.explain(row, columns),
            &Self::Linear(ref terms, intercept) => Explanation {
                scale: Scale::LogOdds,
                base: intercept,
                contributions: Linear { terms, intercept }.parts(row).collect(),
            },
        }
    }
}

impl TreeSum {
    fn new(sum: &decision_function::TreeSum, columns: usize) -> Self {
        let (factor, scale) = match sum.link {
            Link::Mean(trees) => (1.0 / trees as f64, Scale::Probability),
            Link::LogOdds => (1.0, Scale::LogOdds),
        };
        let trees: Vec<_> = sum.trees.iter().map(PreparedTree::new).collect();
        let deepest = trees.iter().map(|tree| tree.depth).max().unwrap_or(0);
        Self {
            scale,
            trees,
            factor,
            start: sum.start,
            points: Points::for_columns(deepest.min(columns)),
        }
    }

    fn explain(&self, row: &[f32], columns: usize) -> Explanation {
        let expected = self.trees.iter().map(|tree| tree.expected);
        let mut contributions = vec![0.0; columns];
        match &self.points {
            Points::Four(points) => self.add(points, row, &mut contributions),
            Points::Eight(points) => self.add(points, row, &mut contributions),
            Points::Sixteen(points) => self.add(points, row, &mut contributions),
            Points::All(points) => self.add(points, row, &mut contributions),
        }
        Explanation {
            scale: self.scale,
            base: self.start + self.factor * expected.sum::<f64>(),
            contributions,
        }
    }

    fn add<const N: usize>(&self, points: &Quadrature<N>, row: &[f32], contributions: &mut [f64]) {
        let mut walk = Walk::new(points, row);
        for tree in &self.trees {
            walk.add(tree, (self.factor, &mut *contributions));
        }
    }
}

impl Points {
    fn for_columns(count: usize) -> Self {
        match count {
            0..=8 => Self::Four(Quadrature::new()),
            9..=16 => Self::Eight(Quadrature::new()),
            17..=32 => Self::Sixteen(Quadrature::new()),
            _ => Self::All(Box::new(Quadrature::new())),
        }
    }
}

impl Explanation {
    /// Converts the explanation to probability by the rescale rule.
    pub(super) fn in_probability(self) -> Self {
        if self.scale == Scale::Probability {
            return self;
        }
        let slope = mean_slope(self.base, self.output());
        Self {
            scale: Scale::Probability,
            base: sigmoid(self.base),
            contributions: self.contributions.iter().map(|part| part * slope).collect(),
        }
    }
}

/// The mean slope of the sigmoid between log-odds `a` and `b`.
fn mean_slope(a: f64, b: f64) -> f64 {
    if (b - a).abs() < 1e-6 {
        // The difference quotient would cancel; the derivative at the midpoint is accurate.
        let p = sigmoid(f64::midpoint(a, b));
        return p * (1.0 - p);
    }
    (sigmoid(b) - sigmoid(a)) / (b - a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rescaling_preserves_additivity_signs_zeros_and_ratios() {
        let check = |base: f64, contributions: [f64; 3]| {
            let exact = Explanation {
                scale: Scale::LogOdds,
                base,
                contributions: contributions.into(),
            };
            let found = exact.clone().in_probability();
            assert_eq!(
                (found.scale, found.base),
                (Scale::Probability, sigmoid(base))
            );
            let error = found.output() - sigmoid(exact.output());
            assert!(error.abs() < 1e-14, "{contributions:?}: {error:e}");
            let slope = found.contributions[0] / contributions[0];
            assert!(slope > 0.0 && slope <= 0.25 + 1e-12, "{slope}");
            for (part, exact) in found.contributions.iter().zip(contributions) {
                assert!(
                    (part - slope * exact).abs() <= 1e-15 * exact.abs().max(1e-6),
                    "{contributions:?}"
                );
            }
        };
        check(-1.0, [2.0, 0.0, -0.5]);
        check(3.0, [5.0, 5.0, 0.0]);
        // The prediction is equal to the base, or nearly so.
        check(0.5, [1.0, -1.0, 0.0]);
        check(0.5, [1.0, -1.0, 1e-9]);
        check(0.5, [1.0, -1.0, 1.1e-6]);
        check(-2.0, [1e-12, 0.0, 0.0]);
    }
}
