//! `cargo xtask bench`: how long each step takes on this machine.
//!
//! A first cut: whole programs, medians of several runs, no peers beside them yet.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::programs;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rows of the dataset
    #[arg(long, default_value = "100000")]
    samples: u64,

    /// Runs of each step; the median is reported
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,

    /// `text` or `json`
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    output: String,
}

/// Times generation with split, and the training process of each algorithm from
/// Parquet to artifact.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    programs::build()?;
    let folder = programs::folder()?.join("bench");
    let mut steps = vec![("generate, split, audit, write", generate(args, &folder)?)];
    for algorithm in ["random_forest", "gradient_boosting", "logistic_regression"] {
        steps.push((algorithm, train(args, &folder, algorithm)?));
    }
    let machine = machine();
    if args.output == "json" {
        let steps: Vec<Value> = steps
            .iter()
            .map(|(name, seconds)| json!({"step": name, "median_seconds": seconds}))
            .collect();
        let document = json!({
            "machine": machine, "samples": args.samples, "runs": args.runs, "steps": steps
        });
        println!("{}", serde_json::to_string_pretty(&document)?);
    } else {
        println!(
            "{machine}; {} rows, medians of {} runs",
            args.samples, args.runs
        );
        for (name, seconds) in steps {
            println!("  {name:<32} {seconds:>8.3} s");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn generate(args: &Args, folder: &Path) -> anyhow::Result<f64> {
    median(args.runs, || {
        let mut command = programs::program("train-100k")?;
        command.args(["--quiet", "--samples", &args.samples.to_string(), "--out"]);
        command.arg(folder.join("data"));
        Ok(command)
    })
}

/// The whole process, as SageMaker calls it.
fn train(args: &Args, folder: &Path, algorithm: &str) -> anyhow::Result<f64> {
    let opt_ml = lay_out(folder, algorithm)?;
    median(args.runs, || {
        let mut command = programs::program("fire-container")?;
        command.arg("train").arg("--opt-ml").arg(&opt_ml);
        Ok(command)
    })
}

/// An `/opt/ml` tree with the parts as channels.
fn lay_out(folder: &Path, algorithm: &str) -> anyhow::Result<PathBuf> {
    let opt_ml = folder.join(algorithm);
    let config = opt_ml.join("input/config");
    fs::create_dir_all(&config)?;
    let hyperparameters = json!({"algorithm": algorithm, "seed": "42"});
    fs::write(
        config.join("hyperparameters.json"),
        hyperparameters.to_string(),
    )?;
    for part in ["train", "validation", "test"] {
        let channel = opt_ml.join("input/data").join(part);
        fs::create_dir_all(&channel)?;
        let name = "part-00000.parquet";
        fs::copy(
            folder.join("data").join(part).join(name),
            channel.join(name),
        )?;
    }
    Ok(opt_ml)
}

fn median(runs: u32, command: impl Fn() -> anyhow::Result<Command>) -> anyhow::Result<f64> {
    let mut seconds = Vec::new();
    for _ in 0..runs {
        let mut command = command()?;
        let started = Instant::now();
        let output = command.output().context("cannot start a program")?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        seconds.push(started.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let middle = seconds.len() / 2;
    let median = if seconds.len() % 2 == 1 {
        seconds[middle]
    } else {
        f64::midpoint(seconds[middle - 1], seconds[middle])
    };
    Ok(median)
}

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
