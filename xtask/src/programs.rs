//! Calls of cargo and of the workspace's programs.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};

/// The root directory of the workspace.
pub(crate) fn root() -> PathBuf {
    // Not the current directory: `cargo xtask` works in every directory of the workspace.
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// The directory that cargo builds programs into, including this one.
pub(crate) fn directory() -> anyhow::Result<PathBuf> {
    let executable = std::env::current_exe().context("cannot find the path of this program")?;
    Ok(executable
        .parent()
        .context("the path of this program has no directory")?
        .to_owned())
}

/// The directory of all build results of cargo.
pub(crate) fn target() -> anyhow::Result<PathBuf> {
    let programs = directory()?;
    let target = programs.parent();
    Ok(target
        .context("the directory of the programs has no parent")?
        .to_owned())
}

/// Cargo, called in the root of the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(root());
    // CI builds once, so files that speed up the next build would only cost time.
    if is_ci() {
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}

/// Whether this is CI, where a missing outside tool is a failure.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("FIRE_CI").is_some_and(|value| value == "1")
}

/// A program of the workspace, set up to find the others in the same directory.
pub(crate) fn program(name: &str) -> anyhow::Result<Command> {
    let directory = directory()?;
    let mut command = Command::new(directory.join(name));
    command.env("FIRE_BIN_DIR", directory);
    Ok(command)
}

/// Builds all programs with the one profile that everything shares, and returns the seconds it took.
pub(crate) fn build() -> anyhow::Result<f64> {
    let started = Instant::now();
    run_or_fail(&mut cargo(&["build", "--workspace"]), "the build failed")?;
    Ok(started.elapsed().as_secs_f64())
}

/// Shows a command and runs it.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<ExitStatus> {
    show(command);
    let status = command.status();
    status.with_context(|| format!("cannot start {}", command.get_program().display()))
}

/// Shows a command, runs it and ends as it does.
pub(crate) fn exit_code(command: &mut Command) -> anyhow::Result<ExitCode> {
    let code = run(command)?.code();
    // A program that a signal ended has no code.
    Ok(ExitCode::from(code.map_or(1, |code| code as u8)))
}

/// Shows a command and runs it; `failure` is the error if it does not succeed.
pub(crate) fn run_or_fail(command: &mut Command, failure: &'static str) -> anyhow::Result<()> {
    ensure!(run(command)?.success(), failure);
    Ok(())
}

/// Shows a command, runs it and returns what it printed, without the line break at the end.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    show(command);
    let output = command.stderr(Stdio::inherit()).output();
    let name = command.get_program().display();
    let output = output.with_context(|| format!("cannot start {name}"))?;
    ensure!(
        output.status.success(),
        "{name} ended with {}",
        output.status
    );
    let text = String::from_utf8(output.stdout);
    let text = text.with_context(|| format!("{name} printed bytes that are not UTF-8"))?;
    Ok(text.trim_end().to_owned())
}

fn show(command: &Command) {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    eprintln!("$ {}", words.join(" "));
}
