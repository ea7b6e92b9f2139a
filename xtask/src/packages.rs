//! The check `packages`: every library can be packed for other projects, with what they need and not much more.
//!
//! Cargo packs without compiling anything and without a network: crates that are not on a registry yet find each other
//! in the packages made before them.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::programs;

/// The libraries, and the version that all of them have.
const LIBRARIES: [&str; 7] = [
    "alarm",
    "ensemble",
    "fire-cli",
    "local-sagemaker",
    "sagemaker-ops",
    "sensor-model",
    "split",
];
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Bytes of a package, compressed: half as much again as the largest has. What grows beyond is data that nobody asked for.
const LARGEST: u64 = 300 * 1024;

/// What somebody who unpacks a library looks for.
const NEEDED: [&str; 5] = [
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "src/lib.rs",
];

/// Packs all libraries and prints what became of each; fails for the first that is not fit to be given away.
pub(crate) fn check() -> anyhow::Result<()> {
    let chosen = LIBRARIES.map(|library| ["--package", library]);
    let mut arguments = vec!["package", "--no-verify", "--allow-dirty", "--offline"];
    arguments.extend(chosen.as_flattened());
    if !programs::run(&mut programs::cargo(&arguments)?)?.success() {
        bail!("the libraries cannot be packed");
    }
    let folder = programs::folder()?;
    let target = folder.parent().context("programs lie in a target folder")?;
    for library in LIBRARIES {
        let files = files(library)?;
        if let Some(absent) = NEEDED
            .iter()
            .find(|name| !files.iter().any(|file| file == *name))
        {
            bail!(
                "{library}: its package has no {absent}; see `include` in crates/{library}/Cargo.toml"
            );
        }
        let package = target
            .join("package")
            .join(format!("{library}-{VERSION}.crate"));
        let bytes = size(&package)?;
        println!(
            "{library:<16} {:>4} files {:>5} KiB",
            files.len(),
            bytes.div_ceil(1024)
        );
        if bytes > LARGEST {
            bail!(
                "{library}: its package has {bytes} bytes, more than {LARGEST}; see `include` in \
                 crates/{library}/Cargo.toml, and `cargo package --list`"
            );
        }
    }
    Ok(())
}

/// The files of a library's package, as cargo lists them.
fn files(library: &str) -> anyhow::Result<Vec<String>> {
    let list = [
        "package",
        "--list",
        "--allow-dirty",
        "--offline",
        "--package",
        library,
    ];
    let output = programs::cargo(&list)?
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("{library}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8(output.stdout).context("a file's name is not text")?;
    Ok(text.lines().map(str::to_owned).collect())
}

fn size(package: &Path) -> anyhow::Result<u64> {
    let metadata = package.metadata();
    Ok(metadata
        .with_context(|| package.display().to_string())?
        .len())
}
