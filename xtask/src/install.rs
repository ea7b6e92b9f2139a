//! `cargo xtask install`: copies the programs into a directory on the PATH.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::programs;

/// The programs that a user calls, then the two that the local backend starts.
const PROGRAMS: [&str; 9] = [
    "pipeline-100k",
    "train-100k",
    "monitor-100k",
    "deploy-100k",
    "report-100k",
    "push-image",
    "extract-rows",
    "fire-container",
    "local-sagemaker",
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Directory to install the programs into [default: cargo's own `bin`]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

/// Builds the programs and copies them.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    programs::build()?;
    let to = match &args.to {
        Some(dir) => dir.clone(),
        None => cargo_bin()?,
    };
    fs::create_dir_all(&to).with_context(|| to.display().to_string())?;
    for name in PROGRAMS {
        let from = programs::directory()?.join(name);
        // The file of a running program cannot be written to, but it can be replaced.
        let fresh = to.join(format!(".{name}.new"));
        fs::copy(&from, &fresh)
            .and_then(|_| fs::rename(&fresh, to.join(name)))
            .with_context(|| format!("cannot copy {name} to {}", to.display()))?;
    }
    println!("{} are in {}", PROGRAMS.join(", "), to.display());
    let paths = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&paths).any(|dir| dir == to) {
        println!("this directory is not on your PATH yet");
    }
    Ok(ExitCode::SUCCESS)
}

fn cargo_bin() -> anyhow::Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(PathBuf::from(home).join("bin"));
    }
    let home =
        std::env::home_dir().context("there is no home directory; choose one with --to DIR")?;
    Ok(home.join(".cargo/bin"))
}
