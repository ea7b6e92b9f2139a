//! Hyperparameters of logistic regression.

use super::value::{PENALTY, parse, penalty};
use crate::error::Error;

/// Of a logistic regression.
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticParams {
    /// L2 penalty on the coefficients of standardised inputs: 1 / C of scikit-learn, 0 to 1e9 (default 1).
    pub l2: f64,
}

impl Default for LogisticParams {
    fn default() -> Self {
        Self { l2: 1.0 }
    }
}

impl LogisticParams {
    /// Sets what `name` names; false if it names nothing.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<bool, Error> {
        match name {
            "l2" => self.l2 = parse("l2", value, PENALTY)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn entries(&self) -> Vec<(&'static str, String)> {
        vec![("l2", self.l2.to_string())]
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        penalty("l2", self.l2)
    }
}
