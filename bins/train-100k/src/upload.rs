//! The dataset in S3: parts first, manifest last.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use fire_cli::{Console, Project, usage};
use fire_run::records::TrainTimings;
use fire_run::{DataManifest, layout};
use sagemaker_ops::Clients;
use sagemaker_ops::storage::Uploaded;

use crate::cache::Cache;
use crate::recipe::Recipe;
use crate::{dataset, parts};

/// Makes sure that the run's dataset is whole in S3 and returns its manifest.
///
/// A dataset that is there already is taken as it is if it was made from the same
/// recipe; else the run's name is taken and the caller must choose another. One that was generated before for another
/// run is taken from the cache.
pub(crate) async fn ensure(
    recipe: &Recipe,
    cache: &Cache,
    (clients, project): (&Clients, &Project),
    (timings, console): (&mut TrainTimings, &mut Console<'_>),
) -> anyhow::Result<DataManifest> {
    let found = fire_cli::fetch_manifest(clients, project, &recipe.run).await?;
    let generated = recipe.source.samples().is_some();
    if let (Some(found), true) = (&found, generated) {
        recipe.expect(found)?;
        console.note(format!("run {} has its data already; resuming", recipe.run))?;
        return Ok(found.clone());
    }
    if generated && let Some((manifest, folder)) = cache.find(recipe)? {
        console.note("these rows were generated before; taken from the state directory")?;
        return sent(manifest, &folder, (clients, project), (timings, console)).await;
    }
    let prepared = dataset::prepare(recipe, timings, console)?;
    if let Some(found) = found {
        same_rows(&found, &prepared.manifest)?;
        console.note(format!("run {} has its data already; resuming", recipe.run))?;
        return Ok(found);
    }
    if generated {
        let folder = cache.keep(recipe, &prepared)?;
        return sent(
            prepared.manifest,
            &folder,
            (clients, project),
            (timings, console),
        )
        .await;
    }
    let folder = tempfile::tempdir().context("no temporary folder for the parts")?;
    parts::write(&prepared, folder.path())?;
    sent(
        prepared.manifest,
        folder.path(),
        (clients, project),
        (timings, console),
    )
    .await
}

/// Sends the parts from a folder, and the manifest when all of them have arrived.
async fn sent(
    manifest: DataManifest,
    folder: &Path,
    (clients, project): (&Clients, &Project),
    (timings, console): (&mut TrainTimings, &mut Console<'_>),
) -> anyhow::Result<DataManifest> {
    let started = Instant::now();
    let run = &manifest.run;
    for &part in manifest.parts.keys() {
        let path = parts::file(folder, part);
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.context("a part's file has a plain name")?;
        let uri = project.uri(&layout::channel(run, part)).join(name);
        let bar = console.bar("upload", fs::metadata(&path)?.len());
        let mut progress = |bytes| bar.set_position(bytes);
        let sent = sagemaker_ops::storage::upload_missing(clients, &path, &uri, &mut progress);
        let (_, sent) = sent.await?;
        bar.finish_and_clear();
        console.detail(match sent {
            Uploaded::Sent => format!("uploaded {uri}"),
            Uploaded::AlreadyThere => format!("{uri} is there already"),
        })?;
    }
    let bytes = serde_json::to_vec_pretty(&manifest)?;
    sagemaker_ops::storage::put_bytes(clients, &project.uri(&layout::manifest(run)), bytes).await?;
    timings.upload = Some(started.elapsed().as_secs_f64());
    Ok(manifest)
}

fn same_rows(found: &DataManifest, wanted: &DataManifest) -> anyhow::Result<()> {
    if found.parts == wanted.parts && found.schema == wanted.schema {
        return Ok(());
    }
    Err(usage(anyhow!(
        "run {} exists with other data, another seed or other flags; give the same ones to \
         resume it, or another --run",
        found.run
    )))
}
