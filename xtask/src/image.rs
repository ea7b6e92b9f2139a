//! `cargo xtask image`: builds the container image without a container daemon.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use serde_json::Value;

use crate::programs;

/// Runs on every x86-64 Linux, because the C library is linked into the program.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// The profile of the program that is shipped and measured.
pub(crate) const SHIPPED: Profile = Profile("image");
/// The profile that builds fastest, for a check that only tests whether the program runs.
pub(crate) const CHECKED: Profile = Profile("image-check");

/// A cargo profile of the root manifest.
#[derive(Clone, Copy)]
pub(crate) struct Profile(&'static str);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Push the image to a registry; the password for ECR comes from the aws CLI
    #[arg(long, value_name = "REGISTRY/REPOSITORY:TAG")]
    push: Option<String>,

    /// More flags of `push-image`, such as `-- --folder DIR` or `-- --archive FILE`
    #[arg(last = true)]
    more: Vec<OsString>,
}

/// Builds the static program, packs it into an image, and pushes that with `--push`.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let program = static_program(SHIPPED)?;
    programs::build()?;
    let mut command = programs::program("push-image")?;
    command.arg(program).args(&args.more);
    if let Some(to) = &args.push {
        command.args(["--push", to]);
    }
    programs::exit_code(&mut command)
}

/// Builds `fire-container` for the image, and returns the path of the program.
pub(crate) fn static_program(profile: Profile) -> anyhow::Result<PathBuf> {
    let mut build = static_cargo("build", profile, &[])?;
    programs::run_or_fail(&mut build, "the static program cannot be built")?;
    let programs = programs::target()?.join(TARGET).join(profile.0);
    Ok(programs.join("fire-container"))
}

/// Builds a benchmark of `fire-container` with the same code as in the image, and returns its path.
pub(crate) fn optimised_bench(name: &str) -> anyhow::Result<PathBuf> {
    built_bench(static_cargo("bench", SHIPPED, &["--bench", name])?, name)
}

/// Lets `cargo bench` build a benchmark without running it, and returns its path.
pub(crate) fn built_bench(mut cargo: Command, name: &str) -> anyhow::Result<PathBuf> {
    cargo.args(["--no-run", "--message-format=json-render-diagnostics"]);
    let printed = programs::output(&mut cargo);
    let printed = printed.with_context(|| format!("the benchmark {name} cannot be built"))?;
    // One line of JSON for each thing that cargo builds:
    // https://doc.rust-lang.org/cargo/reference/external-tools.html
    let executable = printed
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|built| built["target"]["name"] == name)
        .find_map(|built| built["executable"].as_str().map(PathBuf::from));
    executable.context("cargo printed no path of the benchmark")
}

/// A call of cargo for `fire-container`, with the target and the flags of the image.
fn static_cargo(verb: &str, profile: Profile, more: &[&str]) -> anyhow::Result<Command> {
    let mut command = programs::cargo(&[verb, "--locked", "--package", "fire-container"]);
    command
        .args(["--profile", profile.0])
        // With --target, RUSTFLAGS do not apply to build scripts and macros, which cannot be static.
        .args(["--target", TARGET])
        .args(more)
        .env("RUSTFLAGS", flags()?);
    Ok(command)
}

/// Flags for a static program without the paths of this machine: the same sources give the same
/// bytes in every directory.
fn flags() -> anyhow::Result<String> {
    let root = programs::root();
    let cargo = match std::env::var_os("CARGO_HOME") {
        Some(directory) => PathBuf::from(directory),
        None => std::env::home_dir()
            .context("there is no home directory")?
            .join(".cargo"),
    };
    Ok(format!(
        "-C target-feature=+crt-static --remap-path-prefix={}=/source --remap-path-prefix={}=/cargo",
        root.display(),
        cargo.display()
    ))
}

/// Packs `program` into an image, pushes it to `to` and returns its digest.
pub(crate) fn push(program: &Path, to: &str) -> anyhow::Result<String> {
    let mut command = programs::program("push-image")?;
    command
        .arg(program)
        .args(["--output", "json", "--push", to]);
    let document: Value = serde_json::from_str(&programs::output(&mut command)?)?;
    let digest = document["digest"].as_str();
    Ok(digest.context("push-image printed no digest")?.to_owned())
}
