//! Outside programs that checks need, installed as Debian packages.

use std::process::Command;

use anyhow::ensure;

use crate::programs;

/// A package, and the program in it that a check calls.
pub(crate) type Package = (&'static str, &'static str);

/// Whether a check has its programs.
pub(crate) enum Tools {
    Present,
    /// Some are missing; the text names them and how to install them.
    Missing(String),
}

/// Looks for the programs, and installs missing ones if that is allowed.
pub(crate) fn find(packages: &[Package], install: bool) -> anyhow::Result<Tools> {
    let missing = missing(packages);
    if missing.is_empty() {
        return Ok(Tools::Present);
    }
    let names = missing.join(" ");
    if !install {
        let why = format!(
            "missing: {names}; `cargo xtask test --install` installs them (Debian, as root)"
        );
        return Ok(Tools::Missing(why));
    }
    if programs::run(Command::new("apt-get").args(["--version", "--quiet"])).is_err() {
        return Ok(Tools::Missing(format!(
            "missing: {names}, and there is no apt-get"
        )));
    }
    let apt = |arguments: &[&str]| -> anyhow::Result<bool> {
        let mut command = Command::new("apt-get");
        command
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive");
        Ok(programs::run(&mut command)?.success())
    };
    // The package list on disk is usually recent enough, and an update takes a while.
    let install = ["install", "--yes", "--quiet", "--no-install-recommends"];
    let wanted = [&install[..], &missing[..]].concat();
    if !apt(&wanted)? {
        ensure!(apt(&["update", "--quiet"])?, "apt-get update failed");
        if !apt(&wanted)? {
            return Ok(Tools::Missing(format!("apt-get cannot install {names}")));
        }
    }
    Ok(Tools::Present)
}

fn missing(packages: &[Package]) -> Vec<&'static str> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<_> = std::env::split_paths(&paths).collect();
    let is_there = |program: &str| dirs.iter().any(|dir| dir.join(program).is_file());
    packages
        .iter()
        .filter(|(_, program)| !is_there(program))
        .map(|(package, _)| *package)
        .collect()
}
