//! The form of `report.json`. Keys are stable: later versions only add.

use std::collections::BTreeMap;

use ensemble::alarm::AlarmTrial;
use ensemble::metrics::Scores;
use ensemble::{Algorithm, KindScores};
use fire_cli::Ceiling;
use sagemaker_ops::S3Uri;
use sagemaker_ops::training::JobStatus;
use serde::Serialize;
use serde_json::Value;

/// One run, from the rows to the endpoint's answers.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) run: String,
    pub(crate) backend: String,
    pub(crate) profile: String,
    pub(crate) seed: u64,
    pub(crate) samples: u64,
    pub(crate) split: SplitReport,
    pub(crate) jobs: Vec<JobReport>,
    /// `None` until an ensemble of the run was deployed.
    pub(crate) ensemble: Option<EnsembleReport>,
    /// What the best possible classifier reaches on this run's test part, where known.
    pub(crate) ceiling: Option<Ceiling>,
    /// The ensemble's alarm rule and how it did on whole episodes; `None` where there were none.
    pub(crate) alarm: Option<AlarmTrial>,
    /// The ensemble's row figures at its threshold for each kind of recording in the test part.
    pub(crate) scenarios: BTreeMap<String, KindScores>,
    /// The AUC of each feature alone on the test part.
    pub(crate) single_features: BTreeMap<String, f64>,
    pub(crate) endpoint: Option<EndpointReport>,
    pub(crate) timings_seconds: Timings,
}

/// Rows of each part, and the audit of the split.
#[derive(Debug, Serialize)]
pub(crate) struct SplitReport {
    pub(crate) train: u64,
    pub(crate) validation: u64,
    pub(crate) test: u64,
    pub(crate) groups: u64,
    pub(crate) audit: Value,
}

/// One training job and its model's figures.
#[derive(Debug, Serialize)]
pub(crate) struct JobReport {
    pub(crate) name: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) status: JobStatus,
    pub(crate) instance_type: Option<String>,
    pub(crate) training_seconds: Option<f64>,
    pub(crate) billable_seconds: Option<f64>,
    /// What the job costs on AWS at the dated list price; nothing is charged locally.
    pub(crate) cost_usd: Option<f64>,
    pub(crate) validation: Option<Scores>,
    pub(crate) test: Option<Scores>,
    /// The model's own alarm rule and how it did; `None` where there were no whole episodes.
    pub(crate) alarm: Option<AlarmTrial>,
}

/// The weighted vote of the jobs' models.
#[derive(Debug, Serialize)]
pub(crate) struct EnsembleReport {
    pub(crate) weights: BTreeMap<String, f64>,
    pub(crate) threshold: f64,
    pub(crate) validation: Option<Scores>,
    pub(crate) test: Option<Scores>,
    pub(crate) model_uri: S3Uri,
}

/// The endpoint and its answers to the probe rows.
#[derive(Debug, Serialize)]
pub(crate) struct EndpointReport {
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) test: Vec<Value>,
}

/// Wall-clock seconds of each step; `None` where no record of the step was left.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Timings {
    pub(crate) generate: Option<f64>,
    pub(crate) split: Option<f64>,
    pub(crate) upload: Option<f64>,
    pub(crate) train: Option<f64>,
    pub(crate) combine: Option<f64>,
    pub(crate) deploy: Option<f64>,
    pub(crate) test: Option<f64>,
}
