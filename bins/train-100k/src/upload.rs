//! Uploads a dataset to S3: channels first, manifest last.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use fire_run::{DataManifest, layout};
use sagemaker_ops::storage::{self, Uploaded};

use crate::dataset::{Dataset, Place};
use crate::dataset_dir;
use crate::session::Session;

/// Uploads a dataset unless it is already in S3, and returns its manifest.
///
/// # Errors
/// Exit code 3 for a backend that fails.
pub(crate) async fn upload(
    dataset: Dataset,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<DataManifest> {
    match &dataset.place {
        Place::S3 => {}
        Place::Cache(dir) => upload_dir(&dataset.manifest, dir, session).await?,
        Place::Temporary(dir) => {
            upload_dir(&dataset.manifest, dir.path(), session).await?;
        }
    }
    Ok(dataset.manifest)
}

async fn upload_dir(
    manifest: &DataManifest,
    dir: &Path,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let run = &manifest.run;
    for &channel in manifest.parts.keys() {
        let path = dataset_dir::file(dir, channel);
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.context("the file name of a channel must be valid UTF-8")?;
        let uri = session
            .project
            .uri(&layout::channel(run, channel))
            .join(name);
        let bar = session.console.bar("upload", fs::metadata(&path)?.len());
        let mut progress = |bytes| bar.set_position(bytes);
        let uploaded = storage::upload_missing(&session.clients, &path, &uri, &mut progress);
        let (_, uploaded) = uploaded.await?;
        bar.finish_and_clear();
        session.console.detail(match uploaded {
            Uploaded::Sent => format!("uploaded {uri}"),
            Uploaded::AlreadyThere => format!("{uri} is already there"),
        })?;
    }
    // Last: a dataset with a manifest is complete.
    let bytes = serde_json::to_vec_pretty(manifest)?;
    let uri = session.project.uri(&layout::manifest(run));
    storage::put_bytes(&session.clients, &uri, bytes).await?;
    session.timings.upload = Some(started.elapsed().as_secs_f64());
    Ok(())
}
