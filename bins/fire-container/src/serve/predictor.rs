//! The model that answers.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use ensemble::Prepared;
use ensemble::artifact::{Artifact, MODEL_FILE};
use ensemble::explain::Explainer;
use sensor_model::{FEATURE_COUNT, fingerprint};

use super::media::Media;
use super::refusal::Refusal;

/// A loaded model, and how it answers.
#[derive(Debug)]
pub struct Predictor {
    prepared: Prepared,
    /// Laid out when it is first asked for, or why it cannot be: most endpoints are never asked.
    explainer: OnceLock<Result<Explainer, ensemble::Error>>,
    default_answer: Media,
    /// A row with the answer that was found when the model was loaded.
    probe: (Vec<f32>, f64),
}

impl Predictor {
    /// Loads `model.bin` from a model folder and checks that it knows this program's features.
    ///
    /// # Errors
    /// When the file is absent, damaged, of another version or of another schema, or when the model says something
    /// else of its own probes than when it was packed.
    pub fn load(folder: &Path) -> Result<Self> {
        let path = folder.join(MODEL_FILE);
        let shown = path.display();
        let bytes = fs::read(&path).with_context(|| format!("cannot read the model {shown}"))?;
        Self::from_bytes(&bytes).with_context(|| format!("cannot use the model {shown}"))
    }

    /// The same for the bytes of a `model.bin`.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let prepared = Prepared::new(Artifact::from_bytes(bytes, fingerprint())?);
        for probe in &prepared.artifact().probes {
            let (found, packed) = (prepared.predict_row(&probe.row), probe.probability);
            ensure!(
                (found - packed).abs() < 1e-9,
                "its probe `{}` is answered with {found}, but was with {packed} when it was packed; pack it anew",
                probe.name
            );
        }
        let row = match prepared.artifact().probes.first() {
            Some(probe) => probe.row.clone(),
            None => vec![f32::NAN; FEATURE_COUNT],
        };
        let answer = prepared.predict_row(&row);
        Ok(Self {
            probe: (row, answer),
            prepared,
            explainer: OnceLock::new(),
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

    /// Whether the model still says what it said when it was loaded.
    pub(super) fn can_predict(&self) -> bool {
        let (row, answer) = &self.probe;
        self.prepared.predict_row(row).to_bits() == answer.to_bits()
    }

    /// The form of an answer when the request does not ask for one.
    pub(super) fn default_answer(&self) -> Media {
        self.default_answer
    }

    /// The model with its threshold and ranges.
    pub(crate) fn artifact(&self) -> &Artifact {
        self.prepared.artifact()
    }

    /// The same, laid out.
    pub(crate) fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// The same, laid out to explain its answers.
    pub(super) fn explainer(&self) -> Result<&Explainer, Refusal> {
        let explainer = self
            .explainer
            .get_or_init(|| Explainer::new(self.artifact()));
        explainer
            .as_ref()
            .map_err(|error| Refusal::bad(error.to_string()))
    }
}
