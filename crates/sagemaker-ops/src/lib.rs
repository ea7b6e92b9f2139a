//! Training and hosting on Amazon SageMaker, as a few operations.
//!
//! A pipeline needs little from AWS: upload files to S3, run training jobs on them, host the models,
//! send requests to them, and monitor all of that. This crate offers just those operations, such as
//! [`training::submit()`], [`endpoint::deploy()`], [`storage::upload_file`] and [`logs::Follower`].
//! Its interface exposes no SDK types.
//!
//! [`preflight`] finds problems before anything is created or paid for, and suggests a command or
//! change for each.
//!
//! [`Clients::connect`] connects to a [`Backend`]. On AWS, the SDK's default provider chains find
//! credentials and region. The local backend is a server on this machine that implements the same
//! wire protocol; it is located by its state directory and can be started on demand. The rest of the
//! code is the same for both; only the address and the credentials differ.
//!
//! Three rules hold everywhere:
//!
//! - A name is validated once, when it is created ([`JobName`], [`S3Uri`]), so no call fails because
//!   of a malformed name.
//! - Whatever the service may omit is an `Option`, and statuses include an unknown one.
//! - An [`Error`] is classified by what the caller can do next. It names its subject and a remedy in
//!   AWS terms, keeps its cause, and often has a [`Finding`], from which a program can derive which
//!   of its own settings to change.
//!
//! The SDK retries throttled calls and lost connections: eight attempts with backoff and jitter.
//! If a server does not implement a service, the error is [`ErrorKind::Unsupported`]: logs are then
//! read from the local server's own path, and preflight checks are not applicable.
//! The crate polls only in [`poll_until`] and [`training::wait_all`], and prints nothing.
//!
//! ```no_run
//! use sagemaker_ops::{Backend, Clients, LocalBackend, S3Uri, storage};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = LocalBackend::at("state".as_ref())?;
//! let clients = Clients::connect(&Backend::Local(server)).await?;
//! let data: S3Uri = "s3://flats/let/2026.csv".parse()?;
//! storage::put_bytes(&clients, &data, b"64,915\n".to_vec()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Names and prices need no server:
//!
//! ```
//! use sagemaker_ops::price::{Purpose, hourly_usd};
//! use sagemaker_ops::{JobName, S3Uri};
//!
//! let prefix: S3Uri = "s3://flats/let".parse()?;
//! assert_eq!(prefix.join("2026.csv").key(), "let/2026.csv");
//! assert!(JobName::new("rents_1").is_err());
//! assert!(hourly_usd(Purpose::Training, "ml.m5.large").is_some());
//! # Ok::<(), sagemaker_ops::InvalidName>(())
//! ```
//!
//! There are no Cargo features: every operation needs an SDK client.
//!
//! Units: sizes are in bytes, durations in seconds, times in seconds since 1970, prices in USD.
//!
//! The operations need these permissions on AWS; the policy `docs/iam/operator.json` grants all of them:
//!
//! | operations | permissions |
//! |---|---|
//! | [`account`] | `sts:GetCallerIdentity` |
//! | [`storage`] | `s3:ListBucket`, `CreateBucket`, `GetObject`, `PutObject`, `AbortMultipartUpload`, |
//! | | `ListBucketMultipartUploads`, `ListMultipartUploadParts` |
//! | [`training`] | `sagemaker:CreateTrainingJob`, `Describe...`, `Stop...`, `ListTrainingJobs` |
//! | [`endpoint`] | `sagemaker:CreateModel`, `CreateEndpointConfig`, `CreateEndpoint`, |
//! | | the same with `Describe...` and `Delete...`, `UpdateEndpoint`, `ListEndpoints`, |
//! | | `UpdateEndpointWeightsAndCapacities`, `ListEndpointConfigs`, `InvokeEndpoint` |
//! | [`scaling`] | `application-autoscaling:RegisterScalableTarget`, `PutScalingPolicy`, |
//! | | `DeregisterScalableTarget`, `DescribeScalableTargets`, `DescribeScalingPolicies`; |
//! | | once `iam:CreateServiceLinkedRole`, and `cloudwatch:PutMetricAlarm`, `DescribeAlarms`, |
//! | | `DeleteAlarms` |
//! | [`logs`] | `logs:DescribeLogStreams`, `GetLogEvents` |
//! | [`metrics`] | `cloudwatch:GetMetricData` |
//! | [`preflight`] | `iam:GetRole`, `ecr:DescribeImages`; without them it checks less |
//! | tags | `sagemaker:AddTags` |
//! | [`training`] and [`endpoint`] | `iam:PassRole` for the role of the job or endpoint |

mod error;
mod finding;
mod names;
mod status;

mod backend;
mod clients;
mod wait;

pub mod endpoint;
pub mod logs;
pub mod metrics;
pub mod preflight;
pub mod price;
pub mod scaling;
pub mod storage;
pub mod training;

#[cfg(test)]
mod scripted;

pub use backend::{Backend, BackendKind, LocalBackend, ServerProgram};
pub use clients::{Clients, account};
pub use error::{Error, ErrorKind, if_found};
pub use finding::Finding;
pub use names::{
    AccountId, BucketName, EndpointConfigName, EndpointName, ImageUri, InvalidName, JobName,
    ModelName, RoleArn, S3Uri, VariantName,
};
pub use wait::{Pace, poll_until};

// Runs the README's example as a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
