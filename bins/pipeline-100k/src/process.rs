//! A step as a process of its own.

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use fire_cli::{Console, Exit, shell_word, sibling_file};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::steps::Step;

/// How long an interrupted step may take to end by itself.
const GRACE: Duration = Duration::from_secs(2);

/// What becomes of a step's standard output.
#[derive(Clone, Copy)]
pub(crate) enum Stdout {
    /// It goes where ours goes.
    Shown,
    /// Nobody reads it.
    Dropped,
}

/// Shows a step's command line, runs it and returns how it ended.
pub(crate) async fn call(
    step: Step,
    stdout: Stdout,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let words = step.arguments.iter().map(|word| shell_word(word));
    let line = words.fold(step.program.to_owned(), |line, word| line + " " + &word);
    console.note(format!("$ {line}"))?;
    // The streams are inherited, so that a step finds the terminal and redraws its table in place.
    let child = Command::new(sibling_file(step.program))
        .args(&step.arguments)
        .stdout(match stdout {
            Stdout::Shown => Stdio::inherit(),
            Stdout::Dropped => Stdio::null(),
        })
        .spawn();
    let child = child.with_context(|| {
        format!(
            "cannot start {}; `cargo xtask install` installs all programs together",
            step.program
        )
    })?;
    let status = Running(child).0.wait().await?;
    Ok(Exit::of_program(status))
}

/// A step that ends with this program: dropped while it runs, it is asked to stop.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Ctrl-C reaches every process of the terminal, but SIGTERM reaches this one only. A step
        // that has both heeds the first.
        let Some(pid) = self.0.id().and_then(|pid| i32::try_from(pid).ok()) else {
            return;
        };
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        // The step knows what goes on without it, and says so before the last line of ours.
        let deadline = Instant::now() + GRACE;
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < deadline {
            sleep(Duration::from_millis(10));
        }
        // A step that is computing sees a signal only at its end. Killing one loses nothing that
        // the same call would not find or make again.
        let _ = self.0.start_kill();
    }
}
