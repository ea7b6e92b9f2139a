//! Packages of npm for a directory of JavaScript.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::programs;

/// Copies the files of `sources` next to exactly the packages that its lock file pins, and returns the
/// directory with both.
///
/// Node looks for packages only in the directories above the file that imports them, and packages are no part
/// of the sources. They are kept with the built programs and renewed when the lock file changes.
pub(crate) fn copy_with_packages(name: &str, sources: &Path) -> anyhow::Result<PathBuf> {
    let name = format!("npm-{}", name.replace('/', "-"));
    let copy = programs::directory()?.join(name);
    fs::create_dir_all(&copy).with_context(|| copy.display().to_string())?;
    let entries = fs::read_dir(sources).with_context(|| sources.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if let (true, Some(file)) = (path.is_file(), path.file_name()) {
            fs::copy(&path, copy.join(file)).with_context(|| path.display().to_string())?;
        }
    }
    let lock_file = copy.join("package-lock.json");
    let wanted = fs::read_to_string(&lock_file).with_context(|| lock_file.display().to_string())?;
    let marker = copy.join("node_modules/.installed.json");
    if fs::read_to_string(&marker).is_ok_and(|made_of| made_of == wanted) {
        return Ok(copy);
    }
    let mut install = Command::new("npm");
    // Node's version is checked, too, since packages fail in strange ways on one that is too old.
    install
        .args(["ci", "--no-audit", "--no-fund", "--engine-strict"])
        .current_dir(&copy);
    if !programs::run(&mut install)?.success() {
        bail!(
            "npm cannot install {}",
            sources.join("package-lock.json").display()
        );
    }
    // Written last, so that an interrupted installation is started over.
    fs::write(&marker, wanted).with_context(|| marker.display().to_string())?;
    Ok(copy)
}
