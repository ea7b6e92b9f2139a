//! The check `packages`: every library can be packaged for other projects, complete and small.
//!
//! Cargo packages without compiling and without a network. Crates that are not on a registry yet
//! find each other among the packages made before them.

use anyhow::{Context as _, bail};

use crate::programs;

/// The libraries, in alphabetical order.
const LIBRARIES: [&str; 8] = [
    "alarm",
    "ensemble",
    "fire-cli",
    "fire-run",
    "local-sagemaker",
    "sagemaker-ops",
    "sensor-model",
    "split",
];

/// The version of every crate here.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Maximum size of a compressed package in bytes: 1.5 times that of the largest. A larger one probably
/// contains data files by accident.
const LARGEST: u64 = 300 * 1024;

/// Files that every package must contain.
const NEEDED: [&str; 5] = [
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "src/lib.rs",
];

/// Packages all libraries and prints the size of each; fails for the first that is incomplete or too large.
pub(crate) fn check() -> anyhow::Result<()> {
    let chosen = LIBRARIES.map(|library| ["--package", library]);
    let mut arguments = vec!["package", "--no-verify", "--allow-dirty", "--offline"];
    arguments.extend(chosen.as_flattened());
    let mut package = programs::cargo(&arguments);
    programs::run_or_fail(&mut package, "the libraries cannot be packaged")?;
    let packages = programs::target()?.join("package");
    for library in LIBRARIES {
        let files = files(library)?;
        if let Some(missing) = NEEDED
            .iter()
            .find(|name| !files.iter().any(|file| file == *name))
        {
            bail!(
                "the package of {library} has no {missing}; see `include` in crates/{library}/Cargo.toml"
            );
        }
        let package = packages.join(format!("{library}-{VERSION}.crate"));
        let metadata = package.metadata();
        let bytes = metadata
            .with_context(|| package.display().to_string())?
            .len();
        println!(
            "{library:<16} {:>4} files {:>5} KiB",
            files.len(),
            bytes.div_ceil(1024)
        );
        if bytes > LARGEST {
            bail!(
                "the package of {library} has {bytes} bytes, more than {LARGEST}; see `include` in \
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
    let output = programs::cargo(&list)
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("{library}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    Ok(text.lines().map(str::to_owned).collect())
}
