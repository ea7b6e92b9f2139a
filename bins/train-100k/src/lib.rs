//! `train-100k`: from sensor rows to three training jobs.
//!
//! The steps, each in its own module:
//!
//! 1. [`preflight`]: whatever can be found wrong before anything is created or
//!    spent; `--dry-run` stops there;
//! 2. [`dataset`]: simulate or draw [`rows`] (or read files) by a [`recipe`], deal them
//!    70/15/15 without leakage ([`divide`]) and audit that independently; whole
//!    episodes for the alarm rule lie beside the parts. What was generated stays in
//!    a [`cache`]; with `--out` it goes to a folder of [`parts`], whole or one
//!    [`shard`] of it;
//! 3. [`upload`]: one Parquet file per part, and the manifest last, so that a
//!    dataset without a manifest is known to be a torn one;
//! 4. [`jobs`]: one training job per algorithm, named after the run.
//!
//! Every name follows from the run's name and nothing is created twice, so calling
//! `train-100k --run NAME` again resumes a run that was killed at any point.
//! Nothing is trained here: the jobs run `fire-container train` on the backend.

mod cli;
mod recipe;
mod remote;
mod simulation;

mod dataset;
mod divide;
mod rows;
mod shard;

mod cache;
mod out;
mod parts;
mod upload;

mod job_args;
mod jobs;
mod preflight;
mod summary;

use std::time::{Instant, SystemTime};

use fire_cli::{Console, Exit, Project};
use fire_run::RunName;
use fire_run::records::TrainTimings;
use sagemaker_ops::Clients;

use cache::Cache;
pub use cli::Args;
pub use job_args::JobArgs;
pub use shard::Shard;
pub use simulation::EpisodeArgs;
use summary::Summary;

/// Does what the arguments say; results go to the console.
///
/// # Errors
/// Wrong input (exit code 2), a split that fails its audit (1), a backend that
/// refuses (3); see [`fire_cli::exit_of`].
pub async fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let settings = args.settings()?;
    let run = RunName::given_or_stamped(args.run.clone(), SystemTime::now());
    let recipe = args.recipe(&run)?;
    if let Some(folder) = &args.out {
        remote::refuse(&recipe)?;
        return out::write(&recipe, (args.shard, folder), console);
    }
    preflight::volume(recipe.source.samples(), args.jobs.volume_gb)?;
    let clients = args.common.connect(console).await?;
    let project = Project::planned(&args.project, &clients).await?;
    console.note(format!("run {run}"))?;
    let mut order = jobs::Order {
        run: &run,
        channels: recipe.source.channels(),
        project: &project,
        settings: &settings,
        machine: args.jobs.machine()?,
        tags: args.jobs.tags()?,
        seed: recipe.seed,
    };
    if !args.spending.skip_preflight {
        let checked = preflight::check(&clients, &order, &args.spending, console).await?;
        if args.spending.dry_run {
            return preflight::say(&checked, &order, console);
        }
    }
    project.ensure_bucket(&clients).await?;
    console.notice().set(format!(
        "Nothing is lost; resume with: {}",
        args.resume_command(&run)?
    ));
    let mut timings = TrainTimings::default();
    let cache = Cache::of(&args.common.state_dir()?);
    let (recipe, _kept) = remote::fetched(&recipe, &clients, console).await?;
    let output = (&mut timings, &mut *console);
    let manifest = upload::ensure(&recipe, &cache, (&clients, &project), output).await?;
    order.channels = manifest.parts.keys().copied().collect();
    let jobs = jobs::submit_all(&clients, &order).await?;
    let summary = Summary::new(&args, &project, (manifest, jobs), timings)?;
    summary.record(&args.common.state_dir()?)?;
    summary.say(console)?;
    console.json(&summary.0)?;
    if args.wait {
        wait(&clients, &summary, console).await
    } else {
        Ok(Exit::Done)
    }
}

async fn wait(
    clients: &Clients,
    summary: &Summary,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    console.notice().set(format!(
        "The jobs go on; watch them with: {}",
        summary.0.monitor_command
    ));
    let started = Instant::now();
    let failures = jobs::wait_all(clients, &summary.job_names()?).await?;
    for failure in &failures {
        console.warn(failure)?;
    }
    if !failures.is_empty() {
        console.warn(format!(
            "a job's name cannot be used twice: correct the cause (a time limit: --max-runtime) \
             and give another --run; for the end of a failed job's log: {}",
            summary.0.monitor_command
        ))?;
    }
    console.note(format!(
        "all jobs ended after {:.1} s",
        started.elapsed().as_secs_f64()
    ))?;
    Ok(if failures.is_empty() {
        Exit::Done
    } else {
        Exit::WorkFailed
    })
}
