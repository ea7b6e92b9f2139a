//! SageMaker and the services around it on one port of 127.0.0.1, with real training and serving
//! processes behind them.
//!
//! The server shares no code with the programs that call it, so that no misunderstanding of AWS can be
//! common to both sides. It works with any AWS SDK: set `AWS_ENDPOINT_URL` to its address.
//!
//! | API | implementation | not supported |
//! |---|---|---|
//! | S3: buckets, objects, ranges, lists, multipart uploads | files below `s3/`, through `s3s` and `s3s-fs` | versions, policies; both `a` and `a/b` as keys; sorting and paging of an upload's parts |
//! | `CreateTrainingJob` and related calls | a process `PROGRAM train` with its own `/opt/ml` below `jobs/NAME/`; metrics, time limits, SIGTERM with a grace period of 120 s | several instances, Pipe mode, manifests, compressed or wrapped records, other commands, debugger rules, uncompressed output |
//! | spot training | checkpoints stored every second; interrupted and resumed by faults; billed at 30 % | market prices |
//! | `CreateModel`, `CreateEndpointConfig` | records below `models/` and `endpoint-configs/`; model data as an archive, a file or all files below a prefix; serverless variants as one process | pipelines, several models in a container, shadow variants, asynchronous inference, explainers, instance pools |
//! | `CreateEndpoint`, `UpdateEndpoint`, `UpdateEndpointWeightsAndCapacities`, `InvokeEndpoint` | a process `PROGRAM serve` per instance, at most 32 per endpoint; weights, `TargetVariant`; an update that does not pass `/ping` is rolled back | gradual traffic shifting, rollback by alarms, response streams, asynchronous calls |
//! | data capture | JSON lines in S3, about a second later | encryption |
//! | `AddTags`, `ListTags`, `DeleteTags` | part of the resource's record; the same rules as for tags at creation; ARNs match in any case | access control by tags |
//! | CloudWatch Logs: groups, streams, `GetLogEvents`, `FilterLogEvents` | the programs' output below `logs/`, with times accurate to 0.2 s | write operations, JSON patterns, Insights |
//! | CloudWatch: `GetMetricData`, `GetMetricStatistics`, `ListMetrics` | invocations, latencies, processor and memory use of the processes, the jobs' own metrics; kept for six hours | write operations, expressions, alarms, AWS's delay of a minute |
//! | Application Auto Scaling | target tracking of invocations per instance: 3 minutes above, 15 below, cooldowns; starts and stops processes | step and scheduled scaling, other metrics |
//! | STS `GetCallerIdentity`, IAM `GetRole`, `ListRoles`, `SimulatePrincipalPolicy` | account 691595239825, user `local`; every role exists and trusts SageMaker, unless its name begins with `missing`; every action is allowed | permissions |
//! | ECR: repositories, images, manifests, a token | repositories named `fire-container`, with every tag that does not begin with `missing` | a registry to push to |
//!
//! `PROGRAM` takes the place of a container image: every image whose repository is named
//! `fire-container` runs the program of that name, and other images are rejected. Environment variables
//! tell the program where its files are (`FIRE_OPT_ML`), and which port (`SAGEMAKER_BIND_TO_PORT`) and
//! address (`FIRE_BIND_ADDRESS`, always 127.0.0.1) to listen on. Otherwise, the container contract is
//! SageMaker's.
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
//! The crate has no Cargo features; the program's command line ([`cli`]) is part of the library.
//!
//! There is no access control: signatures are not verified, and every caller may do everything.
//! Therefore, the server and its programs listen on the loopback interface only.
//!
//! Requests to SageMaker and Application Auto Scaling are checked against AWS's service models: types,
//! required members, enumerations, ranges, lengths and patterns (`protocol::shapes`). Nothing is accepted
//! and then dropped: members that would change a result and are not supported are rejected by name
//! (`services::members`), and members that only concern AWS's machines, such as instance types and
//! networks, are returned by the corresponding `Describe` operation and have no other effect.
//! `docs/LOCAL_SERVER_MEMBERS.md` lists the exceptions and the rejected members.
//!
//! Faults can be injected by script: throttled calls, reset connections, killed containers, interrupted
//! spot instances (`faults`; `local-sagemaker --help`). Every call can be logged as a line of JSON
//! (`dispatch::call_log`; `--calls`, `FIRE_CALLS`).
//!
//! # Persistent state
//!
//! All state survives the server, even when it is killed. The next server on the same directory has the
//! same objects, jobs and models. It restarts the endpoints, which are `SystemUpdating` until they serve,
//! and it restarts interrupted jobs from the beginning, with the checkpoints they had. Child processes end
//! with their server; those of a killed server are killed by the next one, which recognises them by
//! process id and start time, or by their environment.
//!
//! # Reading order
//!
//! [`Server::start`] locks the state directory, opens the services and listens (`server`). Each request
//! goes through `dispatch`, which determines its operation, applies `faults`, and passes it to one of the
//! `services`: `s3`, `sagemaker` (training, models, endpoints), `logs`, `metrics`, `scaling`, `ecr`, or
//! `identity` (STS and IAM). Below them, `protocol` contains the wire formats and AWS's rules for names
//! and values, and `machine` contains files, processes and the clock. Imports point in this order only.
//! Times in JSON are seconds since the epoch, except in CloudWatch Logs, which has milliseconds.

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
