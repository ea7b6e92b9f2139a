//! Validation of a training request, beyond what the service's model and `members` have checked.

use std::collections::BTreeSet;

use super::request::{DEFAULT_MAX_RUNTIME, Plan, TrainingRequest};
use crate::protocol::ApiError;
use crate::protocol::validation::Violations;
use crate::services::images::Images;

/// The highest `MaxRuntimeInSeconds`: 28 days.
const MAX_RUNTIME: i64 = 2_419_200;

impl TrainingRequest {
    /// The plan, or all violations in AWS's words.
    pub(crate) fn check(self, images: &Images) -> Result<Plan, ApiError> {
        let mut found = Violations::default();
        self.check_algorithm(&mut found);
        self.check_locations(&mut found);
        self.check_resources(&mut found);
        found.finish()?;
        self.check_channel_names()?;
        self.check_spot()?;
        let image = self
            .algorithm_specification
            .as_ref()
            .and_then(|algorithm| algorithm.training_image.as_deref());
        let program = images.program(image.unwrap_or_default())?;
        self.plan(program).ok_or_else(|| {
            ApiError::internal("a checked training request lacks a required member")
        })?
    }

    /// Checks that there is an image. The service's model also allows alternatives to an image,
    /// which are not supported.
    fn check_algorithm(&self, found: &mut Violations) {
        let path = "algorithmSpecification";
        match &self.algorithm_specification {
            None => found.missing(path),
            Some(algorithm) => found.required(
                &format!("{path}.trainingImage"),
                algorithm.training_image.as_ref(),
            ),
        }
    }

    /// Checks that all locations are in S3 and that channel names are valid.
    fn check_locations(&self, found: &mut Violations) {
        for (index, channel) in self.input_data_config.iter().enumerate() {
            let member = format!("inputDataConfig.{}.member", index + 1);
            found.channel(
                &format!("{member}.channelName"),
                channel.channel_name.as_deref().unwrap_or_default(),
            );
            let path = format!("{member}.dataSource.s3DataSource");
            found.required(&path, channel.s3());
            if let Some(uri) = channel.s3().and_then(|source| source.uri.as_deref()) {
                found.s3_uri(&format!("{path}.s3Uri"), uri);
            }
        }
        let output = self.output_data_config.as_ref();
        if let Some(uri) = output.and_then(|output| output.s3_output_path.as_deref()) {
            found.s3_uri("outputDataConfig.s3OutputPath", uri);
        }
        let checkpoints = self.checkpoint_config.as_ref();
        if let Some(uri) = checkpoints.and_then(|config| config.s3_uri.as_deref()) {
            found.s3_uri("checkpointConfig.s3Uri", uri);
        }
    }

    /// Checks the instances and the maximum runtime, which are optional in the model because there are
    /// jobs without instances.
    fn check_resources(&self, found: &mut Violations) {
        match &self.resource_config {
            None => found.missing("resourceConfig"),
            Some(resources) => {
                found.required(
                    "resourceConfig.instanceType",
                    resources.instance_type.as_ref(),
                );
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

    /// Rejects two channels with the same name, whose files would be mixed in one directory.
    fn check_channel_names(&self) -> Result<(), ApiError> {
        let mut names = BTreeSet::new();
        for channel in &self.input_data_config {
            if let Some(name) = channel
                .channel_name
                .as_ref()
                .filter(|name| !names.insert(*name))
            {
                return Err(ApiError::validation(format!(
                    "Channel names must be unique: '{name}' is given twice."
                )));
            }
        }
        Ok(())
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
        assert_eq!(plan.channels[0].input_mode, "File");
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
                "/AlgorithmSpecification",
                Value::Null,
                "Value null at 'algorithmSpecification'",
            ),
            (
                "/AlgorithmSpecification/TrainingImage",
                Value::Null,
                "Value null at 'algorithmSpecification.trainingImage'",
            ),
            (
                "/ResourceConfig/InstanceType",
                Value::Null,
                "Value null at 'resourceConfig.instanceType'",
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
        ] {
            let found = error_for(pointer, value);
            assert!(found.contains(expected), "{pointer}: {found}");
        }
    }

    #[test]
    fn what_only_the_service_itself_rejects_is_rejected_in_its_words() {
        let twice = request()["InputDataConfig"][0].clone();
        for (pointer, value, expected) in [
            (
                "/StoppingCondition",
                Value::Null,
                "Value null at 'stoppingCondition'",
            ),
            (
                "/OutputDataConfig/S3OutputPath",
                json!("https://b/models"),
                "at 'outputDataConfig.s3OutputPath'",
            ),
            (
                "/CheckpointConfig",
                json!({"S3Uri": "https://b/c"}),
                "at 'checkpointConfig.s3Uri'",
            ),
            (
                "/InputDataConfig/0/ChannelName",
                json!(".."),
                "at 'inputDataConfig.1.member.channelName'",
            ),
            (
                "/InputDataConfig/0/DataSource",
                json!({}),
                "Value null at 'inputDataConfig.1.member.dataSource.s3DataSource'",
            ),
            (
                "/InputDataConfig",
                json!([twice, twice]),
                "Channel names must be unique: 'train'",
            ),
            (
                "/AlgorithmSpecification/MetricDefinitions/0/Regex",
                json!("("),
                "Invalid metric regex '('",
            ),
            (
                "/AlgorithmSpecification/TrainingImage",
                json!("x/xgboost:1"),
                "image 'x/xgboost:1'",
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
    fn optional_members_may_be_missing() {
        for (pointer, value) in [
            ("/StoppingCondition", json!({})),
            ("/InputDataConfig", Value::Null),
            ("/AlgorithmSpecification/MetricDefinitions", Value::Null),
        ] {
            assert_eq!(error_for(pointer, value), "", "{pointer}");
        }
    }
}
