//! How models compute probabilities. Fast prediction, explanations, ONNX export and model file validation depend only
//! on these two forms, not on individual learners.

use crate::linear::Linear;
use crate::loss::sigmoid;
use crate::matrix::Matrix;
use crate::tree::{self, Tree};

/// The form in which a model computes the probability of class 1.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DecisionFunction<'a> {
    /// From the sum of the leaf values of a row.
    Trees(TreeSum<'a>),
    /// From a sum with one term per feature.
    Linear(Linear<'a>),
}

/// An additive model of trees; leaf values are added in tree order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TreeSum<'a> {
    pub(crate) trees: &'a [Tree],
    /// The value before the first tree.
    pub(crate) start: f64,
    pub(crate) link: Link,
}

/// Converts a sum of leaf values to a probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Link {
    /// Leaf values are probabilities, averaged over this number of trees.
    Mean(usize),
    /// Leaf values are steps in log-odds.
    LogOdds,
}

impl Link {
    /// The probability for a sum of leaf values.
    pub(crate) fn probability(self, sum: f64) -> f64 {
        match self {
            Self::Mean(trees) => sum / trees as f64,
            Self::LogOdds => sigmoid(sum),
        }
    }
}

impl<'a> DecisionFunction<'a> {
    /// The mean of leaf values that are probabilities.
    pub(crate) fn mean(trees: &'a [Tree]) -> Self {
        Self::Trees(TreeSum {
            trees,
            start: 0.0,
            link: Link::Mean(trees.len()),
        })
    }

    /// `base` plus leaf values, in log-odds.
    pub(crate) fn log_odds(base: f64, trees: &'a [Tree]) -> Self {
        Self::Trees(TreeSum {
            trees,
            start: base,
            link: Link::LogOdds,
        })
    }

    /// The trees; empty for a linear model.
    pub(crate) fn trees(self) -> &'a [Tree] {
        match self {
            Self::Trees(sum) => sum.trees,
            Self::Linear(_) => &[],
        }
    }

    /// The probability of class 1 for one row.
    pub(crate) fn probability(self, row: &[f32]) -> f64 {
        match self {
            Self::Trees(TreeSum { trees, start, link }) => {
                link.probability(tree::sum_leaves(trees, start, row))
            }
            Self::Linear(linear) => linear.probability(row),
        }
    }

    /// The probability of class 1 for every row of `x`.
    pub(crate) fn probabilities(self, x: &Matrix) -> Vec<f64> {
        match self {
            Self::Trees(TreeSum { trees, start, link }) => {
                let sums = tree::sum_leaves_of_all(trees, start, x);
                sums.into_iter().map(|sum| link.probability(sum)).collect()
            }
            Self::Linear(linear) => x.iter_rows().map(|row| linear.probability(row)).collect(),
        }
    }
}
