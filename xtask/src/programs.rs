//! Calling cargo and the workspace's programs.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Instant;

use anyhow::{Context as _, bail};

/// The workspace's root folder.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(manifest
        .parent()
        .context("xtask lies in the workspace")?
        .to_owned())
}

/// The folder that cargo builds programs into: this program's own.
pub(crate) fn folder() -> anyhow::Result<PathBuf> {
    let executable = std::env::current_exe().context("where is this program?")?;
    Ok(executable
        .parent()
        .context("a program lies in a folder")?
        .to_owned())
}

/// Cargo, in the workspace's root.
pub(crate) fn cargo(arguments: &[&str]) -> anyhow::Result<Command> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(root()?);
    // What CI builds is built once: artifacts for the next change would only cost time.
    if is_ci() {
        command.env("CARGO_INCREMENTAL", "0");
    }
    Ok(command)
}

/// Whether this is CI, which has to have everything that checks need.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("FIRE_CI").is_some_and(|value| value == "1")
}

/// A program of the workspace, which finds its siblings beside itself.
pub(crate) fn program(name: &str) -> anyhow::Result<Command> {
    let folder = folder()?;
    let mut command = Command::new(folder.join(name));
    command.env("FIRE_BIN_DIR", folder);
    Ok(command)
}

/// Builds all programs with the one profile that everything shares.
pub(crate) fn build() -> anyhow::Result<f64> {
    let started = Instant::now();
    let status = run(&mut cargo(&["build", "--workspace"])?)?;
    if !status.success() {
        bail!("the build failed");
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Runs a command after showing it.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<ExitStatus> {
    eprintln!("$ {}", shown(command));
    let status = command.status();
    status.with_context(|| format!("cannot start {}", command.get_program().display()))
}

/// Runs a command after showing it, and returns what it printed.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<(ExitStatus, Vec<u8>)> {
    eprintln!("$ {}", shown(command));
    let output = command.stderr(std::process::Stdio::inherit()).output();
    let output =
        output.with_context(|| format!("cannot start {}", command.get_program().display()))?;
    Ok((output.status, output.stdout))
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
