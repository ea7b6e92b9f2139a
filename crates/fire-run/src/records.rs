//! The JSON files that programs write to the state directory, for other programs and for users.
//!
//! ```text
//! <state directory>/runs/<run>/train.json      TrainRecord
//! <state directory>/runs/<run>/deploy.json     DeployRecord of the last deployment
//! <state directory>/runs/<run>/ensemble.json   DeployRecord of the last ensemble
//! <state directory>/runs/<run>/report.json     Report
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use alarm::AlarmTrial;
use ensemble::Algorithm;
use ensemble::metrics::Scores;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{DataManifest, Error, RunName};

/// The record of `train-100k`.
pub const TRAIN: &str = "train.json";
/// The record of the last `deploy-100k`.
pub const DEPLOY: &str = "deploy.json";
/// The record of the last ensemble deployment; deploying a single model does not change it.
pub const ENSEMBLE: &str = "ensemble.json";
/// The record of `report-100k`.
pub const REPORT: &str = "report.json";

/// A run's dataset and training jobs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TrainRecord {
    /// The run.
    pub run: RunName,
    /// `local` or `aws`.
    pub backend: String,
    /// The dataset.
    pub dataset: DataManifest,
    /// S3 URI of the dataset's manifest.
    pub manifest_uri: String,
    /// The training jobs.
    pub jobs: Vec<JobRecord>,
    /// A command line that monitors the jobs.
    pub monitor_command: String,
    /// Duration of each step.
    pub timings_seconds: TrainTimings,
}

/// A submitted training job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobRecord {
    /// Its name.
    pub name: String,
    /// The learner it trains.
    pub algorithm: Algorithm,
    /// S3 URI of its future `model.tar.gz`.
    pub model_uri: String,
    /// False if an earlier call created it.
    pub created: bool,
}

/// Wall-clock seconds of each step; `None` if the step was not needed.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct TrainTimings {
    /// Generating or reading the rows.
    pub generate: Option<f64>,
    /// Splitting and auditing.
    pub split: Option<f64>,
    /// Writing the channels and uploading them.
    pub upload: Option<f64>,
}

/// A deployment and the endpoint's responses to its test.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeployRecord {
    /// `local` or `aws`.
    pub backend: String,
    /// The model of the first variant.
    pub model: ModelRecord,
    /// Every variant with its model and traffic weight.
    pub variants: Vec<VariantRecord>,
    /// The endpoint.
    pub endpoint: EndpointRecord,
    /// Responses to the probe rows; empty without a test.
    pub test: Vec<ProbeResponse>,
    /// A command line that deletes everything this deployment created.
    pub delete_command: String,
    /// Duration of each step.
    pub timings_seconds: DeployTimings,
}

/// The model behind an endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModelRecord {
    /// S3 URI of its `model.tar.gz`.
    pub model_uri: String,
    /// S3 URIs of the combined models; empty for the model of a single training job.
    pub combined_from: Vec<String>,
    /// Ensemble weights by algorithm; a second member of one algorithm is `<algorithm>#2`.
    pub weights: BTreeMap<String, f64>,
    /// The probability at which a row counts as fire.
    pub threshold: f64,
    /// Scores on the validation rows.
    pub validation: Option<Scores>,
    /// Scores on the test rows.
    pub test: Option<Scores>,
    /// The alarm rule and its trial.
    pub alarm: Option<AlarmTrial>,
}

/// A variant of an endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VariantRecord {
    /// Its name.
    pub name: String,
    /// Its traffic weight, relative to the other variants.
    pub weight: f64,
    /// S3 URI of its model.
    pub model_uri: String,
}

/// An endpoint as it was deployed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EndpointRecord {
    /// Its name.
    pub name: String,
    /// Its status as reported by the service, such as `InService`.
    pub status: String,
    /// Names of the SageMaker models, separated by commas.
    pub model: String,
    /// Name of the endpoint configuration.
    pub config: String,
    /// The instance type, such as `ml.t2.medium`.
    pub instance_type: String,
    /// Instances per variant.
    pub instance_count: u32,
    /// Automatic scaling of each variant; `None` if this deployment did not change it.
    pub autoscale: Option<AutoscaleRecord>,
    /// AWS list price per hour, from a dated price list.
    pub hourly_usd: Option<f64>,
}

/// Automatic scaling by load.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AutoscaleRecord {
    /// The number of instances a variant may have.
    pub instances: InstanceLimits,
    /// Target number of requests per instance and minute.
    pub target_invocations: f64,
    /// Seconds between two scale-outs; `None` means the service's default, 300.
    pub scale_out_cooldown_seconds: Option<u32>,
    /// Seconds between two scale-ins; `None` means the service's default, 300.
    pub scale_in_cooldown_seconds: Option<u32>,
}

/// The number of instances a variant may have.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct InstanceLimits {
    /// Minimum.
    pub min: u32,
    /// Maximum.
    pub max: u32,
}

/// The endpoint's response to one probe row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProbeResponse {
    /// The variant that responded.
    pub variant: Option<String>,
    /// The probe's name.
    pub name: String,
    /// The row as CSV.
    pub input: String,
    /// The predicted probability of fire.
    pub fire_probability: f64,
    /// Whether the probability is at or above the threshold.
    pub fire_detected: bool,
    /// Warnings about values that are missing or out of range compared with training.
    pub warnings: Vec<String>,
    /// Whether the row shows a fire; `None` if unknown.
    pub expected: Option<bool>,
    /// The same model's prediction, computed in process when it was packed.
    pub expected_probability: f64,
    /// Whether the response is as expected.
    pub right: bool,
}

/// Wall-clock seconds of each step; `None` if the step was not requested.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct DeployTimings {
    /// Loading, combining and storing the models.
    pub combine: Option<f64>,
    /// Creating or updating the endpoint until it is in service.
    pub deploy: Option<f64>,
    /// Sending the probe rows.
    pub test: Option<f64>,
}

/// The directory of a run's records.
pub fn directory(state_dir: &Path, run: &RunName) -> PathBuf {
    state_dir.join("runs").join(run.as_str())
}

/// Reads a record; `None` if the file is missing, because the step ran elsewhere or not at all.
///
/// # Errors
/// [`Error::File`] for a file that cannot be read, [`Error::Json`] for an invalid one.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file("read", path)(error)),
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(Error::json(path.display()))
}

/// Writes a document as indented JSON with [`write_file`].
///
/// # Errors
/// [`Error::File`] for a path that cannot be written.
pub fn write(path: &Path, document: &impl Serialize) -> Result<(), Error> {
    let bytes = serde_json::to_vec_pretty(document).map_err(Error::json(path.display()))?;
    write_file(path, &bytes)
}

/// Writes a file atomically: to a temporary file that is then renamed. Creates missing directories.
///
/// # Errors
/// [`Error::File`] for a path that cannot be written.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let replace = || {
        let dir = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir)?;
        // In the same directory, because a rename is atomic only within a file system.
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    };
    replace().map_err(Error::file("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_replaces_the_previous_one_and_leaves_no_other_file() {
        let state = tempfile::tempdir().unwrap();
        let path = directory(state.path(), &"a".parse().unwrap()).join(TRAIN);
        for value in [1, 2] {
            write(&path, &value).unwrap();
            assert_eq!(read::<i32>(&path).unwrap(), Some(value));
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_record_is_none_and_an_invalid_one_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(TRAIN);
        assert_eq!(read::<i32>(&path).unwrap(), None);
        fs::write(&path, "{\"timings_seconds\":").unwrap();
        let error = read::<i32>(&path).unwrap_err().to_string();
        assert!(error.contains("train.json is invalid"), "{error}");
    }

    #[test]
    fn a_path_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = write(&file.join("below.json"), &1).unwrap_err().to_string();
        assert!(
            error.contains("cannot write") && error.contains("below.json"),
            "{error}"
        );
    }
}
