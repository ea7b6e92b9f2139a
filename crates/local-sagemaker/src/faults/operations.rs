//! The operations that a fault can affect: all that the server implements.

/// The operations of each service, in alphabetical order.
pub(super) const OPERATIONS: [&[&str]; 9] = [
    // S3
    &[
        "AbortMultipartUpload",
        "CompleteMultipartUpload",
        "CopyObject",
        "CreateBucket",
        "CreateMultipartUpload",
        "DeleteBucket",
        "DeleteBucketEncryption",
        "DeleteBucketTagging",
        "DeleteObject",
        "DeleteObjectTagging",
        "DeleteObjects",
        "GetBucketAccelerateConfiguration",
        "GetBucketAcl",
        "GetBucketCors",
        "GetBucketEncryption",
        "GetBucketLifecycleConfiguration",
        "GetBucketLocation",
        "GetBucketLogging",
        "GetBucketNotificationConfiguration",
        "GetBucketOwnershipControls",
        "GetBucketPolicy",
        "GetBucketPolicyStatus",
        "GetBucketReplication",
        "GetBucketRequestPayment",
        "GetBucketTagging",
        "GetBucketVersioning",
        "GetBucketWebsite",
        "GetObject",
        "GetObjectAcl",
        "GetObjectAttributes",
        "GetObjectLegalHold",
        "GetObjectLockConfiguration",
        "GetObjectRetention",
        "GetObjectTagging",
        "GetPublicAccessBlock",
        "HeadBucket",
        "HeadObject",
        "ListBuckets",
        "ListMultipartUploads",
        "ListObjectVersions",
        "ListObjects",
        "ListObjectsV2",
        "ListParts",
        "PutBucketEncryption",
        "PutBucketTagging",
        "PutObject",
        "PutObjectTagging",
        "UploadPart",
        "UploadPartCopy",
    ],
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
    OPERATIONS.iter().any(|service| service.contains(&name))
}
