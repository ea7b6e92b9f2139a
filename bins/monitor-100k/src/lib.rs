//! `monitor-100k`: watches training jobs until they have ended, or an endpoint.
//!
//! [`jobs`] takes these steps, each in its own module:
//!
//! 1. [`select`]: find the jobs, by name or those of the newest run;
//! 2. [`watch`]: look at all of them at an interval until nothing changes any more. [`output`] shows
//!    a [`table`] that is redrawn on a terminal, else a line for each change; [`logs`] adds what the
//!    jobs print;
//! 3. [`verdict`]: the best model, the commands that deploy it, and the exit code.
//!
//! [`endpoint`] does the same for one endpoint. Watching changes nothing: what is watched continues
//! when this program stops, and another call shows it again. Only `--stop` changes something.

mod cli;

mod output;
mod table;

mod logs;
mod select;
mod verdict;
mod watch;

mod endpoint;
mod jobs;

use std::time::SystemTime;

use fire_cli::{Console, Exit};

pub use cli::Args;

/// Runs the program: shows jobs or an endpoint as they are, or until they have ended or are ready.
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

/// Seconds since 1970.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}
