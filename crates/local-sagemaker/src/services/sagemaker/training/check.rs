//! Validation of a training request: first AWS's rules, with all violations reported at once in AWS's
//! words, then the limitations of this server.

use super::request::{ChannelRequest, DEFAULT_MAX_RUNTIME, Plan, TrainingRequest};
use crate::protocol::ApiError;
use crate::protocol::validation::Violations;
use crate::services::images::Images;

/// The highest `MaxRuntimeInSeconds`: 28 days.
const MAX_RUNTIME: i64 = 2_419_200;

impl TrainingRequest {
    /// The plan, or an error: all violations in AWS's words, or else an option this server does not
    /// support.
    pub(crate) fn check(self, images: &Images) -> Result<Plan, ApiError> {
        self.violations().finish()?;
        self.supported()?;
        let image = self
            .algorithm_specification
            .as_ref()
            .and_then(|algorithm| algorithm.training_image.as_deref());
        let program = images.program(image.unwrap_or_default())?;
        self.plan(program).ok_or_else(|| {
            ApiError::internal("a checked training request lacks a required member")
        })?
    }

    /// Everything that AWS would reject.
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

    /// Checks the image, the input mode and the metrics.
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
        for (member, words) in [
            ("containerEntrypoint", &algorithm.container_entrypoint),
            ("containerArguments", &algorithm.container_arguments),
        ] {
            let path = format!("algorithmSpecification.{member}");
            if let Some(words) = words {
                found.list(&path, words.len(), 1, 100);
                for word in words {
                    found.length(&path, word, 256);
                }
            }
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

    /// Checks the names and sources of the channels.
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

    /// Checks the output location and its compression.
    fn check_output(&self, found: &mut Violations) {
        let Some(output) = &self.output_data_config else {
            return found.missing("outputDataConfig");
        };
        found.s3_uri(
            "outputDataConfig.s3OutputPath",
            output.s3_output_path.as_deref(),
        );
        if let Some(compression) = &output.compression_type {
            let path = "outputDataConfig.compressionType";
            found.one_of(path, compression, &["GZIP", "NONE"]);
        }
    }

    /// Checks the instances and the maximum runtime.
    fn check_resources(&self, found: &mut Violations) {
        match &self.resource_config {
            None => found.missing("resourceConfig"),
            Some(resources) => {
                let instance_type = found.required(
                    "resourceConfig.instanceType",
                    resources.instance_type.as_deref(),
                );
                if !instance_type.is_empty() {
                    found.training_instance_type("resourceConfig.instanceType", instance_type);
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
                    MAX_RUNTIME,
                );
            }
        }
    }

    /// Rejects options that AWS supports and this server does not, naming them instead of ignoring them.
    fn supported(&self) -> Result<(), ApiError> {
        let algorithm = self.algorithm_specification.as_ref();
        let mode = algorithm.and_then(|algorithm| algorithm.training_input_mode.as_deref());
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
        let unsupported = [
            (
                mode == Some("Pipe"),
                "input mode Pipe; use File or FastFile",
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
        match unsupported.iter().find(|(applies, _)| *applies) {
            Some((_, option)) => Err(ApiError::validation(format!(
                "The local server does not support {option}."
            ))),
            None => self.check_spot(),
        }
    }

    /// Checks `MaxWaitTimeInSeconds` of a spot job.
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
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::services::images::RealPaths;

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
        Images::new(std::env::current_exe().ok(), Vec::new(), RealPaths::Never).unwrap()
    }

    /// The error for the request with the value at `pointer` replaced (`null` removes it), or an empty
    /// string.
    fn error_for(pointer: &str, value: Value) -> String {
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
    fn a_valid_request_becomes_a_plan() {
        let plan = serde_json::from_value::<TrainingRequest>(request())
            .unwrap()
            .check(&images())
            .unwrap();
        assert_eq!(plan.channels[0].source.to_string(), "s3://b/train/");
        assert_eq!(plan.max_runtime.as_secs(), 60);
        assert_eq!(plan.metrics[0].name, "auc");
    }

    #[test]
    fn an_entry_point_replaces_the_program_and_arguments_replace_train() {
        let own = std::env::current_exe().unwrap().display().to_string();
        for (changes, program, arguments) in [
            (json!({}), own.as_str(), "train"),
            (json!({"ContainerArguments": ["-v", "fit"]}), &own, "-v fit"),
            (json!({"ContainerEntrypoint": ["sh", "-c"]}), "sh -c", ""),
            (
                json!({"ContainerEntrypoint": ["sh", "-c"], "ContainerArguments": ["ls"]}),
                "sh -c",
                "ls",
            ),
        ] {
            let mut request = request();
            for (member, value) in changes.as_object().unwrap() {
                request["AlgorithmSpecification"][member] = value.clone();
            }
            let request = serde_json::from_value::<TrainingRequest>(request).unwrap();
            let plan = request.check(&images()).unwrap();
            let found = (plan.program.words().join(" "), plan.arguments.join(" "));
            assert_eq!(found, (program.to_owned(), arguments.to_owned()));
        }
    }

    #[test]
    fn requests_that_aws_rejects_are_rejected_in_its_words() {
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
                "/AlgorithmSpecification/ContainerEntrypoint",
                json!([]),
                "at 'algorithmSpecification.containerEntrypoint' failed to satisfy constraint: \
                 Member must have length greater than or equal to 1",
            ),
            (
                "/AlgorithmSpecification/ContainerArguments",
                json!(["x".repeat(257)]),
                "less than or equal to 256",
            ),
            (
                "/StoppingCondition",
                Value::Null,
                "Value null at 'stoppingCondition'",
            ),
        ] {
            let found = error_for(pointer, value);
            assert!(found.contains(expected), "{pointer}: {found}");
        }
    }

    #[test]
    fn locations_values_and_expressions_are_checked_too() {
        for (pointer, value, expected) in [
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
            let found = error_for(pointer, value);
            assert!(found.contains(expected), "{pointer}: {found}");
        }
    }

    #[test]
    fn unsupported_options_are_rejected_by_name() {
        for (pointer, value, expected) in [
            (
                "/AlgorithmSpecification/TrainingInputMode",
                json!("Pipe"),
                "input mode Pipe",
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
            let found = error_for(pointer, value);
            assert!(
                found.contains("The local server does not support") && found.contains(expected),
                "{pointer}: {found}"
            );
        }
    }

    #[test]
    fn supported_options_are_accepted() {
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
            assert_eq!(error_for(pointer, value), "", "{pointer}");
        }
    }
}
