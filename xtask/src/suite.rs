//! Suites of tests in Python and JavaScript, each with exactly the packages that it pins.

use std::path::{Path, PathBuf};
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
    match interpreter(suite) {
        Ok(python) => pass_or_fail(&mut pytest(&python, suite)?),
        Err(outcome) => Ok(outcome),
    }
}

/// Runs the recipes of `docs/LOCAL_SERVER.md` with pytest, in the environment of `suite`. Recipes that import more run in
/// those of `others`, or with the packages of `javascript`, a directory below `tests`.
pub(crate) fn recipes(
    suite: Python,
    others: &[Python],
    javascript: &str,
) -> anyhow::Result<Outcome> {
    let mut pythons = Vec::new();
    for environment in others {
        match interpreter(*environment) {
            Ok(python) => pythons.push(python),
            Err(outcome) => return Ok(outcome),
        }
    }
    let node = match npm::copy_with_packages(javascript, &below_tests(javascript)) {
        Ok(node) => node,
        Err(error) => return Ok(cannot_run(&format!("no packages of npm: {error:#}"))),
    };
    match interpreter(suite) {
        Ok(python) => pass_or_fail(
            pytest(&python, suite)?
                .env("FIRE_RECIPE_PYTHONS", std::env::join_paths(pythons)?)
                .env("FIRE_RECIPE_NODE", node),
        ),
        Err(outcome) => Ok(outcome),
    }
}

/// The interpreter of an environment, or why there is none.
fn interpreter(suite: Python) -> Result<PathBuf, Outcome> {
    let requirements = below_tests(suite.requirements);
    match venv::python(suite.environment, &requirements) {
        Ok(Some(python)) => Ok(python),
        Ok(None) => Err(cannot_run("there is no python3 on the PATH")),
        Err(error) => Err(cannot_run(&format!("no Python environment: {error:#}"))),
    }
}

fn pytest(python: &Path, suite: Python) -> anyhow::Result<Command> {
    let mut command = Command::new(python);
    command
        .args(["-m", "pytest", "--quiet"])
        .arg(below_tests(suite.tests))
        .env("FIRE_BIN_DIR", programs::directory()?)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
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
