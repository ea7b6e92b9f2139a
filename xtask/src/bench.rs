//! `cargo xtask bench`: how long each step takes on this machine.
//!
//! `--learners` compares time and accuracy of the learners with scikit-learn, LightGBM and XGBoost,
//! `--generator` compares the generators with numpy, `--endpoint` compares the endpoint with
//! scikit-learn behind Flask and gunicorn, and `--server` measures the local server with boto3 and over
//! plain HTTP.

mod contestants;
mod endpoint;
mod endpoint_server;
mod endpoint_table;
mod generator;
mod learners;
mod server;
mod table;
mod targets;
mod wrk;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{opt_ml, programs};

#[derive(clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct Args {
    /// Rows of the dataset
    #[arg(long, default_value = "100000", conflicts_with_all = ["learners", "endpoint", "server"])]
    samples: u64,

    /// Compare the learners with those of scikit-learn, LightGBM and XGBoost
    #[arg(long, group = "with_slow_ones")]
    learners: bool,

    /// Time both generators, compared with numpy, and the extractor
    #[arg(long, group = "with_slow_ones")]
    generator: bool,

    /// Compare the endpoint with LightGBM and with scikit-learn behind Flask and gunicorn
    #[arg(long, conflicts_with_all = ["learners", "generator"])]
    endpoint: bool,

    /// Measure the local server: objects, lists, uploads in parts, records, start and memory
    #[arg(long, conflicts_with_all = ["learners", "generator", "endpoint"])]
    server: bool,

    /// Seconds that each load on an endpoint lasts
    #[arg(long, default_value = "10", requires = "endpoint",
          value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,

    /// Seconds that wrk keeps our endpoint at saturation while its memory is sampled; 0 skips this
    #[arg(long, default_value = "0", requires = "endpoint")]
    soak: u32,

    /// Rows that the learners are trained on; separate several sizes by commas
    #[arg(long, default_value = "70000", value_delimiter = ',', requires = "learners",
          value_parser = clap::value_parser!(u64).range(1_000..))]
    rows: Vec<u64>,

    /// Also run what takes minutes, once each: slow learners, or the peak memory of a million simulated rows
    #[arg(long, requires = "with_slow_ones")]
    slow: bool,

    /// Runs of each step or learner, of which the median is reported [default: 5, for learners 7]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,

    /// `text` or `json`
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    output: String,
}

/// Times generating and splitting, then the training process of each algorithm from Parquet to
/// artifact.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.server {
        // It builds what it measures, and needs none of the other programs.
        return server::run(args);
    }
    programs::build()?;
    if args.learners {
        return learners::run(args);
    }
    if args.generator {
        return generator::run(args);
    }
    if args.endpoint {
        return endpoint::run(args);
    }
    let runs = args.runs.unwrap_or(5);
    let folder = programs::directory()?.join("bench");
    let mut steps = vec![(
        "generate, split, audit, write",
        generate(args.samples, runs, &folder)?,
    )];
    for algorithm in ["random_forest", "gradient_boosting", "logistic_regression"] {
        steps.push((algorithm, train(runs, &folder, algorithm)?));
    }
    let machine = machine();
    if args.output == "json" {
        let steps: Vec<Value> = steps
            .iter()
            .map(|(name, seconds)| json!({"step": name, "median_seconds": seconds}))
            .collect();
        let document = json!({
            "machine": machine, "samples": args.samples, "runs": runs, "steps": steps
        });
        println!("{document:#}");
    } else {
        println!("{machine}; {} rows, medians of {runs} runs", args.samples);
        for (name, seconds) in steps {
            println!("  {name:<32} {seconds:>8.3} s");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn generate(samples: u64, runs: u32, folder: &Path) -> anyhow::Result<f64> {
    timed(runs, || {
        let mut command = programs::program("train-100k")?;
        command.args(["--quiet", "--profile", "original"]);
        command.args(["--samples", &samples.to_string(), "--out"]);
        command.arg(folder.join("data"));
        Ok(command)
    })
}

/// Times the whole training process, as SageMaker calls it.
fn train(runs: u32, folder: &Path, algorithm: &str) -> anyhow::Result<f64> {
    let opt_ml = folder.join(algorithm);
    let hyperparameters = json!({"algorithm": algorithm, "seed": "42"});
    opt_ml::lay_out(&opt_ml, &folder.join("data"), &hyperparameters)?;
    timed(runs, || {
        let mut command = programs::program("fire-container")?;
        command.arg("train").arg("--opt-ml").arg(&opt_ml);
        Ok(command)
    })
}

/// Median seconds of a whole program.
fn timed(runs: u32, command: impl Fn() -> anyhow::Result<Command>) -> anyhow::Result<f64> {
    let mut seconds = Vec::new();
    for _ in 0..runs {
        let mut command = command()?;
        let started = Instant::now();
        printed(&mut command)?;
        seconds.push(started.elapsed().as_secs_f64());
    }
    Ok(median(&seconds))
}

/// The median, or NaN if there are no numbers.
fn median(numbers: &[f64]) -> f64 {
    let mut numbers = numbers.to_vec();
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => numbers[middle],
        _ => f64::midpoint(numbers[middle - 1], numbers[middle]),
    }
}

/// The JSON that a program prints.
fn read<T: DeserializeOwned>(command: &mut Command) -> anyhow::Result<T> {
    let text = printed(command)?;
    serde_json::from_str(&text).with_context(|| format!("unexpected output: {text}"))
}

/// What a program prints; its standard error is the error if it fails.
fn printed(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The version of the compiler, such as `1.95.0`.
fn rust_version() -> anyhow::Result<String> {
    let version = printed(Command::new("rustc").arg("--version"))?;
    let number = version.split_whitespace().nth(1);
    Ok(number.unwrap_or_default().to_owned())
}

/// Names and versions as one text.
fn joined<'a>(versions: impl IntoIterator<Item = (&'a String, &'a String)>) -> String {
    let versions = versions.into_iter();
    let versions = versions.map(|(name, version)| format!("{name} {version}"));
    versions.collect::<Vec<_>>().join(", ")
}

fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

/// Processor and number of cores.
fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{model}, {cores} cores")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use clap::error::ErrorKind;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn flags_of_another_benchmark_are_rejected() {
        let check = |line: &str, expected: Result<&[u64], ErrorKind>| {
            let words = format!("bench {line}");
            let parsed = Line::try_parse_from(words.split_whitespace());
            let rows = parsed
                .map(|line| line.args.rows)
                .map_err(|error| error.kind());
            assert_eq!(rows.as_deref(), expected.as_ref().copied(), "{line}");
        };
        check("", Ok(&[70_000]));
        check("--samples 5000 --runs 2", Ok(&[70_000]));
        check("--learners --slow --rows 7000,70000", Ok(&[7_000, 70_000]));
        check("--slow", Err(ErrorKind::MissingRequiredArgument));
        check("--rows 7000", Err(ErrorKind::MissingRequiredArgument));
        check(
            "--learners --samples 5000",
            Err(ErrorKind::ArgumentConflict),
        );
        check("--learners --rows 10", Err(ErrorKind::ValueValidation));
        check("--endpoint --seconds 600", Ok(&[70_000]));
        check("--seconds 600", Err(ErrorKind::MissingRequiredArgument));
        check("--endpoint --learners", Err(ErrorKind::ArgumentConflict));
        check("--server --runs 3 --output json", Ok(&[70_000]));
        check("--server --samples 5000", Err(ErrorKind::ArgumentConflict));
        check("--server --endpoint", Err(ErrorKind::ArgumentConflict));
    }

    #[test]
    fn the_median_of_an_even_count_is_the_mean_of_the_middle_two() {
        assert_eq!(median(&[3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]).to_bits(), 2.5_f64.to_bits());
        assert!(median(&[]).is_nan());
    }
}
