//! Training jobs: submit, describe, wait, list, stop.

mod job;
pub(crate) mod submit;
mod wait;

use aws_sdk_sagemaker::types;

use crate::clients::Clients;
use crate::error::Error;
use crate::names::JobName;

pub use crate::status::JobStatus;
pub use job::{Job, JobSummary, Transition};
pub use submit::{Channel, MetricDefinition, Spot, Submission, TrainingRequest, submit};
pub use wait::wait_all;

/// Selects the jobs that [`list`] returns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only jobs whose name contains this.
    pub name_contains: Option<String>,
    /// Only jobs whose name starts with this. The service cannot filter by prefix, so the crate does.
    pub name_prefix: Option<String>,
    /// Only jobs with this status.
    pub status: Option<JobStatus>,
    /// Only the newest jobs, up to this number.
    pub limit: Option<usize>,
}

/// Describes the job's current state ([`DescribeTrainingJob`]).
///
/// Fails with [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if it does not exist.
///
/// [`DescribeTrainingJob`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
pub async fn describe(clients: &Clients, job: &JobName) -> Result<Job, Error> {
    const OP: &str = "describe the training job";
    let request = clients
        .sagemaker
        .describe_training_job()
        .training_job_name(job.as_str());
    let found = request
        .send()
        .await
        .map_err(|error| Error::from_sdk(OP, job, error))?;
    Job::from_description(job, found).map_err(|error| Error::invalid_response(OP, job, error))
}

/// Lists the jobs that match the filter, newest first ([`ListTrainingJobs`], all pages).
///
/// [`ListTrainingJobs`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTrainingJobs.html
pub async fn list(clients: &Clients, filter: &JobFilter) -> Result<Vec<JobSummary>, Error> {
    const OP: &str = "list the training jobs of";
    let status = filter
        .status
        .as_ref()
        .map(|status| types::TrainingJobStatus::from(status.as_str()));
    let request = clients.sagemaker.list_training_jobs();
    let request = request
        .set_name_contains(filter.name_prefix.clone().or(filter.name_contains.clone()))
        .set_status_equals(status);
    let request = request
        .sort_by(types::SortBy::CreationTime)
        .sort_order(types::SortOrder::Descending);
    let limit = filter.limit.unwrap_or(usize::MAX);
    let prefix = filter.name_prefix.as_deref().unwrap_or_default();
    let part = filter.name_contains.as_deref().unwrap_or_default();
    // No filter by modification time: with it, the service returns many empty pages.
    let mut jobs = request
        .into_paginator()
        .page_size(limit.clamp(1, 100) as i32)
        .items()
        .send();
    let mut summaries = Vec::new();
    while summaries.len() < limit
        && let Some(job) = jobs.next().await
    {
        let job = job.map_err(|error| Error::from_sdk(OP, clients.region(), error))?;
        let job = JobSummary::from_listed(job);
        let job = job.map_err(|error| Error::invalid_response(OP, clients.region(), error))?;
        // The service's filter matches anywhere in the name, and takes only one text.
        let name = job.name.as_str();
        if name.starts_with(prefix) && name.contains(part) {
            summaries.push(job);
        }
    }
    Ok(summaries)
}

/// Requests the job to stop ([`StopTrainingJob`]). The job has two minutes to save its model.
///
/// Fails with [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if it has already ended.
///
/// [`StopTrainingJob`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
pub async fn stop(clients: &Clients, job: &JobName) -> Result<(), Error> {
    let sent = clients
        .sagemaker
        .stop_training_job()
        .training_job_name(job.as_str())
        .send()
        .await;
    sent.map(|_| ())
        .map_err(|error| Error::from_sdk("stop the training job", job, error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ErrorKind;
    use crate::scripted::{Scripted, ok, rejection};

    #[tokio::test]
    async fn a_list_follows_the_pages_up_to_the_limit() {
        let page = |names: &[&str], next: Option<&str>| {
            let jobs: Vec<_> = names
                .iter()
                .map(|name| json!({"TrainingJobName": name, "TrainingJobStatus": "Completed"}))
                .collect();
            ok(&json!({"TrainingJobSummaries": jobs, "NextToken": next}).to_string())
        };
        let check = async |limit: Option<usize>, expected: &[&str], pages: usize| {
            let server = Scripted::start([page(&["c", "b"], Some("t")), page(&["a"], None)]).await;
            let filter = JobFilter {
                limit,
                ..JobFilter::default()
            };
            let jobs = list(&server.clients(), &filter).await.unwrap();
            let names: Vec<_> = jobs.iter().map(|job| job.name.as_str()).collect();
            assert_eq!((names.as_slice(), server.seen().len()), (expected, pages));
        };
        check(None, &["c", "b", "a"], 2).await;
        check(Some(2), &["c", "b"], 1).await;
        check(Some(0), &[], 0).await;
    }

    #[tokio::test]
    async fn a_prefix_matches_only_the_start_of_a_name() {
        let jobs = ["fire-b", "old-fire-a", "fire-a"]
            .map(|name| json!({"TrainingJobName": name, "TrainingJobStatus": "Completed"}));
        let page = ok(&json!({"TrainingJobSummaries": jobs}).to_string());
        let server = Scripted::start([page]).await;
        let filter = JobFilter {
            name_prefix: Some("fire-".to_owned()),
            limit: Some(2),
            ..JobFilter::default()
        };
        let jobs = list(&server.clients(), &filter).await.unwrap();
        let names: Vec<_> = jobs.iter().map(|job| job.name.as_str()).collect();
        assert_eq!(names, ["fire-b", "fire-a"]);
        assert_eq!(server.json(0)["NameContains"], "fire-");
    }

    #[tokio::test]
    async fn the_filter_is_sent_and_an_invalid_name_in_the_response_is_a_service_error() {
        let bad = json!({"TrainingJobSummaries": [{"TrainingJobName": "not_valid"}]});
        let server = Scripted::start([ok(&bad.to_string())]).await;
        let filter = JobFilter {
            name_contains: Some("flir".to_owned()),
            status: Some(JobStatus::Failed),
            ..JobFilter::default()
        };
        let error = list(&server.clients(), &filter).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Service);
        assert_eq!(server.json(0)["NameContains"], "flir");
        assert_eq!(server.json(0)["StatusEquals"], "Failed");
        assert_eq!(server.json(0)["SortBy"], "CreationTime");
        assert_eq!(server.json(0)["SortOrder"], "Descending");
    }

    #[tokio::test]
    async fn stopping_a_job_that_has_ended_is_a_conflict() {
        let ended = "The request was rejected because the training job is in status Completed.";
        let server = Scripted::start([ok("{}"), rejection("ValidationException", ended)]).await;
        let (clients, job) = (server.clients(), "job-1".parse().unwrap());
        stop(&clients, &job).await.unwrap();
        assert_eq!(
            stop(&clients, &job).await.unwrap_err().kind(),
            ErrorKind::Conflict
        );
    }
}
