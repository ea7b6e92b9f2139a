//! `CreateTrainingJob` as it is sent, and the plan that is left once everything in it has been checked.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;
use serde::Deserialize;

use crate::image::Images;
use crate::instance_types;
use crate::names::{S3Uri, Violations};
use crate::wire::ApiError;

/// `MaxRuntimeInSeconds` when none is given: one day.
const DEFAULT_MAX_RUNTIME: i64 = 86_400;
/// The longest `MaxRuntimeInSeconds`: 28 days.
const MOST_RUNTIME: i64 = 2_419_200;

/// The members of the request that the server acts on; the rest is only echoed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TrainingRequest {
    training_job_name: Option<String>,
    role_arn: Option<String>,
    algorithm_specification: Option<AlgorithmSpecification>,
    #[serde(default)]
    hyper_parameters: BTreeMap<String, String>,
    #[serde(default)]
    input_data_config: Vec<ChannelRequest>,
    output_data_config: Option<OutputDataConfig>,
    resource_config: Option<ResourceConfig>,
    stopping_condition: Option<StoppingCondition>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    checkpoint_config: Option<CheckpointConfig>,
    #[serde(default)]
    enable_managed_spot_training: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AlgorithmSpecification {
    training_image: Option<String>,
    training_input_mode: Option<String>,
    #[serde(default)]
    metric_definitions: Vec<MetricRequest>,
    container_entrypoint: Option<Vec<String>>,
    container_arguments: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricRequest {
    name: Option<String>,
    regex: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ChannelRequest {
    channel_name: Option<String>,
    data_source: Option<DataSource>,
    content_type: Option<String>,
    compression_type: Option<String>,
    record_wrapper_type: Option<String>,
    input_mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DataSource {
    s3_data_source: Option<S3DataSource>,
}

#[derive(Deserialize)]
struct S3DataSource {
    #[serde(rename = "S3DataType")]
    kind: Option<String>,
    #[serde(rename = "S3Uri")]
    uri: Option<String>,
    #[serde(rename = "S3DataDistributionType")]
    distribution: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OutputDataConfig {
    s3_output_path: Option<String>,
    compression_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceConfig {
    instance_type: Option<String>,
    instance_count: Option<i64>,
    #[serde(rename = "VolumeSizeInGB")]
    volume_size: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StoppingCondition {
    max_runtime_in_seconds: Option<i64>,
    max_wait_time_in_seconds: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CheckpointConfig {
    s3_uri: Option<String>,
    local_path: Option<String>,
}

/// What a job needs to run, all of it valid.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The job's name.
    pub(crate) name: String,
    /// The program that stands for the container image.
    pub(crate) program: PathBuf,
    /// Hyperparameters, all strings.
    pub(crate) hyperparameters: BTreeMap<String, String>,
    /// Input channels, in the order of the request.
    pub(crate) channels: Vec<Channel>,
    /// The prefix that the artifacts go below.
    pub(crate) output: S3Uri,
    /// Additional environment of the program.
    pub(crate) environment: BTreeMap<String, String>,
    /// The metrics to look for in the job's output.
    pub(crate) metrics: Vec<Metric>,
    /// The instance type that the program is told about.
    pub(crate) instance_type: String,
    /// The time after which training is stopped.
    pub(crate) max_runtime: Duration,
    /// Where checkpoints are restored from and saved to.
    pub(crate) checkpoints: Option<S3Uri>,
}

/// One input channel: the objects below a prefix.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) name: String,
    pub(crate) source: S3Uri,
    pub(crate) content_type: Option<String>,
}

/// A metric and how it is found.
#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) name: String,
    pub(crate) regex: Regex,
}

impl TrainingRequest {
    /// The plan, or all violations in AWS's words, or what this server does not do.
    pub(crate) fn check(self, images: &Images) -> Result<Plan, ApiError> {
        self.violations().finish()?;
        self.supported()?;
        let image = self
            .algorithm_specification
            .as_ref()
            .and_then(|algorithm| algorithm.training_image.as_deref());
        let program = images.program(image.unwrap_or_default())?;
        self.plan(program)
            .ok_or_else(|| ApiError::internal("a checked training request has a member missing"))?
    }

    fn violations(&self) -> Violations {
        let mut found = Violations::default();
        found.name("trainingJobName", self.training_job_name.as_deref());
        found.role("roleArn", self.role_arn.as_deref());
        found.count("hyperParameters", self.hyper_parameters.len(), 100);
        for (key, value) in &self.hyper_parameters {
            found.length("hyperParameters", key, 256);
            found.length("hyperParameters", value, 2500);
        }
        found.count("environment", self.environment.len(), 100);
        self.check_algorithm(&mut found);
        self.check_channels(&mut found);
        self.check_output(&mut found);
        self.check_resources(&mut found);
        found
    }

    fn check_algorithm(&self, found: &mut Violations) {
        let Some(algorithm) = &self.algorithm_specification else {
            return found.missing("algorithmSpecification");
        };
        found.required(
            "algorithmSpecification.trainingImage",
            algorithm.training_image.as_deref(),
        );
        let mode = found.required(
            "algorithmSpecification.trainingInputMode",
            algorithm.training_input_mode.as_deref(),
        );
        if !mode.is_empty() {
            found.one_of(
                "algorithmSpecification.trainingInputMode",
                mode,
                &["Pipe", "File", "FastFile"],
            );
        }
        let path = "algorithmSpecification.metricDefinitions";
        found.count(path, algorithm.metric_definitions.len(), 40);
        for (index, metric) in algorithm.metric_definitions.iter().enumerate() {
            let member = format!("{path}.{}.member", index + 1);
            for (part, value, most) in [("name", &metric.name, 255), ("regex", &metric.regex, 500)]
            {
                let path = format!("{member}.{part}");
                let text = found.required(&path, value.as_deref());
                found.length(&path, text, most);
            }
        }
    }

    fn check_channels(&self, found: &mut Violations) {
        found.count("inputDataConfig", self.input_data_config.len(), 20);
        for (index, channel) in self.input_data_config.iter().enumerate() {
            let member = format!("inputDataConfig.{}.member", index + 1);
            found.channel(
                &format!("{member}.channelName"),
                channel.channel_name.as_deref(),
            );
            match channel.s3() {
                None => found.missing(&format!("{member}.dataSource.s3DataSource")),
                Some(source) => {
                    let path = format!("{member}.dataSource.s3DataSource");
                    found.s3_uri(&format!("{path}.s3Uri"), source.uri.as_deref());
                    if let Some(kind) = &source.kind {
                        let kinds = [
                            "ManifestFile",
                            "S3Prefix",
                            "AugmentedManifestFile",
                            "Converse",
                        ];
                        found.one_of(&format!("{path}.s3DataType"), kind, &kinds);
                    }
                }
            }
        }
    }

    fn check_output(&self, found: &mut Violations) {
        let Some(output) = &self.output_data_config else {
            return found.missing("outputDataConfig");
        };
        found.s3_uri(
            "outputDataConfig.s3OutputPath",
            output.s3_output_path.as_deref(),
        );
        if let Some(kind) = &output.compression_type {
            found.one_of("outputDataConfig.compressionType", kind, &["GZIP", "NONE"]);
        }
    }

    fn check_resources(&self, found: &mut Violations) {
        match &self.resource_config {
            None => found.missing("resourceConfig"),
            Some(resources) => {
                let kind = found.required(
                    "resourceConfig.instanceType",
                    resources.instance_type.as_deref(),
                );
                if !kind.is_empty() {
                    instance_types::check_training(found, "resourceConfig.instanceType", kind);
                }
                found.range(
                    "resourceConfig.instanceCount",
                    resources.instance_count.unwrap_or(0),
                    1,
                    i64::MAX,
                );
                found.range(
                    "resourceConfig.volumeSizeInGB",
                    resources.volume_size.unwrap_or(1),
                    1,
                    i64::MAX,
                );
            }
        }
        match &self.stopping_condition {
            None => found.missing("stoppingCondition"),
            Some(stop) => {
                let seconds = stop.max_runtime_in_seconds.unwrap_or(DEFAULT_MAX_RUNTIME);
                found.range(
                    "stoppingCondition.maxRuntimeInSeconds",
                    seconds,
                    1,
                    MOST_RUNTIME,
                );
            }
        }
    }

    /// What AWS would do and this server does not, each refused by name rather than ignored.
    fn supported(&self) -> Result<(), ApiError> {
        let algorithm = self.algorithm_specification.as_ref();
        let mode = algorithm.and_then(|algorithm| algorithm.training_input_mode.as_deref());
        let own_command = algorithm
            .is_some_and(|a| a.container_entrypoint.is_some() || a.container_arguments.is_some());
        let several = self
            .resource_config
            .as_ref()
            .and_then(|r| r.instance_count)
            .is_some_and(|count| count > 1);
        let folder = self
            .checkpoint_config
            .as_ref()
            .and_then(|c| c.local_path.as_deref());
        let output = self
            .output_data_config
            .as_ref()
            .and_then(|output| output.compression_type.as_deref());
        let refusals = [
            (
                mode == Some("Pipe"),
                "input mode Pipe; use File or FastFile",
            ),
            (
                own_command,
                "ContainerEntrypoint and ContainerArguments; the program is always run as `train`",
            ),
            (several, "more than one instance; set InstanceCount to 1"),
            (
                folder.is_some_and(|path| path.trim_end_matches('/') != "/opt/ml/checkpoints"),
                "a CheckpointConfig.LocalPath other than /opt/ml/checkpoints",
            ),
            (
                output == Some("NONE"),
                "OutputDataConfig.CompressionType NONE; use GZIP",
            ),
            (
                self.input_data_config
                    .iter()
                    .any(ChannelRequest::is_unusual),
                "channels other than uncompressed S3Prefix ones, fully replicated",
            ),
        ];
        match refusals.iter().find(|(refused, _)| *refused) {
            Some((_, what)) => Err(ApiError::validation(format!(
                "The local server does not support {what}."
            ))),
            None => self.check_spot(),
        }
    }

    fn check_spot(&self) -> Result<(), ApiError> {
        let stop = self.stopping_condition.as_ref();
        let runtime = stop
            .and_then(|stop| stop.max_runtime_in_seconds)
            .unwrap_or(DEFAULT_MAX_RUNTIME);
        let wait = stop.and_then(|stop| stop.max_wait_time_in_seconds);
        if self.enable_managed_spot_training && wait.is_none_or(|wait| wait < runtime) {
            let text = "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds";
            return Err(ApiError::validation(text));
        }
        Ok(())
    }

    /// `None` when a required member is missing, which [`Self::violations`] has ruled out.
    fn plan(self, program: PathBuf) -> Option<Result<Plan, ApiError>> {
        let algorithm = self.algorithm_specification?;
        let stop = self.stopping_condition?;
        let metrics = match algorithm
            .metric_definitions
            .into_iter()
            .map(MetricRequest::compile)
            .collect()
        {
            Ok(metrics) => metrics,
            Err(refusal) => return Some(Err(refusal)),
        };
        Some(Ok(Plan {
            name: self.training_job_name?,
            program,
            hyperparameters: self.hyper_parameters,
            channels: self
                .input_data_config
                .into_iter()
                .map(ChannelRequest::channel)
                .collect::<Option<_>>()?,
            output: S3Uri::parse(&self.output_data_config?.s3_output_path?)?,
            environment: self.environment,
            metrics,
            instance_type: self.resource_config?.instance_type?,
            max_runtime: Duration::from_secs(
                stop.max_runtime_in_seconds.unwrap_or(DEFAULT_MAX_RUNTIME) as u64,
            ),
            checkpoints: self
                .checkpoint_config
                .and_then(|config| S3Uri::parse(&config.s3_uri?)),
        }))
    }
}

impl MetricRequest {
    fn compile(self) -> Result<Metric, ApiError> {
        let (name, pattern) = (
            self.name.unwrap_or_default(),
            self.regex.unwrap_or_default(),
        );
        let regex = Regex::new(&pattern).map_err(|error| {
            ApiError::validation(format!(
                "Invalid metric regex '{pattern}' of metric {name}: {error}"
            ))
        })?;
        Ok(Metric { name, regex })
    }
}

impl ChannelRequest {
    fn s3(&self) -> Option<&S3DataSource> {
        self.data_source.as_ref()?.s3_data_source.as_ref()
    }

    fn is_unusual(&self) -> bool {
        let other = |value: Option<&String>, usual: &str| value.is_some_and(|value| value != usual);
        other(self.compression_type.as_ref(), "None")
            || other(self.record_wrapper_type.as_ref(), "None")
            || self.input_mode.as_deref() == Some("Pipe")
            || self.s3().is_some_and(|source| {
                // With one instance, dealing the objects out and copying them all are the same.
                let kind = source.distribution.as_deref().unwrap_or("FullyReplicated");
                other(source.kind.as_ref(), "S3Prefix")
                    || !["FullyReplicated", "ShardedByS3Key"].contains(&kind)
            })
    }

    fn channel(self) -> Option<Channel> {
        let source = self.data_source?.s3_data_source?.uri?;
        Some(Channel {
            name: self.channel_name?,
            source: S3Uri::parse(&source)?,
            content_type: self.content_type,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request() -> Value {
        json!({
            "TrainingJobName": "job",
            "RoleArn": "arn:aws:iam::691595239825:role/SageMakerExecutionRole",
            "AlgorithmSpecification": {"TrainingImage": "x/fire-container:1", "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "auc", "Regex": "auc=([0-9.]+);"}]},
            "InputDataConfig": [{"ChannelName": "train", "ContentType": "text/csv",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/train/"}}}],
            "OutputDataConfig": {"S3OutputPath": "s3://b/models"},
            "ResourceConfig": {"InstanceType": "ml.m5.4xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        })
    }

    fn images() -> Images {
        Images::new(std::env::current_exe().ok()).unwrap()
    }

    /// The refusal of the request with the value at `pointer` replaced (`null` removes it), or nothing.
    fn refusal(pointer: &str, value: Value) -> String {
        let mut request = request();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        match request.pointer_mut(parent).unwrap() {
            Value::Object(members) => {
                _ = if value.is_null() {
                    members.remove(member)
                } else {
                    members.insert(member.into(), value)
                }
            }
            Value::Array(members) => members[member.parse::<usize>().unwrap()] = value,
            other => panic!("{other}"),
        }
        match serde_json::from_value::<TrainingRequest>(request)
            .unwrap()
            .check(&images())
        {
            Ok(_) => String::new(),
            Err(error) => error.message().to_owned(),
        }
    }

    #[test]
    fn a_whole_request_becomes_a_plan() {
        let plan = serde_json::from_value::<TrainingRequest>(request())
            .unwrap()
            .check(&images())
            .unwrap();
        assert_eq!(plan.channels[0].source.to_string(), "s3://b/train/");
        assert_eq!(plan.max_runtime, Duration::from_secs(60));
        assert_eq!(plan.metrics[0].name, "auc");
    }

    #[test]
    fn what_aws_refuses_is_refused_in_its_words() {
        for (pointer, value, expected) in [
            (
                "/TrainingJobName",
                json!("bad_name!"),
                "Value 'bad_name!' at 'trainingJobName'",
            ),
            ("/RoleArn", Value::Null, "Value null at 'roleArn'"),
            (
                "/RoleArn",
                json!("role"),
                "at 'roleArn' failed to satisfy constraint",
            ),
            (
                "/AlgorithmSpecification",
                Value::Null,
                "Value null at 'algorithmSpecification'",
            ),
            (
                "/AlgorithmSpecification/TrainingInputMode",
                json!("Disk"),
                "enum value set: [Pipe, File, FastFile]",
            ),
            (
                "/ResourceConfig/InstanceType",
                json!("ml.t2.medium"),
                "Value 'ml.t2.medium' at 'resourceConfig.instanceType'",
            ),
            (
                "/ResourceConfig/InstanceCount",
                json!(0),
                "greater than or equal to 1",
            ),
            (
                "/StoppingCondition/MaxRuntimeInSeconds",
                json!(2_419_201),
                "less than or equal to 2419200",
            ),
            (
                "/StoppingCondition",
                Value::Null,
                "Value null at 'stoppingCondition'",
            ),
            (
                "/OutputDataConfig/S3OutputPath",
                json!("models"),
                "at 'outputDataConfig.s3OutputPath'",
            ),
            (
                "/InputDataConfig/0/ChannelName",
                json!("../x"),
                "at 'inputDataConfig.1.member.channelName'",
            ),
            (
                "/InputDataConfig/0/DataSource",
                json!({}),
                "Value null at 'inputDataConfig.1.member.dataSource.s3DataSource'",
            ),
            (
                "/HyperParameters",
                json!({"a": "x".repeat(2501)}),
                "less than or equal to 2500",
            ),
            (
                "/AlgorithmSpecification/MetricDefinitions/0/Regex",
                json!("("),
                "Invalid metric regex '('",
            ),
            (
                "/AlgorithmSpecification/TrainingImage",
                json!("x/xgboost:1"),
                "no program for image 'x/xgboost:1'",
            ),
            (
                "/EnableManagedSpotTraining",
                json!(true),
                "Invalid MaxWaitTimeInSeconds",
            ),
        ] {
            let found = refusal(pointer, value);
            assert!(found.contains(expected), "{pointer}: {found}");
        }
    }

    #[test]
    fn what_only_this_server_lacks_is_refused_by_name() {
        for (pointer, value, expected) in [
            (
                "/AlgorithmSpecification/TrainingInputMode",
                json!("Pipe"),
                "input mode Pipe",
            ),
            (
                "/AlgorithmSpecification/ContainerArguments",
                json!(["x"]),
                "ContainerArguments",
            ),
            (
                "/ResourceConfig/InstanceCount",
                json!(2),
                "more than one instance",
            ),
            (
                "/OutputDataConfig/CompressionType",
                json!("NONE"),
                "CompressionType NONE",
            ),
            (
                "/InputDataConfig/0/CompressionType",
                json!("Gzip"),
                "uncompressed",
            ),
            (
                "/CheckpointConfig",
                json!({"S3Uri": "s3://b/c", "LocalPath": "/tmp/x"}),
                "LocalPath",
            ),
        ] {
            let found = refusal(pointer, value);
            assert!(
                found.contains("The local server does not support") && found.contains(expected),
                "{pointer}: {found}"
            );
        }
    }

    #[test]
    fn what_both_accept_passes() {
        for (pointer, value) in [
            (
                "/AlgorithmSpecification/TrainingInputMode",
                json!("FastFile"),
            ),
            (
                "/CheckpointConfig",
                json!({"S3Uri": "s3://b/c", "LocalPath": "/opt/ml/checkpoints/"}),
            ),
            ("/StoppingCondition", json!({})),
            ("/InputDataConfig", Value::Null),
        ] {
            assert_eq!(refusal(pointer, value), "", "{pointer}");
        }
    }
}
