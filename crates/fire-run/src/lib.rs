//! Names and file formats shared by the programs of a training run.
//!
//! A run starts with a dataset, trains a model per algorithm, combines the models and ends with
//! an endpoint and a report. Each step is a separate program, often on another machine. The steps
//! share data only through names and files, each of which is defined once, here:
//!
//! - [`RunName`] identifies a run; [`layout`] derives job names and S3 keys from it.
//! - [`Channel`] is an input of a training job and the partition of the dataset behind it.
//! - [`DataManifest`] describes a dataset; its presence marks the dataset as complete.
//! - [`metrics`] defines the metrics that a training job prints, the regular expressions that
//!   extract them from its log, and `metrics.json`.
//! - [`Package`] and [`JobOutput`] are SageMaker's archives `model.tar.gz` and `output.tar.gz`.
//! - [`records`] are the JSON files that programs write to the state directory; [`report`] is
//!   `report.json`.
//!
//! ```
//! use fire_run::{Channel, RunName, layout};
//!
//! # fn main() -> Result<(), fire_run::Error> {
//! let run: RunName = "20260101-120000".parse()?;
//! assert_eq!(
//!     layout::channel(&run, Channel::Test),
//!     "flir_scd41_training/data/20260101-120000/test/"
//! );
//! assert!("a run".parse::<RunName>().is_err());
//! # Ok(())
//! # }
//! ```
//!
//! This crate makes no AWS calls, parses no command lines and decides no exit codes. JSON keys and
//! S3 keys are stable: later versions only add new ones. Times are in seconds, costs are in US
//! dollars, and shares are between 0 and 1.

mod name;

mod channel;
pub mod layout;
mod manifest;

mod archive;
pub mod metrics;
mod output;
mod package;

pub mod records;
pub mod report;

mod error;

pub use channel::Channel;
pub use error::Error;
pub use manifest::{BayesOptimal, DataManifest, PartEntry};
pub use name::RunName;
pub use output::{JobOutput, recordings};
pub use package::{Package, read_model, unpack_model};

// Runs the README's example as a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
