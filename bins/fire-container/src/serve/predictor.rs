//! The model that answers.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use ensemble::Matrix;
use ensemble::artifact::{Artifact, MODEL_FILE};
use sensor_model::{FEATURE_COUNT, fingerprint};

use super::media::Media;

/// A loaded model, and how it answers.
pub struct Predictor {
    artifact: Artifact,
    default_answer: Media,
}

impl Predictor {
    /// Loads `model.fire` from a model folder and checks that it knows this program's features.
    ///
    /// # Errors
    /// When the file is absent, damaged, of another version or of another schema.
    pub fn load(folder: &Path) -> Result<Self> {
        let path = folder.join(MODEL_FILE);
        let shown = path.display();
        let bytes = fs::read(&path).with_context(|| format!("cannot read the model {shown}"))?;
        let artifact = Artifact::from_bytes(&bytes, fingerprint())
            .with_context(|| format!("cannot use the model {shown}"))?;
        Ok(Self {
            artifact,
            default_answer: Media::Json,
        })
    }

    /// Answers in JSON Lines by default, as a batch transform needs one line per row.
    #[must_use]
    pub fn for_batches(self) -> Self {
        Self {
            default_answer: Media::JsonLines,
            ..self
        }
    }

    /// The form of an answer when the request does not ask for one.
    pub(super) fn default_answer(&self) -> Media {
        self.default_answer
    }

    /// The model with its threshold and ranges.
    pub(super) fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    /// The probability of fire of each row.
    pub(super) fn probabilities(&self, values: &[f32]) -> Result<Vec<f64>, ensemble::Error> {
        self.artifact
            .predict_proba(&Matrix::new(values, FEATURE_COUNT)?)
    }
}
