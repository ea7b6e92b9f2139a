//! The work of one call of the program, with every flag validated.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use ensemble::voting::{WeightMetric, Weighting};
use fire_run::{RunName, layout};
use sagemaker_ops::endpoint::{Capacity, Capture, Rollout};
use sagemaker_ops::scaling::Scaling;
use sagemaker_ops::{BackendKind, EndpointName, ModelName, S3Uri, VariantName};

/// The operation to perform.
#[derive(Debug)]
pub(crate) enum Command {
    /// Deploys models to an endpoint.
    Deploy(Box<Plan>),
    /// Deletes an endpoint with everything that belongs to it.
    Delete(EndpointName),
    /// Changes the traffic weights of an endpoint's variants.
    Shift(ShiftPlan),
}

/// A validated deployment; the backend has not been called yet.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) backend: BackendKind,
    pub(crate) endpoint: EndpointName,
    /// Prefix of the models' names.
    pub(crate) model_name: ModelName,
    /// At least one.
    pub(crate) variants: Vec<VariantPlan>,
    pub(crate) policy: EnsemblePolicy,
    pub(crate) serving: Serving,
    /// Tags of models, configuration and endpoint.
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) preflight: Preflight,
    /// Upper limit of the endpoint's cost, in USD per hour.
    pub(crate) max_hourly_usd: Option<f64>,
    /// How long to wait until the endpoint is in service; `None` does not wait.
    pub(crate) wait: Option<Duration>,
    /// Whether to send the probe rows.
    pub(crate) test: bool,
    /// The directory of the runs' records.
    pub(crate) state_dir: PathBuf,
    /// The run that all models come from, if there is one; the record is written to its directory.
    pub(crate) run: Option<RunName>,
    /// The command that deletes everything this deployment creates.
    pub(crate) delete_command: String,
}

/// A variant and its models; several are combined into an ensemble.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct VariantPlan {
    pub(crate) name: VariantName,
    /// Traffic weight, relative to the other variants'.
    pub(crate) weight: f64,
    pub(crate) models: Vec<S3Uri>,
}

/// How ensemble weights are chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EnsemblePolicy {
    pub(crate) weighting: Weighting,
    /// The validation metric used to compute exponential weights.
    pub(crate) metric: WeightMetric,
}

/// Instances of each variant, data capture, scaling and rollout.
#[derive(Debug, Clone)]
pub(crate) struct Serving {
    pub(crate) capacity: Capacity,
    // The record contains both even for a serverless endpoint, which has no instances.
    pub(crate) instance_type: String,
    pub(crate) instance_count: u32,
    pub(crate) capture: Option<Capture>,
    /// `None` leaves existing scaling unchanged.
    pub(crate) scaling: Option<Scaling>,
    pub(crate) rollout: Rollout,
}

/// Checks made before anything is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preflight {
    /// Nothing.
    Skip,
    /// Everything, before the deployment.
    Check,
    /// Everything; nothing is deployed.
    DryRun,
}

/// New traffic weights for the variants of an endpoint.
#[derive(Debug)]
pub(crate) struct ShiftPlan {
    pub(crate) endpoint: EndpointName,
    /// Weights by variant, relative to each other.
    pub(crate) weights: Vec<(VariantName, f64)>,
    /// How long to wait for the change; `None` does not wait.
    pub(crate) wait: Option<Duration>,
}

/// The run whose training jobs produced all these models, if there is one.
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
