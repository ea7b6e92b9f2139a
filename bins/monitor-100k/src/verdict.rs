//! The result of the jobs: the best model, how to deploy it, and the exit code.

use fire_cli::{Console, DEFAULT_MODEL_NAME, Exit, log_command};
use sagemaker_ops::logs::{LogSource, LogTail, tail};
use sagemaker_ops::training::{Job, JobStatus};
use sagemaker_ops::{BackendKind, Clients, JobName, S3Uri, price};
use serde::Serialize;

use crate::table;

/// Number of log lines shown for a failed job.
const LOG_LINES: usize = 20;

/// The metric used to compare models.
const COMPARED: &str = "validation:auc";

/// The jobs and the result; also the JSON output.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    jobs: Vec<Watched>,
    best: Option<Best>,
    commands: Option<Commands>,
    #[serde(skip)]
    now: f64,
}

/// A job with values that depend on the current time, and the log of a failure.
#[derive(Debug, Serialize)]
pub(crate) struct Watched {
    #[serde(flatten)]
    job: Job,
    elapsed_seconds: f64,
    cost_usd: Option<f64>,
    /// The share of the on-demand price saved by spot instances.
    spot_savings: Option<f64>,
    /// The end of the log of a failed job.
    log: Vec<String>,
    /// The command that shows the log, if it could not be fetched.
    log_command: Option<String>,
}

/// The best model by validation AUC.
#[derive(Debug, PartialEq, Serialize)]
struct Best {
    job: JobName,
    validation_auc: f64,
    model_uri: S3Uri,
}

/// Commands that can be run as is.
#[derive(Debug, PartialEq, Serialize)]
struct Commands {
    /// Deploys the best model.
    deploy_best: String,
    /// Deploys all models as one ensemble; `None` if there is only one model.
    deploy_ensemble: Option<String>,
}

impl Watched {
    pub(crate) fn of(job: Job, now: f64) -> Self {
        Self {
            elapsed_seconds: job.elapsed_seconds(now),
            cost_usd: job.cost_usd(now),
            spot_savings: job.spot_savings(),
            log: Vec::new(),
            log_command: None,
            job,
        }
    }
}

impl Verdict {
    pub(crate) fn of(jobs: Vec<Job>, now: f64) -> Self {
        Self {
            jobs: jobs.into_iter().map(|job| Watched::of(job, now)).collect(),
            best: None,
            commands: None,
            now,
        }
    }

    /// Adds the end of the log of every failed job, if it can be fetched.
    pub(crate) async fn fetch_logs(&mut self, clients: &Clients) {
        let failed = |watched: &&mut Watched| watched.job.status == JobStatus::Failed;
        for watched in self.jobs.iter_mut().filter(failed) {
            let source = LogSource::Job(watched.job.name.clone());
            match tail(clients, &source, LOG_LINES, None).await {
                Ok(LogTail::Lines(lines)) => watched.log = lines,
                Ok(LogTail::Unreadable(location)) => {
                    watched.log_command = Some(log_command(&location));
                }
                // The failure reason is shown anyway; the log is only an addition.
                Err(_) => {}
            }
        }
    }

    /// Chooses the best model and adds the commands that deploy it; `flags` select the backend.
    pub(crate) fn choose(&mut self, flags: &str) {
        let models = self.models();
        // On a tie, keep the first in the user's order; `max_by` would return the last.
        let best = models.iter().reduce(|best, next| {
            if next.validation_auc.total_cmp(&best.validation_auc).is_gt() {
                next
            } else {
                best
            }
        });
        let Some(best) = best else { return };
        let all: Vec<&S3Uri> = models.iter().map(|model| &model.model_uri).collect();
        self.commands = Some(Commands {
            deploy_best: deploy_command(&[&best.model_uri], flags),
            deploy_ensemble: (all.len() > 1).then(|| deploy_command(&all, flags)),
        });
        self.best = Some(Best {
            model_uri: best.model_uri.clone(),
            job: best.job.clone(),
            ..*best
        });
    }

    /// The models of completed jobs that reported the compared metric.
    fn models(&self) -> Vec<Best> {
        let completed = self
            .jobs
            .iter()
            .filter(|watched| watched.job.status == JobStatus::Completed);
        let model = |watched: &Watched| {
            Some(Best {
                job: watched.job.name.clone(),
                validation_auc: *watched.job.metrics.get(COMPARED)?,
                model_uri: watched.job.model_uri.clone()?,
            })
        };
        completed.filter_map(model).collect()
    }

    /// A failure if a job failed, or was stopped without `--stop`.
    pub(crate) fn exit(&self, stop_requested: bool) -> Exit {
        let counts_as_failure = |watched: &Watched| match watched.job.status {
            JobStatus::Failed => true,
            JobStatus::Stopped => !stop_requested,
            _ => false,
        };
        if self.jobs.iter().any(counts_as_failure) {
            Exit::WorkFailed
        } else {
            Exit::Done
        }
    }

    pub(crate) fn say(
        &self,
        backend: BackendKind,
        with_metrics: bool,
        console: &mut Console<'_>,
    ) -> std::io::Result<()> {
        let jobs: Vec<Job> = self
            .jobs
            .iter()
            .map(|watched| watched.job.clone())
            .collect();
        console.say_all(table::jobs(&jobs, self.now))?;
        if self.jobs.iter().any(|watched| watched.cost_usd.is_some()) {
            console.say(cost_note(backend))?;
        }
        for watched in &self.jobs {
            say_failure(watched, console)?;
        }
        if with_metrics {
            self.say_metrics(&jobs, console)
        } else {
            Ok(())
        }
    }

    fn say_metrics(&self, jobs: &[Job], console: &mut Console<'_>) -> std::io::Result<()> {
        console.say("")?;
        console.say_all(table::metrics(jobs))?;
        let (Some(best), Some(commands)) = (&self.best, &self.commands) else {
            return console.say(format!("no completed job has reported {COMPARED} yet"));
        };
        console.say(format!(
            "\nbest by validation AUC: {} ({:.4})",
            best.job, best.validation_auc
        ))?;
        console.say(format!("deploy it:\n  {}", commands.deploy_best))?;
        if let Some(command) = &commands.deploy_ensemble {
            console.say(format!("or deploy all as an ensemble:\n  {command}"))?;
        }
        Ok(())
    }
}

fn cost_note(backend: BackendKind) -> String {
    let basis = match backend {
        BackendKind::Local => "estimated AWS price; the local backend is free",
        BackendKind::Aws => "estimated AWS price",
    };
    format!("USD: {basis} (as of {}: {})", price::AS_OF, price::SOURCE)
}

/// Prints why a job failed or was stopped, and the end of its log.
fn say_failure(watched: &Watched, console: &mut Console<'_>) -> std::io::Result<()> {
    let job = &watched.job;
    if let Some(reason) = &job.failure_reason {
        console.say(format!("\n{} {}: {reason}", job.name, job.status))?;
    }
    if !watched.log.is_empty() {
        console.say(format!(
            "the end of its log:\n  {}",
            watched.log.join("\n  ")
        ))?;
    }
    if let Some(command) = &watched.log_command {
        console.say(format!("its log: {command}"))?;
    }
    Ok(())
}

/// The documented deployment command, with one `--model-uri` per model.
fn deploy_command(models: &[&S3Uri], flags: &str) -> String {
    let program = fire_cli::sibling_program("deploy-100k");
    let models: Vec<String> = models
        .iter()
        .map(|uri| format!("--model-uri {uri}"))
        .collect();
    let models = models.join(" ");
    format!(
        "{program} {models} --model-name {DEFAULT_MODEL_NAME} --instance-type ml.t2.medium --wait \
         --test {flags}"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn ended(name: &str, status: JobStatus, auc: Option<f64>) -> Job {
        let metrics = |auc| BTreeMap::from([(COMPARED.to_owned(), auc)]);
        Job {
            name: name.parse().unwrap(),
            status,
            secondary_status: String::new(),
            transitions: Vec::new(),
            failure_reason: None,
            instance_type: None,
            instance_count: None,
            spot: false,
            checkpoints: None,
            max_runtime_seconds: None,
            created: 1000.0,
            started: None,
            ended: Some(1010.0),
            training_seconds: None,
            billable_seconds: None,
            metrics: auc.map(metrics).unwrap_or_default(),
            model_uri: Some(
                format!("s3://bucket/{name}/output/model.tar.gz")
                    .parse()
                    .unwrap(),
            ),
            output_uri: None,
            hyperparameters: BTreeMap::new(),
            channels: Vec::new(),
        }
    }

    fn chosen(jobs: Vec<Job>) -> Verdict {
        let mut verdict = Verdict::of(jobs, 2000.0);
        verdict.choose("--state-dir /state");
        verdict
    }

    #[test]
    fn the_best_completed_model_is_chosen_and_ties_go_to_the_first() {
        use JobStatus::{Completed, Failed};
        let check = |jobs: Vec<Job>, expected: Option<&str>| {
            let best = chosen(jobs).best;
            assert_eq!(best.as_ref().map(|best| best.job.as_str()), expected);
        };
        check(vec![], None);
        check(vec![ended("a", Completed, None)], None);
        check(
            vec![
                ended("a", Completed, Some(0.6)),
                ended("b", Completed, Some(0.7)),
            ],
            Some("b"),
        );
        check(
            vec![
                ended("a", Completed, Some(0.7)),
                ended("b", Completed, Some(0.7)),
            ],
            Some("a"),
        );
        check(
            vec![
                ended("a", Completed, Some(0.6)),
                ended("b", Failed, Some(0.9)),
            ],
            Some("a"),
        );
        let no_model = Job {
            model_uri: None,
            ..ended("b", Completed, Some(0.9))
        };
        check(vec![ended("a", Completed, Some(0.6)), no_model], Some("a"));
    }

    #[test]
    fn commands_deploy_the_best_model_and_all_of_them_together() {
        let job = |name, auc| ended(name, JobStatus::Completed, Some(auc));
        let commands = chosen(vec![job("a", 0.6), job("b", 0.7)]).commands.unwrap();
        let tail = "--model-name flir-scd41-best-model --instance-type ml.t2.medium --wait --test \
                    --state-dir /state";
        let best = format!("deploy-100k --model-uri s3://bucket/b/output/model.tar.gz {tail}");
        assert!(
            commands.deploy_best.ends_with(&best),
            "{}",
            commands.deploy_best
        );
        let all = format!(
            "deploy-100k --model-uri s3://bucket/a/output/model.tar.gz \
             --model-uri s3://bucket/b/output/model.tar.gz {tail}"
        );
        let ensemble = commands.deploy_ensemble.unwrap();
        assert!(ensemble.ends_with(&all), "{ensemble}");
        assert_eq!(
            chosen(vec![job("a", 0.6)])
                .commands
                .unwrap()
                .deploy_ensemble,
            None
        );
    }

    #[test]
    fn failed_and_stopped_jobs_determine_the_exit_code() {
        use JobStatus::{Completed, Failed, InProgress, Stopped, Stopping};
        for (status, expected) in [
            (Completed, Exit::Done),
            (InProgress, Exit::Done),
            (Stopping, Exit::Done),
            (Failed, Exit::WorkFailed),
            (Stopped, Exit::WorkFailed),
        ] {
            let jobs = vec![ended("a", Completed, None), ended("b", status, None)];
            assert_eq!(Verdict::of(jobs, 2000.0).exit(false), expected);
        }
    }

    #[test]
    fn a_job_stopped_on_request_is_not_a_failure() {
        use JobStatus::{Failed, Stopped};
        for (status, expected) in [(Stopped, Exit::Done), (Failed, Exit::WorkFailed)] {
            let verdict = Verdict::of(vec![ended("a", status, None)], 2000.0);
            assert_eq!(verdict.exit(true), expected);
        }
    }

    #[test]
    fn the_json_output_has_the_documented_keys() {
        let verdict = chosen(vec![ended("a", JobStatus::Completed, Some(0.6))]);
        let document = serde_json::to_value(&verdict).unwrap();
        let keys: Vec<_> = document.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["best", "commands", "jobs"]);
        assert_eq!(document["best"]["validation_auc"], 0.6);
        assert_eq!(document["jobs"][0]["status"], "Completed");
        assert_eq!(document["jobs"][0]["elapsed_seconds"], 10.0);
        assert_eq!(document["jobs"][0]["metrics"]["validation:auc"], 0.6);
        assert!(document["jobs"][0]["cost_usd"].is_null());
    }
}
