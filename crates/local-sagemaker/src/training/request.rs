//! `CreateTrainingJob` as it is sent: the members that the server acts on, all of them
//! optional, because what is absent is reported together with what is wrong.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The members of the request that the server acts on; the rest is only echoed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TrainingRequest {
    /// `TrainingJobName`.
    pub(super) training_job_name: Option<String>,
    /// Checked for its form; nobody assumes it.
    pub(super) role_arn: Option<String>,
    /// The image and its metrics.
    pub(super) algorithm_specification: Option<AlgorithmSpecification>,
    /// All values are strings, at most 2500 characters long.
    #[serde(default)]
    pub(super) hyper_parameters: BTreeMap<String, String>,
    /// The channels, at most 20.
    #[serde(default)]
    pub(super) input_data_config: Vec<ChannelRequest>,
    /// Where the results go.
    pub(super) output_data_config: Option<OutputDataConfig>,
    /// The instances.
    pub(super) resource_config: Option<ResourceConfig>,
    /// The limits of time.
    pub(super) stopping_condition: Option<StoppingCondition>,
    /// Environment of the program.
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    /// Where checkpoints come from and go to.
    pub(super) checkpoint_config: Option<CheckpointConfig>,
    /// Whether its instance may be taken away; asks for a `MaxWaitTimeInSeconds`.
    #[serde(default)]
    pub(super) enable_managed_spot_training: bool,
}

/// `AlgorithmSpecification`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AlgorithmSpecification {
    /// The image's URI.
    pub(super) training_image: Option<String>,
    /// `File`, `FastFile` (the same here) or `Pipe` (refused).
    pub(super) training_input_mode: Option<String>,
    /// At most 40.
    #[serde(default)]
    pub(super) metric_definitions: Vec<MetricRequest>,
    /// A command instead of the image's own, which is refused.
    pub(super) container_entrypoint: Option<Vec<String>>,
    /// Arguments instead of `train`, which are refused.
    pub(super) container_arguments: Option<Vec<String>>,
}

/// `MetricDefinition`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricRequest {
    /// The metric's name.
    pub(super) name: Option<String>,
    /// The expression whose first group is its value.
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
    /// Told to the program, in `inputdataconfig.json`.
    pub(super) content_type: Option<String>,
    /// Only `None` is done.
    pub(super) compression_type: Option<String>,
    /// Only `None` is done.
    pub(super) record_wrapper_type: Option<String>,
    /// The channel's own input mode.
    pub(super) input_mode: Option<String>,
}

/// `DataSource`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DataSource {
    /// The only kind of source here.
    pub(super) s3_data_source: Option<S3DataSource>,
}

/// `S3DataSource`.
#[derive(Deserialize)]
pub(super) struct S3DataSource {
    /// `S3Prefix`, or a manifest, which is refused.
    #[serde(rename = "S3DataType")]
    pub(super) kind: Option<String>,
    /// The prefix.
    #[serde(rename = "S3Uri")]
    pub(super) uri: Option<String>,
    /// Whether each instance gets all objects; with one instance it does.
    #[serde(rename = "S3DataDistributionType")]
    pub(super) distribution: Option<String>,
}

/// `OutputDataConfig`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OutputDataConfig {
    /// The prefix of all results.
    pub(super) s3_output_path: Option<String>,
    /// Only `GZIP` is done.
    pub(super) compression_type: Option<String>,
}

/// `ResourceConfig`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResourceConfig {
    /// One of SageMaker's training types.
    pub(super) instance_type: Option<String>,
    /// One.
    pub(super) instance_count: Option<i64>,
    /// Gibibytes of a volume that nobody makes.
    #[serde(rename = "VolumeSizeInGB")]
    pub(super) volume_size: Option<i64>,
}

/// `StoppingCondition`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StoppingCondition {
    /// How long the program may run.
    pub(super) max_runtime_in_seconds: Option<i64>,
    /// How long a spot job may wait and run.
    pub(super) max_wait_time_in_seconds: Option<i64>,
}

/// `CheckpointConfig`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CheckpointConfig {
    /// The prefix of the checkpoints.
    pub(super) s3_uri: Option<String>,
    /// Only `/opt/ml/checkpoints` is done.
    pub(super) local_path: Option<String>,
}

impl ChannelRequest {
    /// The S3 part of the channel's source.
    pub(super) fn s3(&self) -> Option<&S3DataSource> {
        self.data_source.as_ref()?.s3_data_source.as_ref()
    }

    /// Whether the channel asks for anything but plain files below a prefix.
    pub(super) fn is_unusual(&self) -> bool {
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
}
