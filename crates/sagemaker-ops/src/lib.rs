//! Training and hosting on Amazon SageMaker, as a few verbs.
//!
//! A pipeline needs little from AWS: put files into S3, train jobs on them, host the models, send
//! them requests, and watch all of that. This crate offers just those verbs
//! ([`training::submit()`], [`endpoint::deploy()`], [`storage::upload_file`], [`logs::Follower`]).
//! It hides the SDK: none of the SDK's types is part of its interface.
//!
//! [`preflight`] finds what would fail before anything is created or paid for, and says what to run
//! or to change.
//!
//! [`Clients::connect`] reaches a [`Backend`]. On AWS, the SDK's default chains find credentials and
//! region. The local backend is a server on this machine that speaks the same wire protocol; it is
//! found by its state directory, and started if it is not running. From there on the code is the
//! same, with another address and dummy credentials.
//!
//! Three rules hold everywhere:
//!
//! - A name is checked once, when it is made ([`JobName`], [`S3Uri`]), so no call fails because of
//!   a malformed name.
//! - Whatever the service may leave out is an `Option`, and an unknown state is a state too.
//! - An [`Error`] is sorted by what the caller can do next. It names its subject and a remedy in
//!   the terms of AWS, keeps its cause, and often carries a [`Finding`], from which a program can
//!   say which of its own settings helps.
//!
//! The SDK retries throttled calls and lost connections: eight attempts with backoff and jitter.
//! A service that a server does not have is [`ErrorKind::Unsupported`]: then logs come from a path
//! of the local server, checks are not applicable, and metrics are absent.
//! The crate polls only in [`poll_until`] and [`training::wait_all`], and it prints nothing. Only
//! the SDK reads the environment.
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
//! There are no Cargo features: every verb needs a client of the SDK.
//!
//! Units: sizes are bytes, durations seconds, points in time seconds since 1970, prices USD.
//!
//! The verbs need these permissions on AWS; `docs/iam/operator.json` of the project is a policy with all of them:
//!
//! | verbs | permissions |
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
pub use error::{Error, ErrorKind};
pub use finding::Finding;
pub use names::{
    AccountId, BucketName, EndpointConfigName, EndpointName, ImageUri, InvalidName, JobName,
    ModelName, RoleArn, S3Uri, VariantName,
};
pub use wait::{Pace, poll_until};

// The README's excerpt is run like the examples above.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
