//! What the programs of one training run agree on.
//!
//! A run starts with a dataset, trains a model per algorithm, combines the models and ends with
//! an endpoint and a report. Each step is a program of its own, often on another machine. They
//! find each other's work by names and files alone, and those are defined here, each once:
//!
//! - [`RunName`] ties everything together; [`layout`] derives job names and S3 keys from it.
//! - [`Channel`] is an input of a training job and the partition of the dataset behind it.
//! - [`DataManifest`] describes a dataset and vouches that it is complete.
//! - [`metrics`] names the numbers that a training job prints, with the regular expressions that
//!   find them in its log, and defines `metrics.json`.
//! - [`Package`] is `model.tar.gz`, [`JobOutput`] is `output.tar.gz`: SageMaker's archives.
//! - [`records`] are the JSON files that programs leave in the state directory; [`report`] is
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
//! Nothing here talks to AWS, reads command lines or decides exit codes. JSON keys and S3 keys
//! are stable: later versions only add to them. Times are in seconds, money is in US dollars,
//! and shares lie between 0 and 1.

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
pub use manifest::{Ceiling, DataManifest, PartEntry};
pub use name::{RunName, Stamp};
pub use output::{JobOutput, recordings};
pub use package::{Package, read_model, unpack_model};

// The README's excerpt is run like the examples above.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
