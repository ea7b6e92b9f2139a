//! Checks, how they end, and the summary of a command that runs several of them.
//!
//! All checks run, also after one has failed, so one call shows everything that is wrong.

use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::programs;

/// How a check ended.
pub(crate) enum Outcome {
    Passed,
    Failed,
    /// It cannot run on this machine, for this reason.
    Skipped(String),
}

/// The checks that have run.
#[derive(Default)]
pub(crate) struct Summary {
    lines: Vec<String>,
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Summary {
    /// Runs a check and remembers how it ended.
    pub(crate) fn run(&mut self, name: &str, check: impl FnOnce() -> anyhow::Result<Outcome>) {
        eprintln!("\n== {name}");
        let started = Instant::now();
        let outcome = check().unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Outcome::Failed
        });
        let (word, count) = match outcome {
            Outcome::Passed => ("passed".to_owned(), &mut self.passed),
            Outcome::Failed => ("FAILED".to_owned(), &mut self.failed),
            Outcome::Skipped(why) => (format!("not run: {why}"), &mut self.skipped),
        };
        *count += 1;
        self.lines.push(format!(
            "{name:<15} {:>7.1} s  {word}",
            started.elapsed().as_secs_f64()
        ));
    }

    /// Prints a line for each check, then the counts.
    pub(crate) fn print(&self) -> ExitCode {
        println!("\n{}", self.lines.join("\n"));
        println!(
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        );
        if self.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// The outcome of a check that is one command.
pub(crate) fn pass_or_fail(command: &mut Command) -> anyhow::Result<Outcome> {
    let status = programs::run(command)?;
    Ok(if status.success() {
        Outcome::Passed
    } else {
        Outcome::Failed
    })
}

/// A check that cannot run fails in CI, which must have everything, and is skipped elsewhere.
pub(crate) fn cannot_run(why: &str) -> Outcome {
    if programs::is_ci() {
        eprintln!("{why}");
        return Outcome::Failed;
    }
    Outcome::Skipped(why.to_owned())
}
