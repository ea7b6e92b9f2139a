//! The `CreateTrainingJob` request, and the plan made from a valid one. All members of the request are
//! optional, so that missing members can be reported together with invalid ones.

use std::collections::BTreeMap;
use std::time::Duration;

use regex::Regex;
use serde::Deserialize;

use crate::protocol::ApiError;
use crate::protocol::names::S3Uri;
use crate::services::images::Program;

/// Default `MaxRuntimeInSeconds`: one day.
pub(super) const DEFAULT_MAX_RUNTIME: i64 = 86_400;

/// The members of the request that the server acts on. The others are only echoed, or rejected by
/// `members`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TrainingRequest {
    /// `TrainingJobName`.
    pub(super) training_job_name: Option<String>,
    /// The image, the input mode and the metrics.
    pub(super) algorithm_specification: Option<AlgorithmSpecification>,
    /// All values are strings.
    #[serde(default)]
    pub(super) hyper_parameters: BTreeMap<String, String>,
    /// The channels.
    #[serde(default)]
    pub(super) input_data_config: Vec<ChannelRequest>,
    /// Where to store the results.
    pub(super) output_data_config: Option<OutputDataConfig>,
    /// The instances.
    pub(super) resource_config: Option<ResourceConfig>,
    /// The time limits.
    pub(super) stopping_condition: Option<StoppingCondition>,
    /// Environment variables of the program.
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    /// Where checkpoints are stored and restored from.
    pub(super) checkpoint_config: Option<CheckpointConfig>,
    /// Whether to run on a spot instance; requires `MaxWaitTimeInSeconds`.
    #[serde(default)]
    pub(super) enable_managed_spot_training: bool,
}

/// `AlgorithmSpecification`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AlgorithmSpecification {
    /// The image's URI.
    pub(super) training_image: Option<String>,
    /// `File`, or `FastFile`, which is the same here.
    training_input_mode: Option<String>,
    /// The metrics to extract.
    #[serde(default)]
    pub(super) metric_definitions: Vec<MetricRequest>,
    /// Replaces the image's entry point.
    pub(super) container_entrypoint: Option<Vec<String>>,
    /// Replaces the argument `train`.
    pub(super) container_arguments: Option<Vec<String>>,
}

/// `MetricDefinition`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricRequest {
    /// The metric's name.
    pub(super) name: Option<String>,
    /// The regular expression whose first group is the value.
    pub(super) regex: Option<String>,
}

/// `Channel`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChannelRequest {
    /// Also the name of the folder below `/opt/ml/input/data`.
    pub(super) channel_name: Option<String>,
    /// Where the data is.
    pub(super) data_source: Option<DataSource>,
    /// Passed to the program in `inputdataconfig.json`.
    content_type: Option<String>,
    /// The channel's own input mode.
    input_mode: Option<String>,
}

/// `DataSource`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DataSource {
    /// The only supported kind of source.
    pub(super) s3_data_source: Option<S3DataSource>,
}

/// `S3DataSource`.
#[derive(Deserialize)]
pub(super) struct S3DataSource {
    /// The prefix.
    #[serde(rename = "S3Uri")]
    pub(super) uri: Option<String>,
    /// How objects are distributed among instances; for a single one, both ways are the same.
    #[serde(rename = "S3DataDistributionType")]
    distribution: Option<String>,
}

/// `OutputDataConfig`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OutputDataConfig {
    /// The prefix of all results.
    pub(super) s3_output_path: Option<String>,
}

/// `ResourceConfig`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResourceConfig {
    /// One of SageMaker's training instance types.
    pub(super) instance_type: Option<String>,
    /// Must be 1.
    pub(super) instance_count: Option<i64>,
    /// Size of the storage volume in GiB; checked but unused.
    #[serde(rename = "VolumeSizeInGB")]
    pub(super) volume_size: Option<i64>,
}

/// `StoppingCondition`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StoppingCondition {
    /// Maximum running time of the program.
    pub(super) max_runtime_in_seconds: Option<i64>,
    /// Maximum time for a spot job to wait and run.
    pub(super) max_wait_time_in_seconds: Option<i64>,
}

/// `CheckpointConfig`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CheckpointConfig {
    /// The prefix of the checkpoints.
    pub(super) s3_uri: Option<String>,
}

/// A checked request: everything needed to run a job.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The job's name.
    pub(crate) name: String,
    /// The program that runs for the container image.
    pub(crate) program: Program,
    /// Its arguments: usually `train`.
    pub(crate) arguments: Vec<String>,
    /// Hyperparameters, all strings.
    pub(crate) hyperparameters: BTreeMap<String, String>,
    /// Input channels, in the order of the request.
    pub(crate) channels: Vec<Channel>,
    /// The prefix of the artifacts.
    pub(crate) output: S3Uri,
    /// Additional environment variables of the program.
    pub(crate) environment: BTreeMap<String, String>,
    /// The metrics to look for in the job's output.
    pub(crate) metrics: Vec<Metric>,
    /// The instance type to report to the program.
    pub(crate) instance_type: String,
    /// Maximum running time of the program.
    pub(crate) max_runtime: Duration,
    /// Where checkpoints are stored and restored from.
    pub(crate) checkpoints: Option<S3Uri>,
    /// Whether the job runs on a spot instance.
    pub(crate) spot: bool,
    /// Maximum time for a spot job to wait and run, counted from its creation.
    pub(crate) max_wait: Option<Duration>,
}

/// One input channel: the objects below a prefix.
#[derive(Debug)]
pub(crate) struct Channel {
    /// The folder's name below `/opt/ml/input/data`.
    pub(crate) name: String,
    /// The prefix of its objects.
    pub(crate) source: S3Uri,
    /// The content type in the request.
    pub(crate) content_type: Option<String>,
    /// The input mode in the request, its own or the job's.
    pub(crate) input_mode: String,
    /// `FullyReplicated` or `ShardedByS3Key`.
    pub(crate) distribution: String,
}

/// A metric to extract from the job's output.
#[derive(Debug)]
pub(crate) struct Metric {
    /// The metric's name.
    pub(crate) name: String,
    /// The regular expression whose first group is the value.
    pub(crate) regex: Regex,
}

impl TrainingRequest {
    /// Makes the plan. `None` if a required member is missing, which the checks rule out; an error if a
    /// metric's regular expression is invalid.
    pub(super) fn plan(self, program: Program) -> Option<Result<Plan, ApiError>> {
        let mut algorithm = self.algorithm_specification?;
        let (program, arguments) = algorithm.command(program);
        let stop = self.stopping_condition?;
        let mode = algorithm.training_input_mode.unwrap_or_default();
        let metrics = match algorithm
            .metric_definitions
            .into_iter()
            .map(MetricRequest::compile)
            .collect()
        {
            Ok(metrics) => metrics,
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(Plan {
            name: self.training_job_name?,
            program,
            arguments,
            hyperparameters: self.hyper_parameters,
            channels: self
                .input_data_config
                .into_iter()
                .map(|channel| channel.channel(&mode))
                .collect::<Option<_>>()?,
            output: S3Uri::parse(&self.output_data_config?.s3_output_path?)?,
            environment: self.environment,
            metrics,
            instance_type: self.resource_config?.instance_type?,
            max_runtime: Duration::from_secs(
                stop.max_runtime_in_seconds.unwrap_or(DEFAULT_MAX_RUNTIME) as u64,
            ),
            spot: self.enable_managed_spot_training,
            max_wait: stop
                .max_wait_time_in_seconds
                .filter(|_| self.enable_managed_spot_training)
                .map(|seconds| Duration::from_secs(seconds as u64)),
            checkpoints: self
                .checkpoint_config
                .and_then(|config| S3Uri::parse(&config.s3_uri?)),
        }))
    }
}

impl AlgorithmSpecification {
    /// The program and its arguments for the image's `program`. As with `docker run`, an entry point also
    /// replaces the argument `train`.
    fn command(&mut self, program: Program) -> (Program, Vec<String>) {
        let arguments = self.container_arguments.take();
        if let Some(words) = self.container_entrypoint.take() {
            let program = program.with_entry_point(words);
            return (program, arguments.unwrap_or_default());
        }
        let arguments = arguments.unwrap_or_else(|| vec!["train".to_owned()]);
        (program, arguments)
    }
}

impl MetricRequest {
    /// Compiles the regular expression. AWS uses Java's syntax; expressions with look-around are rejected
    /// here.
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
    /// The S3 part of the channel's source.
    pub(super) fn s3(&self) -> Option<&S3DataSource> {
        self.data_source.as_ref()?.s3_data_source.as_ref()
    }

    /// The channel; `None` if a required member is missing. `mode` is the job's input mode.
    fn channel(self, mode: &str) -> Option<Channel> {
        let source = self.data_source?.s3_data_source?;
        Some(Channel {
            name: self.channel_name?,
            source: S3Uri::parse(&source.uri?)?,
            content_type: self.content_type,
            input_mode: self.input_mode.unwrap_or_else(|| mode.to_owned()),
            distribution: source
                .distribution
                .unwrap_or_else(|| "FullyReplicated".to_owned()),
        })
    }
}
