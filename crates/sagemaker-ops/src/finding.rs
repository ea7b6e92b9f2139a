//! Problems, as a type.
//!
//! The messages and remedies use AWS terms. A program whose settings have other names (flags, a file)
//! can match on the finding and name the setting to change.

use std::borrow::Cow;

use crate::names::{AccountId, BucketName, EndpointName, ImageUri, JobName, RoleArn, S3Uri};
use crate::price::Purpose;
use crate::status::{EndpointStatus, JobStatus};

/// The service that must be allowed to assume the role.
pub(crate) const SERVICE: &str = "sagemaker.amazonaws.com";

/// The kind of an [`Error`](crate::Error), which determines what the caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The named resource does not exist: correct the name.
    NotFound,
    /// The resource already exists, or its state does not allow the request.
    Conflict,
    /// The service throttled the call and all its retries.
    Throttled,
    /// Credentials are missing, expired or lack the permission.
    Denied,
    /// The account's quota is exceeded: request an increase, or use another instance type.
    Quota,
    /// The request is invalid: correct the value named in the message.
    Invalid,
    /// The caller's own deadline passed before the awaited state was reached.
    Timeout,
    /// No response: name resolution, connection or protocol failed.
    Transport,
    /// The service reported an internal failure, or its response cannot be parsed.
    Service,
    /// The server at this address does not implement the call. AWS does, so it is another server.
    Unsupported,
    /// The container behind an endpoint rejected the request.
    Model,
    /// The local server could not be found or started.
    LocalServer,
    /// A file on this machine could not be read or written.
    File,
}

/// A problem that makes a call or a plan fail. `Display` describes it, and [`Finding::remedy`]
/// suggests a solution.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant's message describes its fields")]
pub enum Finding {
    #[error("`{0}` is not the name of an AWS region")]
    NotARegion(String),
    #[error("{}: {message}", credentials(*kind))]
    Credentials { kind: ErrorKind, message: String },
    #[error("{0} does not exist")]
    BucketMissing(BucketName),
    #[error("{bucket} is in {}, not in {here}", region.as_deref().unwrap_or("another region"))]
    BucketElsewhere {
        bucket: BucketName,
        region: Option<String>,
        here: String,
    },
    #[error(
        "{role} does not belong to account {account}, so that account cannot pass it to SageMaker"
    )]
    RoleOfAnotherAccount { role: RoleArn, account: AccountId },
    #[error("{0} does not exist")]
    RoleMissing(RoleArn),
    #[error("{0} does not allow {SERVICE} to assume it")]
    RoleNotTrusting(RoleArn),
    #[error("{0} is not in ECR, the only registry from which SageMaker hosts images")]
    ImageNotInEcr(ImageUri),
    #[error("{image} is in {region}, not in {here}")]
    ImageElsewhere {
        image: ImageUri,
        region: String,
        here: String,
    },
    #[error("{0} does not exist")]
    ImageMissing(ImageUri),
    #[error("{image} has a manifest that hosting rejects: {media_type}")]
    ImageFormat { image: ImageUri, media_type: String },
    #[error("SageMaker does not offer {instance_type} for {}; {}", name(*purpose), only(*other))]
    InstanceType {
        instance_type: String,
        purpose: Purpose,
        /// The other purpose, if the type is offered for that one.
        other: Option<Purpose>,
    },
    #[error("{0} seconds is not a valid maximum runtime")]
    Runtime(u32),
    #[error("the maximum wait of a spot job must be at least as long as its maximum runtime")]
    SpotWait,
    #[error("a job needs at least one instance and 1 GB of disk")]
    NoMachine,
    #[error("variant {0} has no instances")]
    NoInstances(String),
    #[error("{0}")]
    NotScalable(String),
    #[error("{0}")]
    Deployment(String),
    #[error("{job} exists and is {status}; the name of a job can be used only once")]
    JobNameTaken { job: JobName, status: JobStatus },
    #[error("{endpoint} is {status}, so it cannot be changed yet")]
    EndpointBusy {
        endpoint: EndpointName,
        status: EndpointStatus,
    },
    #[error("there are no objects with the prefix {0}")]
    NoData(S3Uri),
    #[error("{0} is not a .tar.gz archive, the only format that can be hosted")]
    NotAModel(S3Uri),
    #[error("{0} does not exist")]
    ModelMissing(S3Uri),
    #[error("the jobs may cost up to {usd:.2} USD, more than the limit of {limit:.2} USD")]
    JobsTooExpensive {
        usd: f64,
        limit: f64,
        /// The maximum runtime that fits the limit, in whole seconds; `None` if below a minute.
        affordable_seconds: Option<u32>,
    },
    #[error(
        "the endpoint may cost up to {usd:.3} USD per hour, more than the limit of {limit:.3} USD"
    )]
    EndpointTooExpensive { usd: f64, limit: f64 },
    #[error("the price of the instance type is unknown, so the limit cannot be checked")]
    NoPrice,
    /// Data in S3 that these credentials may not access.
    #[error("{message}")]
    Forbidden {
        kind: ErrorKind,
        permission: &'static str,
        message: String,
    },
    /// A check whose own call failed.
    #[error("{message}")]
    Unchecked { kind: ErrorKind, message: String },
    #[error("the server is not running, and its program was not found")]
    NoServerProgram,
}

fn credentials(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Denied => "they are not accepted",
        ErrorKind::Transport => "there is no response",
        _ => "they cannot be checked",
    }
}

fn name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Training => "training",
        Purpose::Hosting => "hosting",
    }
}

fn only(other: Option<Purpose>) -> &'static str {
    match other {
        Some(Purpose::Training) => "it is for training only",
        Some(Purpose::Hosting) => "it is for hosting only",
        None => "the type is unknown",
    }
}

impl Finding {
    /// A command to run or a change to make, in AWS terms.
    pub fn remedy(&self) -> Cow<'static, str> {
        use ErrorKind::{Denied, Transport};
        match self {
            Self::NotARegion(_) => "use a name such as us-east-1",
            Self::Credentials { kind: Denied, .. } => {
                "run `aws configure` or `aws sso login`, then `aws sts get-caller-identity`"
            }
            Self::Credentials {
                kind: Transport, ..
            } => "check the network, the region and AWS_ENDPOINT_URL",
            Self::Credentials { .. } | Self::Unchecked { .. } => "try again",
            Self::BucketMissing(bucket) => {
                return format!("correct its name, or create it with `aws s3 mb s3://{bucket}`")
                    .into();
            }
            Self::BucketElsewhere { .. } => "use its region, or a bucket in this one",
            Self::RoleOfAnotherAccount { .. } => "use a role of this account",
            Self::RoleMissing(_) => {
                "create it with the policy AmazonSageMakerFullAccess and a trust policy for \
                 sagemaker.amazonaws.com, or use another role"
            }
            Self::RoleNotTrusting(_) => {
                "allow sts:AssumeRole for sagemaker.amazonaws.com in its trust policy with \
                 `aws iam update-assume-role-policy`"
            }
            Self::ImageNotInEcr(_) | Self::ImageMissing(_) => {
                "push the image to ECR, or use another"
            }
            Self::ImageElsewhere { .. } => "push it to this region, or use the image's region",
            Self::ImageFormat { .. } => "push it with a Docker manifest, schema 2",
            Self::InstanceType { purpose, .. } => match purpose {
                Purpose::Training => "use a type such as ml.m5.4xlarge",
                Purpose::Hosting => "use a type such as ml.m5.large",
            },
            Self::Runtime(_) => "use 1 to 2419200 seconds (28 days)",
            Self::SpotWait => "shorten the maximum runtime, or raise the maximum wait",
            Self::NoMachine => "raise the number of instances or the volume size",
            Self::NoInstances(_) => "use at least one instance",
            Self::NotScalable(_) => "use ml.m5.large, or a fixed number of instances",
            Self::Deployment(_) => "correct the variants",
            Self::JobNameTaken { .. } => "use another name",
            Self::EndpointBusy { .. } => "wait until the change is complete",
            Self::NoData(prefix) => {
                return format!(
                    "check with `aws s3 ls {prefix}`, upload the data, or use another prefix"
                )
                .into();
            }
            Self::NotAModel(_) => "use the model artifact of a training job",
            Self::ModelMissing(model) => {
                return format!("check with `aws s3 ls {}`", model.sibling("")).into();
            }
            Self::JobsTooExpensive { .. } => {
                "shorten the maximum runtime, use a cheaper instance type, or raise the limit"
            }
            Self::EndpointTooExpensive { .. } => {
                "use fewer or smaller instances, or raise the limit"
            }
            Self::NoPrice => {
                "use a type from the price table, such as ml.m5.4xlarge, or set no limit"
            }
            Self::Forbidden { permission, .. } => {
                return format!("request {permission}, or use a bucket of this account").into();
            }
            Self::NoServerProgram => "start it first",
        }
        .into()
    }

    /// The kind of error that corresponds to the finding.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Credentials { kind, .. }
            | Self::Forbidden { kind, .. }
            | Self::Unchecked { kind, .. } => *kind,
            Self::BucketMissing(_) => ErrorKind::NotFound,
            Self::NoServerProgram => ErrorKind::LocalServer,
            _ => ErrorKind::Invalid,
        }
    }
}
