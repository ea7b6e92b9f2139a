//! A fitted learner of any kind.

use crate::algorithm::Algorithm;
use crate::boosting::Boosting;
use crate::error::Error;
use crate::forest::{Forest, OutOfBag};
use crate::logistic::Logistic;
use crate::matrix::Matrix;
use crate::predict;
use crate::tree::Tree;

/// A fitted model; it answers with the probability of class 1.
#[derive(Debug, Clone, PartialEq)]
pub enum Model {
    /// A random forest.
    Forest(Forest),
    /// Boosted trees.
    Boosting(Boosting),
    /// A logistic regression.
    Logistic(Logistic),
}

impl Model {
    /// Which learner fitted it.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Forest(_) => Algorithm::RandomForest,
            Self::Boosting(_) => Algorithm::GradientBoosting,
            Self::Logistic(_) => Algorithm::LogisticRegression,
        }
    }

    /// How many columns it was trained on.
    pub fn columns(&self) -> usize {
        match self {
            Self::Forest(model) => model.columns,
            Self::Boosting(model) => model.columns,
            Self::Logistic(model) => model.terms.len(),
        }
    }

    /// How many trees it holds; 0 for a logistic regression.
    pub fn trees(&self) -> usize {
        self.tree_list().len()
    }

    /// Its trees; none of a logistic regression.
    pub(crate) fn tree_list(&self) -> &[Tree] {
        match self {
            Self::Forest(model) => &model.trees,
            Self::Boosting(model) => &model.trees,
            Self::Logistic(_) => &[],
        }
    }

    /// What each column has added to the model: its share of what all splits gain (forest: gini impurity; boosting: loss),
    /// summing to 1, or all 0 where no split is known. A logistic regression, which has no gains, has none.
    pub fn importances(&self) -> Option<&[f64]> {
        match self {
            Self::Forest(model) => Some(&model.importances),
            Self::Boosting(model) => Some(&model.importances),
            Self::Logistic(_) => None,
        }
    }

    /// The training rows judged by the trees that did not see them: of a forest that was fitted with `oob_score` by
    /// this program (a model file does not keep it) and whose rows sufficed for it.
    pub fn out_of_bag(&self) -> Option<&OutOfBag> {
        match self {
            Self::Forest(model) => model.out_of_bag.as_ref(),
            Self::Boosting(_) | Self::Logistic(_) => None,
        }
    }

    /// The probability of class 1 for each row of `x`, which must have as many columns as the training part.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Vec<f64>, Error> {
        x.expect_columns(self.columns())?;
        if let Some(probabilities) = predict::probabilities(self, x) {
            return Ok(probabilities);
        }
        Ok(match self {
            Self::Forest(model) => model.probabilities(x),
            Self::Boosting(model) => model.probabilities(x),
            Self::Logistic(model) => x.iter_rows().map(|row| model.probability(row)).collect(),
        })
    }

    /// The probability of class 1 for one row of [`columns`](Self::columns) values, NaN for missing ones.
    ///
    /// An infinite value, which a [`Matrix`] refuses, is not looked for here: the answer may be NaN.
    ///
    /// # Panics
    /// May panic on a shorter row.
    pub fn predict_row(&self, row: &[f32]) -> f64 {
        match self {
            Self::Forest(model) => model.probability(row),
            Self::Boosting(model) => model.probability(row),
            Self::Logistic(model) => model.probability(row),
        }
    }
}
