//! `cargo xtask pipeline`: builds the programs, then calls `pipeline-100k`.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::programs;

/// Flags of `pipeline-100k`, repeated here to report a typo before a build of ten minutes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rows to generate [default: 100000]
    #[arg(long)]
    samples: Option<u64>,

    /// Random seed for data generation, splitting and training [default: 42]
    #[arg(long)]
    seed: Option<u64>,

    /// Data generator profile [default: as in train-100k]
    #[arg(long)]
    profile: Option<String>,

    /// Hours of simulated data in each of the two held-out sets used to choose and evaluate the alarm rule
    /// [default: as in train-100k]
    #[arg(long)]
    alarm_hours: Option<f64>,

    /// Name of the run; naming an existing one resumes it [default: current time]
    #[arg(long)]
    run: Option<String>,

    /// `local` (embedded server, free of charge) or `aws`
    #[arg(long, env = "FIRE_BACKEND", default_value = "local")]
    backend: String,

    /// State directory of the local backend [default: .fire in the workspace]
    #[arg(long, env = "FIRE_STATE_DIR")]
    state_dir: Option<PathBuf>,

    /// Output format: `text`, or `json` for only the report on standard output
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    output: String,
}

/// Builds everything and runs the pipeline, whose exit code it returns.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let build_seconds = programs::build()?;
    if args.output == "text" {
        println!("built in {build_seconds:.1} s");
    }
    let state_dir = match &args.state_dir {
        Some(dir) => dir.clone(),
        None => programs::root().join(".fire"),
    };
    let mut command = programs::program("pipeline-100k")?;
    command
        .args(["--backend", &args.backend, "--output", &args.output])
        .arg("--state-dir")
        .arg(state_dir);
    let given = [
        ("--samples", args.samples.map(|rows| rows.to_string())),
        ("--seed", args.seed.map(|seed| seed.to_string())),
        ("--profile", args.profile.clone()),
        (
            "--alarm-hours",
            args.alarm_hours.map(|hours| hours.to_string()),
        ),
        ("--run", args.run.clone()),
        ("--commit", commit()),
    ];
    for (flag, value) in given {
        if let Some(value) = value {
            command.args([flag, &value]);
        }
    }
    programs::exit_code(&mut command)
}

/// The commit that the programs are built from, and whether there are changes since; `None` outside
/// a clone.
fn commit() -> Option<String> {
    let git = |words: &[&str]| {
        let mut git = Command::new("git");
        let output = git.arg("-C").arg(programs::root()).args(words).output();
        let output = output.ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"])?;
    let changed = !git(&["status", "--porcelain"])?.is_empty();
    Some(commit + if changed { ", with changes" } else { "" })
}
