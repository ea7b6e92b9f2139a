//! `report.json`: the results of a run. Keys are stable: later versions only add new ones.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use alarm::AlarmTrial;
use ensemble::artifact::Artifact;
use ensemble::metrics::Scores;
use ensemble::{Algorithm, KindScores};
use serde::{Deserialize, Serialize};
use split::Audit;

use crate::BayesOptimal;
use crate::records::ProbeResponse;

/// One run, from the rows to the endpoint's responses.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    /// The run's name.
    pub run: String,
    /// `local` or `aws`.
    pub backend: String,
    /// The generator's profile, or `data` for rows supplied by the user.
    pub profile: String,
    /// The seed of generation, split and training.
    pub seed: u64,
    /// Rows in train, validation and test together.
    pub samples: u64,
    /// The split of the rows.
    pub split: SplitReport,
    /// The completed training jobs.
    pub jobs: Vec<JobReport>,
    /// The ensemble; `None` until one is deployed.
    pub ensemble: Option<EnsembleReport>,
    /// Bayes-optimal metrics on this run's test rows, if known.
    #[serde(rename = "ceiling")]
    pub bayes_optimal: Option<BayesOptimal>,
    /// The ensemble's alarm rule and its trial; `None` without whole episodes.
    pub alarm: Option<AlarmTrial>,
    /// The ensemble's scores on the test rows by kind of recording, at its threshold.
    pub scenarios: BTreeMap<String, KindScores>,
    /// The AUC of each feature alone on the test rows.
    pub single_features: BTreeMap<String, f64>,
    /// The endpoint; `None` until a model of the run is deployed.
    pub endpoint: Option<EndpointReport>,
    /// Duration of each step.
    pub timings_seconds: Timings,
}

impl Report {
    /// The job whose model has the highest AUC on validation.
    pub fn best_job(&self) -> Option<&JobReport> {
        let auc = |job: &JobReport| job.validation.as_ref().map(|scores| scores.auc);
        let evaluated = self.jobs.iter().filter(|job| auc(job).is_some());
        evaluated.max_by(|a, b| auc(a).partial_cmp(&auc(b)).unwrap_or(Ordering::Equal))
    }

    /// The display name of the run's main model (the ensemble, else the best job's model) and its
    /// scores on the test rows.
    pub fn main_test(&self) -> Option<(&'static str, &Scores)> {
        if let Some(ensemble) = &self.ensemble {
            return Some(("ensemble", ensemble.test.as_ref()?));
        }
        Some(("best model", self.best_job()?.test.as_ref()?))
    }

    /// The display name of the run's main model and its alarm rule's trial.
    pub fn main_alarm(&self) -> Option<(&'static str, &AlarmTrial)> {
        if self.ensemble.is_some() {
            return Some(("ensemble", self.alarm.as_ref()?));
        }
        Some(("best model", self.best_job()?.alarm.as_ref()?))
    }

    /// Whether the rows were simulated rather than supplied by the user.
    pub fn is_simulated(&self) -> bool {
        self.profile != "data"
    }
}

/// Row counts of the partitions and the audit of the split.
#[derive(Debug, Serialize, Deserialize)]
pub struct SplitReport {
    /// Rows for fitting models.
    pub train: u64,
    /// Rows for choosing thresholds and ensemble weights.
    pub validation: u64,
    /// Held-out rows, used for no choice.
    pub test: u64,
    /// Distinct sites or groups.
    pub groups: u64,
    /// Result of the independent audit.
    pub audit: Audit,
}

/// A training job and its model.
#[derive(Debug, Serialize, Deserialize)]
pub struct JobReport {
    /// The job's name.
    pub name: String,
    /// The learner it trained.
    pub algorithm: Algorithm,
    /// Its status as reported by the service, such as `Completed`.
    pub status: String,
    /// The instance type, such as `ml.m5.4xlarge`.
    pub instance_type: Option<String>,
    /// Seconds of downloading, training and uploading.
    pub training_seconds: Option<f64>,
    /// Seconds that AWS charges for.
    pub billable_seconds: Option<f64>,
    /// Cost on AWS at the dated list price; the local backend charges nothing.
    pub cost_usd: Option<f64>,
    /// Scores on the validation rows.
    pub validation: Option<Scores>,
    /// Scores on the test rows.
    pub test: Option<Scores>,
    /// The model's own alarm rule and its trial; `None` without whole episodes.
    pub alarm: Option<AlarmTrial>,
}

/// The models of all jobs combined by soft voting.
#[derive(Debug, Serialize, Deserialize)]
pub struct EnsembleReport {
    /// Ensemble weights by algorithm; a second member of one algorithm is `<algorithm>#2`.
    pub weights: BTreeMap<String, f64>,
    /// The probability at which a row counts as fire.
    pub threshold: f64,
    /// Scores on the validation rows.
    pub validation: Option<Scores>,
    /// Scores on the test rows.
    pub test: Option<Scores>,
    /// S3 URI of the ensemble's `model.tar.gz`.
    pub model_uri: String,
}

/// The endpoint and its responses to the probe rows.
#[derive(Debug, Serialize, Deserialize)]
pub struct EndpointReport {
    /// Its name.
    pub name: String,
    /// Its status as reported by the service, or `Deleted`.
    pub status: String,
    /// Responses recorded at deployment.
    pub test: Vec<ProbeResponse>,
}

/// Wall-clock seconds of each step; `None` if the step left no record.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Timings {
    /// Generating or reading the rows.
    pub generate: Option<f64>,
    /// Splitting and auditing.
    pub split: Option<f64>,
    /// Uploading the dataset.
    pub upload: Option<f64>,
    /// From the first job's creation to the last job's end.
    pub train: Option<f64>,
    /// Loading and combining the models.
    pub combine: Option<f64>,
    /// Creating or updating the endpoint.
    pub deploy: Option<f64>,
    /// Testing the endpoint.
    pub test: Option<f64>,
}

/// The ensemble weights of a model by algorithm; a second member of one algorithm is `<algorithm>#2`.
pub fn weights_by_algorithm(artifact: &Artifact) -> BTreeMap<String, f64> {
    let mut weights = BTreeMap::new();
    for member in &artifact.members {
        let name = member.algorithm().to_string();
        let numbered = (2..).map(|number| format!("{name}#{number}"));
        let free = std::iter::once(name.clone())
            .chain(numbered)
            .find(|candidate| !weights.contains_key(candidate));
        weights.insert(free.unwrap_or(name), member.weight);
    }
    weights
}
