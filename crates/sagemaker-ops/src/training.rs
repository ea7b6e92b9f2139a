//! Training jobs: submit, describe, list, stop, read their logs.

mod job;

use std::collections::{BTreeMap, HashMap};

use aws_sdk_sagemaker::operation::create_training_job::builders::CreateTrainingJobFluentBuilder;
use aws_sdk_sagemaker::types;
use serde::Serialize;

use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::names::{ImageUri, JobName, RoleArn, S3Uri};

pub use crate::logs::{LogTail, log_tail};
pub use job::{Job, JobStatus, JobSummary, Transition};

/// Everything that a training job is created from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainingRequest {
    /// Unique in the account for ever.
    pub job: JobName,
    /// Container image; it is called with the argument `train`.
    pub image: ImageUri,
    /// Role that the job works under.
    pub role: RoleArn,
    /// Such as `ml.m5.4xlarge`.
    pub instance_type: String,
    /// Number of instances.
    pub instance_count: u32,
    /// Disk of each instance, in GB.
    pub volume_gb: u32,
    /// The job is stopped after this many seconds on its instances.
    pub max_runtime_seconds: u32,
    /// What the container reads from `hyperparameters.json`.
    pub hyperparameters: BTreeMap<String, String>,
    /// What the container reads from `/opt/ml/input/data/`.
    pub channels: Vec<Channel>,
    /// Prefix below which `{job}/output/model.tar.gz` is put.
    pub output: S3Uri,
    /// How figures are read from the container's output.
    pub metrics: Vec<MetricDefinition>,
    /// Further environment of the container.
    pub environment: BTreeMap<String, String>,
    /// Tags of the job.
    pub tags: BTreeMap<String, String>,
}

/// A named input of a job: all objects below a prefix, copied to every instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Channel {
    /// Name of the folder below `/opt/ml/input/data/`.
    pub name: String,
    /// Prefix of the objects.
    pub uri: S3Uri,
    /// Media type that the container is told; none when it is not said.
    pub content_type: Option<String>,
}

/// A figure in the container's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MetricDefinition {
    /// Such as `validation:auc`.
    pub name: String,
    /// Its first group captures the number.
    pub regex: String,
}

/// What became of a request for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Submission {
    /// The job is new.
    Created,
    /// A job of this name exists; nothing was changed.
    AlreadyExists,
}

/// Which jobs [`list`] returns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Jobs whose name contains this.
    pub name_contains: Option<String>,
    /// Jobs in this state.
    pub status: Option<JobStatus>,
    /// At most this many, the newest.
    pub limit: Option<usize>,
}

/// Creates the job ([`CreateTrainingJob`]), unless there is one of its name.
///
/// A request whose answer was lost is sent again by the SDK and then finds its own job: that too is
/// [`Submission::AlreadyExists`].
/// Fails with [`ErrorKind::Invalid`] for a value that the service refuses or a channel without
/// objects, and with [`ErrorKind::Quota`] when the account has no such instance.
///
/// [`CreateTrainingJob`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
pub async fn submit(clients: &Clients, request: &TrainingRequest) -> Result<Submission, Error> {
    let sent = create(clients, request).send().await;
    match sent.map_err(|error| Error::from_sdk("create the training job", &request.job, error)) {
        Ok(_) => Ok(Submission::Created),
        Err(error) if error.kind() == ErrorKind::Conflict => Ok(Submission::AlreadyExists),
        Err(error) => Err(error),
    }
}

fn create(clients: &Clients, request: &TrainingRequest) -> CreateTrainingJobFluentBuilder {
    let channels = request.channels.iter().map(to_channel).collect();
    let tags = request
        .tags
        .iter()
        .map(|(key, value)| types::Tag::builder().key(key).value(value).build())
        .collect();
    let output = types::OutputDataConfig::builder()
        .s3_output_path(request.output.to_string())
        .build();
    let stop = types::StoppingCondition::builder()
        .max_runtime_in_seconds(request.max_runtime_seconds as i32)
        .build();
    let environment: HashMap<_, _> = request.environment.clone().into_iter().collect();
    clients
        .sagemaker
        .create_training_job()
        .training_job_name(request.job.as_str())
        .role_arn(request.role.as_str())
        .algorithm_specification(algorithm(request))
        .resource_config(resources(request))
        .output_data_config(output)
        .stopping_condition(stop)
        .set_hyper_parameters(Some(request.hyperparameters.clone().into_iter().collect()))
        .set_input_data_config(Some(channels))
        .set_environment(Some(environment).filter(|map| !map.is_empty()))
        .set_tags(Some(tags).filter(|tags: &Vec<_>| !tags.is_empty()))
}

fn algorithm(request: &TrainingRequest) -> types::AlgorithmSpecification {
    let metric = |metric: &MetricDefinition| {
        types::MetricDefinition::builder()
            .name(&metric.name)
            .regex(&metric.regex)
            .build()
    };
    types::AlgorithmSpecification::builder()
        .training_image(request.image.as_str())
        .training_input_mode(types::TrainingInputMode::File)
        .set_metric_definitions(Some(request.metrics.iter().map(metric).collect()))
        .build()
}

fn resources(request: &TrainingRequest) -> types::ResourceConfig {
    types::ResourceConfig::builder()
        .instance_type(types::TrainingInstanceType::from(
            request.instance_type.as_str(),
        ))
        .instance_count(request.instance_count as i32)
        .volume_size_in_gb(request.volume_gb as i32)
        .build()
}

fn to_channel(channel: &Channel) -> types::Channel {
    let source = types::S3DataSource::builder()
        .s3_data_type(types::S3DataType::S3Prefix)
        .s3_uri(channel.uri.to_string())
        .s3_data_distribution_type(types::S3DataDistribution::FullyReplicated)
        .build();
    types::Channel::builder()
        .channel_name(&channel.name)
        .data_source(types::DataSource::builder().s3_data_source(source).build())
        .set_content_type(channel.content_type.clone())
        .build()
}

/// The job as it is now ([`DescribeTrainingJob`]).
///
/// Fails with [`ErrorKind::NotFound`] when there is none.
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
    Job::from_description(job, found).map_err(|error| Error::nonsense(OP, job, error))
}

/// The jobs that pass the filter, newest first ([`ListTrainingJobs`], all pages).
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
        .set_name_contains(filter.name_contains.clone())
        .set_status_equals(status);
    let request = request
        .sort_by(types::SortBy::CreationTime)
        .sort_order(types::SortOrder::Descending);
    let limit = filter.limit.unwrap_or(usize::MAX);
    // No filter by time of change: the service turns page after empty page for it.
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
        summaries.push(job.map_err(|error| Error::nonsense(OP, clients.region(), error))?);
    }
    Ok(summaries)
}

/// Asks the job to stop ([`StopTrainingJob`]): it has two minutes to save its model.
///
/// Fails with [`ErrorKind::Conflict`] when it has ended already.
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
    use crate::scripted::{Scripted, ok, refusal};

    fn request() -> TrainingRequest {
        let text = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect()
        };
        TrainingRequest {
            job: "job-1".parse().unwrap(),
            image: "registry/fire-container:1".parse().unwrap(),
            role: "arn:aws:iam::691595239825:role/R".parse().unwrap(),
            instance_type: "ml.m5.4xlarge".to_owned(),
            instance_count: 1,
            volume_gb: 30,
            max_runtime_seconds: 14_400,
            hyperparameters: text(&[("algorithm", "random_forest")]),
            channels: vec![Channel {
                name: "train".to_owned(),
                uri: "s3://bucket/data/".parse().unwrap(),
                content_type: Some("text/csv".to_owned()),
            }],
            output: "s3://bucket/models".parse().unwrap(),
            metrics: vec![MetricDefinition {
                name: "v".to_owned(),
                regex: "v=(.*?);".to_owned(),
            }],
            environment: BTreeMap::new(),
            tags: text(&[("run", "r")]),
        }
    }

    #[tokio::test]
    async fn a_request_reaches_the_wire_complete_and_without_empty_members() {
        let server = Scripted::start([ok("{\"TrainingJobArn\":\"arn\"}")]).await;
        assert_eq!(
            submit(&server.clients(), &request()).await.unwrap(),
            Submission::Created
        );
        let expected = json!({
            "TrainingJobName": "job-1",
            "RoleArn": "arn:aws:iam::691595239825:role/R",
            "AlgorithmSpecification": {
                "TrainingImage": "registry/fire-container:1",
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "v", "Regex": "v=(.*?);"}],
            },
            "HyperParameters": {"algorithm": "random_forest"},
            "InputDataConfig": [{
                "ChannelName": "train",
                "ContentType": "text/csv",
                "DataSource": {"S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": "s3://bucket/data/",
                    "S3DataDistributionType": "FullyReplicated",
                }},
            }],
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.4xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 14400},
            "Tags": [{"Key": "run", "Value": "r"}],
        });
        assert_eq!(server.json(0), expected);
    }

    #[tokio::test]
    async fn a_job_is_never_created_twice() {
        let taken = refusal("ResourceInUse", "Training job names must be unique");
        let refused = refusal("ValidationException", "No S3 objects found under S3 URL");
        let server = Scripted::start([taken, refused]).await;
        let clients = server.clients();
        assert_eq!(
            submit(&clients, &request()).await.unwrap(),
            Submission::AlreadyExists
        );
        let error = submit(&clients, &request()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }

    #[tokio::test]
    async fn lists_follow_their_pages_up_to_the_limit() {
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
    async fn a_filter_is_passed_on_and_a_name_that_cannot_be_is_the_services_fault() {
        let bad = json!({"TrainingJobSummaries": [{"TrainingJobName": "not_valid"}]});
        let server = Scripted::start([ok(&bad.to_string())]).await;
        let filter = JobFilter {
            name_contains: Some("flir".to_owned()),
            status: Some(JobStatus::Failed),
            limit: None,
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
        let server = Scripted::start([ok("{}"), refusal("ValidationException", ended)]).await;
        let (clients, job) = (server.clients(), "job-1".parse().unwrap());
        stop(&clients, &job).await.unwrap();
        assert_eq!(
            stop(&clients, &job).await.unwrap_err().kind(),
            ErrorKind::Conflict
        );
    }
}
