//! `report-100k`: what a run came to, as `report.json` and as a page for people.
//!
//! The figures of `report.json` are collected and not computed. The dataset's manifest
//! tells rows, audit and ceiling; each job's artifact carries the figures of its model;
//! the ensemble's artifact carries weights, threshold and its own figures; `train-100k`
//! and `deploy-100k` leave their timings and the endpoint's answers under `runs/<run>/`
//! in the state directory. [`gather`] collects these; `fire_run::report` is the documented form.
//!
//! `report.html` shows more. [`models`] reads the predictions that the jobs left and votes
//! as the ensemble does, [`curves`] makes curves of them, [`importance`] looks into the
//! model on the validation part, and [`verdict`] says in one sentence what it comes to.
//! [`html`] is the page, [`charts`] its drawings, [`thumbnails`] its pictures.
//!
//! `--compare` sets two runs with the same test rows against each other: [`compare`].
//!
//! Both are written to `runs/<run>/` in the state directory and to `results/<run>/` in S3.

mod gather;
mod place;
mod table;

mod compare;
mod curves;
mod importance;
mod models;
mod thumbnails;
mod verdict;

mod charts;
mod html;
mod written;

use anyhow::anyhow;
use clap::Parser;
use fire_cli::{CommonArgs, Console, EXIT_CODES, Exit, Project, ProjectArgs, usage};
use fire_run::RunName;

use place::Place;

const EXAMPLES: &str = "\
Examples:
  report-100k --run 20261123-024109
  report-100k --run 20261123-024109 --output json | jq .ensemble.test.auc
  report-100k --compare 20261123-024109 20261124-101500";

/// Gathers what a run left behind into report.json and report.html.
#[derive(Debug, Clone, Parser)]
#[command(name = "report-100k", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Args {
    /// Backend and output.
    #[command(flatten)]
    pub common: CommonArgs,

    /// Bucket, role and image.
    #[command(flatten)]
    pub project: ProjectArgs,

    /// The run to report on
    #[arg(long, value_name = "NAME", required_unless_present_any = ["completions", "compare"])]
    pub run: Option<RunName>,

    /// Compare two runs that were tested on the same rows
    #[arg(long, value_names = ["RUN", "RUN"], num_args = 2, conflicts_with = "run")]
    pub compare: Vec<RunName>,

    /// The commit of the sources, for the page's "How to reproduce"
    #[arg(long, env = "FIRE_COMMIT", value_name = "COMMIT")]
    pub commit: Option<String>,
}

/// Does what the arguments say; results go to the console.
///
/// # Errors
/// A run that does not exist, or two that cannot be compared (exit code 2), jobs that have not completed (1), a
/// backend that refuses (3).
pub async fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let state_dir = args.common.state_dir()?;
    let clients = args.common.connect(console).await?;
    let project = Project::resolve(&args.project, &clients).await?;
    let place = Place {
        state_dir: &state_dir,
        clients: &clients,
        project: &project,
    };
    if let [first, second] = args.compare.as_slice() {
        return written::compared(&place, [first, second], console).await;
    }
    let run = args.run.ok_or_else(|| usage(anyhow!("--run is missing")))?;
    written::reported(&place, (&run, args.commit.as_deref()), console).await
}
