//! How answers come about. Prediction at speed, explanations, the export and the check of model files know these two
//! forms and no learner by its name.

use crate::linear::Linear;
use crate::loss::sigmoid;
use crate::matrix::Matrix;
use crate::tree::{self, Tree};

/// How a model comes by the probability of class 1.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form<'a> {
    /// From the leaves that a row falls into.
    Trees(TreeSum<'a>),
    /// From a term for each column.
    Linear(Linear<'a>),
}

/// Leaves that are added up in the order of their trees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TreeSum<'a> {
    pub(crate) trees: &'a [Tree],
    /// What the leaves are added to.
    pub(crate) start: f64,
    pub(crate) link: Link,
}

/// What makes a probability of a sum of leaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Link {
    /// Leaves are probabilities: their mean over so many trees.
    Mean(usize),
    /// Leaves are steps in log-odds.
    LogOdds,
}

impl Link {
    /// The probability that belongs to a sum of leaves.
    pub(crate) fn probability(self, sum: f64) -> f64 {
        match self {
            Self::Mean(trees) => sum / trees as f64,
            Self::LogOdds => sigmoid(sum),
        }
    }
}

impl<'a> Form<'a> {
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

    /// Its trees; none of a linear model.
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
