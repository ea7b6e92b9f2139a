//! Reads a run's files from S3 and local models; errors include the remedy.

use std::path::Path;

use anyhow::Context as _;
use ensemble::artifact::Artifact;
use fire_run::{DataManifest, JobOutput, Package, RunName, layout};
use sagemaker_ops::endpoint::ContentDigest;
use sagemaker_ops::{Clients, S3Uri, if_found, storage};

use crate::{Project, failed, usage};

/// The remedy for an archive that is not a model of this pipeline.
const REMEDY: &str = "use the model.tar.gz of a training job of this pipeline \
                      (`monitor-100k JOB --metrics` prints its URI)";

/// A downloaded model.
#[derive(Debug)]
pub struct StoredModel {
    /// The model and its evaluation.
    pub package: Package,
    /// Digest of the `model.tar.gz`.
    pub digest: ContentDigest,
}

/// Downloads a model; `schema` is the fingerprint of the feature schema that it must match.
///
/// # Errors
/// Exit code 2 if the object is not such a model, 3 if the backend fails.
pub async fn fetch_model(
    clients: &Clients,
    uri: &S3Uri,
    schema: &str,
) -> anyhow::Result<StoredModel> {
    let tar_gz = storage::get_bytes(clients, uri)
        .await
        .with_context(|| format!("cannot read a model from {uri}; {REMEDY}"))?;
    Ok(StoredModel {
        package: unpack(&tar_gz, &uri.to_string(), schema)?,
        digest: ContentDigest::of_bytes(&tar_gz),
    })
}

/// Loads a model from a local `model.tar.gz`.
///
/// # Errors
/// Exit code 2 if the file cannot be read or is not such a model.
pub fn read_artifact(path: &Path, schema: &str) -> anyhow::Result<Artifact> {
    let place = path.display().to_string();
    let tar_gz = std::fs::read(path)
        .with_context(|| format!("cannot read {place}"))
        .map_err(usage)?;
    Ok(unpack(&tar_gz, &place, schema)?.artifact)
}

fn unpack(tar_gz: &[u8], place: &str, schema: &str) -> anyhow::Result<Package> {
    use fire_run::Error::{Archive, Foreign, NoFile};
    let package = Package::unpack(tar_gz, schema);
    package.map_err(|error| {
        let message = match &error {
            Archive(_) | Foreign(_) | NoFile(_) => {
                format!("{place} is not a model of this pipeline; {REMEDY}")
            }
            _ => format!("cannot use {place}"),
        };
        usage(anyhow::Error::new(error).context(message))
    })
}

/// Downloads the predictions that a training job stored next to its model.
///
/// # Errors
/// Exit code 2 for a model without predictions, such as an ensemble.
pub async fn fetch_output(clients: &Clients, model: &S3Uri) -> anyhow::Result<JobOutput> {
    let uri = model.sibling(JobOutput::FILE);
    let tar_gz = storage::get_bytes(clients, &uri).await.with_context(|| {
        format!(
            "there are no predictions next to {model}; only models of training jobs can be combined"
        )
    })?;
    JobOutput::unpack(&tar_gz, uri.to_string())
        .with_context(|| uri.to_string())
        .map_err(usage)
}

/// Downloads the manifest of a run; `None` if the run has no complete dataset.
///
/// # Errors
/// Exit code 1 if the manifest is invalid or of another version, 3 if the backend fails.
pub async fn fetch_manifest(
    clients: &Clients,
    project: &Project,
    run: &RunName,
) -> anyhow::Result<Option<DataManifest>> {
    let uri = project.uri(&layout::manifest(run));
    let Some(bytes) = if_found(storage::get_bytes(clients, &uri).await)? else {
        return Ok(None);
    };
    let manifest = DataManifest::from_json(&bytes, &uri.to_string());
    let manifest = manifest.context("choose another run name (--run)");
    manifest.map(Some).map_err(failed)
}
