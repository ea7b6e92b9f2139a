//! The project's own commands: `cargo xtask pipeline | test | clients | bench | scenes | image | install`.
//!
//! An xtask calls programs and reads what they print; it links none of the project's crates, so it
//! builds in seconds, and makes no calls to AWS. CI runs `cargo xtask test` and nothing else, so CI
//! and a person at a terminal see the same results.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an xtask writes to the terminal"
)]

mod bench;
mod checks;
mod clients;
mod container;
mod debian;
mod image;
mod install;
mod npm;
mod opt_ml;
mod packages;
mod pipeline;
mod programs;
mod scenes;
mod suite;
mod test;
mod venv;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "The project's own commands"
)]
enum Command {
    /// Generate, train, combine, deploy, test and report, on the embedded server or on AWS
    Pipeline(pipeline::Args),
    /// Run everything that CI checks: format, lints, tests, documentation, packages, clients of the local server, pages in a browser, the image in a container
    Test(test::Args),
    /// Run more clients against the local server: rclone, s3cmd, pyarrow, polars, the SageMaker SDK (versions 2 and 3), MLflow
    Clients(clients::Args),
    /// Time the steps of the pipeline: medians of several runs
    Bench(bench::Args),
    /// Draw frames of every simulated scenario as one picture
    Scenes(scenes::Args),
    /// Build the container image without a container daemon, and push it
    Image(image::Args),
    /// Install all programs into a directory on the PATH
    Install(install::Args),
}

/// Parses the arguments and runs the command.
pub fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Pipeline(args) => pipeline::run(&args),
        Command::Test(args) => Ok(test::run(&args)),
        Command::Clients(args) => clients::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Scenes(args) => scenes::run(&args),
        Command::Image(args) => image::run(&args),
        Command::Install(args) => install::run(&args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// The command line, for the test that checks the commands in the documents.
pub fn command() -> clap::Command {
    Command::command()
}
