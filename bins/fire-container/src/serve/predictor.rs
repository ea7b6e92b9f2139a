//! The model behind the endpoint.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use ensemble::Prepared;
use ensemble::artifact::{Artifact, MODEL_FILE};
use ensemble::explain::Explainer;
use sensor_model::{FEATURE_COUNT, fingerprint};

use super::media::Media;
use super::rejection::Rejection;

/// A loaded model, ready to predict.
#[derive(Debug)]
pub struct Predictor {
    prepared: Prepared,
    /// Built on first use, because most endpoints never explain; an error if the model cannot be explained.
    explainer: OnceLock<Result<Explainer, ensemble::Error>>,
    default_media: Media,
    /// A row and its prediction at load time.
    probe: (Vec<f32>, f64),
}

impl Predictor {
    /// Loads `model.bin` from a model directory and checks that it was trained on this program's features.
    ///
    /// # Errors
    /// If the file is missing, invalid, of another version or of another schema, or if the prediction for one of the
    /// model's probes differs from the one stored when the model was packed.
    pub fn load(dir: &Path) -> Result<Self> {
        let path = dir.join(MODEL_FILE);
        let shown = path.display();
        let bytes = fs::read(&path).with_context(|| format!("cannot read the model {shown}"))?;
        Self::from_bytes(&bytes).with_context(|| format!("cannot use the model {shown}"))
    }

    /// Loads a model from the bytes of a `model.bin`.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let prepared = Prepared::new(Artifact::from_bytes(bytes, fingerprint())?);
        for probe in &prepared.artifact().probes {
            let (found, packed) = (prepared.predict_row(&probe.row), probe.probability);
            // Not bit for bit: the model may have been packed on another machine.
            ensure!(
                (found - packed).abs() < 1e-9,
                "its prediction for the probe `{}` is {found}, but was {packed} when it was packed; pack it again",
                probe.name
            );
        }
        let row = match prepared.artifact().probes.first() {
            Some(probe) => probe.row.clone(),
            None => vec![f32::NAN; FEATURE_COUNT],
        };
        let prediction = prepared.predict_row(&row);
        Ok(Self {
            probe: (row, prediction),
            prepared,
            explainer: OnceLock::new(),
            default_media: Media::Json,
        })
    }

    /// Makes JSON Lines the default response format, because a batch transform needs one line per row.
    #[must_use]
    pub fn for_batches(self) -> Self {
        Self {
            default_media: Media::JsonLines,
            ..self
        }
    }

    /// Whether the model still gives the prediction it gave when it was loaded.
    pub(super) fn can_predict(&self) -> bool {
        let (row, prediction) = &self.probe;
        self.prepared.predict_row(row).to_bits() == prediction.to_bits()
    }

    /// The media type of the response when the request has no `Accept`.
    pub(super) fn default_media(&self) -> Media {
        self.default_media
    }

    /// The artifact, with its threshold and feature ranges.
    pub(crate) fn artifact(&self) -> &Artifact {
        self.prepared.artifact()
    }

    /// The model in the layout for fast prediction.
    pub(crate) fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// The model in the layout for explanations; 400 if it cannot be explained.
    pub(super) fn explainer(&self) -> Result<&Explainer, Rejection> {
        let explainer = self
            .explainer
            .get_or_init(|| Explainer::new(self.artifact()));
        explainer
            .as_ref()
            .map_err(|error| Rejection::bad(error.to_string()))
    }
}
