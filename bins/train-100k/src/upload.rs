//! The dataset in S3: parts first, manifest last.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use fire_cli::{Console, DataManifest, Project, usage};
use sagemaker_ops::Clients;
use sensor_model::Rows;
use split::Part;

use crate::dataset::{self, Prepared, Recipe, Source};
use crate::summary::Timings;

/// The name of a part's only file.
const PART_FILE: &str = "part-00000.parquet";

/// Makes sure that the run's dataset is whole in S3 and returns its manifest.
///
/// A dataset that is there already is taken as it is if it was made from the same
/// recipe; else the run's name is taken and the caller must choose another.
pub(crate) async fn ensure(
    recipe: &Recipe,
    (clients, project): (&Clients, &Project),
    timings: &mut Timings,
    console: &mut Console<'_>,
) -> anyhow::Result<DataManifest> {
    let found = DataManifest::fetch(clients, &project.layout, &recipe.run).await?;
    if let Some(found) = &found
        && let Source::Generated { samples, .. } = recipe.source
    {
        same_recipe(found, recipe, samples)?;
        console.note(format!("run {} has its data already; resuming", recipe.run))?;
        return Ok(found.clone());
    }
    let prepared = dataset::prepare(recipe, timings, console)?;
    if let Some(found) = found {
        same_rows(&found, &prepared.manifest)?;
        console.note(format!("run {} has its data already; resuming", recipe.run))?;
        return Ok(found);
    }
    let started = Instant::now();
    send(&prepared, (clients, project), console).await?;
    timings.upload = Some(started.elapsed().as_secs_f64());
    Ok(prepared.manifest)
}

/// Writes the parts and their manifest to a folder, laid out as in S3.
pub(crate) fn write_folder(prepared: &Prepared, folder: &Path) -> anyhow::Result<()> {
    let manifest = folder.join("manifest.json");
    // An older dataset's manifest must not vouch for parts that are being replaced.
    match fs::remove_file(&manifest) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot replace {}", manifest.display()));
        }
        _ => {}
    }
    for (part, rows) in &prepared.parts {
        write_part(folder, *part, rows)?;
    }
    fire_cli::write_json(&manifest, &prepared.manifest)
}

fn write_part(folder: &Path, part: Part, rows: &Rows) -> anyhow::Result<PathBuf> {
    let folder = folder.join(part.to_string());
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    let path = folder.join(PART_FILE);
    sensor_model::write_rows(&path, rows)?;
    Ok(path)
}

async fn send(
    prepared: &Prepared,
    (clients, project): (&Clients, &Project),
    console: &mut Console<'_>,
) -> anyhow::Result<()> {
    let run = &prepared.manifest.run;
    let folder = tempfile::tempdir().context("no temporary folder for the parts")?;
    for (part, rows) in &prepared.parts {
        let path = write_part(folder.path(), *part, rows)?;
        let uri = project.layout.part(run, &part.to_string()).join(PART_FILE);
        let bar = console.bar("upload", fs::metadata(&path)?.len());
        let mut sent = |bytes| bar.set_position(bytes);
        sagemaker_ops::storage::upload_file(clients, &path, &uri, &mut sent).await?;
        bar.finish_and_clear();
        console.detail(format!("uploaded {uri}"))?;
    }
    let manifest = serde_json::to_vec_pretty(&prepared.manifest)?;
    sagemaker_ops::storage::put_bytes(clients, &project.layout.manifest(run), manifest).await?;
    Ok(())
}

fn same_recipe(found: &DataManifest, recipe: &Recipe, samples: u64) -> anyhow::Result<()> {
    let wanted = (
        recipe.source.name(),
        recipe.seed,
        samples,
        sensor_model::fingerprint(),
    );
    let stored = (
        found.profile.clone(),
        found.seed,
        found.samples,
        found.schema.as_str(),
    );
    if wanted == stored {
        return Ok(());
    }
    Err(usage(anyhow!(
        "run {} exists with --profile {} --seed {} --samples {}; give these to resume it, \
         or another --run",
        found.run,
        found.profile,
        found.seed,
        found.samples
    )))
}

fn same_rows(found: &DataManifest, wanted: &DataManifest) -> anyhow::Result<()> {
    if found.parts == wanted.parts && found.schema == wanted.schema {
        return Ok(());
    }
    Err(usage(anyhow!(
        "run {} exists with other data or another seed; give the same --data and --seed to \
         resume it, or another --run",
        found.run
    )))
}
