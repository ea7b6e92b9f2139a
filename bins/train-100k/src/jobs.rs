//! The three training jobs of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::anyhow;
use ensemble::{Algorithm, Params};
use fire_cli::{Layout, Project, RunName, usage};
use sagemaker_ops::training::{
    Channel, JobStatus, MetricDefinition, Spot, Submission, TrainingRequest,
};
use sagemaker_ops::{Clients, JobName, S3Uri};
use serde::Serialize;

use crate::job_args::Machine;

/// The parts that a job reports figures for.
const REPORTED_PARTS: [&str; 3] = ["train", "validation", "test"];

/// The figures that `fire-container` prints for each part as `part:figure=value;`.
const FIGURES: [&str; 7] = [
    "auc",
    "accuracy",
    "f1",
    "precision",
    "recall",
    "logloss",
    "brier",
];

/// What it prints in the same form of the model as a whole: the model file's size, and a forest's figures on the rows
/// that its trees did not see, where `oob_score` asks for them.
const MODEL_FIGURES: [&str; 4] = [
    "model:bytes",
    "out_of_bag:auc",
    "out_of_bag:accuracy",
    "out_of_bag:logloss",
];

/// What it prints of the alarm rule, where there are whole episodes to choose it by.
const ALARM_FIGURES: [&str; 2] = [
    "alarm-test:found_within_60s",
    "alarm-test:false_alarms_per_day",
];

/// What the three jobs of a run have in common.
pub(crate) struct Order<'a> {
    pub(crate) run: &'a RunName,
    /// The channels, by the names of their parts.
    pub(crate) parts: Vec<String>,
    pub(crate) project: &'a Project,
    pub(crate) settings: &'a BTreeMap<Algorithm, Params>,
    pub(crate) machine: Machine,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) seed: u64,
}

impl Order<'_> {
    /// What each of the jobs is created from.
    pub(crate) fn requests(&self) -> anyhow::Result<Vec<TrainingRequest>> {
        let settings = self.settings.iter();
        settings
            .map(|(algorithm, params)| request(self, *algorithm, params))
            .collect()
    }
}

/// A job of the run, and whether this call created it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SubmittedJob {
    /// The job's name.
    pub(crate) name: JobName,
    /// What it trains.
    pub(crate) algorithm: Algorithm,
    /// Where its model will be.
    pub(crate) model_uri: S3Uri,
    /// False when an earlier call had created it.
    pub(crate) created: bool,
}

/// Creates the jobs that do not exist yet.
///
/// # Errors
/// A job of that name with other hyperparameters, or a refusal of the backend.
pub(crate) async fn submit_all(
    clients: &Clients,
    order: &Order<'_>,
) -> anyhow::Result<Vec<SubmittedJob>> {
    let mut jobs = Vec::new();
    for (algorithm, params) in order.settings {
        let request = request(order, *algorithm, params)?;
        let submission = sagemaker_ops::training::submit(clients, &request).await?;
        let created = matches!(submission, Submission::Created);
        if !created {
            same_settings(clients, &request).await?;
        }
        let model_uri = order.project.layout.model_of(request.job.as_str());
        jobs.push(SubmittedJob {
            name: request.job,
            algorithm: *algorithm,
            model_uri,
            created,
        });
    }
    Ok(jobs)
}

fn request(
    order: &Order<'_>,
    algorithm: Algorithm,
    params: &Params,
) -> anyhow::Result<TrainingRequest> {
    let layout = &order.project.layout;
    let mut hyperparameters: BTreeMap<_, _> = params.entries().into_iter().collect();
    hyperparameters.insert("algorithm".to_owned(), algorithm.to_string());
    hyperparameters.insert("seed".to_owned(), order.seed.to_string());
    let run = order.run;
    let job = Layout::job(run, algorithm)?;
    let machine = &order.machine;
    let mut tags = order.tags.clone();
    tags.insert("run".to_owned(), run.to_string());
    let channels = order.parts.iter().map(|part| Channel {
        name: part.clone(),
        uri: layout.part(run, part),
        content_type: Some("application/x-parquet".to_owned()),
    });
    Ok(TrainingRequest {
        image: order.project.image.clone(),
        role: order.project.role.clone(),
        instance_type: machine.instance_type.clone(),
        instance_count: 1,
        volume_gb: machine.volume_gb,
        max_runtime_seconds: machine.max_runtime_seconds,
        spot: machine.spot_wait_seconds.map(|max_wait_seconds| Spot {
            max_wait_seconds,
            checkpoints: Some(layout.checkpoints(&job)),
        }),
        hyperparameters,
        channels: channels.collect(),
        output: layout.models(),
        metrics: metric_definitions(),
        environment: BTreeMap::new(),
        tags,
        job,
    })
}

fn metric_definitions() -> Vec<MetricDefinition> {
    let names = REPORTED_PARTS
        .iter()
        .flat_map(|part| FIGURES.iter().map(move |figure| format!("{part}:{figure}")));
    names
        .chain(MODEL_FIGURES.map(str::to_owned))
        .chain(ALARM_FIGURES.map(str::to_owned))
        .map(|name| MetricDefinition {
            regex: format!("{name}=([0-9.eE+-]+);"),
            name,
        })
        .collect()
}

async fn same_settings(clients: &Clients, request: &TrainingRequest) -> anyhow::Result<()> {
    let job = sagemaker_ops::training::describe(clients, &request.job).await?;
    let wanted = &request.hyperparameters;
    let differs = |name: &&String| job.hyperparameters.get(*name) != wanted.get(*name);
    match wanted
        .keys()
        .chain(job.hyperparameters.keys())
        .find(differs)
    {
        None => Ok(()),
        Some(name) => Err(usage(anyhow!(
            "job {} exists with {name} = {}, but {} is wanted; a job cannot be changed, so \
             give another --run",
            request.job,
            job.hyperparameters
                .get(name)
                .map_or("nothing", String::as_str),
            wanted.get(name).map_or("nothing", String::as_str),
        ))),
    }
}

/// Waits for all jobs; returns a sentence for each one that did not complete.
pub(crate) async fn wait_all(clients: &Clients, jobs: &[JobName]) -> anyhow::Result<Vec<String>> {
    let mut failures = Vec::new();
    for name in jobs {
        let job = loop {
            let job = sagemaker_ops::training::describe(clients, name).await?;
            if job.status.is_final() {
                break job;
            }
            tokio::time::sleep(pause(clients)).await;
        };
        if job.status != JobStatus::Completed {
            // A job that ran into its time limit gives no reason, but says so here.
            let reason = job.failure_reason.unwrap_or(job.secondary_status);
            failures.push(format!("job {name} is {}: {reason}", job.status));
        }
    }
    Ok(failures)
}

/// SageMaker throttles eager callers; the local server does not.
fn pause(clients: &Clients) -> Duration {
    match clients.kind() {
        sagemaker_ops::BackendKind::Local => Duration::from_millis(200),
        sagemaker_ops::BackendKind::Aws => Duration::from_secs(30),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metric_definitions_stay_within_what_sagemaker_takes() {
        let definitions = metric_definitions();
        assert_eq!(definitions.len(), 27);
        assert!(definitions.len() <= 40);
        assert_eq!(definitions[7].name, "validation:auc");
        assert_eq!(definitions[7].regex, "validation:auc=([0-9.eE+-]+);");
    }
}
