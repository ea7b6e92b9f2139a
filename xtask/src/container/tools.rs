//! The programs that the check needs, all of them Debian's.

use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::programs;

/// Packages, each with its program.
const PACKAGES: [(&str, &str); 4] = [
    ("podman", "podman"),
    ("runc", "runc"),
    ("skopeo", "skopeo"),
    ("docker-registry", "docker-registry"),
];

/// Whether the check can run.
pub(crate) enum Tools {
    Present,
    /// It cannot, for this reason.
    Absent(String),
}

/// Looks for the programs and installs what is missing if that is allowed.
pub(crate) fn find(install: bool) -> anyhow::Result<Tools> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(Tools::Present);
    }
    let names = missing.join(" ");
    if !install {
        let why = format!(
            "there is no {names}; `cargo xtask test --install` installs it (Debian, as root)"
        );
        return Ok(Tools::Absent(why));
    }
    if programs::run(Command::new("apt-get").args(["--version", "--quiet"])).is_err() {
        return Ok(Tools::Absent(format!("there is no {names} and no apt-get")));
    }
    let apt = |arguments: &[&str]| -> anyhow::Result<bool> {
        let mut command = Command::new("apt-get");
        command
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive");
        Ok(programs::run(&mut command)?.success())
    };
    // An old list of packages is mostly good enough, and asking for a new one takes a while.
    let install = ["install", "--yes", "--quiet", "--no-install-recommends"];
    let wanted = [&install[..], &missing[..]].concat();
    if !apt(&wanted)? {
        ensure!(apt(&["update", "--quiet"])?, "apt-get update failed");
        if !apt(&wanted)? {
            return Ok(Tools::Absent(format!("apt-get cannot install {names}")));
        }
    }
    Ok(Tools::Present)
}

fn missing() -> Vec<&'static str> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&paths).collect();
    let is_there = |program: &str| folders.iter().any(|folder| folder.join(program).is_file());
    PACKAGES
        .iter()
        .filter(|(_, program)| !is_there(program))
        .map(|(package, _)| *package)
        .collect()
}

/// Runs a program that must succeed, and returns what it printed, without the line end.
pub(super) fn must(command: &mut Command) -> anyhow::Result<String> {
    let (status, printed) = programs::output(command)?;
    let name = command.get_program().to_owned();
    ensure!(status.success(), "{} ends with {status}", name.display());
    let text = String::from_utf8(printed).context("printed no text")?;
    Ok(text.trim_end().to_owned())
}
