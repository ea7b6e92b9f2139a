//! SageMaker and the services around it on one port of 127.0.0.1, with real training and serving
//! processes behind them.
//!
//! The server shares no code with the programs that call it, so that no misunderstanding of AWS can be
//! common to both sides. It works with any AWS SDK: set `AWS_ENDPOINT_URL` to its address.
//!
//! | API | implementation | not supported |
//! |---|---|---|
//! | S3: buckets, objects, ranges, copies, lists, tags, conditions, checksums, uploads in parts | an index in `state.db` and contents below `contents/`, behind `s3s` | versions, locks, policies, access control lists, POST forms; encryption is only kept and echoed |
//! | `CreateTrainingJob` and related calls | a process `PROGRAM train` with its own `/opt/ml` below `jobs/NAME/`; `ContainerEntrypoint`, `ContainerArguments`; metrics, time limits, SIGTERM with a grace period of 120 s | several instances, Pipe mode, manifests, compressed or wrapped records, warm pools, debugger rules, uncompressed output |
//! | spot training | checkpoints stored every second; interrupted and resumed by faults; billed at 30 % | market prices |
//! | `CreateModel`, `CreateEndpointConfig` | records in `state.db`; model data as an archive, a file or all files below a prefix; serverless variants as one process | pipelines, several models in a container, shadow variants, asynchronous inference, explainers, instance pools |
//! | `CreateEndpoint`, `UpdateEndpoint`, `UpdateEndpointWeightsAndCapacities`, `InvokeEndpoint` | a process `PROGRAM serve` per instance, at most 32 per endpoint; weights, `TargetVariant`; an update that does not pass `/ping` is rolled back | gradual traffic shifting, rollback by alarms, response streams, asynchronous calls |
//! | data capture | JSON lines in S3, about a second later; what cannot be stored is logged, counted by the metric `DataCaptureFailures`, and tried again | encryption |
//! | `AddTags`, `ListTags`, `DeleteTags` | part of the resource's record; the same rules as for tags at creation; ARNs match in any case | access control by tags |
//! | CloudWatch Logs: groups, streams, `GetLogEvents`, `FilterLogEvents` | the programs' output below `logs/`, with times accurate to 0.2 s | write operations, JSON patterns, Insights |
//! | CloudWatch: `GetMetricData`, `GetMetricStatistics`, `ListMetrics` | invocations, latencies, processor and memory use of the processes, the jobs' own metrics; kept for six hours | write operations, expressions, alarms, AWS's delay of a minute |
//! | Application Auto Scaling | target tracking of invocations per instance: 3 minutes above, 15 below, cooldowns; starts and stops processes | step and scheduled scaling, other metrics |
//! | STS `GetCallerIdentity`, IAM `GetRole`, `ListRoles`, `SimulatePrincipalPolicy` | account 691595239825, user `local`; every role exists and trusts SageMaker, unless its name begins with `missing`; every action is allowed | permissions |
//! | ECR: repositories, images, manifests, a token | repositories named `fire-container` and those that are mapped, with every tag that does not begin with `missing` | a registry to push to |
//!
//! # Images and programs
//!
//! `PROGRAM` takes the place of a container image. [`ImageMapping`] (`--image`, `--images`) names it for the
//! images of a repository; images whose repository is named `fire-container` run the program of that name
//! without a mapping, and all others are rejected. `examples/scikit` has a program that trains and serves
//! scikit-learn.
//!
//! The contract is that of SageMaker's containers, except for the file paths and the port, since all
//! programs share one machine. Environment variables tell them:
//!
//! | variable | in place of | value |
//! |---|---|---|
//! | `FIRE_OPT_ML` | `/opt/ml` | the directory of this job or endpoint |
//! | `SAGEMAKER_BASE_DIR` | `/opt/ml` | the same, or `/opt/ml` where that path is real; read by AWS's toolkits for Python containers, sagemaker-training (which derives the `SM_*` variables from it) and sagemaker-inference |
//! | `SAGEMAKER_BIND_TO_PORT` | port 8080 | the port to serve on; as in SageMaker's inference pipelines, and read by the same toolkits |
//! | `FIRE_BIND_ADDRESS` | all addresses | 127.0.0.1, so that the model cannot be reached from other machines |
//!
//! Programs of mapped images also have their files at `/opt/ml` itself where user and mount namespaces are
//! available ([`RealPaths`], `--real-paths`). There, they run as a user that looks like root, as in a
//! container. They run in the directory in which they were mapped, like an image in its `WORKDIR`.
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
//! All state survives the server, even when it is killed: records and the index of objects are in one
//! `SQLite` database, `state.db`, which a person can read; the contents of objects are files. The next server on the same directory has the
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
//! `identity` (STS and IAM). Below them, `store` keeps objects, `protocol` contains the wire formats and AWS's rules for names
//! and values, and `machine` contains files, processes and the clock. Imports point in this order only.
//! Times in JSON are seconds since the epoch, except in CloudWatch Logs, which has milliseconds.

pub mod cli;
mod server;

mod dispatch;
mod faults;
mod services;

mod store;

mod machine;
mod protocol;

mod error;

pub use error::Error;
pub use machine::lock_file::build_id;
pub use server::{Config, Server};
pub use services::images::{ImageMapping, RealPaths};

// The README's example is run like the one above.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
