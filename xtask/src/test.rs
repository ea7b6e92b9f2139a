//! `cargo xtask test`: everything that CI checks.
//!
//! All checks run, also after one has failed, so one call shows everything that is wrong.

use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::debian::{self, Package, Tools};
use crate::{container, programs, venv};

/// How a check ended.
enum Outcome {
    Passed,
    Failed,
    /// It cannot run on this machine, for this reason.
    Skipped(String),
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Install missing outside programs that the checks need (Debian packages, as root)
    #[arg(long)]
    install: bool,

    /// Run only these checks, by the names in the summary
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = CHECKS.map(|(name, _)| name))]
    only: Vec<String>,
}

/// A check's name and what it does.
type Check = (&'static str, fn(&Args) -> anyhow::Result<Outcome>);

/// Checks that fail fast come first, and those that need the programs come after the build.
const CHECKS: [Check; 10] = [
    ("format", format),
    ("build", build),
    ("lints", lints),
    ("tests", tests),
    ("documentation", documentation),
    ("packages", packages),
    ("client suite", clients),
    ("exports", exports),
    ("browser", browser),
    ("container", in_container),
];

/// Runs the checks and prints a summary.
pub(crate) fn run(args: &Args) -> ExitCode {
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    let mut lines = Vec::new();
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    for (name, check) in CHECKS.into_iter().filter(|(name, _)| wanted(name)) {
        eprintln!("\n== {name}");
        let started = Instant::now();
        let outcome = check(args).unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Outcome::Failed
        });
        let (word, count) = match outcome {
            Outcome::Passed => ("passed".to_owned(), &mut passed),
            Outcome::Failed => ("FAILED".to_owned(), &mut failed),
            Outcome::Skipped(why) => (format!("not run: {why}"), &mut skipped),
        };
        *count += 1;
        lines.push(format!(
            "{name:<15} {:>7.1} s  {word}",
            started.elapsed().as_secs_f64()
        ));
    }
    println!("\n{}", lines.join("\n"));
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn format(_: &Args) -> anyhow::Result<Outcome> {
    pass_or_fail(&mut programs::cargo(&["fmt", "--all", "--check"]))
}

fn build(_: &Args) -> anyhow::Result<Outcome> {
    pass_or_fail(&mut programs::cargo(&["build", "--workspace"]))
}

fn lints(_: &Args) -> anyhow::Result<Outcome> {
    let arguments = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ];
    pass_or_fail(&mut programs::cargo(&arguments))
}

fn tests(_: &Args) -> anyhow::Result<Outcome> {
    pass_or_fail(
        programs::cargo(&["test", "--workspace", "--no-fail-fast"])
            .env("FIRE_BIN_DIR", programs::directory()?)
            // A snapshot that differs is a failure here, whatever the caller's environment says.
            .env("INSTA_UPDATE", "no"),
    )
}

fn documentation(_: &Args) -> anyhow::Result<Outcome> {
    pass_or_fail(
        programs::cargo(&[
            "doc",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ])
        .env("RUSTDOCFLAGS", "--deny warnings"),
    )
}

/// Each library as a package for other projects.
fn packages(_: &Args) -> anyhow::Result<Outcome> {
    crate::packages::check().map(|()| Outcome::Passed)
}

/// boto3 and the aws CLI against the local server: no code of ours on the client's side.
fn clients(_: &Args) -> anyhow::Result<Outcome> {
    suite("clients")
}

/// Exported models under onnxruntime, and explanations against shap.
fn exports(_: &Args) -> anyhow::Result<Outcome> {
    // The suite calls an example of `ensemble`, and cargo builds examples only by name.
    let build = ["build", "--workspace", "--example", "combine"];
    let status = programs::run(&mut programs::cargo(&build))?;
    if !status.success() {
        return Ok(Outcome::Failed);
    }
    suite("exports")
}

/// The Python suite `tests/<name>`, in a Python environment of its own.
fn suite(name: &str) -> anyhow::Result<Outcome> {
    let suite = programs::root().join("tests").join(name);
    let python = match venv::python(name, &suite.join("requirements.txt")) {
        Ok(Some(python)) => python,
        Ok(None) => return Ok(cannot_run("there is no python3 on the PATH")),
        Err(error) => return Ok(cannot_run(&format!("no Python environment: {error:#}"))),
    };
    pass_or_fail(
        Command::new(&python)
            .args(["-m", "pytest", "--quiet"])
            .arg(&suite)
            .env("FIRE_BIN_DIR", programs::directory()?)
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    )
}

/// The browser that opens the pages.
const BROWSER: [Package; 1] = [("chromium", "chromium")];

/// The pages of `report-100k` in a real browser.
fn browser(args: &Args) -> anyhow::Result<Outcome> {
    match debian::find(&BROWSER, args.install || programs::is_ci())? {
        Tools::Missing(why) => Ok(cannot_run(&why)),
        Tools::Present => suite("browser"),
    }
}

/// Our image in a real registry, training and serving under a real container runtime.
fn in_container(args: &Args) -> anyhow::Result<Outcome> {
    match debian::find(&container::PACKAGES, args.install || programs::is_ci())? {
        Tools::Missing(why) => Ok(cannot_run(&why)),
        Tools::Present => container::check().map(|()| Outcome::Passed),
    }
}

fn pass_or_fail(command: &mut Command) -> anyhow::Result<Outcome> {
    let status = programs::run(command)?;
    Ok(if status.success() {
        Outcome::Passed
    } else {
        Outcome::Failed
    })
}

/// A check that cannot run fails in CI, which must have everything, and is skipped elsewhere.
fn cannot_run(why: &str) -> Outcome {
    if programs::is_ci() {
        eprintln!("{why}");
        return Outcome::Failed;
    }
    Outcome::Skipped(why.to_owned())
}
