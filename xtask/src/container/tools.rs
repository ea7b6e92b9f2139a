//! The programs that the check needs.

use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::debian::Package;
use crate::programs;

/// Packages, each with its program.
pub(crate) const PACKAGES: [Package; 4] = [
    ("podman", "podman"),
    ("runc", "runc"),
    ("skopeo", "skopeo"),
    ("docker-registry", "docker-registry"),
];

/// Runs a program that must succeed, and returns what it printed, without the line end.
pub(super) fn must(command: &mut Command) -> anyhow::Result<String> {
    let (status, printed) = programs::output(command)?;
    let name = command.get_program().to_owned();
    ensure!(status.success(), "{} ends with {status}", name.display());
    let text = String::from_utf8(printed).context("printed no text")?;
    Ok(text.trim_end().to_owned())
}
