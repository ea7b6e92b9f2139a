//! `cargo xtask pipeline`: every program in turn, then what to run next.

use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus};
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::programs;

/// The documentation's model name; its endpoint is this with `-endpoint`.
const MODEL_NAME: &str = "flir-scd41-best-model";

/// The programs' own flags; what is not given is left to their defaults.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rows to generate [default: 100000]
    #[arg(long)]
    samples: Option<u64>,

    /// Seed of generation, split and training [default: 42]
    #[arg(long)]
    seed: Option<u64>,

    /// The generator's profile [default: that of train-100k]
    #[arg(long)]
    profile: Option<String>,

    /// Name of the run; naming an existing one resumes it [default: the time now]
    #[arg(long)]
    run: Option<String>,

    /// `local` (embedded server, costs nothing) or `aws`
    #[arg(long, env = "FIRE_BACKEND", default_value = "local")]
    backend: String,

    /// State directory of the local backend [default: .fire in the workspace]
    #[arg(long, env = "FIRE_STATE_DIR")]
    state_dir: Option<PathBuf>,

    /// `text`, or `json` for report.json alone on standard output
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    output: String,
}

/// Builds and runs everything; the exit code is that of the program that failed.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let build_seconds = programs::build()?;
    let started = Instant::now();
    let stages = Stages::new(args)?;
    let run = &stages.run;

    if let Some(code) = failure(stages.call(stages.train(args)?)?) {
        return Ok(code);
    }
    let jobs = stages.jobs()?;
    if let Some(code) = failure(stages.call(stages.monitor(&jobs)?)?) {
        return Ok(code);
    }
    let uris = stages.model_uris()?;
    if let Some(code) = failure(stages.call(stages.deploy(&uris)?)?) {
        return Ok(code);
    }
    // The report is the pipeline's result, so its standard output is ours.
    let status = programs::run(stages.program("report-100k")?.args(["--run", run]))?;
    if let Some(code) = failure(status) {
        return Ok(code);
    }
    if !stages.json {
        println!(
            "built in {build_seconds:.1} s, ran in {:.1} s",
            started.elapsed().as_secs_f64()
        );
        stages.say_next(&jobs, &uris);
    }
    Ok(ExitCode::SUCCESS)
}

/// What all stages have in common.
struct Stages {
    run: String,
    backend: String,
    state_dir: PathBuf,
    json: bool,
}

impl Stages {
    fn new(args: &Args) -> anyhow::Result<Self> {
        let here = std::env::current_dir().context("where are we?")?;
        let state_dir = match &args.state_dir {
            Some(folder) => here.join(folder),
            None => programs::root()?.join(".fire"),
        };
        let now = || jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
        Ok(Self {
            run: args.run.clone().unwrap_or_else(now),
            backend: args.backend.clone(),
            state_dir,
            json: args.output == "json",
        })
    }

    fn train(&self, args: &Args) -> anyhow::Result<Command> {
        let mut command = self.program("train-100k")?;
        command.args(["--run", &self.run]);
        let given = [
            ("--samples", args.samples.map(|samples| samples.to_string())),
            ("--seed", args.seed.map(|seed| seed.to_string())),
            ("--profile", args.profile.clone()),
        ];
        for (flag, value) in given {
            command.args(
                value
                    .map(|value| [flag.to_owned(), value])
                    .into_iter()
                    .flatten(),
            );
        }
        Ok(command)
    }

    fn monitor(&self, jobs: &[String]) -> anyhow::Result<Command> {
        let mut command = self.program("monitor-100k")?;
        command.args(jobs).args(["--wait", "--metrics"]);
        Ok(command)
    }

    fn deploy(&self, uris: &[String]) -> anyhow::Result<Command> {
        let mut command = self.program("deploy-100k")?;
        for uri in uris {
            command.args(["--model-uri", uri]);
        }
        command.args(["--model-name", MODEL_NAME, "--wait", "--test"]);
        Ok(command)
    }

    fn program(&self, name: &str) -> anyhow::Result<Command> {
        let mut command = programs::program(name)?;
        command
            .args(["--backend", &self.backend, "--state-dir"])
            .arg(&self.state_dir);
        if self.json {
            command.args(["--output", "json"]);
        }
        Ok(command)
    }

    /// Runs a stage; its JSON is dropped, since the report holds everything.
    fn call(&self, mut command: Command) -> anyhow::Result<ExitStatus> {
        if self.json {
            return Ok(programs::output(&mut command)?.0);
        }
        programs::run(&mut command)
    }

    /// What `train-100k` recorded about the run.
    fn record(&self) -> anyhow::Result<Value> {
        let path = self
            .state_dir
            .join("runs")
            .join(&self.run)
            .join("train.json");
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        serde_json::from_slice(&bytes).with_context(|| path.display().to_string())
    }

    fn jobs(&self) -> anyhow::Result<Vec<String>> {
        texts(&self.record()?["jobs"], "name")
    }

    fn model_uris(&self) -> anyhow::Result<Vec<String>> {
        texts(&self.record()?["jobs"], "model_uri")
    }

    fn say_next(&self, jobs: &[String], uris: &[String]) {
        let place = match programs::folder() {
            Ok(folder) => format!("{}/", folder.display()),
            Err(_) => String::new(),
        };
        let backend = match self.backend.as_str() {
            "local" => format!("--state-dir {}", self.state_dir.display()),
            other => format!("--backend {other}"),
        };
        println!("\nnext:");
        println!(
            "  {place}monitor-100k {} --wait --metrics {backend}",
            jobs.join(" ")
        );
        if let Some(best) = uris.first() {
            println!(
                "  {place}deploy-100k --model-uri {best} --model-name {MODEL_NAME} --wait --test {backend}"
            );
        }
        println!("  {place}deploy-100k --endpoint-name {MODEL_NAME}-endpoint --delete {backend}");
        if self.backend == "local" {
            println!("  {place}local-sagemaker --stop {backend}");
        }
    }
}

fn texts(list: &Value, key: &str) -> anyhow::Result<Vec<String>> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<String> = items
        .iter()
        .filter_map(|item| Some(item[key].as_str()?.to_owned()))
        .collect();
    if texts.is_empty() {
        bail!("train-100k recorded no `{key}` of its jobs");
    }
    Ok(texts)
}

fn failure(status: ExitStatus) -> Option<ExitCode> {
    if status.success() {
        return None;
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Some(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
