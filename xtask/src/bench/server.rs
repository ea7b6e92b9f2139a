//! The local server: small objects, lists, uploads in parts, records, start and memory.
//!
//! `xtask/bench/server.py` is the client. This module builds the server and compares what the client has
//! measured with the targets.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use super::table::today;
use super::{Args, machine, median, rust_version};
use crate::{programs, venv};

/// What `server.py` prints.
#[derive(Debug, Deserialize)]
struct Measurements {
    /// By name.
    versions: BTreeMap<String, String>,
    /// By key, a value for each run.
    figures: BTreeMap<String, Vec<f64>>,
}

/// The value that a figure is compared with.
#[derive(Clone, Copy, Debug)]
enum Target {
    /// The highest acceptable value.
    Most(f64),
    /// The lowest acceptable value.
    Least(f64),
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
struct Figure {
    /// Its name in the output of `server.py`.
    key: &'static str,
    what: &'static str,
    unit: &'static str,
    target: Option<Target>,
}

/// A figure and the median of its runs.
#[derive(Debug)]
struct Found {
    figure: Figure,
    median: f64,
}

impl Target {
    fn value(self) -> f64 {
        match self {
            Self::Most(value) | Self::Least(value) => value,
        }
    }

    fn verdict(self, found: f64) -> &'static str {
        let met = match self {
            Self::Most(highest) => found <= highest,
            Self::Least(lowest) => found >= lowest,
        };
        if met { "met" } else { "missed" }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Most(highest) => write!(f, "at most {highest}"),
            Self::Least(lowest) => write!(f, "at least {lowest}"),
        }
    }
}

impl Figure {
    const fn new(key: &'static str, what: &'static str, unit: &'static str) -> Self {
        Self {
            key,
            what,
            unit,
            target: None,
        }
    }

    const fn at_most(self, highest: f64) -> Self {
        Self {
            target: Some(Target::Most(highest)),
            ..self
        }
    }

    const fn at_least(self, lowest: f64) -> Self {
        Self {
            target: Some(Target::Least(lowest)),
            ..self
        }
    }
}

impl Found {
    /// The median relative to the target.
    fn ratio(&self) -> Option<f64> {
        self.figure
            .target
            .map(|target| self.median / target.value())
    }

    fn verdict(&self) -> Option<&'static str> {
        self.figure.target.map(|target| target.verdict(self.median))
    }
}

/// All figures, in the order of the table. A target that boto3 alone would miss is one of plain HTTP only.
const FIGURES: [Figure; 18] = {
    use Figure as F;
    [
        F::new("get_plain_ms", "GET of 100 bytes, plain HTTP", "ms").at_most(2.0),
        F::new("get_boto3_ms", "GET of 100 bytes, boto3", "ms"),
        F::new(
            "put_plain_per_second",
            "PUT of 100 bytes by 4 threads, plain HTTP",
            "objects/s",
        )
        .at_least(819.0),
        F::new(
            "put_boto3_per_second",
            "PUT of 100 bytes by 4 threads, boto3",
            "objects/s",
        )
        .at_least(819.0),
        F::new(
            "page_beginning_plain_ms",
            "the first 1,000 of 100,000 keys, plain HTTP",
            "ms",
        )
        .at_most(20.0),
        F::new(
            "page_beginning_boto3_ms",
            "the first 1,000 of 100,000 keys, boto3",
            "ms",
        ),
        F::new(
            "page_middle_plain_ms",
            "1,000 keys from the middle, plain HTTP",
            "ms",
        )
        .at_most(20.0),
        F::new(
            "page_middle_boto3_ms",
            "1,000 keys from the middle, boto3",
            "ms",
        ),
        F::new("page_end_plain_ms", "the last 1,000 keys, plain HTTP", "ms").at_most(20.0),
        F::new("page_end_boto3_ms", "the last 1,000 keys, boto3", "ms"),
        F::new(
            "paginator_seconds",
            "100,000 keys, the paginator of boto3",
            "s",
        )
        .at_most(5.0),
        F::new(
            "complete_ms",
            "CompleteMultipartUpload of 1,000 parts of 5 MiB, boto3",
            "ms",
        ),
        F::new(
            "jobs_default_plain_ms",
            "ListTrainingJobs, 10 of 5,000, plain HTTP",
            "ms",
        )
        .at_most(5.0),
        F::new(
            "jobs_default_boto3_ms",
            "ListTrainingJobs, 10 of 5,000, boto3",
            "ms",
        ),
        F::new(
            "jobs_100_plain_ms",
            "ListTrainingJobs, 100 of 5,000, plain HTTP",
            "ms",
        )
        .at_most(5.0),
        F::new(
            "jobs_100_boto3_ms",
            "ListTrainingJobs, 100 of 5,000, boto3",
            "ms",
        ),
        F::new("resident_mb", "memory after listing 5,000 jobs", "MB").at_most(60.0),
        F::new("start_ms", "start with 5,000 jobs", "ms"),
    ]
};

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let runs = args.runs.unwrap_or(5);
    let Measurements {
        mut versions,
        figures,
    } = measure(runs)?;
    versions.insert("Rust".to_owned(), rust_version()?);
    let found = medians(figures)?;
    if args.output == "json" {
        let document = document(&found, &versions, runs);
        println!("{document:#}");
    } else {
        print(&found, &versions, runs);
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the client against a release build of the server.
fn measure(runs: u32) -> anyhow::Result<Measurements> {
    let scripts = programs::root().join("xtask/bench");
    let python = venv::python("server", &scripts.join("server-requirements.txt"))?;
    let python = python.context("boto3 needs Python 3; on Debian: apt-get install python3")?;
    let mut client = Command::new(python);
    client
        .arg(scripts.join("server.py"))
        .arg(release_build()?)
        .arg(programs::directory()?.join("bench/server"))
        .arg(runs.to_string());
    let (status, printed) = programs::output(&mut client)?;
    if !status.success() {
        bail!("server.py ended with {status}");
    }
    serde_json::from_slice(&printed).context("unexpected output of server.py")
}

/// Builds the server, optimised, and returns the path of the program.
fn release_build() -> anyhow::Result<PathBuf> {
    let build = [
        "build",
        "--locked",
        "--release",
        "--package",
        "local-sagemaker",
    ];
    if !programs::run(&mut programs::cargo(&build))?.success() {
        bail!("the server cannot be built");
    }
    Ok(programs::target()?.join("release/local-sagemaker"))
}

/// The medians in the order of the table, for which nothing may be missing or left over.
fn medians(mut measured: BTreeMap<String, Vec<f64>>) -> anyhow::Result<Vec<Found>> {
    let mut found = Vec::new();
    for figure in FIGURES {
        let values = measured
            .remove(figure.key)
            .with_context(|| format!("server.py has not measured `{}`", figure.key))?;
        found.push(Found {
            figure,
            median: median(&values),
        });
    }
    if let Some(key) = measured.keys().next() {
        bail!("the table has no row for `{key}` of server.py");
    }
    Ok(found)
}

fn print(all: &[Found], versions: &BTreeMap<String, String>, runs: u32) {
    let versions: Vec<_> = versions
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    println!(
        "{}; {}; {}; medians of {runs} runs",
        machine(),
        today(),
        versions.join(", ")
    );
    println!("\n| | found | target | found / target | |\n|---|---|---|---|---|");
    for one in all {
        let Figure {
            what, unit, target, ..
        } = one.figure;
        let target = target.map(|target| format!("{target} {unit}"));
        let ratio = one.ratio().map(|ratio| format!("{ratio:.2}"));
        println!(
            "| {what} | {:.2} {unit} | {} | {} | {} |",
            one.median,
            target.unwrap_or_default(),
            ratio.unwrap_or_default(),
            one.verdict().unwrap_or_default()
        );
    }
}

/// The results as JSON; the keys are stable.
fn document(all: &[Found], versions: &BTreeMap<String, String>, runs: u32) -> Value {
    let figures = all.iter().map(|one| {
        json!({
            "key": one.figure.key,
            "what": one.figure.what,
            "unit": one.figure.unit,
            "found": one.median,
            "target": one.figure.target.map(|target| target.to_string()),
            "ratio": one.ratio(),
            "verdict": one.verdict(),
        })
    });
    json!({
        "machine": machine(),
        "date": today(),
        "versions": versions,
        "runs": runs,
        "figures": figures.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured() -> BTreeMap<String, Vec<f64>> {
        let keys = FIGURES.iter().map(|figure| figure.key.to_owned());
        keys.map(|key| (key, vec![4.0, 1.0, 2.0])).collect()
    }

    #[test]
    fn a_figure_is_compared_in_the_direction_of_its_target() {
        let found = medians(measured()).unwrap();
        let check = |key: &str, ratio: Option<f64>, verdict: Option<&str>| {
            let one = found.iter().find(|one| one.figure.key == key).unwrap();
            assert_eq!((one.ratio(), one.verdict()), (ratio, verdict), "{key}");
        };
        check("get_plain_ms", Some(1.0), Some("met"));
        check("put_boto3_per_second", Some(2.0 / 819.0), Some("missed"));
        check("paginator_seconds", Some(0.4), Some("met"));
        check("start_ms", None, None);
        assert_eq!(Target::Most(5.0).verdict(5.1), "missed");
        assert_eq!(Target::Least(5.0).verdict(5.1), "met");
    }

    #[test]
    fn the_table_and_the_client_have_the_same_figures() {
        let mut few = measured();
        few.remove("complete_ms");
        let error = medians(few).unwrap_err().to_string();
        assert_eq!(error, "server.py has not measured `complete_ms`");
        let mut many = measured();
        many.insert("delete_ms".to_owned(), vec![1.0]);
        let error = medians(many).unwrap_err().to_string();
        assert_eq!(error, "the table has no row for `delete_ms` of server.py");
    }
}
