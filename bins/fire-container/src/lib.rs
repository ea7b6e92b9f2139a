//! What SageMaker runs inside the container: `fire-container train` and `fire-container serve`; and
//! `fire-container predict` and `fire-container export` for scoring a file and taking a model elsewhere by hand.
//!
//! SageMaker hands the container a folder tree and, when serving, HTTP requests; nothing else
//! comes in or goes out. So there is no AWS SDK and no TLS here, and the same program runs by
//! hand on any folder laid out alike (`--opt-ml DIR`).
//!
//! - [`train`]: settings and data from below `/opt/ml/input`, one model into `/opt/ml/model`,
//!   predictions into `/opt/ml/output/data`, metric lines on standard output; what went wrong into
//!   `/opt/ml/output/failure`.
//! - [`serve`]: `GET /ping` and `POST /invocations` on port 8080.
//! - `predict`: the same answers to the rows of a file.
//! - `export`: the model as an ONNX file.
//!
//! The contract is that of the SageMaker developer guide, pages
//! `your-algorithms-training-algo-running-container` and `your-algorithms-inference-code`.
//!
//! Without the default feature `files` there is neither polars nor what needs it (training, `predict`, `export`, the
//! command line): the rest is what strangers can reach, and is fuzzed.
//!
//! Exit codes: 0 done, 1 the work failed, 2 wrong usage (also: the port is taken).

#[cfg(feature = "files")]
mod cli;
mod paths;

mod hyperparameters;
#[cfg(feature = "files")]
pub mod train;

#[cfg(feature = "files")]
mod export;
#[cfg(feature = "files")]
mod predict;
pub mod serve;

mod stop;

use std::io::{self, Write};

pub use hyperparameters::Settings;
pub use paths::OptMl;
pub use stop::Stop;

#[cfg(feature = "files")]
pub use cli::{command, run};

/// Tells standard error what went wrong.
fn complain(message: &str) {
    // Nothing can be done about a closed terminal.
    let _ = writeln!(io::stderr(), "error: {message}");
}
