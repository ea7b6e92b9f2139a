//! The form of `report.json`. Keys are stable: later versions only add.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use alarm::AlarmTrial;
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

impl Report {
    /// The job whose model has the highest AUC on validation.
    pub(crate) fn best_job(&self) -> Option<&JobReport> {
        let auc = |job: &JobReport| job.validation.as_ref().map(|scores| scores.auc);
        let judged = self.jobs.iter().filter(|job| auc(job).is_some());
        judged.max_by(|a, b| auc(a).partial_cmp(&auc(b)).unwrap_or(Ordering::Equal))
    }

    /// What the run's model is called for people, and its figures on the test part: those of the ensemble, else of the
    /// best job.
    pub(crate) fn main_test(&self) -> Option<(&'static str, &Scores)> {
        if let Some(ensemble) = &self.ensemble {
            return Some(("ensemble", ensemble.test.as_ref()?));
        }
        Some(("best model", self.best_job()?.test.as_ref()?))
    }

    /// The same for its alarm rule.
    pub(crate) fn main_alarm(&self) -> Option<(&'static str, &AlarmTrial)> {
        if self.ensemble.is_some() {
            return Some(("ensemble", self.alarm.as_ref()?));
        }
        Some(("best model", self.best_job()?.alarm.as_ref()?))
    }

    /// Whether its rows were made here and not given.
    pub(crate) fn is_simulated(&self) -> bool {
        self.profile != "data"
    }
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
