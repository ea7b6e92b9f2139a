//! `cargo xtask test`: everything that CI checks.

use std::process::ExitCode;

use crate::checks::{Outcome, Summary, cannot_run, pass_or_fail};
use crate::debian::{self, Package, Tools};
use crate::suite::{self, Environment, Python};
use crate::{container, programs};

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
const CHECKS: [Check; 12] = [
    ("format", format),
    ("build", build),
    ("lints", lints),
    ("tests", tests),
    ("documentation", documentation),
    ("packages", packages),
    ("client suite", clients),
    ("pandas", pandas),
    ("javascript", javascript),
    ("exports", exports),
    ("browser", browser),
    ("container", in_container),
];

/// Runs the checks and prints a summary.
pub(crate) fn run(args: &Args) -> ExitCode {
    let mut summary = Summary::default();
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    for (name, check) in CHECKS.into_iter().filter(|(name, _)| wanted(name)) {
        summary.run(name, || check(args));
    }
    summary.print()
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

/// boto3, the aws CLI and the SageMaker SDK against the local server: no code of ours on the client's side.
fn clients(_: &Args) -> anyhow::Result<Outcome> {
    suite::python(Python {
        environment: suite::CLIENTS,
        tests: "clients",
    })
}

/// s3fs and pandas against the local server.
fn pandas(_: &Args) -> anyhow::Result<Outcome> {
    suite::python(Python {
        environment: suite::PANDAS,
        tests: "clients/separate/test_s3fs.py",
    })
}

/// What runs JavaScript and installs its packages.
const NODE: [Package; 2] = [("nodejs", "node"), ("npm", "npm")];

/// The AWS SDK for JavaScript against the local server.
fn javascript(args: &Args) -> anyhow::Result<Outcome> {
    match debian::find(&NODE, args.install || programs::is_ci())? {
        Tools::Missing(why) => Ok(cannot_run(&why)),
        Tools::Present => suite::javascript("clients/js", "sdk.test.js"),
    }
}

/// Exported models under onnxruntime, and explanations against shap.
fn exports(_: &Args) -> anyhow::Result<Outcome> {
    // The suite calls an example of `ensemble`, and cargo builds examples only by name.
    let build = ["build", "--workspace", "--example", "combine"];
    let status = programs::run(&mut programs::cargo(&build))?;
    if !status.success() {
        return Ok(Outcome::Failed);
    }
    suite::python(Python {
        environment: Environment {
            name: "exports",
            requirements: "exports/requirements.txt",
        },
        tests: "exports",
    })
}

/// The browser that opens the pages.
const BROWSER: [Package; 1] = [("chromium", "chromium")];

/// The pages of `report-100k` in a real browser.
fn browser(args: &Args) -> anyhow::Result<Outcome> {
    match debian::find(&BROWSER, args.install || programs::is_ci())? {
        Tools::Missing(why) => Ok(cannot_run(&why)),
        Tools::Present => suite::python(Python {
            environment: Environment {
                name: "browser",
                requirements: "browser/requirements.txt",
            },
            tests: "browser",
        }),
    }
}

/// Our image in a real registry, training and serving under a real container runtime.
fn in_container(args: &Args) -> anyhow::Result<Outcome> {
    match debian::find(&container::PACKAGES, args.install || programs::is_ci())? {
        Tools::Missing(why) => Ok(cannot_run(&why)),
        Tools::Present => container::check().map(|()| Outcome::Passed),
    }
}
