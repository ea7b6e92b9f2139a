//! The arguments.

use std::time::Duration;

use clap::Parser;
use fire_cli::CommonArgs;
use sagemaker_ops::{BackendKind, EndpointName, JobName, Pace};

const EXAMPLES: &str = "\
Examples:
  monitor-100k --last --wait --metrics        the newest run, until its jobs have ended
  monitor-100k JOB JOB JOB --wait --metrics   these jobs, then the best model and how to deploy it
  monitor-100k JOB                            the state of this job
  monitor-100k --last --wait --logs           the newest run, with everything its jobs print
  monitor-100k --last --stop --wait           stop the newest run; finished models are kept
  monitor-100k --list                         all jobs, newest first
  monitor-100k --endpoint NAME --follow       requests, errors, latency and load of every variant
  monitor-100k JOB --wait --output json       one JSON document per line for every change

Exit codes: 0 done, 1 a job failed or was stopped, or the endpoint failed, 2 invalid usage or an
unknown name, 3 the backend cannot be reached or rejects the call, 4 timed out, 130 interrupted
(what is watched continues)";

/// Watches training jobs (status, times, cost, metrics, logs) or an endpoint (requests, errors,
/// latency, load).
#[derive(Debug, Clone, Parser)]
#[command(name = "monitor-100k", version, after_help = EXAMPLES)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct Args {
    /// Backend and output.
    #[command(flatten)]
    pub common: CommonArgs,

    /// Names of training jobs
    #[arg(value_name = "JOB", required_unless_present_any = ["last", "list", "endpoint", "completions"])]
    pub jobs: Vec<JobName>,

    /// The jobs of the newest run
    #[arg(long, conflicts_with_all = ["jobs", "list", "endpoint"])]
    pub last: bool,

    /// List the training jobs, newest first, and exit
    #[arg(long, conflicts_with_all = ["jobs", "wait", "metrics", "logs", "stop", "endpoint"])]
    pub list: bool,

    /// Show an endpoint instead of jobs
    #[arg(long, value_name = "NAME", conflicts_with_all = ["jobs", "metrics", "stop"])]
    pub endpoint: Option<EndpointName>,

    /// Wait until all jobs have ended, or until the endpoint is ready
    #[arg(long)]
    pub wait: bool,

    /// Keep showing the endpoint until interrupted
    #[arg(long, requires = "endpoint", conflicts_with_all = ["wait", "jobs", "last", "list"])]
    pub follow: bool,

    /// Show the logs of the jobs or the endpoint; with --wait or --follow, show new lines as they appear
    #[arg(long)]
    pub logs: bool,

    /// Ask the jobs to stop; each has two minutes to save its model
    #[arg(long)]
    pub stop: bool,

    /// Show the final metrics, the best model and the commands that deploy it
    #[arg(long)]
    pub metrics: bool,

    /// Seconds between two polls [default: 60 on AWS, 1 on the local backend]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub interval: Option<u64>,

    /// Stop waiting after this many seconds; the jobs continue
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,

    /// Minutes covered by the endpoint's metrics
    #[arg(long, value_name = "MINUTES", default_value_t = 5,
          value_parser = clap::value_parser!(u64).range(1..=1440))]
    pub window: u64,
}

impl Args {
    /// The polling interval and the deadline.
    pub(crate) fn pace(&self, backend: BackendKind) -> Pace {
        let default = match backend {
            BackendKind::Local => 1,
            BackendKind::Aws => 60,
        };
        Pace {
            interval: Duration::from_secs(self.interval.unwrap_or(default)),
            deadline: self.timeout.map(Duration::from_secs),
            // Watching changes nothing, so a few failed calls do no harm.
            tolerated_errors: 3,
        }
    }

    /// The command that resumes watching these jobs.
    pub(crate) fn resume_command(&self, names: &[JobName]) -> anyhow::Result<String> {
        let mut words = vec![fire_cli::sibling_program("monitor-100k")];
        words.extend(names.iter().map(ToString::to_string));
        words.push("--wait".to_owned());
        words.extend(self.metrics.then(|| "--metrics".to_owned()));
        words.extend(self.logs.then(|| "--logs".to_owned()));
        words.push(self.common.backend_flags()?);
        Ok(words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(flags: &[&str]) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once(&"monitor-100k").chain(flags))
    }

    #[test]
    fn the_documented_command_is_accepted() {
        let documented = [
            "job-name-1",
            "job-name-2",
            "job-name-3",
            "--wait",
            "--metrics",
            "--interval",
            "5",
        ];
        let args = parse(&documented).unwrap();
        assert_eq!((args.jobs.len(), args.wait, args.metrics), (3, true, true));
        let pace = Pace {
            interval: Duration::from_secs(5),
            deadline: None,
            tolerated_errors: 3,
        };
        assert_eq!(args.pace(BackendKind::Aws), pace);
    }

    #[test]
    fn the_default_interval_depends_on_the_backend() {
        let args = parse(&["--last", "--wait", "--timeout", "90"]).unwrap();
        for (backend, seconds) in [(BackendKind::Local, 1), (BackendKind::Aws, 60)] {
            let pace = args.pace(backend);
            assert_eq!(pace.interval, Duration::from_secs(seconds));
            assert_eq!(pace.deadline, Some(Duration::from_secs(90)));
        }
    }

    #[test]
    fn invalid_arguments_are_rejected_before_any_call() {
        let cases: [&[&str]; 12] = [
            &[],
            &["bad_name"],
            &["job", "--last"],
            &["--last", "--list"],
            &["--list", "--wait"],
            &["job", "--interval", "0"],
            &["job", "--backend", "gcp"],
            &["job", "--endpoint", "e"],
            &["--last", "--endpoint", "e"],
            &["--endpoint", "e", "--stop"],
            &["--endpoint", "e", "--wait", "--follow"],
            &["job", "--follow"],
        ];
        for flags in cases {
            assert_eq!(parse(flags).unwrap_err().exit_code(), 2, "{flags:?}");
        }
    }

    #[test]
    fn an_invalid_job_name_is_quoted_in_the_error() {
        let error = parse(&["bad_name"]).unwrap_err().to_string();
        assert!(
            error.contains("the job name `bad_name` is not valid"),
            "{error}"
        );
    }

    #[test]
    fn the_resume_command_has_the_jobs_and_the_state_directory() {
        let args = parse(&["a", "b", "--wait", "--metrics", "--state-dir", "/s"]).unwrap();
        let command = args.resume_command(&args.jobs).unwrap();
        assert!(
            command.ends_with("monitor-100k a b --wait --metrics --state-dir /s"),
            "{command}"
        );
    }
}
