//! The three training jobs of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::anyhow;
use ensemble::{Algorithm, Params};
use fire_cli::{Project, usage};
use fire_run::metrics::Definition;
use fire_run::records::JobRecord;
use fire_run::{Channel, RunName, layout};
use sagemaker_ops::training::{
    Channel as InputChannel, JobStatus, MetricDefinition, Spot, Submission, TrainingRequest,
};
use sagemaker_ops::{Clients, JobName};

use crate::job_args::Machine;

/// What the three jobs of a run have in common.
pub(crate) struct Order<'a> {
    pub(crate) run: &'a RunName,
    pub(crate) channels: Vec<Channel>,
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

/// Creates the jobs that do not exist yet.
///
/// # Errors
/// A job of that name with other hyperparameters, or a refusal of the backend.
pub(crate) async fn submit_all(
    clients: &Clients,
    order: &Order<'_>,
) -> anyhow::Result<Vec<JobRecord>> {
    let mut jobs = Vec::new();
    for (algorithm, params) in order.settings {
        let request = request(order, *algorithm, params)?;
        let submission = sagemaker_ops::training::submit(clients, &request).await?;
        let created = matches!(submission, Submission::Created);
        if !created {
            same_settings(clients, &request).await?;
        }
        let model_uri = order.project.uri(&layout::model(request.job.as_str()));
        jobs.push(JobRecord {
            name: request.job.to_string(),
            algorithm: *algorithm,
            model_uri: model_uri.to_string(),
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
    let project = order.project;
    let mut hyperparameters: BTreeMap<_, _> = params.entries().into_iter().collect();
    hyperparameters.insert("algorithm".to_owned(), algorithm.to_string());
    hyperparameters.insert("seed".to_owned(), order.seed.to_string());
    let run = order.run;
    let job: JobName = layout::job(run, algorithm).parse()?;
    let machine = &order.machine;
    let mut tags = order.tags.clone();
    tags.insert("run".to_owned(), run.to_string());
    let channels = order.channels.iter().map(|&channel| InputChannel {
        name: channel.to_string(),
        uri: project.uri(&layout::channel(run, channel)),
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
            checkpoints: Some(project.uri(&layout::checkpoints(job.as_str()))),
        }),
        hyperparameters,
        channels: channels.collect(),
        output: project.uri(&layout::models()),
        metrics: metric_definitions(),
        environment: BTreeMap::new(),
        tags,
        job,
    })
}

fn metric_definitions() -> Vec<MetricDefinition> {
    let definitions = fire_run::metrics::definitions().into_iter();
    definitions
        .map(|Definition { name, regex }| MetricDefinition { name, regex })
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
