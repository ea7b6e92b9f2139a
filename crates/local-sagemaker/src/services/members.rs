//! What the services do with each member of a request: nothing is accepted and then dropped.
//!
//! `shapes` rejects what the service's model does not allow, and the table here rejects, by name, what
//! this server does not do although it would change a result. Everything else is acted on, or concerns
//! only AWS's machines and is returned by the corresponding `Describe` operation. The few members that no
//! operation returns are listed in `docs/LOCAL_SERVER_MEMBERS.md`, which `tests/clients/test_members.py`
//! compares with the server, member by member.

use serde_json::Value;

use crate::protocol::shapes::{self, ServiceModel};
use crate::protocol::{ApiError, Call};

/// A member that is not supported, or only with some values.
struct Limit {
    /// The operations that have the member.
    operations: &'static [&'static str],
    /// Its path; `[]` follows a list.
    path: &'static str,
    /// What is supported.
    supported: Supported,
    /// What to do instead.
    advice: &'static str,
}

/// The supported values of a member.
enum Supported {
    /// None.
    Nothing,
    /// These texts.
    Texts(&'static [&'static str]),
    /// Numbers up to this one.
    AtMost(i64),
}

use Supported::{AtMost, Nothing, Texts};

const JOB: &[&str] = &["CreateTrainingJob"];
const MODEL: &[&str] = &["CreateModel"];
const CONFIG: &[&str] = &["CreateEndpointConfig"];
const ENDPOINT: &[&str] = &["CreateEndpoint", "UpdateEndpoint"];
const WEIGHTS: &[&str] = &["UpdateEndpointWeightsAndCapacities"];
const SCALING: &[&str] = &[
    "DeleteScalingPolicy",
    "DeregisterScalableTarget",
    "DescribeScalableTargets",
    "DescribeScalingActivities",
    "DescribeScalingPolicies",
    "PutScalingPolicy",
    "RegisterScalableTarget",
];
const TARGET: &[&str] = &["RegisterScalableTarget"];
const POLICY: &[&str] = &["PutScalingPolicy"];

/// Shortens the table below.
const fn limit(
    operations: &'static [&'static str],
    path: &'static str,
    supported: Supported,
    advice: &'static str,
) -> Limit {
    Limit {
        operations,
        path,
        supported,
        advice,
    }
}

/// The members that would change a result and are not supported.
#[rustfmt::skip]
const LIMITS: &[Limit] = &[
    limit(JOB, "AlgorithmSpecification.AlgorithmName", Nothing, "set TrainingImage"),
    limit(JOB, "AlgorithmSpecification.TrainingInputMode", Texts(&["File", "FastFile"]), "use File or FastFile"),
    limit(JOB, "InputDataConfig[].DataSource.FileSystemDataSource", Nothing, "use S3DataSource"),
    limit(JOB, "InputDataConfig[].DataSource.DatasetSource", Nothing, "use S3DataSource"),
    limit(JOB, "InputDataConfig[].DataSource.S3DataSource.S3DataType", Texts(&["S3Prefix"]), "use S3Prefix"),
    limit(JOB, "InputDataConfig[].DataSource.S3DataSource.AttributeNames", Nothing, "augmented manifests are not read"),
    limit(JOB, "InputDataConfig[].DataSource.S3DataSource.InstanceGroupNames", Nothing, "a job has one instance"),
    limit(JOB, "InputDataConfig[].DataSource.S3DataSource.HubAccessConfig", Nothing, "there are no hubs"),
    limit(JOB, "InputDataConfig[].CompressionType", Texts(&["None"]), "store the objects uncompressed"),
    limit(JOB, "InputDataConfig[].RecordWrapperType", Texts(&["None"]), "use None"),
    limit(JOB, "InputDataConfig[].InputMode", Texts(&["File", "FastFile"]), "use File or FastFile"),
    limit(JOB, "OutputDataConfig.CompressionType", Texts(&["GZIP"]), "use GZIP"),
    limit(JOB, "ResourceConfig.InstanceCount", AtMost(1), "a job has one instance"),
    limit(JOB, "ResourceConfig.InstanceGroups", Nothing, "set InstanceType and InstanceCount"),
    limit(JOB, "CheckpointConfig.LocalPath", Texts(&["/opt/ml/checkpoints", "/opt/ml/checkpoints/"]), "use /opt/ml/checkpoints"),
    limit(JOB, "DebugRuleConfigurations", Nothing, "no rules are evaluated"),
    limit(JOB, "ProfilerRuleConfigurations", Nothing, "no rules are evaluated"),
    limit(JOB, "TensorBoardOutputConfig", Nothing, "write the files to /opt/ml/output/data, which is stored"),
    limit(JOB, "ServerlessJobConfig", Nothing, "set AlgorithmSpecification and ResourceConfig"),
    limit(JOB, "MlflowConfig", Nothing, "there is no MLflow server"),
    limit(JOB, "ModelPackageConfig", Nothing, "there is no model registry"),

    limit(MODEL, "PrimaryContainer.Mode", Texts(&["SingleModel"]), "use SingleModel"),
    limit(MODEL, "PrimaryContainer.MultiModelConfig", Nothing, "a container serves one model"),
    limit(MODEL, "PrimaryContainer.AdditionalModelDataSources", Nothing, "put all files into one archive"),
    limit(MODEL, "PrimaryContainer.ModelPackageName", Nothing, "set Image and ModelDataUrl"),
    limit(MODEL, "PrimaryContainer.InferenceSpecificationName", Nothing, "set Image and ModelDataUrl"),
    limit(MODEL, "PrimaryContainer.ModelDataSource.S3DataSource.HubAccessConfig", Nothing, "there are no hubs"),
    limit(MODEL, "PrimaryContainer.ModelDataSource.S3DataSource.ManifestS3Uri", Nothing, "set S3Uri to the data itself"),
    limit(MODEL, "PrimaryContainer.ModelDataSource.S3DataSource.ETag", Nothing, "the newest object is used"),
    limit(MODEL, "PrimaryContainer.ModelDataSource.S3DataSource.ManifestEtag", Nothing, "the newest object is used"),
    limit(MODEL, "Containers[].Mode", Texts(&["SingleModel"]), "use SingleModel"),
    limit(MODEL, "Containers[].MultiModelConfig", Nothing, "a container serves one model"),
    limit(MODEL, "Containers[].AdditionalModelDataSources", Nothing, "put all files into one archive"),
    limit(MODEL, "Containers[].ModelPackageName", Nothing, "set Image and ModelDataUrl"),
    limit(MODEL, "Containers[].InferenceSpecificationName", Nothing, "set Image and ModelDataUrl"),
    limit(MODEL, "Containers[].ModelDataSource.S3DataSource.HubAccessConfig", Nothing, "there are no hubs"),
    limit(MODEL, "Containers[].ModelDataSource.S3DataSource.ManifestS3Uri", Nothing, "set S3Uri to the data itself"),
    limit(MODEL, "Containers[].ModelDataSource.S3DataSource.ETag", Nothing, "the newest object is used"),
    limit(MODEL, "Containers[].ModelDataSource.S3DataSource.ManifestEtag", Nothing, "the newest object is used"),
    limit(MODEL, "InferenceExecutionConfig.Mode", Texts(&["Serial"]), "a model has one container"),

    limit(CONFIG, "ShadowProductionVariants", Nothing, "add a production variant with a small weight"),
    limit(CONFIG, "AsyncInferenceConfig", Nothing, "invoke the endpoint synchronously"),
    limit(CONFIG, "ExplainerConfig", Nothing, "responses come from the model alone"),
    limit(CONFIG, "MetricsConfig", Nothing, "metrics are recorded every second"),
    limit(CONFIG, "ProductionVariants[].InstancePools", Nothing, "set InstanceType"),
    limit(CONFIG, "ProductionVariants[].CoreDumpConfig", Nothing, "the log ends with the reason of a crash"),
    limit(CONFIG, "ProductionVariants[].ManagedInstanceScaling", Nothing, "register the variant with Application Auto Scaling"),

    limit(ENDPOINT, "DeploymentConfig.BlueGreenUpdatePolicy.TrafficRoutingConfiguration.Type", Texts(&["ALL_AT_ONCE"]), "use ALL_AT_ONCE"),
    limit(ENDPOINT, "DeploymentConfig.BlueGreenUpdatePolicy.TrafficRoutingConfiguration.CanarySize", Nothing, "traffic moves all at once"),
    limit(ENDPOINT, "DeploymentConfig.BlueGreenUpdatePolicy.TrafficRoutingConfiguration.LinearStepSize", Nothing, "traffic moves all at once"),
    limit(ENDPOINT, "DeploymentConfig.RollingUpdatePolicy", Nothing, "use BlueGreenUpdatePolicy"),
    limit(ENDPOINT, "DeploymentConfig.AutoRollbackConfiguration", Nothing, "an update that does not pass /ping is rolled back, without alarms"),
    limit(WEIGHTS, "DesiredWeightsAndCapacities[].ServerlessUpdateConfig", Nothing, "a serverless variant is one process"),

    limit(SCALING, "ServiceNamespace", Texts(&["sagemaker"]), "use sagemaker"),
    limit(SCALING, "ScalableDimension", Texts(&["sagemaker:variant:DesiredInstanceCount"]), "use sagemaker:variant:DesiredInstanceCount"),
    limit(TARGET, "Tags", Nothing, "tag the endpoint"),
    limit(POLICY, "PolicyType", Texts(&["TargetTrackingScaling"]), "use TargetTrackingScaling"),
    limit(POLICY, "StepScalingPolicyConfiguration", Nothing, "use TargetTrackingScalingPolicyConfiguration"),
    limit(POLICY, "PredictiveScalingPolicyConfiguration", Nothing, "use TargetTrackingScalingPolicyConfiguration"),
    limit(POLICY, "TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.PredefinedMetricType", Texts(&["SageMakerVariantInvocationsPerInstance"]), "use SageMakerVariantInvocationsPerInstance"),
    limit(POLICY, "TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification", Nothing, "use PredefinedMetricSpecification"),
    limit(POLICY, "TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.ResourceLabel", Nothing, "it is for load balancers only"),
];

/// Checks the members of a call. Returns the call without members that are null.
///
/// # Errors
/// All violations of the model in AWS's words; or else the first member that this server does not support.
pub(crate) fn check(service: &str, operation: &str, call: &Call) -> Result<Call, ApiError> {
    let model = shapes::service(service).filter(|model: &&ServiceModel| model.has(operation));
    let body = match model {
        Some(model) => model.check(operation, &call.body)?,
        // The service reports the unknown operation.
        None => call.body.clone(),
    };
    for limit in LIMITS {
        if limit.operations.contains(&operation) {
            limit.check(&body)?;
        }
    }
    Ok(Call {
        region: call.region.clone(),
        body,
    })
}

impl Limit {
    /// Rejects a request with an unsupported value.
    fn check(&self, body: &Value) -> Result<(), ApiError> {
        let found = values(body, self.path);
        let Some(value) = found.into_iter().find(|value| !self.supported.has(value)) else {
            return Ok(());
        };
        let shown = match (&self.supported, value) {
            (Nothing, _) => String::new(),
            (_, Value::String(text)) => format!(" {text}"),
            (_, value) => format!(" {value}"),
        };
        let path = self.path.replace("[]", "");
        Err(ApiError::validation(format!(
            "The local server does not support {path}{shown}; {}.",
            self.advice
        )))
    }
}

impl Supported {
    /// Whether a value is supported.
    fn has(&self, value: &Value) -> bool {
        match self {
            Nothing => false,
            Texts(texts) => value.as_str().is_some_and(|value| texts.contains(&value)),
            AtMost(most) => value.as_i64().is_some_and(|number| number <= *most),
        }
    }
}

/// The values at a path.
fn values<'a>(body: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![body];
    for name in path.split('.') {
        let (name, is_list) = match name.strip_suffix("[]") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let members = found.into_iter().filter_map(|value| value.get(name));
        found = if is_list {
            members.filter_map(Value::as_array).flatten().collect()
        } else {
            members.collect()
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The error for these members of an operation of SageMaker, or an empty string.
    fn unsupported(operation: &str, body: &Value) -> String {
        let mut limits = LIMITS
            .iter()
            .filter(|limit| limit.operations.contains(&operation));
        let error = limits.find_map(|limit| limit.check(body).err());
        error.map_or_else(String::new, |error| error.message().to_owned())
    }

    #[test]
    fn what_would_change_a_result_is_rejected_by_name() {
        for (operation, body, expected) in [
            (
                "CreateTrainingJob",
                json!({"AlgorithmSpecification": {"TrainingInputMode": "Pipe"}}),
                "AlgorithmSpecification.TrainingInputMode Pipe; use File",
            ),
            (
                "CreateTrainingJob",
                json!({"InputDataConfig": [{}, {"CompressionType": "Gzip"}]}),
                "InputDataConfig.CompressionType Gzip",
            ),
            (
                "CreateTrainingJob",
                json!({"ResourceConfig": {"InstanceCount": 2}}),
                "ResourceConfig.InstanceCount 2",
            ),
            (
                "CreateTrainingJob",
                json!({"CheckpointConfig": {"LocalPath": "/tmp/x"}}),
                "CheckpointConfig.LocalPath /tmp/x",
            ),
            (
                "CreateTrainingJob",
                json!({"OutputDataConfig": {"CompressionType": "NONE"}}),
                "OutputDataConfig.CompressionType NONE; use GZIP.",
            ),
            (
                "CreateModel",
                json!({"PrimaryContainer": {"Mode": "MultiModel"}}),
                "PrimaryContainer.Mode MultiModel",
            ),
            (
                "CreateEndpointConfig",
                json!({"ShadowProductionVariants": []}),
                "ShadowProductionVariants;",
            ),
            (
                "UpdateEndpoint",
                json!({"DeploymentConfig": {"RollingUpdatePolicy": {}}}),
                "DeploymentConfig.RollingUpdatePolicy",
            ),
        ] {
            let found = unsupported(operation, &body);
            assert!(found.contains(expected), "{operation} {body}: {found}");
        }
    }

    #[test]
    fn what_only_concerns_machines_is_accepted() {
        for (operation, body) in [
            (
                "CreateTrainingJob",
                json!({"AlgorithmSpecification": {"TrainingInputMode": "FastFile"}, "VpcConfig": {}, "ProfilerConfig": {}}),
            ),
            (
                "CreateTrainingJob",
                json!({"CheckpointConfig": {"LocalPath": "/opt/ml/checkpoints/"}, "ResourceConfig": {"InstanceCount": 1}}),
            ),
            (
                "CreateModel",
                json!({"ShadowProductionVariants": [], "PrimaryContainer": {"Mode": "SingleModel"}}),
            ),
        ] {
            assert_eq!(unsupported(operation, &body), "", "{operation} {body}");
        }
    }

    #[test]
    fn every_limit_is_a_member_of_its_operation() {
        for limit in LIMITS {
            for operation in limit.operations {
                let service = if SCALING.contains(operation) {
                    "application-autoscaling"
                } else {
                    "sagemaker"
                };
                let model = shapes::service(service).unwrap();
                assert!(model.has_member(operation, limit.path), "{}", limit.path);
            }
        }
    }
}
