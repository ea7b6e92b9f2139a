//! `cargo xtask scenes`: draws frames of every simulated scenario as one picture.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::programs;

/// The example of `sensor-model` that draws the picture.
const EXAMPLE: &str = "episode_scenes";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Seed of the episodes
    #[arg(long, default_value = "42")]
    seed: u64,

    /// PNG to write [default: docs/scenes.png in the workspace]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let out = match &args.out {
        Some(path) => path.clone(),
        None => programs::root().join("docs/scenes.png"),
    };
    let build = ["build", "--workspace", "--example", EXAMPLE];
    programs::run_or_fail(&mut programs::cargo(&build), "the build failed")?;
    let mut draw = Command::new(programs::directory()?.join("examples").join(EXAMPLE));
    draw.arg(&out).arg(args.seed.to_string());
    programs::run_or_fail(&mut draw, "the picture was not drawn")?;
    println!("{}", out.display());
    Ok(ExitCode::SUCCESS)
}
