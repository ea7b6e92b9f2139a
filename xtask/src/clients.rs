//! `cargo xtask clients`: clients of the local server that `cargo xtask test` leaves out, because their
//! packages are large or come from Debian.

use std::process::ExitCode;

use crate::checks::{Outcome, Summary, cannot_run};
use crate::debian::{self, Package, Tools};
use crate::programs;
use crate::suite::{self, Python};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Install missing outside programs that the clients need (Debian packages, as root)
    #[arg(long)]
    install: bool,

    /// Run only these clients, by the names in the summary
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = CLIENTS.map(|client| client.name))]
    only: Vec<String>,
}

/// The name in the summary of the recipes in `docs/LOCAL_SERVER.md`.
const RECIPES: &str = "recipes";

/// A client and the tests that use it.
#[derive(Clone, Copy)]
struct Client {
    /// Its name in the summary.
    name: &'static str,
    /// The Debian packages that it needs.
    packages: &'static [Package],
    /// The tests.
    suite: Python,
}

const CLIENTS: [Client; 8] = [
    Client {
        name: "rclone",
        packages: &[("rclone", "rclone")],
        suite: in_suite("clients/separate/test_rclone.py"),
    },
    Client {
        name: "s3cmd",
        packages: &[("s3cmd", "s3cmd")],
        suite: in_suite("clients/separate/test_s3cmd.py"),
    },
    Client {
        name: "pyarrow",
        packages: &[],
        suite: with_arrow("clients/separate/test_pyarrow.py"),
    },
    Client {
        name: "polars",
        packages: &[],
        suite: with_arrow("clients/separate/test_polars.py"),
    },
    Client {
        name: "sagemaker 2",
        packages: &[],
        suite: in_suite("clients/test_python_sdk.py"),
    },
    Client {
        name: "sagemaker 3",
        packages: &[],
        suite: SAGEMAKER_3,
    },
    Client {
        name: "mlflow",
        packages: &[],
        suite: Python {
            environment: "mlflow",
            requirements: "clients/separate/mlflow.txt",
            tests: "clients/separate/test_mlflow.py",
        },
    },
    Client {
        name: RECIPES,
        packages: &[("rclone", "rclone"), ("nodejs", "node"), ("npm", "npm")],
        suite: in_suite("clients/test_recipes.py"),
    },
];

const SAGEMAKER_3: Python = Python {
    environment: "sagemaker3",
    requirements: "clients/separate/sagemaker3.txt",
    tests: "clients/separate/test_sagemaker3.py",
};

/// Tests in the environment of the client suite, which has boto3 and version 2 of the SageMaker SDK.
const fn in_suite(tests: &'static str) -> Python {
    Python {
        environment: "clients",
        requirements: "clients/requirements.txt",
        tests,
    }
}

/// Tests in the environment that pyarrow and polars share.
const fn with_arrow(tests: &'static str) -> Python {
    Python {
        environment: "arrow",
        requirements: "clients/separate/arrow.txt",
        tests,
    }
}

/// Builds the programs, runs the tests of each client, and prints a summary.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    programs::build()?;
    let mut summary = Summary::default();
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    for client in CLIENTS.into_iter().filter(|client| wanted(client.name)) {
        summary.run(client.name, || check(client, args.install));
    }
    Ok(summary.print())
}

fn check(client: Client, install: bool) -> anyhow::Result<Outcome> {
    match debian::find(client.packages, install || programs::is_ci())? {
        Tools::Missing(why) => Ok(cannot_run(&why)),
        Tools::Present if client.name == RECIPES => {
            let others = [with_arrow(""), SAGEMAKER_3];
            suite::recipes(client.suite, &others, "clients/js")
        }
        Tools::Present => suite::python(client.suite),
    }
}
