//! Code shared by the command-line programs: flags, console output and exit codes.
//!
//! `train-100k`, `monitor-100k`, `deploy-100k`, `report-100k` and `extract-rows` are separate
//! programs with a common interface: the same flags choose the backend, and the same exit codes
//! report the outcome.
//!
//! - A program's `main` is one call: [`main`] parses the arguments, runs the program's `run`, stops
//!   it on Ctrl-C and maps the result to an [`Exit`].
//! - [`CommonArgs`] chooses the backend and the output format. A program writes to [`Console`]:
//!   results to standard output, everything else to standard error, progress bars to terminals only.
//! - [`local_backend`] locates the local server's state directory and executable. [`settings_for`]
//!   names the flag that resolves a problem found by `sagemaker-ops`.
//! - [`Project`] holds a run's AWS resources: bucket, role and image. [`fetch_model`],
//!   [`fetch_output`] and [`fetch_manifest`] read the results of earlier steps.
//!
//! The names and files of a run are defined in `fire-run`, AWS calls are in `sagemaker-ops`, and
//! models are in `ensemble`.

mod alarm;
mod args;
mod console;
mod exit;
mod local_server;
mod logs;
mod predict;
mod project;
mod remedy;
mod start;
mod stored;

pub use self::alarm::{METRICS_HEADER, budget_in_words, metrics_in_columns};
pub use args::{
    CommonArgs, DEFAULT_MODEL_NAME, EXIT_CODES, ProjectArgs, SpendingArgs, instance_type,
    parse_tags,
};
pub use console::{Console, Format, InterruptNotice, Style};
pub use exit::{Exit, exit_of, failed, usage};
pub use local_server::local_backend;
pub use logs::log_command;
pub use predict::{Prediction, csv_row, predict_row};
pub use project::Project;
pub use remedy::{passed, settings_for};
pub use start::{main, now, shell_word, sibling_file, sibling_program};
pub use stored::{StoredModel, fetch_manifest, fetch_model, fetch_output, read_artifact};

// Compiles the README's examples as doctests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
