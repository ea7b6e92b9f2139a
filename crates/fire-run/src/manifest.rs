//! The manifest of a dataset.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use split::Audit;

use crate::{Channel, Error, RunName};

/// `manifest.json`: the contents of a dataset. It is written after all channels, so a dataset with a
/// manifest is complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataManifest {
    /// Version of this format; 1 is the only one so far.
    pub format: u32,
    /// The run that the dataset was made for.
    pub run: RunName,
    /// The generator's profile, or `data` for rows supplied by the user.
    pub profile: String,
    /// The seed of generation, split and training.
    pub seed: u64,
    /// All other settings that determine the rows: how episodes are simulated, and the simulated
    /// share of the training rows.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Rows in train, validation and test together.
    pub samples: u64,
    /// Distinct sites if known, else distinct groups; the split keeps each in one partition.
    pub groups: u64,
    /// Fingerprint of the feature schema.
    pub schema: String,
    /// Contents by channel. The alarm channels exist only for datasets with whole episodes.
    pub parts: BTreeMap<Channel, PartEntry>,
    /// Largest difference between the actual and the requested share of a partition or label.
    pub split_deviation: f64,
    /// How well each feature alone separates the two classes of the test partition: the larger of
    /// its AUC and 1 − AUC.
    #[serde(default)]
    pub single_features: BTreeMap<String, f64>,
    /// Result of the independent audit of the split.
    pub audit: Audit,
}

/// The contents of one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartEntry {
    /// Number of rows.
    pub rows: u64,
    /// Rows labelled as fire.
    pub positives: u64,
    /// SHA-256 over the rows.
    pub fingerprint: String,
    /// Bayes-optimal metrics on these rows, if known.
    #[serde(rename = "ceiling")]
    pub bayes_optimal: Option<BayesOptimal>,
}

/// Metrics of the Bayes-optimal classifier, E\[p|x\], on the labels as drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BayesOptimal {
    /// Area under the ROC curve of E\[p|x\].
    pub auc: f64,
    /// Accuracy of E\[p|x\] > 1/2.
    pub accuracy: f64,
    /// F1 of E\[p|x\] at its best threshold.
    pub f1: f64,
}

impl DataManifest {
    /// Its file name, in S3 and in a dataset's directory.
    pub const FILE: &str = "manifest.json";

    /// Reads a manifest; `location` names it in errors.
    ///
    /// # Errors
    /// [`Error::Json`] if it is not a manifest of this version.
    pub fn from_json(bytes: &[u8], location: &str) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(Error::json(location))
    }

    /// Rows in one channel; 0 if the dataset lacks it.
    pub fn rows(&self, channel: Channel) -> u64 {
        self.parts.get(&channel).map_or(0, |part| part.rows)
    }
}
