//! `cargo xtask test`: everything that CI checks.

use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::debian::{self, Package, Tools};
use crate::{container, packages, programs, venv};

/// How a check ended.
enum Outcome {
    Passed,
    Failed,
    /// It was not run, for this reason.
    Skipped(String),
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Install outside programs that checks need where they are missing (Debian packages, as root)
    #[arg(long)]
    install: bool,

    /// Run these checks alone, by the names that the summary prints
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = CHECKS.map(|(name, _)| name))]
    only: Vec<String>,
}

/// A check's name and what it does.
type Check = (&'static str, fn(&Args) -> anyhow::Result<Outcome>);

/// In this order: what fails fast comes first, what needs the build comes after it.
const CHECKS: [Check; 10] = [
    ("format", format),
    ("build", build),
    ("lints", lints),
    ("tests", tests),
    ("documentation", documentation),
    ("packages", packed),
    ("client suite", clients),
    ("exports", exports),
    ("browser", browser),
    ("container", in_container),
];

/// Runs every check, also after one has failed, and sums up.
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
    judged(&mut programs::cargo(&["fmt", "--all", "--check"])?)
}

fn build(_: &Args) -> anyhow::Result<Outcome> {
    judged(&mut programs::cargo(&["build", "--workspace"])?)
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
    judged(&mut programs::cargo(&arguments)?)
}

fn tests(_: &Args) -> anyhow::Result<Outcome> {
    judged(
        programs::cargo(&["test", "--workspace", "--no-fail-fast"])?
            .env("FIRE_BIN_DIR", programs::folder()?)
            // A snapshot that differs is a failure here, whatever the caller's environment says.
            .env("INSTA_UPDATE", "no"),
    )
}

fn documentation(_: &Args) -> anyhow::Result<Outcome> {
    judged(
        programs::cargo(&[
            "doc",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ])?
        .env("RUSTDOCFLAGS", "--deny warnings"),
    )
}

/// Each library as a package for other projects.
fn packed(_: &Args) -> anyhow::Result<Outcome> {
    packages::check().map(|()| Outcome::Passed)
}

/// boto3 and the aws CLI against the local server: nothing of ours on the client's side.
fn clients(_: &Args) -> anyhow::Result<Outcome> {
    suite("clients")
}

/// Exported models under onnxruntime, and explanations against shap.
fn exports(_: &Args) -> anyhow::Result<Outcome> {
    // One of our libraries' examples is among the programs of that suite, and examples are built by name alone.
    let built = programs::run(&mut programs::cargo(&[
        "build",
        "--workspace",
        "--example",
        "combine",
    ])?)?;
    if !built.success() {
        return Ok(Outcome::Failed);
    }
    suite("exports")
}

/// The Python suite in the folder `name` of `tests`, in an environment of its own.
fn suite(name: &str) -> anyhow::Result<Outcome> {
    let suite = programs::root()?.join("tests").join(name);
    let python = match venv::python(name, &suite.join("requirements.txt")) {
        Ok(Some(python)) => python,
        Ok(None) => return Ok(absent("there is no python3 on the PATH")),
        Err(error) => return Ok(absent(&format!("no Python environment: {error:#}"))),
    };
    judged(
        Command::new(&python)
            .args(["-m", "pytest", "--quiet"])
            .arg(&suite)
            .env("FIRE_BIN_DIR", programs::folder()?)
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    )
}

/// The browser that pages are looked at with.
const BROWSER: [Package; 1] = [("chromium", "chromium")];

/// The pages of `report-100k` in a real browser.
fn browser(args: &Args) -> anyhow::Result<Outcome> {
    match debian::find(&BROWSER, args.install || programs::is_ci())? {
        Tools::Absent(why) => Ok(absent(&why)),
        Tools::Present => suite("browser"),
    }
}

/// Our image in a real registry, trained and served by a real container runtime.
fn in_container(args: &Args) -> anyhow::Result<Outcome> {
    match debian::find(&container::PACKAGES, args.install || programs::is_ci())? {
        Tools::Absent(why) => Ok(absent(&why)),
        Tools::Present => container::check().map(|()| Outcome::Passed),
    }
}

fn judged(command: &mut Command) -> anyhow::Result<Outcome> {
    let status = programs::run(command)?;
    Ok(if status.success() {
        Outcome::Passed
    } else {
        Outcome::Failed
    })
}

/// CI has to have everything; elsewhere a check that cannot run is reported as such.
fn absent(why: &str) -> Outcome {
    if programs::is_ci() {
        eprintln!("{why}");
        return Outcome::Failed;
    }
    Outcome::Skipped(why.to_owned())
}
