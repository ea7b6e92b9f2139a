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

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use clap::Parser;
use fire_cli::{CommonArgs, Console, Exit, Project, ProjectArgs, RunName};

use report::Report;

const EXAMPLES: &str = "\
Examples:
  report-100k --run 20261123-024109
  report-100k --run 20261123-024109 --output json | jq .ensemble.test.auc";

/// Gathers what a run left behind into report.json.
#[derive(Debug, Clone, Parser)]
#[command(name = "report-100k", version, after_help = EXAMPLES)]
pub struct Args {
    /// Backend and output.
    #[command(flatten)]
    pub common: CommonArgs,

    /// Bucket, role and image.
    #[command(flatten)]
    pub project: ProjectArgs,

    /// The run to report on
    #[arg(long, value_name = "NAME")]
    pub run: RunName,
}

/// Does what the arguments say; results go to the console.
///
/// # Errors
/// A run that does not exist (exit code 2), jobs that have not completed (1), a
/// backend that refuses (3).
pub async fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let state_dir = args.common.state_dir()?;
    let clients = args.common.connect(console).await?;
    let project = Project::resolve(&args.project, &clients).await?;
    let folder = state_dir.join("runs").join(args.run.as_str());
    let source = gather::Source {
        clients: &clients,
        layout: &project.layout,
        records: &folder,
    };
    let report = gather::gather(&source, &args.run).await?;
    let bytes = serde_json::to_vec_pretty(&report)?;
    let path = write(&folder, &bytes)?;
    let uri = project.layout.result(&args.run, "report.json");
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

/// Writes beside the target and renames, so that a report is never half written.
fn write(folder: &Path, bytes: &[u8]) -> anyhow::Result<std::path::PathBuf> {
    let path = folder.join("report.json");
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.persist(&path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
