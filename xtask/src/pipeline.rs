//! `cargo xtask pipeline`: every program in turn, then what to run next.

use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus};
use std::time::Instant;

use anyhow::Context as _;
use serde::Deserialize;

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

    /// Hours in each of the two sets of whole episodes for the alarm rule [default: that of train-100k]
    #[arg(long)]
    alarm_hours: Option<f64>,

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
    if let Some(code) = failure(stages.call(stages.deploy(&jobs)?)?) {
        return Ok(code);
    }
    // The report is the pipeline's result, so its standard output is ours.
    let mut report = stages.program("report-100k")?;
    report.args(["--run", run]);
    if let Some(commit) = commit() {
        report.args(["--commit", &commit]);
    }
    let status = programs::run(&mut report)?;
    if let Some(code) = failure(status) {
        return Ok(code);
    }
    if !stages.json {
        println!(
            "built in {build_seconds:.1} s, ran in {:.1} s",
            started.elapsed().as_secs_f64()
        );
        stages.say_next(&jobs);
    }
    Ok(ExitCode::SUCCESS)
}

/// The commit that the programs were built from, and whether anything was changed since; nothing outside of a clone.
fn commit() -> Option<String> {
    let git = |words: &[&str]| {
        let root = programs::root().ok()?;
        let output = Command::new("git").arg("-C").arg(root).args(words).output();
        let output = output.ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"])?;
    let changed = git(&["status", "--porcelain"])?;
    let note = if changed.is_empty() {
        ""
    } else {
        ", with changes"
    };
    Some(commit + note)
}

/// What is read of the record that `train-100k` leaves.
#[derive(Deserialize)]
struct Record {
    jobs: Vec<Job>,
}

#[derive(Deserialize)]
struct Job {
    name: String,
    model_uri: String,
}

/// What is read of `report.json`.
#[derive(Deserialize)]
struct Report {
    jobs: Vec<JobReport>,
}

#[derive(Deserialize)]
struct JobReport {
    name: String,
    validation: Figures,
}

#[derive(Deserialize)]
struct Figures {
    auc: f64,
}

/// What is read of the server's record of itself.
#[derive(Deserialize)]
struct ServerRecord {
    url: String,
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
            (
                "--alarm-hours",
                args.alarm_hours.map(|hours| hours.to_string()),
            ),
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

    fn monitor(&self, jobs: &[Job]) -> anyhow::Result<Command> {
        let mut command = self.program("monitor-100k")?;
        command
            .args(jobs.iter().map(|job| &job.name))
            .args(["--wait", "--metrics"]);
        Ok(command)
    }

    fn deploy(&self, jobs: &[Job]) -> anyhow::Result<Command> {
        let mut command = self.program("deploy-100k")?;
        for job in jobs {
            command.args(["--model-uri", &job.model_uri]);
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

    fn run_folder(&self) -> PathBuf {
        self.state_dir.join("runs").join(&self.run)
    }

    /// The jobs that `train-100k` recorded.
    fn jobs(&self) -> anyhow::Result<Vec<Job>> {
        let path = self.run_folder().join("train.json");
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        let record: Record =
            serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?;
        Ok(record.jobs)
    }

    fn say_next(&self, jobs: &[Job]) {
        let backend = match self.backend.as_str() {
            "local" => format!(
                "--state-dir {}",
                word(&self.state_dir.display().to_string())
            ),
            other => format!("--backend {other}"),
        };
        let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
        println!("\nnext, from any terminal:");
        say(
            "monitor-100k",
            &format!("{} --wait --metrics {backend}", names.join(" ")),
        );
        if let Some(uri) = self.best(jobs) {
            let what = format!("--model-uri {uri} --model-name {MODEL_NAME} --wait --test");
            say("deploy-100k", &format!("{what} {backend}"));
        }
        if let Some(url) = self.server_url() {
            println!(
                "  export AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID=local \
                 AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=us-east-1"
            );
            println!("  aws sagemaker describe-endpoint --endpoint-name {MODEL_NAME}-endpoint");
        }
        say(
            "deploy-100k",
            &format!("--endpoint-name {MODEL_NAME}-endpoint --delete {backend}"),
        );
        if self.backend == "local" {
            say("local-sagemaker", &format!("--stop {backend}"));
        }
    }

    /// Where the local server listens, for boto3 and the aws CLI.
    fn server_url(&self) -> Option<String> {
        if self.backend != "local" {
            return None;
        }
        let record = std::fs::read(self.state_dir.join("server.json")).ok()?;
        let record: ServerRecord = serde_json::from_slice(&record).ok()?;
        Some(record.url)
    }

    /// The model with the highest AUC on validation, as the report has it.
    fn best(&self, jobs: &[Job]) -> Option<String> {
        let report = std::fs::read(self.run_folder().join("report.json")).ok()?;
        let report: Report = serde_json::from_slice(&report).ok()?;
        let best = report
            .jobs
            .into_iter()
            .max_by(|a, b| a.validation.auc.total_cmp(&b.validation.auc))?;
        let job = jobs.iter().find(|job| job.name == best.name)?;
        Some(job.model_uri.clone())
    }
}

/// A command of ours as it can be copied.
fn say(program: &str, arguments: &str) {
    let path = match programs::folder() {
        Ok(folder) => folder.join(program).display().to_string(),
        Err(_) => program.to_owned(),
    };
    println!("  {} {arguments}", word(&path));
}

/// The text as one word of a shell's command line.
fn word(text: &str) -> String {
    if text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
    {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn failure(status: ExitStatus) -> Option<ExitCode> {
    if status.success() {
        return None;
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Some(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
