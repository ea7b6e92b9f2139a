//! Runs a pipeline step as a child process.

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use fire_cli::{Console, Exit, sibling_file};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::steps::{Step, command_line};

/// How long an interrupted step may take to exit before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// Prints a step's command line, runs it with this standard output and returns its exit status.
pub(crate) async fn run_step(
    step: Step,
    stdout: Stdio,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let line = command_line(step.program, &step.arguments);
    console.note(format!("$ {line}"))?;
    // With inherited streams, a step detects the terminal and redraws its table in place.
    let child = Command::new(sibling_file(step.program))
        .args(&step.arguments)
        .stdout(stdout)
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

/// A running step; dropping it before it has exited asks it to stop, then kills it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Ctrl-C signals the whole foreground process group; SIGTERM only this process. A step that
        // receives both acts on the first.
        let Some(pid) = self.0.id().and_then(|pid| i32::try_from(pid).ok()) else {
            return;
        };
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        // Give the step time to report what is still running remotely before our last line.
        let deadline = Instant::now() + GRACE;
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < deadline {
            sleep(Duration::from_millis(10));
        }
        // A step that is busy computing notices a signal only when it is done. Killing it is safe:
        // rerunning the command picks up or recreates its work.
        let _ = self.0.start_kill();
    }
}
