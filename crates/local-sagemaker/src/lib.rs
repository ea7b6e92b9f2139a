//! SageMaker and the services around it on one port of 127.0.0.1, with real training and serving
//! processes behind them.
//!
//! The server knows only the wire: it shares no code with the programs that call it, so a wrong belief
//! about AWS cannot hide on both sides. It works with any AWS SDK: set `AWS_ENDPOINT_URL` to its
//! address.
//!
//! | on the wire | behind it | not imitated |
//! |---|---|---|
//! | S3: buckets, objects, ranges, lists, multipart uploads | files below `s3/`, through `s3s` and `s3s-fs` | versions, policies; both `a` and `a/b` as keys; order and pages of an upload's parts |
//! | `CreateTrainingJob` and related calls | a process `PROGRAM train` with its own `/opt/ml` below `jobs/NAME/`; metrics, time limits, SIGTERM and 120 s | several instances, Pipe mode, other commands, warm pools |
//! | spot training | checkpoints stored every second; interrupted and resumed when a fault says so; billed at 30 % | a market |
//! | `CreateModel`, `CreateEndpointConfig` | records below `models/` and `endpoint-configs/` | pipelines, shadow variants, networks, keys |
//! | `CreateEndpoint`, `UpdateEndpoint`, `UpdateEndpointWeightsAndCapacities`, `InvokeEndpoint` | a process `PROGRAM serve` per instance, at most 32 per endpoint; weights, `TargetVariant`; an update that does not pass `/ping` is rolled back | gradual traffic shifting, rollback by alarms, streams, asynchronous calls |
//! | data capture | JSON lines in S3, about a second later | encryption |
//! | `AddTags`, `ListTags`, `DeleteTags` | part of the resource's record | access control by tags |
//! | CloudWatch Logs: groups, streams, `GetLogEvents`, `FilterLogEvents` | the programs' output below `logs/`, with times accurate to 0.2 s | writing, JSON patterns, Insights |
//! | CloudWatch: `GetMetricData`, `GetMetricStatistics`, `ListMetrics` | invocations, latencies, processor and memory use of the processes, the jobs' own metrics; for six hours | writing, expressions, alarms, the delay of a minute |
//! | Application Auto Scaling | target tracking of invocations per instance: 3 minutes above, 15 below, cooldowns; processes start and stop | step and scheduled scaling, other metrics |
//! | STS `GetCallerIdentity`, IAM `GetRole` | account 691595239825, user `local`; every role exists and trusts SageMaker, unless its name begins with `missing` | permissions |
//! | ECR: repositories, images, manifests, a token | repositories named `fire-container`, with every tag that does not begin with `missing` | a registry to push to |
//!
//! `PROGRAM` takes the place of a container image: every image whose repository is named
//! `fire-container` runs the program of that name, and other images are rejected. The program finds its
//! files through the variable `FIRE_OPT_ML`, its port through `SAGEMAKER_BIND_TO_PORT`, and the address
//! to listen on, 127.0.0.1, through `FIRE_BIND_ADDRESS`. Otherwise the container contract is SageMaker's
//! own.
//!
//! ```
//! use local_sagemaker::{Config, Server};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let server = Server::start(Config::new(folder.path())).await?;
//! println!("export AWS_ENDPOINT_URL={}", server.url());
//! server.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! There are no features; the program's command line ([`cli`]) is part of the library.
//!
//! There is no access control: signatures are not verified, and every caller may do everything. In
//! return, the server and its programs listen on the loopback interface only. Instance types are checked
//! against SageMaker's lists, but change nothing. Options that would change a result and are not
//! supported are rejected by name; options that only concern AWS's own machines are accepted and have no
//! effect.
//!
//! Whatever can go wrong on AWS goes wrong here when a script says so: calls are throttled, connections
//! reset, containers killed, spot instances taken away (`faults`; `local-sagemaker --help`). Every call
//! is logged as a line of JSON if a file is named for it (`dispatch::call_log`; `--calls`, `FIRE_CALLS`).
//!
//! # What is kept
//!
//! Everything survives the server, even when it is killed. The next server on the same directory has the
//! same objects, jobs and models. It starts the endpoints again, which are `SystemUpdating` until they
//! serve, and it runs interrupted jobs again from the start, with the checkpoints they had. Child
//! processes end with their server; those of a killed server are ended by the next one, which recognises
//! them by process id and start time.
//!
//! # Reading order
//!
//! [`Server::start`] locks the state directory, opens the services and listens (`server`). Each request
//! goes through `dispatch`, which finds out what it asks for, applies `faults`, and hands it to one of
//! the `services`: `s3`, `sagemaker` (training, models, endpoints), `logs`, `metrics`, `scaling`, `ecr`,
//! or `identity` (STS and IAM). Below them, `protocol` has the wire formats and AWS's rules for names and
//! values, and `machine` has files, processes and the clock. Imports point in this order only. Times on
//! the wire are seconds since the epoch.

pub mod cli;
mod server;

mod dispatch;
mod faults;
mod services;

mod machine;
mod protocol;

mod error;

pub use error::Error;
pub use machine::lock_file::build_id;
pub use server::{Config, Server};

// The README's example is run like the one above.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
