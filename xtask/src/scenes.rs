//! `cargo xtask scenes`: draws frames of every simulated scenario as one picture.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::bail;

use crate::programs;

/// The example of `sensor-model` that draws it.
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
    if !programs::run(&mut programs::cargo(&build))?.success() {
        bail!("the build failed");
    }
    let mut draw = Command::new(programs::directory()?.join("examples").join(EXAMPLE));
    if !programs::run(draw.arg(&out).arg(args.seed.to_string()))?.success() {
        bail!("the picture was not drawn");
    }
    println!("{}", out.display());
    Ok(ExitCode::SUCCESS)
}
