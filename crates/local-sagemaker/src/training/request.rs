//! `CreateTrainingJob` as it is sent: the members that the server acts on, all of them optional,
//! because what is absent is reported together with what is wrong.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The members of the request that the server acts on; the rest is only echoed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TrainingRequest {
    pub(super) training_job_name: Option<String>,
    pub(super) role_arn: Option<String>,
    pub(super) algorithm_specification: Option<AlgorithmSpecification>,
    #[serde(default)]
    pub(super) hyper_parameters: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) input_data_config: Vec<ChannelRequest>,
    pub(super) output_data_config: Option<OutputDataConfig>,
    pub(super) resource_config: Option<ResourceConfig>,
    pub(super) stopping_condition: Option<StoppingCondition>,
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    pub(super) checkpoint_config: Option<CheckpointConfig>,
    #[serde(default)]
    pub(super) enable_managed_spot_training: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AlgorithmSpecification {
    pub(super) training_image: Option<String>,
    pub(super) training_input_mode: Option<String>,
    #[serde(default)]
    pub(super) metric_definitions: Vec<MetricRequest>,
    pub(super) container_entrypoint: Option<Vec<String>>,
    pub(super) container_arguments: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricRequest {
    pub(super) name: Option<String>,
    pub(super) regex: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChannelRequest {
    pub(super) channel_name: Option<String>,
    pub(super) data_source: Option<DataSource>,
    pub(super) content_type: Option<String>,
    pub(super) compression_type: Option<String>,
    pub(super) record_wrapper_type: Option<String>,
    pub(super) input_mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DataSource {
    pub(super) s3_data_source: Option<S3DataSource>,
}

#[derive(Deserialize)]
pub(super) struct S3DataSource {
    #[serde(rename = "S3DataType")]
    pub(super) kind: Option<String>,
    #[serde(rename = "S3Uri")]
    pub(super) uri: Option<String>,
    #[serde(rename = "S3DataDistributionType")]
    pub(super) distribution: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OutputDataConfig {
    pub(super) s3_output_path: Option<String>,
    pub(super) compression_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResourceConfig {
    pub(super) instance_type: Option<String>,
    pub(super) instance_count: Option<i64>,
    #[serde(rename = "VolumeSizeInGB")]
    pub(super) volume_size: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StoppingCondition {
    pub(super) max_runtime_in_seconds: Option<i64>,
    pub(super) max_wait_time_in_seconds: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CheckpointConfig {
    pub(super) s3_uri: Option<String>,
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
