//! `report-100k`: what a run came to, as `report.json`.
//!
//! Nothing is computed here. The dataset's manifest tells rows, audit and ceiling;
//! each job's artifact carries the figures of its model; the ensemble's artifact
//! carries weights, threshold and its own figures; `train-100k` and `deploy-100k`
//! leave their timings and the endpoint's answers under `runs/<run>/` in the state
//! directory. [`gather`] collects these, [`report`] is the documented form.
//!
//! The report is written to `runs/<run>/report.json` in the state directory and to
//! `results/<run>/report.json` in S3.

mod gather;
mod report;
mod table;

use anyhow::anyhow;
use clap::Parser;
use fire_cli::{CommonArgs, Console, EXIT_CODES, Exit, Project, ProjectArgs, RunName, usage};

use report::Report;

const EXAMPLES: &str = "\
Examples:
  report-100k --run 20261123-024109
  report-100k --run 20261123-024109 --output json | jq .ensemble.test.auc";

/// Gathers what a run left behind into report.json.
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
    #[arg(long, value_name = "NAME", required_unless_present = "completions")]
    pub run: Option<RunName>,
}

/// Does what the arguments say; results go to the console.
///
/// # Errors
/// A run that does not exist (exit code 2), jobs that have not completed (1), a
/// backend that refuses (3).
pub async fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let run = args.run.ok_or_else(|| usage(anyhow!("--run is missing")))?;
    let folder = fire_cli::run_folder(&args.common.state_dir()?, &run);
    let clients = args.common.connect(console).await?;
    let project = Project::resolve(&args.project, &clients).await?;
    let source = gather::Source {
        clients: &clients,
        layout: &project.layout,
        records: &folder,
    };
    let report = gather::gather(&source, &run).await?;
    let path = folder.join("report.json");
    fire_cli::write_json(&path, &report)?;
    let uri = project.layout.result(&run, "report.json");
    let bytes = serde_json::to_vec_pretty(&report)?;
    sagemaker_ops::storage::put_bytes(&clients, &uri, bytes).await?;
    say(&report, console)?;
    console.say(format!("report: {} and {uri}", path.display()))?;
    console.json(&report)?;
    Ok(Exit::Done)
}

fn say(report: &Report, console: &mut Console<'_>) -> std::io::Result<()> {
    for line in table::lines(report) {
        console.say(line)?;
    }
    Ok(())
}
