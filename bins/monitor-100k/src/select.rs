//! Finds the jobs selected by the arguments.

use std::collections::HashSet;
use std::path::Path;

use anyhow::anyhow;
use fire_cli::usage;
use fire_run::layout;
use sagemaker_ops::training::{self, Job, JobFilter, JobSummary};
use sagemaker_ops::{Backend, BackendKind, Clients, JobName, if_found};

use crate::Args;

/// Number of recent jobs to search for the newest run; exceeds the number of jobs in a run.
const RECENT: usize = 50;

/// The names of the jobs, each once.
///
/// # Errors
/// `--last` without any run (exit code 2).
pub(crate) async fn names(args: &Args, clients: &Clients) -> anyhow::Result<Vec<JobName>> {
    if !args.last {
        let mut seen = HashSet::new();
        let jobs = args.jobs.iter().filter(|job| seen.insert(*job));
        return Ok(jobs.cloned().collect());
    }
    let family = JobFilter {
        name_prefix: Some(layout::JOB_PREFIX.to_owned()),
        limit: Some(RECENT),
        ..JobFilter::default()
    };
    let names = newest_run(&training::list(clients, &family).await?);
    if names.is_empty() {
        let place = clients.describe();
        return Err(usage(anyhow!(
            "there is no run yet ({place}); `train-100k` creates one"
        )));
    }
    Ok(names)
}

/// The jobs of the newest run, oldest first; `recent` is newest first.
fn newest_run(recent: &[JobSummary]) -> Vec<JobName> {
    let run_of = |job: &JobSummary| layout::run_of_job(job.name.as_str()).ok();
    let Some(run) = recent.iter().find_map(run_of) else {
        return Vec::new();
    };
    let jobs = recent
        .iter()
        .rev()
        .filter(|job| run_of(job).as_ref() == Some(&run));
    jobs.map(|job| job.name.clone()).collect()
}

/// The current state of the jobs.
///
/// # Errors
/// A job that does not exist (exit code 2).
pub(crate) async fn jobs(
    args: &Args,
    clients: &Clients,
    names: &[JobName],
) -> anyhow::Result<Vec<Job>> {
    let mut jobs = Vec::new();
    for name in names {
        let Some(job) = if_found(training::describe(clients, name).await)? else {
            let message = unknown(name, clients, &args.common.state_dir()?).await?;
            return Err(usage(anyhow!(message)));
        };
        jobs.push(job);
    }
    Ok(jobs)
}

/// The message for a job that this backend does not have, with a hint about the other backend.
async fn unknown(job: &JobName, clients: &Clients, state_dir: &Path) -> anyhow::Result<String> {
    let state = state_dir.display();
    if clients.kind() == BackendKind::Local {
        return Ok(format!(
            "job {job} does not exist on the local backend (state directory {state}); `monitor-100k --list` \
             shows the jobs there; if it runs on AWS, add --backend aws"
        ));
    }
    let region = clients.region();
    Ok(if is_known_locally(job, state_dir).await {
        format!(
            "job {job} does not exist on AWS in {region}, but on the local backend; use \
             --backend local --state-dir {state}"
        )
    } else {
        format!(
            "job {job} does not exist on AWS in {region}; `monitor-100k --list --backend aws` shows \
             the jobs there; if it runs elsewhere, pass --region"
        )
    })
}

/// Whether the local backend has the job. If the state directory exists, its server is started
/// unless it is running.
async fn is_known_locally(job: &JobName, state_dir: &Path) -> bool {
    if !state_dir.is_dir() {
        return false;
    }
    let Ok(backend) = fire_cli::local_backend(Some(state_dir)) else {
        return false;
    };
    match Clients::connect(&Backend::Local(backend)).await {
        Ok(clients) => training::describe(&clients, job).await.is_ok(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use sagemaker_ops::training::JobStatus;

    use super::*;

    #[test]
    fn the_newest_run_is_that_of_the_newest_job_named_like_ours() {
        let check = |recent: &[&str], expected: &[&str]| {
            let recent: Vec<JobSummary> = recent
                .iter()
                .map(|name| JobSummary {
                    name: name.parse().unwrap(),
                    status: JobStatus::Completed,
                    created: None,
                    ended: None,
                })
                .collect();
            let names: Vec<String> = newest_run(&recent).into_iter().map(String::from).collect();
            assert_eq!(names, expected, "{recent:?}");
        };
        check(&[], &[]);
        check(&["flir-scd41-other"], &[]);
        check(
            &[
                "flir-scd41-other",
                "flir-scd41-lr-100k-b",
                "flir-scd41-lr-100k-a",
                "flir-scd41-rf-100k-b",
            ],
            &["flir-scd41-rf-100k-b", "flir-scd41-lr-100k-b"],
        );
    }

    #[tokio::test]
    async fn the_error_for_an_unknown_job_on_aws_names_the_region() {
        let backend = Backend::Aws {
            region: Some("eu-west-1".to_owned()),
        };
        let clients = Clients::connect(&backend).await.unwrap();
        let nowhere = Path::new("/no-such-state");
        let text = unknown(&"job-1".parse().unwrap(), &clients, nowhere).await;
        let text = text.unwrap();
        for part in ["does not exist on AWS in eu-west-1", "--list --backend aws"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
