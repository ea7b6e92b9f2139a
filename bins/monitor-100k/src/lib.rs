//! `monitor-100k`: watches training jobs until they have ended, or an endpoint.
//!
//! [`jobs`] takes these steps, each in its own module:
//!
//! 1. [`select`]: find the jobs by name, or those of the newest run;
//! 2. [`watch`]: poll all jobs until they have ended. [`output`] redraws a [`table`] on a terminal,
//!    and elsewhere prints a line per change; [`logs`] adds the jobs' log lines;
//! 3. [`verdict`]: the best model, the commands that deploy it, and the exit code.
//!
//! [`endpoint`] does the same for an endpoint. Watching has no side effects: jobs and endpoints
//! continue when this program exits, and can be watched again. Only `--stop` changes something.

mod cli;

mod output;
mod table;

mod logs;
mod select;
mod verdict;
mod watch;

mod endpoint;
mod jobs;

use fire_cli::{Console, Exit};

pub use cli::Args;

/// Runs the program: shows jobs or an endpoint once, or until the jobs have ended or the endpoint is ready.
///
/// # Errors
/// Unknown names (exit code 2), a backend that cannot be reached (3), a timeout (4).
pub async fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let clients = args.common.connect(console).await?;
    if args.list {
        return jobs::list(&clients, console).await;
    }
    match &args.endpoint {
        Some(name) => endpoint::run(&args, name, &clients, console).await,
        None => jobs::run(&args, clients, console).await,
    }
}
