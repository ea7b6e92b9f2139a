//! `pipeline-100k`: one run from the rows to the endpoint.
//!
//! It calls `train-100k`, `monitor-100k`, `deploy-100k` and `report-100k` in turn, stops at the
//! first that fails, and then prints the commands that a user may want next. What one step needs
//! from another comes from the run's records in the state directory, as for a person who types
//! the commands.
//!
//! The steps are processes, not calls of the programs' `run()`:
//!
//! - What is printed is what can be typed. Each step shows its command line first, and a user who
//!   wants to change one flag of it copies that line.
//! - The million rows that training may hold are freed when that step ends.
//! - This program links neither polars nor a learner, so it builds in seconds.
//!
//! The price is that the programs must be installed together: they are looked up next to this
//! one, then on the PATH. [`steps`] has the command lines, [`process`] runs them, and [`next`]
//! writes the commands for later.

mod next;
mod process;
mod steps;

use std::time::{Instant, SystemTime};

use clap::Parser;
use fire_cli::{CommonArgs, Console, EXIT_CODES, Exit};
use fire_run::RunName;
use fire_run::records::{self, TRAIN, TrainRecord};

use process::Stdout;
use steps::Steps;

const EXAMPLES: &str = "\
Examples:
  pipeline-100k
  pipeline-100k --samples 20000 --alarm-hours 1 --run quick
  pipeline-100k --run quick --output json | jq .ensemble.test.auc";

/// Trains, watches, deploys and tests, then reports: one run from the rows to the endpoint.
#[derive(Debug, Clone, Parser)]
#[command(name = "pipeline-100k", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Args {
    /// Backend and output.
    #[command(flatten)]
    pub common: CommonArgs,

    /// Rows to generate [default: 100000]
    #[arg(long)]
    pub samples: Option<u64>,

    /// Seed of generation, split and training [default: 42]
    #[arg(long)]
    pub seed: Option<u64>,

    /// The generator's profile [default: that of train-100k]
    #[arg(long)]
    pub profile: Option<String>,

    /// Hours in each of the two sets of whole episodes for the alarm rule [default: that of
    /// train-100k]
    #[arg(long)]
    pub alarm_hours: Option<f64>,

    /// Name of the run; naming an existing one resumes it [default: the time now]
    #[arg(long, value_name = "NAME")]
    pub run: Option<RunName>,

    /// The commit of the sources, for the report's "How to reproduce"
    #[arg(long, env = "FIRE_COMMIT", value_name = "COMMIT")]
    pub commit: Option<String>,
}

/// Runs the steps; the exit is that of the first one that fails.
///
/// # Errors
/// A program that cannot be started, a damaged record (exit code 2), a local server that does not
/// respond at the end (3).
pub async fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let run = RunName::given_or_stamped(args.run.clone(), SystemTime::now());
    let steps = Steps::new(&args, &run)?;
    let resume = next::resume(&args, &run)?;
    console.notice().set(format!("Resume with: {resume}"));

    // With JSON, standard output belongs to the report, which holds what the other steps print.
    let stdout = if console.is_json() {
        Stdout::Dropped
    } else {
        Stdout::Shown
    };
    let exit = process::call(steps.train(&args), stdout, console).await?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    let record = steps.folder().join(TRAIN);
    let record: TrainRecord = records::read(&record)?
        .ok_or_else(|| anyhow::anyhow!("train-100k left no {}", record.display()))?;
    for step in [steps.monitor(&record.jobs), steps.deploy(&record.jobs)] {
        let exit = process::call(step, stdout, console).await?;
        if exit != Exit::Done {
            return Ok(exit);
        }
    }
    let report = steps.report(args.commit.as_deref());
    let exit = process::call(report, Stdout::Shown, console).await?;
    if exit == Exit::Done && !console.is_json() {
        console.say(format!("ran in {:.1} s", started.elapsed().as_secs_f64()))?;
        next::say(&args.common, steps.folder(), &record.jobs, console).await?;
    }
    Ok(exit)
}
