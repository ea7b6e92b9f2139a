//! What SageMaker runs inside the container: `fire-container train` and `fire-container serve`.
//!
//! SageMaker hands the container a folder tree and, when serving, HTTP requests; nothing else
//! comes in or goes out. So there is no AWS SDK and no TLS here, and the same program runs by
//! hand on any folder laid out alike (`--opt-ml DIR`).
//!
//! - [`train`]: settings and data from below `/opt/ml/input`, one model into `/opt/ml/model`,
//!   predictions into `/opt/ml/output/data`, metric lines on standard output; what went wrong into
//!   `/opt/ml/output/failure`.
//! - [`serve`]: `GET /ping` and `POST /invocations` on port 8080.
//!
//! The contract is that of the SageMaker developer guide, pages
//! `your-algorithms-training-algo-running-container` and `your-algorithms-inference-code`.
//!
//! Exit codes: 0 done, 1 the work failed, 2 wrong usage (also: the port is taken).

mod cli;
mod paths;

mod hyperparameters;
pub mod train;

pub mod serve;

mod stop;

use std::ffi::OsString;
use std::io::{self, Write};

use cli::{Cli, Command};
pub use hyperparameters::Settings;
pub use paths::OptMl;
pub use stop::Stop;

/// Parses the arguments, does the work, and returns the exit code.
///
/// `out` gets what is meant for standard output; complaints go to standard error.
pub fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write) -> u8 {
    match Cli::read(args) {
        Err(usage) => {
            // Nothing can be done about a closed terminal.
            let _ = usage.print();
            if usage.use_stderr() { 2 } else { 0 }
        }
        Ok(Cli { command, opt_ml }) => {
            let paths = OptMl::new(opt_ml);
            match command {
                Command::Train => train::run(&paths, out),
                Command::Serve => serve::run(&paths, out),
            }
        }
    }
}

/// Tells standard error what went wrong.
fn complain(message: &str) {
    // Nothing can be done about a closed terminal.
    let _ = writeln!(io::stderr(), "error: {message}");
}
