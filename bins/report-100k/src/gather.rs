//! Collects the results of the other programs and of the training jobs.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use ensemble::Algorithm;
use ensemble::artifact::Artifact;
use fire_cli::{Project, failed, fetch_model, usage};
use fire_run::metrics::Evaluation;
use fire_run::records::{self, DeployRecord, TrainRecord};
use fire_run::report::{
    EndpointReport, EnsembleReport, JobReport, Report, SplitReport, Timings, weights_by_algorithm,
};
use fire_run::{Channel, DataManifest, Package, RunName, layout};
use sagemaker_ops::training::{Job, JobStatus};
use sagemaker_ops::{Clients, EndpointName, if_found};
use serde::de::DeserializeOwned;

use crate::models::Trained;

/// The locations of all runs' files.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) clients: &'a Clients,
    pub(crate) project: &'a Project,
    pub(crate) state_dir: &'a Path,
}

/// The report and the data it was built from.
pub(crate) struct Gathered {
    pub(crate) report: Report,
    pub(crate) manifest: DataManifest,
    pub(crate) trained: Vec<Trained>,
    pub(crate) ensemble: Option<Artifact>,
}

/// Collects the report of a run.
///
/// # Errors
/// A run without dataset or jobs (exit code 2), or with a job that has not completed (1).
pub(crate) async fn gather(source: &Source<'_>, run: &RunName) -> anyhow::Result<Gathered> {
    let manifest = fire_cli::fetch_manifest(source.clients, source.project, run).await?;
    let manifest = manifest.ok_or_else(|| {
        usage(anyhow!(
            "run {run} has no dataset in this bucket; `train-100k --run {run}` creates it"
        ))
    })?;
    let dir = records::directory(source.state_dir, run);
    let train: Option<TrainRecord> = read_record(&dir, records::TRAIN)?;
    let deploy: Option<DeployRecord> = read_record(&dir, records::DEPLOY)?;
    let combined: Option<DeployRecord> = read_record(&dir, records::ENSEMBLE)?;
    let (mut jobs, mut trained) = (Vec::new(), Vec::new());
    let mut times = Vec::new();
    for algorithm in Algorithm::ALL {
        let name = layout::job(run, algorithm).parse()?;
        let job = sagemaker_ops::training::describe(source.clients, &name).await;
        // A run may train only some of the learners.
        let Some(job) = if_found(job)? else { continue };
        times.extend([Some(job.created), job.ended].into_iter().flatten());
        let (job, model) = job_report(source.clients, algorithm, job).await?;
        jobs.push(job);
        trained.push(model);
    }
    if jobs.is_empty() {
        return Err(usage(anyhow!(
            "run {run} has a dataset but no training jobs; `train-100k --run {run}` creates them"
        )));
    }
    let mut timings = timings(train.as_ref(), deploy.as_ref(), &times);
    timings.combine = combined
        .as_ref()
        .and_then(|record| record.timings_seconds.combine);
    let (ensemble, artifact, evaluation) = match combined {
        Some(record) => {
            let (ensemble, packed) = ensemble(source.clients, record).await?;
            (Some(ensemble), Some(packed.artifact), packed.evaluation)
        }
        None => (None, None, Evaluation::default()),
    };
    let report = Report {
        run: run.to_string(),
        backend: source.clients.kind().to_string(),
        profile: manifest.profile.clone(),
        seed: manifest.seed,
        samples: manifest.samples,
        bayes_optimal: manifest
            .parts
            .get(&Channel::Test)
            .and_then(|part| part.bayes_optimal),
        split: split_report(&manifest),
        jobs,
        ensemble,
        alarm: evaluation.alarm,
        scenarios: evaluation.kinds,
        single_features: manifest.single_features.clone(),
        endpoint: match deploy {
            Some(record) => Some(endpoint(source.clients, record).await?),
            None => None,
        },
        timings_seconds: timings,
    };
    Ok(Gathered {
        report,
        manifest,
        trained,
        ensemble: artifact,
    })
}

/// Reads a record; `None` for a step that ran on another machine or not at all.
fn read_record<T: DeserializeOwned>(dir: &Path, name: &str) -> anyhow::Result<Option<T>> {
    let found = records::read(&dir.join(name));
    found
        .context("delete it and run the step again")
        .map_err(usage)
}

/// The message for a job without results, with a remedy.
fn not_completed(job: &Job) -> String {
    let name = &job.name;
    if !job.status.is_final() {
        return format!(
            "job {name} is still {}; `monitor-100k {name} --wait` waits for it",
            job.status
        );
    }
    let reason = job
        .failure_reason
        .as_deref()
        .unwrap_or(&job.secondary_status);
    format!(
        "job {name} is {} ({reason}), so it has no results; train again with another --run",
        job.status
    )
}

async fn job_report(
    clients: &Clients,
    algorithm: Algorithm,
    job: Job,
) -> anyhow::Result<(JobReport, Trained)> {
    let uri = match (&job.status, &job.model_uri) {
        (JobStatus::Completed, Some(uri)) => uri.clone(),
        _ => return Err(failed(anyhow!("{}", not_completed(&job)))),
    };
    let Package {
        artifact,
        evaluation,
    } = fetch_model(clients, &uri, sensor_model::fingerprint())
        .await?
        .package;
    let report = JobReport {
        name: job.name.to_string(),
        algorithm,
        cost_usd: job.cost_usd(job.ended.unwrap_or(job.created)),
        status: job.status.to_string(),
        instance_type: job.instance_type,
        training_seconds: job.training_seconds,
        billable_seconds: job.billable_seconds,
        validation: artifact.validation.clone(),
        test: artifact.test.clone(),
        alarm: evaluation.alarm,
    };
    let name = algorithm.to_string();
    Ok((
        report,
        Trained {
            name,
            uri,
            artifact,
        },
    ))
}

async fn ensemble(
    clients: &Clients,
    record: DeployRecord,
) -> anyhow::Result<(EnsembleReport, Package)> {
    let uri = record.model.model_uri;
    let stored = fetch_model(clients, &uri.parse()?, sensor_model::fingerprint()).await?;
    let packed = stored.package;
    let artifact = &packed.artifact;
    let report = EnsembleReport {
        weights: weights_by_algorithm(artifact),
        threshold: artifact.threshold,
        validation: artifact.validation.clone(),
        test: artifact.test.clone(),
        model_uri: uri,
    };
    Ok((report, packed))
}

/// The endpoint with its current status and its test responses from the deployment.
async fn endpoint(clients: &Clients, record: DeployRecord) -> anyhow::Result<EndpointReport> {
    let name: EndpointName = record.endpoint.name.parse()?;
    let found = if_found(sagemaker_ops::endpoint::describe(clients, &name).await)?;
    let status = found.map_or("Deleted".to_owned(), |found| found.status.to_string());
    Ok(EndpointReport {
        name: name.to_string(),
        status,
        test: record.test,
    })
}

fn split_report(manifest: &DataManifest) -> SplitReport {
    SplitReport {
        train: manifest.rows(Channel::Train),
        validation: manifest.rows(Channel::Validation),
        test: manifest.rows(Channel::Test),
        groups: manifest.groups,
        audit: manifest.audit.clone(),
    }
}

/// `times` are the creation and end times of the jobs, in Unix seconds.
fn timings(train: Option<&TrainRecord>, deploy: Option<&DeployRecord>, times: &[f64]) -> Timings {
    // The jobs run in parallel, so their durations cannot be added up.
    let first = times.iter().copied().reduce(f64::min);
    let last = times.iter().copied().reduce(f64::max);
    let prepared = train
        .map(|record| record.timings_seconds)
        .unwrap_or_default();
    let deployed = deploy
        .map(|record| record.timings_seconds)
        .unwrap_or_default();
    Timings {
        generate: prepared.generate,
        split: prepared.split,
        upload: prepared.upload,
        train: last.zip(first).map(|(last, first)| last - first),
        combine: None,
        deploy: deployed.deploy,
        test: deployed.test,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn training_time_spans_the_first_creation_to_the_last_end() {
        let timings = timings(None, None, &[10.0, 14.5, 10.5, 12.0]);
        assert_eq!(timings.train, Some(4.5));
        assert_eq!(timings.combine, None);
    }
}
