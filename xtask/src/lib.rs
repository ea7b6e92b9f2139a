//! The project's own commands: `cargo xtask pipeline | test | bench | scenes | image | install`.
//!
//! An xtask calls programs and reads what they print; it links none of the
//! project's crates and makes no call to AWS itself. CI runs `cargo xtask test` and
//! nothing else, so CI and a person at a terminal see the same.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an xtask talks to the terminal, and nothing reads its output but people and `--output json`"
)]

mod bench;
mod container;
mod debian;
mod image;
mod install;
mod packages;
mod pipeline;
mod programs;
mod scenes;
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
    /// Generate, train, weigh, deploy, test and report, on the embedded server or on AWS
    Pipeline(pipeline::Args),
    /// Everything that CI checks: format, lints, tests, documentation, packages, client suite, pages in a browser, the image in a container
    Test(test::Args),
    /// Time the steps of the pipeline, medians of several runs
    Bench(bench::Args),
    /// Draw frames of every simulated scenario as one picture
    Scenes(scenes::Args),
    /// Build the container image without a container daemon, and push it
    Image(image::Args),
    /// Put all programs on the PATH
    Install(install::Args),
}

/// Parses the arguments and does what they say.
pub fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Pipeline(args) => pipeline::run(&args),
        Command::Test(args) => Ok(test::run(&args)),
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

/// The command line, for the test that reads the documents' commands against it.
pub fn command() -> clap::Command {
    Command::command()
}
