//! What every fitted model can say.

use crate::error::Error;
use crate::forest::OutOfBag;
use crate::learners::Model;
use crate::matrix::Matrix;
use crate::predict;

impl Model {
    /// How many columns it was trained on.
    pub fn columns(&self) -> usize {
        self.fitted().columns()
    }

    /// How many trees it holds; 0 for a logistic regression.
    pub fn trees(&self) -> usize {
        self.fitted().form().trees().len()
    }

    /// What each column has added to the model: its share of what all splits gain (forest: gini impurity; boosting: loss),
    /// summing to 1, or all 0 where no split is known. A logistic regression, which has no gains, has none.
    pub fn importances(&self) -> Option<&[f64]> {
        self.fitted().importances()
    }

    /// The training rows judged by the trees that did not see them: of a forest that was fitted with `oob_score` by
    /// this program (a model file does not keep it) and whose rows sufficed for it.
    pub fn out_of_bag(&self) -> Option<&OutOfBag> {
        self.fitted().out_of_bag()
    }

    /// The probability of class 1 for each row of `x`, which must have as many columns as the training part.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Vec<f64>, Error> {
        x.expect_columns(self.columns())?;
        let form = self.fitted().form();
        let fast = predict::probabilities(form, x);
        Ok(fast.unwrap_or_else(|| form.probabilities(x)))
    }

    /// The probability of class 1 for one row of [`columns`](Self::columns) values, NaN for missing ones.
    ///
    /// An infinite value, which a [`Matrix`] refuses, is not looked for here: the answer may be NaN.
    ///
    /// # Panics
    /// May panic on a shorter row.
    pub fn predict_row(&self, row: &[f32]) -> f64 {
        self.fitted().form().probability(row)
    }
}
