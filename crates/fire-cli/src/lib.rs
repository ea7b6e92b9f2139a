//! What the pipeline's programs have in common.
//!
//! `train-100k`, `monitor-100k`, `deploy-100k` and `report-100k` are separate
//! programs that behave as one family: the same flags choose the backend, the
//! same exit codes tell what happened, and they find each other's work by names
//! alone. This crate holds those conventions and nothing that one program could
//! own by itself.
//!
//! - A program's `main` is one call: [`main`] parses the arguments, runs the
//!   program's `run`, ends it on Ctrl-C and maps the outcome to an [`Exit`].
//! - [`CommonArgs`] chooses the backend and the form of the output; [`Console`]
//!   is where a program writes. Results go to standard output, everything else
//!   to standard error; bars are drawn on a terminal only.
//! - [`RunName`], [`Layout`] and [`DataManifest`] are the agreement between the
//!   programs: which job, dataset and model belongs to which run. A run can be
//!   resumed from any machine because nothing but its name is needed.
//! - [`package`](pack_model) reads and writes `model.tar.gz`, SageMaker's wrapping
//!   of a model artifact; [`JobOutput`] reads the predictions that a job leaves beside it.
//!
//! ```
//! use fire_cli::{Layout, RunName};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let run: RunName = "20260101-120000".parse()?;
//! let manifest = Layout::new(&"fires".parse()?).manifest(&run);
//! assert_eq!(manifest.key(), "flir_scd41_training/data/20260101-120000/manifest.json");
//! assert!("a run".parse::<RunName>().is_err());
//! # Ok(())
//! # }
//! ```
//!
//! Calls to AWS are in `sagemaker-ops`, the artifact itself is in `ensemble`.

mod alarm;
mod archive;
mod args;
mod console;
mod exit;
mod job_output;
mod layout;
mod local_server;
mod manifest;
mod package;
mod record;
mod remedy;
mod run_name;
mod spending;
mod start;
mod tags;

pub use alarm::{FIGURES_HEADER, false_alarms_in_words, figures_in_columns, rule_in_words};
pub use args::{CommonArgs, DEFAULT_MODEL_NAME, EXIT_CODES, ProjectArgs, instance_type};
pub use console::{Console, Format, InterruptNotice, Style};
pub use exit::{Exit, exit_of, failed, usage};
pub use job_output::JobOutput;
pub use layout::{Layout, Project};
pub use local_server::local_backend;
pub use manifest::{Ceiling, DataManifest, PartEntry};
pub use package::{Judged, Packed, fetch_model, pack_judged, pack_model, read_artifact, weights};
pub use record::{run_folder, write_file, write_json};
pub use remedy::settings_for;
pub use run_name::{RunName, Stamp};
pub use spending::SpendingArgs;
pub use start::{main, shell_word, sibling_program};
pub use tags::parse_tags;

// The README's excerpt is run like the examples above.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
