//! The model file: one or more weighted members, with everything needed to use and verify them.

mod combine;
mod content;
mod extra;
mod format;
mod manifest;
mod range;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::Error;
use crate::learners::CheckedParams;
use crate::learners::{Algorithm, Model};
use crate::matrix::Matrix;
use crate::metrics::Scores;

pub use range::FeatureRange;

/// The name of the model file.
pub const MODEL_FILE: &str = "model.bin";
/// The name of the human-readable description next to it.
pub const MANIFEST_FILE: &str = "manifest.json";

/// A model that can be served: a single learner, or an ensemble with fixed weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// The fingerprint of the feature definitions.
    pub schema: String,
    /// One per feature, in column order.
    pub features: Vec<FeatureRange>,
    /// The fingerprint of the training rows.
    pub data_fingerprint: String,
    /// Probabilities of at least this are positive; chosen on the validation set.
    pub threshold: f64,
    /// At least one; the weights sum to 1.
    pub members: Vec<Member>,
    /// The ensemble's metrics on the validation set.
    pub validation: Option<Scores>,
    /// The ensemble's metrics on the test set.
    pub test: Option<Scores>,
    /// Rows with known probabilities, to check a deployed model.
    pub probes: Vec<Probe>,
    /// Values that callers store with the model, by name; see [`set_extra`](Self::set_extra).
    pub extras: BTreeMap<String, Value>,
}

/// One model of an ensemble.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// A label for display, such as the name of the training job.
    pub name: String,
    /// Its weight in the ensemble.
    pub weight: f64,
    /// The seed of the fit.
    pub seed: u64,
    /// The hyperparameters of the fit, as returned by [`Params::entries`](crate::Params::entries).
    pub hyperparameters: Vec<(String, String)>,
    /// Its own metrics on the validation set.
    pub validation: Option<Scores>,
    /// Its own metrics on the test set.
    pub test: Option<Scores>,
    /// The fitted model.
    pub model: Model,
}

/// A row whose probability is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// A label for display.
    pub name: String,
    /// One value per feature, NaN for a missing one.
    pub row: Vec<f32>,
    /// Its true class, if known for certain.
    pub expected: Option<bool>,
    /// The artifact's probability for this row.
    pub probability: f64,
}

impl Member {
    /// A member of weight 1 without metrics; `model` was fitted with `params` and `seed`.
    pub fn new(name: impl Into<String>, model: Model, params: &CheckedParams, seed: u64) -> Self {
        Self {
            name: name.into(),
            weight: 1.0,
            seed,
            hyperparameters: params.params().entries(),
            validation: None,
            test: None,
            model,
        }
    }

    /// The learner that fitted the model.
    pub fn algorithm(&self) -> Algorithm {
        self.model.algorithm()
    }
}

impl Artifact {
    /// An artifact of `members`, whose weights must sum to 1. `schema` is the fingerprint of the definition of
    /// `features`.
    ///
    /// The threshold is 1/2, the data fingerprint is empty, and there are no metrics, probes or extras.
    pub fn new(
        schema: impl Into<String>,
        features: Vec<FeatureRange>,
        members: Vec<Member>,
    ) -> Self {
        Self {
            schema: schema.into(),
            features,
            data_fingerprint: String::new(),
            threshold: 0.5,
            members,
            validation: None,
            test: None,
            probes: Vec::new(),
            extras: BTreeMap::new(),
        }
    }

    /// The ensemble's probability for each row of `x`, which must have one column per feature.
    pub fn predict_proba(&self, x: &Matrix) -> Result<Vec<f64>, Error> {
        x.expect_columns(self.features.len())?;
        let mut totals = vec![0.0; x.rows()];
        for member in &self.members {
            for (total, p) in totals.iter_mut().zip(member.model.predict_proba(x)?) {
                *total += member.weight * p;
            }
        }
        Ok(totals.into_iter().map(|total| total.min(1.0)).collect())
    }

    /// The ensemble's probability for one row: the weighted mean of the members' probabilities.
    ///
    /// # Panics
    /// May panic on a row with fewer values than there are features.
    pub fn predict_row(&self, row: &[f32]) -> f64 {
        let weighted = self
            .members
            .iter()
            .map(|member| member.weight * member.model.predict_row(row));
        // The weights sum to 1 only up to rounding, which may push the mean above 1.
        weighted.sum::<f64>().min(1.0)
    }

    /// Each member's own probability for one row, in the members' order.
    ///
    /// # Panics
    /// May panic on a row with fewer values than there are features.
    pub fn members_row(&self, row: &[f32]) -> Vec<f64> {
        self.members
            .iter()
            .map(|member| member.model.predict_row(row))
            .collect()
    }

    /// Sets each probe's probability to this artifact's prediction.
    pub fn predict_probes(&mut self) {
        let probabilities: Vec<f64> = self
            .probes
            .iter()
            .map(|probe| self.predict_row(&probe.row))
            .collect();
        for (probe, probability) in self.probes.iter_mut().zip(probabilities) {
            probe.probability = probability;
        }
    }
}
