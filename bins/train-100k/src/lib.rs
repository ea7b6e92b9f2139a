//! `train-100k`: prepares a dataset of sensor rows and creates three training jobs.
//!
//! [`run`] performs these steps, each in its own module. ARCHITECTURE.md describes the path of the
//! rows through the modules.
//!
//! 1. [`recipe`] and [`plan`]: the flags that determine a run, and the settings derived from them.
//!    [`resume`] stores the recipe in S3, so a run can be resumed by its name alone.
//! 2. [`preflight`]: all checks that need nothing to be created. `--dry-run` stops here.
//! 3. [`dataset`]: find the dataset in S3 or in the [`cache`], or make it: generate or read the
//!    [`rows`], [`partition`] them 70/15/15 without leakage, and [`audit`] the split independently.
//! 4. [`upload`]: one Parquet file per channel, and the manifest last, so a dataset without a
//!    manifest is known to be incomplete.
//! 5. [`submit`]: one training job per algorithm, named after the run. With `--wait`, [`wait`] until
//!    they end.
//!
//! `--out` needs no backend: [`out`] writes the dataset, or one [`shard`] of it, to a directory
//! ([`dataset_dir`]).
//!
//! All names are derived from the run's name, and nothing is created twice, so a run that was killed
//! at any point can be resumed. No model is trained here: the jobs run `fire-container train` on the
//! backend.

mod cli;
mod machine;
mod simulation;
mod source;

mod plan;
mod recipe;
mod resume;
mod session;

mod audit;
mod cache;
mod dataset;
mod dataset_dir;
mod download;
mod partition;
mod rows;
mod shard;

mod out;
mod preflight;
mod submit;
mod summary;
mod upload;
mod wait;

use std::time::SystemTime;

use fire_cli::{Console, Exit};
use fire_run::RunName;

pub use cli::Args;
use dataset::Dataset;
use plan::Plan;
use resume::Start;
use session::Session;

/// Runs the program with these arguments; results go to the console.
///
/// # Errors
/// Invalid input (exit code 2), a split that fails its audit (1), a backend that cannot be reached or
/// rejects a call (3); see [`fire_cli::exit_of`].
pub async fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let run = args
        .run
        .clone()
        .unwrap_or_else(|| RunName::from_time(SystemTime::now()));
    // Report invalid flags and missing files before a backend is started or called.
    let given = args.recipe.clone().with_absolute_paths()?;
    let plan = Plan::new(&run, &args.recipe)?;
    if let Some(dir) = &args.out {
        return out::write(&plan, args.shard, dir, console);
    }
    if args.run.is_none() {
        // A resumed run may have a larger volume in its recipe, so it is checked later.
        preflight::check_volume(&plan)?;
    }
    let mut session = Session::open(&args, console).await?;
    session.console.note(format!("run {run}"))?;
    let stored = resume::stored_recipe(&run, &session).await?;
    let plan = match &stored {
        Some(stored) => resume::plan(&run, stored, &given)?,
        None => plan,
    };
    session.use_role_and_image_of(&plan);
    preflight::check_volume(&plan)?;
    if !args.spending.skip_preflight {
        let report = preflight::check(&plan, &args.spending, &mut session).await?;
        if args.spending.dry_run {
            return preflight::show(&plan, &report, &mut session);
        }
    }
    session.project.ensure_bucket(&session.clients).await?;
    let start = Start {
        given: &given,
        is_new: stored.is_none(),
        resume_command: resume::command(&run, &args)?,
    };
    let dataset = find_or_make_dataset(&plan, &start, &mut session).await?;
    let manifest = upload::upload(dataset, &mut session).await?;
    let jobs = submit::submit(&plan, &manifest, &session).await?;
    let record = summary::record(manifest, jobs, &session);
    summary::keep(&record, &session.state_dir)?;
    summary::show(&record, session.console)?;
    if args.wait {
        return wait::until_ended(&record, &mut session).await;
    }
    Ok(Exit::Done)
}

/// The dataset of the plan; also stores the recipe of a new run.
async fn find_or_make_dataset(
    plan: &Plan,
    start: &Start<'_>,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Dataset> {
    let found = fire_cli::fetch_manifest(&session.clients, &session.project, &plan.run).await?;
    if let Some(manifest) = found {
        // A dataset without a recipe was made by an earlier version: `reuse` compares the flags with
        // the manifest instead, and no recipe is stored.
        session.console.notice().set(start.notice());
        return dataset::reuse(plan, manifest, start.given.names_files(), session).await;
    }
    if plan.source.samples().is_some() {
        start.begin(&plan.run, session).await?;
        return dataset::make(plan, session).await;
    }
    // Read the files first: an unusable file must not claim the run's name.
    let dataset = dataset::make(plan, session).await?;
    start.begin(&plan.run, session).await?;
    Ok(dataset)
}
