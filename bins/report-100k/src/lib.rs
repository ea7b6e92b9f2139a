//! `report-100k`: reports the results of a run, as `report.json` and as an HTML page.
//!
//! `report.json` collects numbers that were computed before. The dataset's manifest has the rows, the audit and
//! the Bayes-optimal classifier; each job's model file includes its metrics, and the ensemble's also its weights and
//! threshold; `train-100k` and `deploy-100k` write their timings and the endpoint's responses under
//! `runs/<run>/` in the state directory. [`gather`] collects all of this in the format documented by
//! `fire_run::report`, and [`text`] prints it.
//!
//! `report.html` shows more. [`models`] reads the jobs' predictions and repeats the ensemble's soft
//! voting, [`curves`] computes curves from them, [`importance`] inspects the model on the validation
//! partition, and [`verdict`] summarizes the result in one sentence. [`html`] renders the page,
//! [`charts`] draws its charts, and [`thumbnails`] makes its pictures.
//!
//! `--compare` compares two runs with the same test rows; see [`compare`].
//!
//! [`reports`] writes all files, to `runs/<run>/` in the state directory and to `results/<run>/` in S3.

mod gather;
mod text;

mod compare;
mod curves;
mod importance;
mod models;
mod thumbnails;
mod verdict;

mod charts;
mod html;
mod reports;

use anyhow::anyhow;
use clap::Parser;
use fire_cli::{CommonArgs, Console, EXIT_CODES, Exit, Project, ProjectArgs, usage};
use fire_run::RunName;

use gather::Source;

const EXAMPLES: &str = "\
Examples:
  report-100k --run 20261123-024109
  report-100k --run 20261123-024109 --output json | jq .ensemble.test.auc
  report-100k --compare 20261123-024109 20261124-101500";

/// Reports the results of a run, as report.json and report.html.
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

    /// Commit of the source code, for the page's "How to reproduce"
    #[arg(long, env = "FIRE_COMMIT", value_name = "COMMIT")]
    pub commit: Option<String>,
}

/// Reports on a run or compares two; results go to the console.
///
/// # Errors
/// A run that does not exist, or two that cannot be compared (exit code 2), jobs that have not
/// completed (1), or a backend that rejects a call (3).
pub async fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let state_dir = args.common.state_dir()?;
    let clients = args.common.connect(console).await?;
    let project = Project::resolve(&args.project, &clients).await?;
    let source = Source {
        clients: &clients,
        project: &project,
        state_dir: &state_dir,
    };
    if let [first, second] = args.compare.as_slice() {
        return reports::compare(&source, [first, second], console).await;
    }
    let run = args.run.ok_or_else(|| usage(anyhow!("--run is missing")))?;
    reports::report(&source, &run, args.commit.as_deref(), console).await
}
