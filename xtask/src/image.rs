//! `cargo xtask image`: the container image, without a container daemon.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::programs;

/// Every x86-64 Linux, whatever its C library: it is linked into the program.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// The profile in the root manifest, of what is shipped and measured.
pub(crate) const SHIPPED: Profile = Profile("image");
/// The profile in the root manifest that builds it soonest.
pub(crate) const CHECKED: Profile = Profile("image-check");

/// How well the program is optimised.
#[derive(Clone, Copy)]
pub(crate) struct Profile(&'static str);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Registry to push to; the password of an ECR registry comes from the aws CLI
    #[arg(long, value_name = "REGISTRY/REPOSITORY:TAG")]
    push: Option<String>,

    /// Anything else that `push-image --help` names: `-- --folder DIR`, `-- --archive FILE`
    #[arg(last = true)]
    more: Vec<OsString>,
}

/// Builds the static program, packs it, and pushes it if that is wanted.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let program = static_program(SHIPPED)?;
    programs::build()?;
    let mut command = programs::program("push-image")?;
    command.arg(program).args(&args.more);
    if let Some(to) = &args.push {
        command.args(["--push", to]);
    }
    let status = programs::run(&mut command)?;
    // No code at all means a signal.
    Ok(ExitCode::from(status.code().unwrap_or(1) as u8))
}

/// Builds `fire-container` for the image; done already, it takes a moment.
pub(crate) fn static_program(profile: Profile) -> anyhow::Result<PathBuf> {
    let status = programs::run(&mut static_cargo("build", profile, &[])?)?;
    if !status.success() {
        bail!("the static program cannot be built");
    }
    let folder = programs::folder()?;
    let target = folder.parent().context("programs lie in a target folder")?;
    let folder = target.join(TARGET).join(profile.0);
    Ok(folder.join("fire-container"))
}

/// Builds a bench of `fire-container` with the same code as in the image, and returns where it lies.
pub(crate) fn optimised_bench(name: &str) -> anyhow::Result<PathBuf> {
    let flags = [
        "--bench",
        name,
        "--no-run",
        "--message-format=json-render-diagnostics",
    ];
    let (status, printed) = programs::output(&mut static_cargo("bench", SHIPPED, &flags)?)?;
    if !status.success() {
        bail!("the bench {name} cannot be built");
    }
    // One JSON object a line for each thing that cargo made.
    let executable = String::from_utf8_lossy(&printed)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|made| made["target"]["name"] == name)
        .find_map(|made| made["executable"].as_str().map(PathBuf::from));
    executable.context("cargo names no executable of the bench")
}

/// Cargo on `fire-container` with the image's target and flags.
fn static_cargo(verb: &str, profile: Profile, more: &[&str]) -> anyhow::Result<Command> {
    let mut command = programs::cargo(&[verb, "--locked", "--package", "fire-container"])?;
    command
        .args(["--profile", profile.0])
        // Without it the flags would also hold for what runs during the build, which cannot be static.
        .args(["--target", TARGET])
        .args(more)
        .env("RUSTFLAGS", flags()?);
    Ok(command)
}

/// A static program that does not tell where it was built: the same sources give the same bytes in any folder.
fn flags() -> anyhow::Result<String> {
    let root = programs::root()?;
    let cargo = match std::env::var_os("CARGO_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => std::env::home_dir()
            .context("there is no home folder")?
            .join(".cargo"),
    };
    Ok(format!(
        "-C target-feature=+crt-static --remap-path-prefix={}=/source --remap-path-prefix={}=/cargo",
        root.display(),
        cargo.display()
    ))
}

/// Packs `program` into an image at `to`, and returns the image's digest.
pub(crate) fn push(program: &Path, to: &str) -> anyhow::Result<String> {
    let mut command: Command = programs::program("push-image")?;
    command
        .arg(program)
        .args(["--output", "json", "--push", to]);
    let (status, printed) = programs::output(&mut command)?;
    if !status.success() {
        bail!("push-image ends with {status}");
    }
    let document: Value = serde_json::from_slice(&printed)?;
    let digest = document["digest"].as_str();
    Ok(digest.context("push-image prints no digest")?.to_owned())
}
