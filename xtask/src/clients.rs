//! `cargo xtask clients`: clients of the local server that `cargo xtask test` leaves out, because their
//! packages are large or come from Debian.

use std::process::ExitCode;

use crate::checks::{Outcome, Summary, cannot_run};
use crate::debian::{self, Package, Tools};
use crate::programs;
use crate::suite::{self, CLIENTS, Environment, PANDAS, Python};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Install missing outside programs that the clients need (Debian packages, as root)
    #[arg(long)]
    install: bool,

    /// Run only these clients, by the names in the summary
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = LIST.map(|client| client.name))]
    only: Vec<String>,
}

/// A client and the tests that use it.
#[derive(Clone, Copy)]
struct Client {
    /// Its name in the summary.
    name: &'static str,
    /// The Debian packages that it needs.
    packages: &'static [Package],
    suite: Suite,
}

#[derive(Clone, Copy)]
enum Suite {
    Python(Python),
    /// The recipes of `docs/LOCAL_SERVER.md`.
    Recipes,
}

/// pyarrow and polars.
const ARROW: Environment = Environment {
    name: "arrow",
    requirements: "clients/separate/arrow.txt",
};

/// Version 3 of the SageMaker SDK.
const SAGEMAKER_3: Environment = Environment {
    name: "sagemaker3",
    requirements: "clients/separate/sagemaker3.txt",
};

const MLFLOW: Environment = Environment {
    name: "mlflow",
    requirements: "clients/separate/mlflow.txt",
};

const LIST: [Client; 8] = [
    Client {
        name: "rclone",
        packages: &[("rclone", "rclone")],
        suite: tests(CLIENTS, "clients/separate/test_rclone.py"),
    },
    Client {
        name: "s3cmd",
        packages: &[("s3cmd", "s3cmd")],
        suite: tests(CLIENTS, "clients/separate/test_s3cmd.py"),
    },
    Client {
        name: "pyarrow",
        packages: &[],
        suite: tests(ARROW, "clients/separate/test_pyarrow.py"),
    },
    Client {
        name: "polars",
        packages: &[],
        suite: tests(ARROW, "clients/separate/test_polars.py"),
    },
    Client {
        name: "sagemaker 2",
        packages: &[],
        suite: tests(CLIENTS, "clients/test_python_sdk.py"),
    },
    Client {
        name: "sagemaker 3",
        packages: &[],
        suite: tests(SAGEMAKER_3, "clients/separate/test_sagemaker3.py"),
    },
    Client {
        name: "mlflow",
        packages: &[],
        suite: tests(MLFLOW, "clients/separate/test_mlflow.py"),
    },
    Client {
        name: "recipes",
        packages: &[
            ("rclone", "rclone"),
            ("s3cmd", "s3cmd"),
            ("nodejs", "node"),
            ("npm", "npm"),
        ],
        suite: Suite::Recipes,
    },
];

const fn tests(environment: Environment, tests: &'static str) -> Suite {
    Suite::Python(Python { environment, tests })
}

/// Builds the programs, runs the tests of each client, and prints a summary.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    programs::build()?;
    let mut summary = Summary::default();
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    for client in LIST.into_iter().filter(|client| wanted(client.name)) {
        summary.run(client.name, || check(client, args.install));
    }
    Ok(summary.print())
}

fn check(client: Client, install: bool) -> anyhow::Result<Outcome> {
    if let Tools::Missing(why) = debian::find(client.packages, install || programs::is_ci())? {
        return Ok(cannot_run(&why));
    }
    match client.suite {
        Suite::Python(suite) => suite::python(suite),
        Suite::Recipes => {
            let environments = [CLIENTS, PANDAS, ARROW, SAGEMAKER_3, MLFLOW];
            suite::recipes(&environments, "clients/js")
        }
    }
}
