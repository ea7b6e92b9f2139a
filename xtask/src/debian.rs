//! Outside programs that checks need, all of them Debian's.

use std::process::Command;

use anyhow::ensure;

use crate::programs;

/// A package and the program in it that is needed.
pub(crate) type Package = (&'static str, &'static str);

/// Whether the check can run.
pub(crate) enum Tools {
    Present,
    /// It cannot, for this reason.
    Absent(String),
}

/// Looks for the programs and installs what is missing if that is allowed.
pub(crate) fn find(packages: &[Package], install: bool) -> anyhow::Result<Tools> {
    let missing = missing(packages);
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

fn missing(packages: &[Package]) -> Vec<&'static str> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&paths).collect();
    let is_there = |program: &str| folders.iter().any(|folder| folder.join(program).is_file());
    packages
        .iter()
        .filter(|(_, program)| !is_there(program))
        .map(|(package, _)| *package)
        .collect()
}
