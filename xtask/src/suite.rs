//! Suites of tests in Python and JavaScript, each with exactly the packages that it pins.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::checks::{Outcome, cannot_run, pass_or_fail};
use crate::{npm, programs, venv};

/// A Python environment with pinned packages.
#[derive(Clone, Copy)]
pub(crate) struct Environment {
    /// Its name.
    pub(crate) name: &'static str,
    /// The file that pins its packages, below `tests`.
    pub(crate) requirements: &'static str,
}

/// boto3, the aws CLI and version 2 of the SageMaker SDK.
pub(crate) const CLIENTS: Environment = Environment {
    name: "clients",
    requirements: "clients/requirements.txt",
};

/// pandas with s3fs.
pub(crate) const PANDAS: Environment = Environment {
    name: "s3fs",
    requirements: "clients/separate/s3fs.txt",
};

/// Tests of pytest, and the environment that they need.
#[derive(Clone, Copy)]
pub(crate) struct Python {
    pub(crate) environment: Environment,
    /// A file or a directory of tests, below `tests`.
    pub(crate) tests: &'static str,
}

/// Runs pytest.
pub(crate) fn python(suite: Python) -> anyhow::Result<Outcome> {
    match interpreter(suite.environment) {
        Ok(python) => pass_or_fail(&mut pytest(&python, suite.tests)?),
        Err(outcome) => Ok(outcome),
    }
}

/// Runs the recipes of `docs/LOCAL_SERVER.md` with pytest, each in the first of these environments that has its modules.
/// `javascript` is the directory below `tests` with the packages of the recipe in JavaScript.
pub(crate) fn recipes(environments: &[Environment], javascript: &str) -> anyhow::Result<Outcome> {
    let pythons = environments.iter().copied().map(interpreter);
    let pythons: Vec<PathBuf> = match pythons.collect() {
        Ok(pythons) => pythons,
        Err(outcome) => return Ok(outcome),
    };
    let [first, others @ ..] = pythons.as_slice() else {
        bail!("the recipes need an environment");
    };
    let node = match npm::copy_with_packages(javascript, &below_tests(javascript)) {
        Ok(node) => node,
        Err(error) => return Ok(cannot_run(&format!("no packages of npm: {error:#}"))),
    };
    pass_or_fail(
        pytest(first, "clients/test_recipes.py")?
            .env("FIRE_RECIPE_PYTHONS", std::env::join_paths(others)?)
            .env("FIRE_RECIPE_NODE", node),
    )
}

/// The interpreter of an environment, or why there is none.
fn interpreter(environment: Environment) -> Result<PathBuf, Outcome> {
    let requirements = below_tests(environment.requirements);
    match venv::python(environment.name, &requirements) {
        Ok(Some(python)) => Ok(python),
        Ok(None) => Err(cannot_run("python3 is not on the PATH")),
        Err(error) => Err(cannot_run(&format!("no Python environment: {error:#}"))),
    }
}

fn pytest(python: &Path, tests: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(python);
    command
        .args(["-m", "pytest", "--quiet"])
        .arg(below_tests(tests))
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
