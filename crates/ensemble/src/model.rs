//! Predictions of a fitted model.

use crate::error::Error;
use crate::learners::Model;
use crate::matrix::Matrix;
use crate::predict;

impl Model {
    /// The number of trees; 0 for logistic regression.
    pub fn trees(&self) -> usize {
        self.decision_function().trees().len()
    }

    /// The probability of class 1 for each row of `x`, which must have as many columns as the training rows.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Vec<f64>, Error> {
        x.expect_columns(self.columns())?;
        let function = self.decision_function();
        let fast = predict::probabilities(function, x);
        Ok(fast.unwrap_or_else(|| function.probabilities(x)))
    }

    /// The probability of class 1 for one row of [`columns`](Self::columns) values, NaN for missing ones.
    ///
    /// Unlike [`Matrix`], this does not reject infinite values; the probability may then be NaN.
    ///
    /// # Panics
    /// May panic on a shorter row.
    pub fn predict_row(&self, row: &[f32]) -> f64 {
        self.decision_function().probability(row)
    }
}
