//! The program that SageMaker runs inside the container. `fire-container train` and `fire-container serve` are for
//! SageMaker; `fire-container predict` and `fire-container export` are for interactive use.
//!
//! The program's only interfaces are a directory tree and, when serving, HTTP. It therefore needs neither the AWS SDK nor
//! TLS, and can be run by hand on any directory with the same layout (`--opt-ml DIR`).
//!
//! - [`train`]: reads settings and data below `/opt/ml/input`; writes a model to `/opt/ml/model`, predictions to
//!   `/opt/ml/output/data` and metrics to standard output. If it fails, the reason is in `/opt/ml/output/failure`.
//! - [`serve`]: `GET /ping` and `POST /invocations` on port 8080.
//! - `predict`: the endpoint's predictions for the rows of a file.
//! - `export`: the model as an ONNX file.
//!
//! The contract is part of the SageMaker developer guide, pages `your-algorithms-training-algo-running-container` and
//! `your-algorithms-inference-code`.
//!
//! Without the default feature `files`, polars and everything that needs it (training, `predict`, `export`, the command
//! line) is left out. What remains is the code that untrusted input reaches, which is fuzzed.
//!
//! Exit codes: 0 done, 1 the work failed, 2 invalid usage or input (for `serve` also an occupied port). The numbers
//! match `fire_cli::Exit`, which is not used here because `fire-cli` depends on the AWS SDK.

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

/// Exit code for failed work: a failed fit, a model that cannot be served, output that cannot be written.
const WORK_FAILED: u8 = 1;
/// Exit code for invalid arguments, environment variables or input files.
const USAGE: u8 = 2;

/// An error and the exit code that it leads to.
struct Failed {
    code: u8,
    error: anyhow::Error,
}

impl Failed {
    fn work(error: anyhow::Error) -> Self {
        let code = WORK_FAILED;
        Self { code, error }
    }

    fn usage(error: anyhow::Error) -> Self {
        let code = USAGE;
        Self { code, error }
    }
}

/// Prints the error of a failed command and returns the exit code.
fn exit_code(done: Result<(), Failed>) -> u8 {
    let Err(Failed { code, error }) = done else {
        return 0;
    };
    complain(&format!("{error:#}"));
    code
}

/// Prints an error to standard error.
fn complain(message: &str) {
    // If standard error is closed, there is nowhere left to report to.
    let _ = writeln!(io::stderr(), "error: {message}");
}
