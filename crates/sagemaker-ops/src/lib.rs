//! Every AWS call of the pipeline, as verbs of its domain.
//!
//! What the pipeline asks of AWS is little: put files into S3, train three jobs on them, host the
//! models, ask them questions, and watch all of that. This crate says it in those words
//! ([`training::submit()`], [`endpoint::deploy()`], [`storage::upload_file`], [`logs::Follower`]) and is
//! the only one that knows the SDK: none of its types crosses this border.
//!
//! [`preflight`] finds what would fail before anything is created or paid for, and says what to run
//! or to change.
//!
//! [`Clients::connect`] reaches a [`Backend`]. On AWS that is the SDK's default chain of
//! credentials and region. On the local backend it is the embedded server of a state directory,
//! which is started when it does not run; from there on both are the same code, with another
//! address and dummy credentials.
//!
//! Three rules hold everywhere:
//!
//! - A name is checked once, when it is made ([`JobName`], [`S3Uri`]), so that no call fails for
//!   its form.
//! - Whatever the service may leave out is an `Option`, and a state that came after this program
//!   is a state.
//! - An [`Error`] is sorted by what its reader can do next, names its subject and the remedy, and
//!   keeps what caused it.
//!
//! Throttling and lost connections are retried by the SDK, eight attempts with backoff and jitter.
//! A service that a server does not have is [`ErrorKind::Unsupported`]: logs then come from a local
//! server's own path, checks are not applicable, and figures are absent.
//! Nothing here polls by itself, except through [`poll_until`], and nothing prints.
//! The environment is read in two places: by the SDK's chain on AWS, and for `FIRE_STATE_DIR` and
//! `FIRE_BIN_DIR` on the local backend.
//!
//! ```no_run
//! use sagemaker_ops::{Backend, Clients, LocalBackend, S3Uri, storage};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clients = Clients::connect(&Backend::Local(LocalBackend::find()?)).await?;
//! let data: S3Uri = "s3://flats/let/2026.csv".parse()?;
//! storage::put_bytes(&clients, &data, b"64,915\n".to_vec()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! What is decided without a server is decided at once:
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
//! There are no features: every verb needs a client of the SDK.
//!
//! Units: sizes are bytes, durations seconds, points in time seconds since 1970, prices USD.
//!
//! Permissions that the verbs need on AWS; as a policy they stand in `docs/iam/operator.json` of the project:
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
//! | [`training`] and [`endpoint`] | `iam:PassRole` for the role that they name |

mod error;
mod names;

mod backend;
mod clients;
mod instances;
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

pub use backend::{Backend, BackendKind, LocalBackend};
pub use clients::{Clients, account};
pub use error::{Error, ErrorKind};
pub use names::{
    AccountId, BucketName, EndpointConfigName, EndpointName, ImageUri, InvalidName, JobName,
    ModelName, RoleArn, S3Uri, VariantName,
};
pub use wait::{Pace, poll_until};

// The README's excerpt is run like the examples above.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
