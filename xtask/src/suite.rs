//! Suites of tests in Python and JavaScript, each with exactly the packages that it pins.

use std::path::PathBuf;
use std::process::Command;

use crate::checks::{Outcome, cannot_run, pass_or_fail};
use crate::{npm, programs, venv};

/// Tests of pytest, and the Python environment that they need.
#[derive(Clone, Copy)]
pub(crate) struct Python {
    /// The environment's name.
    pub(crate) environment: &'static str,
    /// The file that pins the environment's packages, below `tests`.
    pub(crate) requirements: &'static str,
    /// A file or a directory of tests, below `tests`.
    pub(crate) tests: &'static str,
}

/// Runs pytest.
pub(crate) fn python(suite: Python) -> anyhow::Result<Outcome> {
    let requirements = below_tests(suite.requirements);
    let python = match venv::python(suite.environment, &requirements) {
        Ok(Some(python)) => python,
        Ok(None) => return Ok(cannot_run("there is no python3 on the PATH")),
        Err(error) => return Ok(cannot_run(&format!("no Python environment: {error:#}"))),
    };
    pass_or_fail(
        Command::new(&python)
            .args(["-m", "pytest", "--quiet"])
            .arg(below_tests(suite.tests))
            .env("FIRE_BIN_DIR", programs::directory()?)
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    )
}

/// Runs a file of tests with Node's own test runner. Its directory, below `tests`, has a `package.json` and a
/// lock file.
pub(crate) fn javascript(directory: &str, file: &str) -> anyhow::Result<Outcome> {
    let copy = match npm::copy_with_packages(directory, &below_tests(directory)) {
        Ok(copy) => copy,
        Err(error) => return Ok(cannot_run(&format!("no packages of npm: {error:#}"))),
    };
    pass_or_fail(
        Command::new("node")
            .args(["--test", file])
            .current_dir(copy)
            .env("FIRE_BIN_DIR", programs::directory()?),
    )
}

fn below_tests(path: &str) -> PathBuf {
    programs::root().join("tests").join(path)
}
