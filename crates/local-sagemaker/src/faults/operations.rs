//! The operations that a fault can affect: all that the server implements.

use crate::services::s3;

/// The operations of each service except S3, in alphabetical order.
const OPERATIONS: [&[&str]; 8] = [
    // SageMaker
    &[
        "AddTags",
        "CreateEndpoint",
        "CreateEndpointConfig",
        "CreateModel",
        "CreateTrainingJob",
        "DeleteEndpoint",
        "DeleteEndpointConfig",
        "DeleteModel",
        "DeleteTags",
        "DeleteTrainingJob",
        "DescribeEndpoint",
        "DescribeEndpointConfig",
        "DescribeModel",
        "DescribeTrainingJob",
        "ListEndpointConfigs",
        "ListEndpoints",
        "ListModels",
        "ListTags",
        "ListTrainingJobs",
        "StopTrainingJob",
        "UpdateEndpoint",
        "UpdateEndpointWeightsAndCapacities",
    ],
    // Its runtime
    &["InvokeEndpoint"],
    // CloudWatch Logs
    &[
        "DescribeLogGroups",
        "DescribeLogStreams",
        "FilterLogEvents",
        "GetLogEvents",
    ],
    // CloudWatch
    &["GetMetricData", "GetMetricStatistics", "ListMetrics"],
    // Application Auto Scaling
    &[
        "DeleteScalingPolicy",
        "DeregisterScalableTarget",
        "DescribeScalableTargets",
        "DescribeScalingActivities",
        "DescribeScalingPolicies",
        "PutScalingPolicy",
        "RegisterScalableTarget",
    ],
    // ECR
    &[
        "BatchGetImage",
        "DescribeImages",
        "DescribeRepositories",
        "GetAuthorizationToken",
    ],
    // IAM
    &["GetRole", "ListRoles", "SimulatePrincipalPolicy"],
    // STS
    &["GetCallerIdentity"],
];

/// Whether the server implements this operation.
pub(super) fn is_operation(name: &str) -> bool {
    s3::is_implemented(name) || OPERATIONS.iter().any(|service| service.contains(&name))
}
