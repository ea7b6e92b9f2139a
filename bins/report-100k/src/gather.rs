//! Collects what the other programs and the jobs left behind.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use ensemble::Algorithm;
use ensemble::artifact::Artifact;
use fire_cli::{DataManifest, Judged, Layout, Packed, RunName, failed, fetch_model, usage};
use sagemaker_ops::training::{Job, JobStatus};
use sagemaker_ops::{Clients, EndpointName, ErrorKind, S3Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::models::Trained;
use crate::report::{EndpointReport, EnsembleReport, JobReport, Report, SplitReport, Timings};

/// Where a run's traces are.
pub(crate) struct Source<'a> {
    pub(crate) clients: &'a Clients,
    pub(crate) layout: &'a Layout,
    /// `runs/<run>` in the state directory.
    pub(crate) records: &'a Path,
}

/// What is read of the record that `train-100k` leaves.
#[derive(Debug, Default, Deserialize)]
struct TrainRecord {
    timings_seconds: RecordedTimings,
}

/// What is read of the record that `deploy-100k` leaves.
#[derive(Debug, Deserialize)]
struct DeployRecord {
    model: RecordedModel,
    endpoint: RecordedEndpoint,
    test: Vec<Value>,
    timings_seconds: RecordedTimings,
}

#[derive(Debug, Deserialize)]
struct RecordedModel {
    model_uri: S3Uri,
}

#[derive(Debug, Deserialize)]
struct RecordedEndpoint {
    name: EndpointName,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RecordedTimings {
    generate: Option<f64>,
    split: Option<f64>,
    upload: Option<f64>,
    combine: Option<f64>,
    deploy: Option<f64>,
    test: Option<f64>,
}

/// The report with what it was made of.
pub(crate) struct Gathered {
    pub(crate) report: Report,
    pub(crate) manifest: DataManifest,
    pub(crate) trained: Vec<Trained>,
    pub(crate) ensemble: Option<Artifact>,
}

/// Collects the report of a run.
pub(crate) async fn gather(source: &Source<'_>, run: &RunName) -> anyhow::Result<Gathered> {
    let manifest = DataManifest::fetch(source.clients, source.layout, run).await?;
    let manifest = manifest.ok_or_else(|| {
        usage(anyhow!(
            "run {run} has no dataset in this bucket; `train-100k --run {run}` makes it"
        ))
    })?;
    let train: TrainRecord = record(source.records, "train.json")?.unwrap_or_default();
    let deploy: Option<DeployRecord> = record(source.records, "deploy.json")?;
    let combined: Option<DeployRecord> = record(source.records, "ensemble.json")?;
    let (mut jobs, mut trained) = (Vec::new(), Vec::new());
    let mut times = Vec::new();
    for algorithm in Algorithm::ALL {
        let name = Layout::job(run, algorithm)?;
        let job = match sagemaker_ops::training::describe(source.clients, &name).await {
            Ok(job) => job,
            // A run may have left a learner out.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        times.extend([Some(job.created), job.ended].into_iter().flatten());
        let (job, model) = job_report(source.clients, algorithm, job).await?;
        jobs.push(job);
        trained.push(model);
    }
    if jobs.is_empty() {
        return Err(usage(anyhow!(
            "run {run} has data but no training job; `train-100k --run {run}` with its other flags creates them"
        )));
    }
    let mut timings = timings(&train.timings_seconds, deploy.as_ref(), &times);
    timings.combine = combined
        .as_ref()
        .and_then(|record| record.timings_seconds.combine);
    let (ensemble, artifact, judged) = match combined {
        Some(record) => {
            let (ensemble, packed) = ensemble(source.clients, record).await?;
            (Some(ensemble), Some(packed.artifact), packed.judged)
        }
        None => (None, None, Judged::default()),
    };
    let report = Report {
        run: run.to_string(),
        backend: source.clients.kind().to_string(),
        profile: manifest.profile.clone(),
        seed: manifest.seed,
        samples: manifest.samples,
        ceiling: manifest.parts.get("test").and_then(|part| part.ceiling),
        split: split_report(&manifest)?,
        jobs,
        ensemble,
        alarm: judged.alarm,
        scenarios: judged.kinds,
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

/// Reads a record; a step that was done elsewhere has left none here.
fn record<T: DeserializeOwned>(folder: &Path, name: &str) -> anyhow::Result<Option<T>> {
    let path = folder.join(name);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let parsed = serde_json::from_slice(&bytes).with_context(|| {
        format!(
            "{} is damaged; delete it and run the step again",
            path.display()
        )
    });
    parsed.map(Some).map_err(usage)
}

/// Why a job has nothing to report, and what to do.
fn unfinished(job: &Job) -> String {
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
        "job {name} is {} ({reason}), so there is nothing to report; train another --run",
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
        _ => return Err(failed(anyhow!("{}", unfinished(&job)))),
    };
    let Packed {
        artifact, judged, ..
    } = fetch_model(clients, &uri, sensor_model::fingerprint()).await?;
    let report = JobReport {
        name: job.name.to_string(),
        algorithm,
        cost_usd: job.cost_usd(job.ended.unwrap_or(job.created)),
        status: job.status,
        instance_type: job.instance_type,
        training_seconds: job.training_seconds,
        billable_seconds: job.billable_seconds,
        validation: artifact.validation.clone(),
        test: artifact.test.clone(),
        alarm: judged.alarm,
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
) -> anyhow::Result<(EnsembleReport, Packed)> {
    let uri = record.model.model_uri;
    let packed = fetch_model(clients, &uri, sensor_model::fingerprint()).await?;
    let artifact = &packed.artifact;
    let report = EnsembleReport {
        weights: fire_cli::weights(artifact),
        threshold: artifact.threshold,
        validation: artifact.validation.clone(),
        test: artifact.test.clone(),
        model_uri: uri,
    };
    Ok((report, packed))
}

/// The endpoint as it is now, with the answers that it gave when it was deployed.
async fn endpoint(clients: &Clients, record: DeployRecord) -> anyhow::Result<EndpointReport> {
    let name = record.endpoint.name;
    let status = match sagemaker_ops::endpoint::describe(clients, &name).await {
        Ok(endpoint) => endpoint.status.to_string(),
        Err(error) if error.kind() == ErrorKind::NotFound => "Deleted".to_owned(),
        Err(error) => return Err(error.into()),
    };
    Ok(EndpointReport {
        name: name.to_string(),
        status,
        test: record.test,
    })
}

fn split_report(manifest: &DataManifest) -> anyhow::Result<SplitReport> {
    let rows = |part: &str| manifest.parts.get(part).map_or(0, |entry| entry.rows);
    Ok(SplitReport {
        train: rows("train"),
        validation: rows("validation"),
        test: rows("test"),
        groups: manifest.groups,
        audit: serde_json::to_value(&manifest.audit)?,
    })
}

/// `times` are the creations and ends of the jobs, in seconds since the epoch.
fn timings(train: &RecordedTimings, deploy: Option<&DeployRecord>, times: &[f64]) -> Timings {
    let first = times.iter().copied().reduce(f64::min);
    let last = times.iter().copied().reduce(f64::max);
    let deploy = deploy.map(|record| &record.timings_seconds);
    Timings {
        generate: train.generate,
        split: train.split,
        upload: train.upload,
        train: last.zip(first).map(|(last, first)| last - first),
        combine: None,
        deploy: deploy.and_then(|timings| timings.deploy),
        test: deploy.and_then(|timings| timings.test),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_record_is_none_and_a_damaged_one_names_itself() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            record::<TrainRecord>(folder.path(), "train.json")
                .unwrap()
                .is_none()
        );
        std::fs::write(folder.path().join("train.json"), "{\"timings_seconds\":").unwrap();
        let error = record::<TrainRecord>(folder.path(), "train.json").unwrap_err();
        assert!(
            format!("{error:#}").contains("train.json is damaged"),
            "{error:#}"
        );
    }

    #[test]
    fn training_lasts_from_the_first_creation_to_the_last_end() {
        let times = [10.0, 14.5, 10.5, 12.0];
        let timings = timings(&RecordedTimings::default(), None, &times);
        assert_eq!(timings.train, Some(4.5));
        assert_eq!(timings.combine, None);
    }
}
