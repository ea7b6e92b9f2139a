//! S3, SageMaker, its runtime and STS on one port of 127.0.0.1, with real training and serving
//! processes behind them.
//!
//! The server knows the wire and nothing else: it shares no code with the programs that call
//! it, so that a wrong belief about AWS cannot hide on both sides. Any SDK of any language is a
//! client: point `AWS_ENDPOINT_URL` at it.
//!
//! | on the wire | behind it |
//! |---|---|
//! | S3: buckets, objects, ranges, lists, multipart uploads | files below `s3/`, through `s3s` and `s3s-fs` |
//! | `CreateTrainingJob` and its companions | one process `PROGRAM train` a job, with its own `/opt/ml` tree below `jobs/NAME/` |
//! | `CreateModel`, `CreateEndpointConfig` | records below `models/` and `endpoint-configs/` |
//! | `CreateEndpoint`, `UpdateEndpoint`, `InvokeEndpoint` | one process `PROGRAM serve` a variant, behind a proxy |
//! | `GetCallerIdentity` | account 691595239825, user `local` |
//!
//! `PROGRAM` stands for the container image: every image whose repository is named
//! `fire-container` is mapped to the program of that name, others are refused. It finds its
//! tree by the variable `FIRE_OPT_ML`, its port by `SAGEMAKER_BIND_TO_PORT` and the address to
//! listen on, 127.0.0.1, by `FIRE_BIND_ADDRESS`; otherwise the container contract is
//! SageMaker's own.
//!
//! ```no_run
//! # async fn example() -> Result<(), local_sagemaker::Error> {
//! use local_sagemaker::{Config, Server};
//!
//! let server = Server::start(Config::new(".fire")).await?;
//! println!("export AWS_ENDPOINT_URL={}", server.url());
//! server.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What is not imitated
//!
//! Signatures are not verified and nobody is denied anything: the server and the programs behind
//! it bind the loopback interface only. A job has one instance, and one process stands for all
//! instances of a variant. Instance types are checked against SageMaker's lists and change
//! nothing.
//!
//! What would change a result and is not done here is refused by name: several instances a job,
//! Pipe mode, manifests, pipelines of containers, commands other than the image's own. What
//! concerns AWS's own machines is accepted and has no effect: networks, keys, tags, volumes,
//! data capture, the steps of a deployment. Checkpoints are stored when a job ends, not before.
//!
//! # What is kept
//!
//! Everything outlives the server, even one that is killed: a new one on the same directory has
//! the same objects, jobs and models, serves its endpoints again (`SystemUpdating` until then),
//! and runs a job that was cut off again from its start, with the checkpoints that it had. Child processes end with the server; those of a killed one are
//! ended by the next, which knows them by process id and start time.
//!
//! # Reading order
//!
//! [`Server::start`] takes the state directory (`holder`), opens the services and listens
//! (`server`). `route` finds out which service a request is for; `s3`, `training`, `model` and
//! `endpoint` answer it in the shapes of `wire`, with names checked by `names` and records kept
//! by `store`. Processes are `process`'s, archives `archive`'s. Times on the wire are seconds
//! since the epoch; `clock` alone reads them off the system.

mod server;

mod holder;
mod route;

mod s3;
mod sts;

mod endpoint;
mod model;
mod training;

mod archive;
mod arn;
mod image;
mod instance_types;
mod listing;
mod names;
mod process;
mod store;
mod wire;

mod clock;
mod error;
mod log;

pub mod cli;

pub use error::Error;
pub use holder::build_id;
pub use server::{Config, Server};
