//! SageMaker and the services around it on one port of 127.0.0.1, with real training and serving
//! processes behind them.
//!
//! The server knows the wire and nothing else: it shares no code with the programs that call
//! it, so that a wrong belief about AWS cannot hide on both sides. Any SDK of any language is a
//! client: point `AWS_ENDPOINT_URL` at it.
//!
//! | on the wire | behind it | not imitated |
//! |---|---|---|
//! | S3: buckets, objects, ranges, lists, multipart uploads | files below `s3/`, through `s3s` and `s3s-fs` | versions, policies; `a` and `a/b` as two keys; parts of an upload come in no order and on one page |
//! | `CreateTrainingJob` and its companions | a process `PROGRAM train` with its own `/opt/ml` below `jobs/NAME/`; metrics, SIGTERM and 120 s, limits of time | several instances, Pipe mode, other commands, warm pools |
//! | spot training | checkpoints stored each second; lost and taken up again when a fault says so; billed as 30 % of its time | a market |
//! | `CreateModel`, `CreateEndpointConfig` | records below `models/` and `endpoint-configs/` | pipelines, shadow variants, networks, keys |
//! | `CreateEndpoint`, `UpdateEndpoint`, `UpdateEndpointWeightsAndCapacities`, `InvokeEndpoint` | a process `PROGRAM serve` for each instance, at most 32 an endpoint; weights, `TargetVariant`; an update that does not pass `/ping` is rolled back | traffic that moves in steps, rollback by alarms, streams, asynchronous calls |
//! | data capture | JSON lines in S3, about a second later | encryption |
//! | `AddTags`, `ListTags`, `DeleteTags` | with the resource's record | access by tags |
//! | CloudWatch Logs: groups, streams, `GetLogEvents`, `FilterLogEvents` | what the programs print, below `logs/`, each line timed to 0.2 s | writing, JSON patterns, Insights |
//! | CloudWatch: `GetMetricData`, `GetMetricStatistics`, `ListMetrics` | invocations, latencies, processors and memory of the processes, the jobs' own metrics; for six hours | writing, expressions, alarms; the delay of a minute |
//! | Application Auto Scaling | target tracking of invocations per instance: 3 minutes above, 15 below, cooldowns; processes come and go | steps, schedules, other metrics |
//! | STS `GetCallerIdentity`, IAM `GetRole` | account 691595239825, user `local`; every role exists and trusts SageMaker, but for names that begin with `missing` | permissions |
//! | ECR: repositories, images, manifests, a token | repositories named `fire-container`, every tag but for those that begin with `missing` | a registry to push to |
//!
//! `PROGRAM` stands for the container image: every image whose repository is named
//! `fire-container` is mapped to the program of that name, others are refused. It finds its
//! tree by the variable `FIRE_OPT_ML`, its port by `SAGEMAKER_BIND_TO_PORT` and the address to
//! listen on, 127.0.0.1, by `FIRE_BIND_ADDRESS`; otherwise the container contract is
//! SageMaker's own.
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
//! Signatures are not verified and nobody is denied anything: the server and the programs behind
//! it bind the loopback interface only. Instance types are checked against SageMaker's lists and
//! change nothing. What would change a result and is not done here is refused by name; what
//! concerns AWS's own machines is accepted and has no effect.
//!
//! What goes wrong on AWS goes wrong here when a script says so: calls are throttled, connections
//! reset, containers killed, spot instances taken away (`faults`; `local-sagemaker --help`).
//! What arrives is written down, a line of JSON a call, where a file for it is named (`calls`;
//! `--calls`, `FIRE_CALLS`).
//!
//! # What is kept
//!
//! Everything outlives the server, even one that is killed: a new one on the same directory has
//! the same objects, jobs and models, serves its endpoints again (`SystemUpdating` until then),
//! and runs a job that was cut off again from its start, with the checkpoints that it had. Child
//! processes end with the server; those of a killed one are ended by the next, which knows them
//! by process id and start time.
//!
//! # Reading order
//!
//! [`Server::start`] takes the state directory (`holder`), opens the services and listens
//! (`server`). `route` finds out which service a request is for, `services` lets it meet its
//! fault and hands it on; `s3`, `training`, `model`, `endpoint`, `logs`, `metrics`, `scaling`,
//! `ecr`, `iam` and `sts` answer it in the shapes of `wire`, `cbor` and `query`, with names
//! checked by `names` and records kept by `store`. What is done every second is `heartbeat`'s,
//! processes are `process`'s. Times on the wire are seconds since the epoch; `clock` alone reads
//! them off the system.

mod server;

mod connection;
mod heartbeat;
mod holder;
mod route;
mod services;

mod ecr;
mod iam;
mod logs;
mod metrics;
mod s3;
mod scaling;
mod sts;

mod endpoint;
mod model;
mod tags;
mod training;

mod cbor;
mod query;
mod wire;

mod archive;
mod arn;
mod calls;
mod digest;
mod faults;
mod ground;
mod image;
mod instance_types;
mod listing;
mod names;
mod process;
mod store;

mod clock;
mod error;
mod log;

pub mod cli;

pub use error::Error;
pub use holder::build_id;
pub use server::{Config, Server};

// The README's excerpt is run like the examples above.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
