//! A Python environment for each requirements file.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::programs;

/// The Python of an environment with exactly the packages that `requirements` pins.
///
/// The environment is kept next to the built programs and renewed when the file changes. `None`
/// if this machine has no Python 3.
pub(crate) fn python(name: &str, requirements: &Path) -> anyhow::Result<Option<PathBuf>> {
    let wanted = std::fs::read_to_string(requirements)
        .with_context(|| requirements.display().to_string())?;
    let folder = programs::directory()?.join(format!("venv-{name}"));
    let python = folder.join("bin/python");
    let marker = folder.join("requirements.txt");
    if std::fs::read_to_string(&marker).is_ok_and(|made_of| made_of == wanted) {
        return Ok(Some(python));
    }
    let venv = Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder)
        .status();
    match venv {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        made => {
            if !made.context("cannot run python3 -m venv")?.success() {
                bail!(
                    "python3 cannot create a virtual environment; on Debian: apt-get install python3-venv"
                );
            }
        }
    }
    let install = programs::run(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--requirement",
            ])
            .arg(requirements),
    )?;
    if !install.success() {
        bail!("pip cannot install {}", requirements.display());
    }
    // Written last, so that an interrupted installation is started over.
    std::fs::write(&marker, wanted).with_context(|| marker.display().to_string())?;
    Ok(Some(python))
}
