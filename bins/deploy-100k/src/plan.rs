//! What one call of the program has to do: every flag checked and in its final form.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use ensemble::voting::{WeightMetric, Weighting};
use fire_run::{RunName, layout};
use sagemaker_ops::endpoint::{Capacity, Capture, Rollout};
use sagemaker_ops::scaling::Scaling;
use sagemaker_ops::{BackendKind, EndpointName, ModelName, S3Uri, VariantName};

/// What the program does.
#[derive(Debug)]
pub(crate) enum Command {
    /// Puts models behind an endpoint.
    Deploy(Box<Plan>),
    /// Deletes an endpoint with everything that belongs to it.
    Delete(EndpointName),
    /// Changes how the variants of an endpoint share its requests.
    Shift(ShiftPlan),
}

/// A deployment before any call to the backend.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) backend: BackendKind,
    pub(crate) endpoint: EndpointName,
    /// What the names of the models start with.
    pub(crate) model_name: ModelName,
    /// At least one.
    pub(crate) variants: Vec<VariantPlan>,
    pub(crate) policy: EnsemblePolicy,
    pub(crate) serving: Serving,
    /// Tags of models, configuration and endpoint.
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) preflight: Preflight,
    /// The most that the endpoint may cost, in USD an hour.
    pub(crate) max_hourly_usd: Option<f64>,
    /// How long to wait until the endpoint is in service; `None` does not wait.
    pub(crate) wait: Option<Duration>,
    /// Whether to send the probe rows.
    pub(crate) test: bool,
    /// Where records are kept.
    pub(crate) state_dir: PathBuf,
    /// The run that all models come from, if it is one: it gets the record.
    pub(crate) run: Option<RunName>,
    /// The command that removes everything that this deployment creates.
    pub(crate) delete_command: String,
}

/// A variant and the models that it is made of; several are combined into an ensemble.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct VariantPlan {
    pub(crate) name: VariantName,
    /// Its share of the requests, relative to the other variants'.
    pub(crate) weight: f64,
    pub(crate) models: Vec<S3Uri>,
}

/// How the ensemble weights are found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EnsemblePolicy {
    pub(crate) weighting: Weighting,
    /// The validation metric that exponential weights follow.
    pub(crate) metric: WeightMetric,
}

/// What serves each variant, and how that changes.
#[derive(Debug, Clone)]
pub(crate) struct Serving {
    pub(crate) capacity: Capacity,
    // The record states both even for a serverless endpoint, which has no instances.
    pub(crate) instance_type: String,
    pub(crate) instance_count: u32,
    pub(crate) capture: Option<Capture>,
    /// `None` leaves the scaling as it is.
    pub(crate) scaling: Option<Scaling>,
    pub(crate) rollout: Rollout,
}

/// What is checked before anything is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preflight {
    /// Nothing.
    Skip,
    /// Everything, before the deployment.
    Check,
    /// Everything, and the program ends there.
    DryRun,
}

/// New shares of the variants behind an endpoint.
#[derive(Debug)]
pub(crate) struct ShiftPlan {
    pub(crate) endpoint: EndpointName,
    /// Weights by variant, relative to each other.
    pub(crate) weights: Vec<(VariantName, f64)>,
    /// How long to wait for the change; `None` does not wait.
    pub(crate) wait: Option<Duration>,
}

/// The one run whose training jobs left these models, if there is one.
pub(crate) fn run_of(models: &[S3Uri]) -> Option<RunName> {
    let mut runs = models.iter().map(|uri| {
        let job = uri.key().rsplit('/').nth(2)?;
        layout::run_of_job(job).ok()
    });
    let first = runs.next()??;
    runs.all(|run| run.as_ref() == Some(&first))
        .then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_is_known_if_all_models_come_from_it() {
        let check = |jobs: &[&str], expected: Option<&str>| {
            let uri = |job: &&str| {
                let uri = format!("s3://bucket-of-models/p/models/{job}/output/model.tar.gz");
                uri.parse().unwrap()
            };
            let uris: Vec<S3Uri> = jobs.iter().map(uri).collect();
            let run = run_of(&uris).map(String::from);
            assert_eq!(run.as_deref(), expected, "{jobs:?}");
        };
        check(&["flir-scd41-rf-100k-a", "flir-scd41-lr-100k-a"], Some("a"));
        check(&["flir-scd41-rf-100k-a", "flir-scd41-lr-100k-b"], None);
        check(&["model-name"], None);
        check(&[], None);
    }
}
