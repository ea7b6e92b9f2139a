//! Creating a training job.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_sagemaker::operation::create_training_job::builders::CreateTrainingJobFluentBuilder;
use aws_sdk_sagemaker::types;
use serde::Serialize;

use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::names::{ImageUri, JobName, RoleArn, S3Uri};

/// The configuration of a new training job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainingRequest {
    /// A name that no job in the account and region has ever had.
    pub job: JobName,
    /// The container image, which is run with the argument `train`.
    pub image: ImageUri,
    /// The role that the job assumes.
    pub role: RoleArn,
    /// Such as `ml.m5.4xlarge`.
    pub instance_type: String,
    /// Number of instances.
    pub instance_count: u32,
    /// The disk of each instance, in GB.
    pub volume_gb: u32,
    /// The time on its instances after which the job is stopped.
    pub max_runtime_seconds: u32,
    /// Settings for spot instances, which are cheaper but may be interrupted; `None` uses on-demand
    /// instances.
    pub spot: Option<Spot>,
    /// The content of `hyperparameters.json` in the container.
    pub hyperparameters: BTreeMap<String, String>,
    /// The input channels, which are directories of `/opt/ml/input/data/` in the container.
    pub channels: Vec<Channel>,
    /// The prefix below which `{job}/output/model.tar.gz` is written.
    pub output: S3Uri,
    /// The metrics to extract from the container's output.
    pub metrics: Vec<MetricDefinition>,
    /// Additional environment variables of the container.
    pub environment: BTreeMap<String, String>,
    /// Tags of the job.
    pub tags: BTreeMap<String, String>,
}

/// Settings for spot instances: a job waits for them, and restarts on others if it is interrupted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spot {
    /// The time limit for waiting and training together; not below the maximum runtime.
    pub max_wait_seconds: u32,
    /// The prefix to which `/opt/ml/checkpoints` is copied, and from which it is restored when the job
    /// restarts; with `None`, training restarts from the beginning.
    pub checkpoints: Option<S3Uri>,
}

/// An input channel of a job: all objects with a prefix, copied to every instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Channel {
    /// The name of the directory below `/opt/ml/input/data/`.
    pub name: String,
    /// The prefix of the objects.
    pub uri: S3Uri,
    /// The media type that is passed to the container, if any.
    pub content_type: Option<String>,
}

/// A metric to extract from the container's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MetricDefinition {
    /// Such as `validation:auc`.
    pub name: String,
    /// A regular expression whose first group captures the number.
    pub regex: String,
}

/// The outcome of submitting a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Submission {
    /// The job was created.
    Created,
    /// A job of this name already existed and was not changed.
    AlreadyExists,
}

/// Creates the job ([`CreateTrainingJob`]), unless a job of that name exists.
///
/// If the response is lost, the SDK retries the request and finds its own job: this is reported as
/// [`Submission::AlreadyExists`] too.
/// Fails with [`ErrorKind::Invalid`] for a value that the service rejects or a channel without
/// objects, and with [`ErrorKind::Quota`] if the account's quota for the instance type is exceeded.
///
/// [`CreateTrainingJob`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
pub async fn submit(clients: &Clients, request: &TrainingRequest) -> Result<Submission, Error> {
    let sent = create(clients, request).send().await;
    match sent.map_err(|error| Error::from_sdk("create the training job", &request.job, error)) {
        Ok(_) => Ok(Submission::Created),
        // Job names are unique forever, so the existing job may have ended long ago.
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
    let spot = request.spot.as_ref();
    let stop = types::StoppingCondition::builder()
        .max_runtime_in_seconds(request.max_runtime_seconds as i32)
        .set_max_wait_time_in_seconds(spot.map(|spot| spot.max_wait_seconds as i32))
        .build();
    let checkpoints = spot.and_then(|spot| spot.checkpoints.as_ref()).map(|uri| {
        types::CheckpointConfig::builder()
            .s3_uri(uri.to_string())
            .build()
    });
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
        .set_enable_managed_spot_training(spot.map(|_| true))
        .set_checkpoint_config(checkpoints)
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

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;
    use crate::scripted::{Scripted, ok, rejection};

    pub(crate) fn request() -> TrainingRequest {
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
            spot: None,
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
    async fn a_request_has_every_member_except_empty_ones() {
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
    async fn a_spot_job_has_a_maximum_wait_and_optional_checkpoints() {
        let server = Scripted::start([ok("{}"), ok("{}")]).await;
        let clients = server.clients();
        let checkpoints = "s3://bucket/checkpoints/job-1/".parse().unwrap();
        for checkpoints in [Some(checkpoints), None] {
            let spot = Some(Spot {
                max_wait_seconds: 20_000,
                checkpoints,
            });
            let request = TrainingRequest { spot, ..request() };
            submit(&clients, &request).await.unwrap();
        }
        let (with, without) = (server.json(0), server.json(1));
        for sent in [&with, &without] {
            assert_eq!(sent["EnableManagedSpotTraining"], true);
            let stop = json!({"MaxRuntimeInSeconds": 14_400, "MaxWaitTimeInSeconds": 20_000});
            assert_eq!(sent["StoppingCondition"], stop);
        }
        let place = json!({"S3Uri": "s3://bucket/checkpoints/job-1/"});
        assert_eq!(with["CheckpointConfig"], place);
        assert!(without.get("CheckpointConfig").is_none());
    }

    #[tokio::test]
    async fn a_job_is_never_created_twice() {
        let taken = rejection("ResourceInUse", "Training job names must be unique");
        let invalid = rejection("ValidationException", "No S3 objects found under S3 URL");
        let server = Scripted::start([taken, invalid]).await;
        let clients = server.clients();
        assert_eq!(
            submit(&clients, &request()).await.unwrap(),
            Submission::AlreadyExists
        );
        let error = submit(&clients, &request()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
}
