//! Finds the dataset of a plan in S3 or in the cache, or makes it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use fire_cli::{Console, usage};
use fire_run::DataManifest;
use fire_run::records::TrainTimings;
use tempfile::TempDir;

use crate::audit::{self, Audited};
use crate::cache::Cache;
use crate::download;
use crate::folder;
use crate::partition;
use crate::plan::Plan;
use crate::rows;
use crate::session::Session;
use crate::source::Source;

/// A complete, audited dataset and the location of its files.
pub(crate) struct Dataset {
    pub(crate) manifest: DataManifest,
    pub(crate) place: Place,
}

/// Where the files of a dataset are.
pub(crate) enum Place {
    /// In S3, under the run's name; nothing needs uploading.
    S3,
    /// In the cache.
    Cache(PathBuf),
    /// In a temporary directory, deleted with this value.
    Temporary(TempDir),
}

/// Reuses the run's dataset in S3.
///
/// If this call names data files, they are read again and compared with the dataset; a run that is
/// resumed by its name alone no longer needs them.
///
/// # Errors
/// Exit code 2 for a dataset of another plan, which means that the run's name is taken.
pub(crate) async fn reuse(
    plan: &Plan,
    manifest: DataManifest,
    compare_files: bool,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Dataset> {
    if plan.source.samples().is_some() {
        check_same_plan(plan, &manifest)?;
    } else if compare_files {
        let local = download::download(plan, session).await?;
        let expected = make_in_memory(&local.plan, &mut session.timings, session.console)?.manifest;
        check_same_rows(&manifest, &expected)?;
    }
    session.console.note(format!(
        "run {} already has its dataset; resuming",
        plan.run
    ))?;
    Ok(Dataset {
        manifest,
        place: Place::S3,
    })
}

/// Finds the rows in the cache, or generates or reads, splits and audits them.
///
/// # Errors
/// Those of [`make_in_memory`], and files that cannot be written.
pub(crate) async fn make(plan: &Plan, session: &mut Session<'_, '_>) -> anyhow::Result<Dataset> {
    if plan.source.samples().is_none() {
        // Files are not cached: they are read faster than generated, and they are on disk already.
        let local = download::download(plan, session).await?;
        let made = make_in_memory(&local.plan, &mut session.timings, session.console)?;
        let folder =
            tempfile::tempdir().context("cannot create a temporary directory for the dataset")?;
        folder::write(&made, folder.path())?;
        return Ok(Dataset {
            manifest: made.manifest,
            place: Place::Temporary(folder),
        });
    }
    let cache = Cache::of(&session.state_dir);
    if let Some((manifest, folder)) = cache.find(plan)? {
        session
            .console
            .note("using the same rows from the cache in the state directory")?;
        return Ok(Dataset {
            manifest,
            place: Place::Cache(folder),
        });
    }
    let made = make_in_memory(plan, &mut session.timings, session.console)?;
    let folder = cache.keep(plan, &made)?;
    Ok(Dataset {
        manifest: made.manifest,
        place: Place::Cache(folder),
    })
}

/// Generates or reads the rows, splits them and audits the split. All files must be local.
///
/// # Errors
/// Exit code 2 for a file that cannot be read as rows or too few rows to split, 1 for a split that
/// fails its audit.
pub(crate) fn make_in_memory(
    plan: &Plan,
    timings: &mut TrainTimings,
    console: &Console<'_>,
) -> anyhow::Result<Audited> {
    check_files_exist(plan)?;
    let started = Instant::now();
    let (partitions, generated) = if let Source::Folder(folder) = &plan.source {
        (folder::read(folder)?, started.elapsed().as_secs_f64())
    } else {
        let drawn = rows::draw(plan, console)?;
        let generated = started.elapsed().as_secs_f64();
        (partition::partition(plan, drawn)?, generated)
    };
    let audited = audit::audit(plan, partitions)?;
    timings.generate = Some(generated);
    timings.split = Some(started.elapsed().as_secs_f64() - generated);
    Ok(audited)
}

/// The files may be missing if a run is resumed on another machine.
fn check_files_exist(plan: &Plan) -> anyhow::Result<()> {
    let (flag, paths): (&str, Vec<&Path>) = match &plan.source {
        Source::Files { files, .. } => ("--data", files.iter().map(PathBuf::as_path).collect()),
        Source::Folder(folder) => ("--parts", vec![folder.as_path()]),
        Source::Original { .. } | Source::Episodes { .. } => return Ok(()),
    };
    match paths.into_iter().find(|path| !path.exists()) {
        None => Ok(()),
        Some(path) => Err(usage(anyhow!(
            "{flag} {} is not on this machine, and the dataset of run {} is not complete in S3; \
             resume the run where the files are, or give another --run",
            path.display(),
            plan.run
        ))),
    }
}

/// Rejects a dataset that was generated by another plan.
fn check_same_plan(plan: &Plan, found: &DataManifest) -> anyhow::Result<()> {
    let source = &plan.source;
    let same = found.profile == source.profile()
        && found.seed == plan.seed
        && source.samples() == Some(found.samples)
        && found.schema == sensor_model::fingerprint();
    let settings = source.settings();
    let differs = |name: &&String| settings.get(*name) != found.settings.get(*name);
    let other = settings.keys().chain(found.settings.keys()).find(differs);
    if same && other.is_none() {
        return Ok(());
    }
    let setting = other.map(|name| {
        let value = found.settings.get(name).map_or("nothing", String::as_str);
        format!(" and {name} = {value}")
    });
    Err(usage(anyhow!(
        "run {} exists with --profile {} --seed {} --samples {}{}; give these to resume it, or another --run",
        found.run,
        found.profile,
        found.seed,
        found.samples,
        setting.unwrap_or_default()
    )))
}

/// Rejects a dataset with other rows.
fn check_same_rows(found: &DataManifest, expected: &DataManifest) -> anyhow::Result<()> {
    if found.parts == expected.parts && found.schema == expected.schema {
        return Ok(());
    }
    Err(usage(anyhow!(
        "run {} exists, but its files have changed, or it was started with another seed or other flags; \
         resume it by its name alone, or give another --run",
        found.run
    )))
}

#[cfg(test)]
mod tests;
