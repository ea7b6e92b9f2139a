//! What the command-line programs share: flags, console output, exit codes.
//!
//! `train-100k`, `monitor-100k`, `deploy-100k`, `report-100k` and `extract-rows` are separate
//! programs that behave alike: the same flags choose the backend, and the same exit codes tell what
//! happened.
//!
//! - A program's `main` is one call: [`main`] parses the arguments, runs the program's `run`, stops
//!   it on Ctrl-C and maps the result to an [`Exit`].
//! - [`CommonArgs`] chooses the backend and the output format. A program writes to [`Console`]:
//!   results to standard output, everything else to standard error, progress bars to terminals only.
//! - [`local_backend`] finds the local server's state and program. [`settings_for`] says which flag
//!   helps when `sagemaker-ops` finds something wrong.
//! - [`Project`] is the account's side of a run: bucket, role and image. [`fetch_model`],
//!   [`fetch_output`] and [`fetch_manifest`] read what earlier steps stored.
//!
//! What a run consists of is defined in `fire-run`, calls to AWS are in `sagemaker-ops`, and the
//! model itself is in `ensemble`.

mod alarm;
mod args;
mod console;
mod exit;
mod local_server;
mod logs;
mod project;
mod remedy;
mod start;
mod stored;

pub use self::alarm::{
    METRICS_HEADER, budget_in_words, false_alarms_in_words, metrics_in_columns, rule_in_words,
};
pub use args::{
    CommonArgs, DEFAULT_MODEL_NAME, EXIT_CODES, ProjectArgs, SpendingArgs, instance_type,
    parse_tags,
};
pub use console::{Console, Format, InterruptNotice, Style};
pub use exit::{Exit, exit_of, failed, usage};
pub use local_server::local_backend;
pub use logs::log_command;
pub use project::Project;
pub use remedy::settings_for;
pub use start::{main, shell_word, sibling_file, sibling_program};
pub use stored::{StoredModel, fetch_manifest, fetch_model, fetch_output, read_artifact};

// The README's excerpt is run like the examples above.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
