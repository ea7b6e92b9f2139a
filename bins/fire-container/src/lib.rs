//! The program that SageMaker runs inside the container. `fire-container train` and `fire-container serve` are for
//! SageMaker; `fire-container predict` and `fire-container export` are for people.
//!
//! SageMaker gives the container a folder tree and, when serving, HTTP requests. Nothing else comes in or goes out, so
//! there is no AWS SDK and no TLS here, and the program also runs by hand on any folder with the same layout
//! (`--opt-ml DIR`).
//!
//! - [`train`]: reads settings and data below `/opt/ml/input`; writes a model to `/opt/ml/model`, predictions to
//!   `/opt/ml/output/data` and metrics to standard output. If it fails, the reason is in `/opt/ml/output/failure`.
//! - [`serve`]: `GET /ping` and `POST /invocations` on port 8080.
//! - `predict`: the endpoint's predictions for the rows of a file.
//! - `export`: the model as an ONNX file.
//!
//! The contract is in the SageMaker developer guide, pages `your-algorithms-training-algo-running-container` and
//! `your-algorithms-inference-code`.
//!
//! Without the default feature `files` there is no polars and nothing that needs it (training, `predict`, `export`, the
//! command line). What remains is the part that untrusted input reaches, and it is fuzzed.
//!
//! Exit codes: 0 done, 1 the work failed, 2 wrong usage or input (for `serve` also an occupied port). The numbers are
//! those of `fire_cli::Exit`, which this program does not link because `fire-cli` brings the AWS SDK.

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

/// The work failed: a fit, a model that cannot be served, output that cannot be written.
const WORK_FAILED: u8 = 1;
/// The arguments, the environment or an input file were wrong.
const USAGE: u8 = 2;

/// Prints an error to standard error.
fn complain(message: &str) {
    // If standard error is closed, there is nowhere left to report to.
    let _ = writeln!(io::stderr(), "error: {message}");
}
