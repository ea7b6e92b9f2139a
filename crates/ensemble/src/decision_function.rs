//! How probabilities are computed. Fast prediction, explanations, the ONNX export and the check of model files know
//! these two forms and no learner by name.

use crate::linear::Linear;
use crate::loss::sigmoid;
use crate::matrix::Matrix;
use crate::tree::{self, Tree};

/// How a model computes the probability of class 1.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DecisionFunction<'a> {
    /// From the sum of the leaves that a row falls into.
    Trees(TreeSum<'a>),
    /// From the sum of a term for each column.
    Linear(Linear<'a>),
}

/// An additive model of trees; leaves are added in the order of the trees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TreeSum<'a> {
    pub(crate) trees: &'a [Tree],
    /// The value before the first tree.
    pub(crate) start: f64,
    pub(crate) link: Link,
}

/// How a sum of leaves becomes a probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Link {
    /// Leaves are probabilities, averaged over this number of trees.
    Mean(usize),
    /// Leaves are steps in log-odds.
    LogOdds,
}

impl Link {
    /// The probability for a sum of leaves.
    pub(crate) fn probability(self, sum: f64) -> f64 {
        match self {
            Self::Mean(trees) => sum / trees as f64,
            Self::LogOdds => sigmoid(sum),
        }
    }
}

impl<'a> DecisionFunction<'a> {
    /// The mean of the leaves, which hold probabilities.
    pub(crate) fn mean(trees: &'a [Tree]) -> Self {
        Self::Trees(TreeSum {
            trees,
            start: 0.0,
            link: Link::Mean(trees.len()),
        })
    }

    /// `base` and the leaves, in log-odds.
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

    /// The same for every row.
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
