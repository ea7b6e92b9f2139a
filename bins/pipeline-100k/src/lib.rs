//! Runs the whole pipeline, from data generation to a deployed endpoint.
//!
//! `pipeline-100k` runs `train-100k`, `monitor-100k`, `deploy-100k` and `report-100k` in turn and
//! stops at the first failure; on success it prints useful follow-up commands. Steps exchange
//! data through the run's records in the state directory, exactly as when the commands are run by
//! hand.
//!
//! Each step is a separate process, not a call to the program's `run()`:
//!
//! - Every command line that is printed can be copied and run as is, or with a flag changed.
//! - Training may hold a million rows in memory, which is released when its process exits.
//! - This program links neither polars nor a learner, so it builds in seconds.
//!
//! The drawback is that the programs must be installed together: they are looked up next to this
//! one, then on the PATH. [`steps`] builds the command lines, [`process`] runs them, and [`next`]
//! prints the follow-up commands.

mod next;
mod process;
mod steps;

use std::process::Stdio;
use std::time::{Instant, SystemTime};

use clap::Parser;
use fire_cli::{CommonArgs, Console, EXIT_CODES, Exit};
use fire_run::RunName;
use fire_run::records::{self, TRAIN, TrainRecord};

use steps::Steps;

const EXAMPLES: &str = "\
Examples:
  pipeline-100k
  pipeline-100k --samples 20000 --alarm-hours 1 --run quick
  pipeline-100k --run quick --output json | jq .ensemble.test.auc";

/// Run the whole pipeline: generate data, train, monitor, deploy, test, report.
#[derive(Debug, Clone, Parser)]
#[command(name = "pipeline-100k", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Args {
    /// Backend and output.
    #[command(flatten)]
    pub common: CommonArgs,

    /// Rows to generate [default: 100000]
    #[arg(long)]
    pub samples: Option<u64>,

    /// Random seed for data generation, splitting and training [default: 42]
    #[arg(long)]
    pub seed: Option<u64>,

    /// Data generator profile [default: as in train-100k]
    #[arg(long)]
    pub profile: Option<String>,

    /// Hours of simulated data in each of the two held-out sets used to choose and evaluate the
    /// alarm rule [default: as in train-100k]
    #[arg(long)]
    pub alarm_hours: Option<f64>,

    /// Name of the run; naming an existing one resumes it [default: current time]
    #[arg(long, value_name = "NAME")]
    pub run: Option<RunName>,

    /// Commit of the source code, for the report's "How to reproduce"
    #[arg(long, env = "FIRE_COMMIT", value_name = "COMMIT")]
    pub commit: Option<String>,
}

/// Runs the steps and returns the exit status of the first step that fails.
///
/// # Errors
/// A program that cannot be started, an invalid record (exit code 2), or a local server that does
/// not respond when the follow-up commands are printed (3).
pub async fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let run = args
        .run
        .clone()
        .unwrap_or_else(|| RunName::from_time(SystemTime::now()));
    let steps = Steps::new(&args, &run)?;
    let resume = next::resume(&args, &run)?;
    console.notice().set(format!("Resume with: {resume}"));

    // With JSON, standard output is reserved for the report, which includes the other steps' results.
    let stdout = if console.is_json() {
        Stdio::null
    } else {
        Stdio::inherit
    };
    let exit = process::run_step(steps.train(&args), stdout(), console).await?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    let record = steps.dir().join(TRAIN);
    let record: TrainRecord = records::read(&record)?
        .ok_or_else(|| anyhow::anyhow!("train-100k did not write {}", record.display()))?;
    for step in [steps.monitor(&record.jobs), steps.deploy(&record.jobs)] {
        let exit = process::run_step(step, stdout(), console).await?;
        if exit != Exit::Done {
            return Ok(exit);
        }
    }
    let report = steps.report(args.commit.as_deref());
    let exit = process::run_step(report, Stdio::inherit(), console).await?;
    if exit == Exit::Done && !console.is_json() {
        console.say(format!("ran in {:.1} s", started.elapsed().as_secs_f64()))?;
        next::say(&args.common, steps.dir(), &record.jobs, console).await?;
    }
    Ok(exit)
}
