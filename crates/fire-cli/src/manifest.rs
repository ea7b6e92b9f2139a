//! The manifest of a dataset: written last by `train-100k`, read by whoever comes later.

use std::collections::BTreeMap;

use sagemaker_ops::{Clients, ErrorKind};
use serde::{Deserialize, Serialize};
use split::Audit;

use crate::{Layout, RunName, failed};

/// What a dataset is and that it is whole: it lies beside the parts and is written last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataManifest {
    /// Version of this format; 1 is the only one so far.
    pub format: u32,
    /// The run that the dataset was made for.
    pub run: RunName,
    /// The generator's profile, or `data` for rows that were given.
    pub profile: String,
    /// The seed of generation, split and training.
    pub seed: u64,
    /// What decides the rows besides: how episodes are simulated, and which share of the training rows is.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// All rows of train, validation and test.
    pub samples: u64,
    /// Distinct sites where these are known, else distinct groups; the rows of one are never parted.
    pub groups: u64,
    /// Fingerprint of the feature schema.
    pub schema: String,
    /// The parts by name: `train`, `validation`, `test`, and `alarm-validation` and `alarm-test` where there are whole
    /// episodes for the alarm rule.
    pub parts: BTreeMap<String, PartEntry>,
    /// Largest difference between the share of a part or label and what was asked for.
    pub split_deviation: f64,
    /// How well each feature alone tells fires from the rest of the test part, as its AUC or one less it.
    #[serde(default)]
    pub single_features: BTreeMap<String, f64>,
    /// What the independent audit of the split found.
    pub audit: Audit,
}

/// One part of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartEntry {
    /// Rows in the part.
    pub rows: u64,
    /// Rows labelled as fire.
    pub positives: u64,
    /// SHA-256 over the part's rows.
    pub fingerprint: String,
    /// What the best possible classifier reaches on this part, where that is known.
    pub ceiling: Option<Ceiling>,
}

/// The figures of the best possible classifier, E\[p|x\], on the labels as drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Area under the ROC curve of E\[p|x\].
    pub auc: f64,
    /// Accuracy of E\[p|x\] > 1/2.
    pub accuracy: f64,
    /// F1 of E\[p|x\] at its best threshold.
    pub f1: f64,
}

impl DataManifest {
    /// Reads the manifest of a run; `None` when the run has no whole dataset.
    pub async fn fetch(
        clients: &Clients,
        layout: &Layout,
        run: &RunName,
    ) -> anyhow::Result<Option<Self>> {
        let uri = layout.manifest(run);
        let bytes = match sagemaker_ops::storage::get_bytes(clients, &uri).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|error| {
            failed(anyhow::Error::new(error).context(format!(
                "{uri} is not a dataset manifest that this version reads; choose another --run"
            )))
        })?;
        Ok(Some(manifest))
    }
}
