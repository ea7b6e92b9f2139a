//! `monitor-100k`: what the training jobs do, until they have ended, and how an endpoint does.
//!
//! The steps, each in its own module:
//!
//! 1. [`select`]: which jobs are meant (by name, or those of the newest run), and what to say of
//!    one that does not exist here but on the other backend;
//! 2. [`watch`]: looks at all of them at an interval until nothing changes any more;
//! 3. [`table`]: one line per job, redrawn in place on a terminal ([`live`]), else a line per
//!    change, for programs a document per change ([`events`]);
//! 4. [`logs`]: with `--logs`, all that they print;
//! 5. [`verdict`]: which model is the best, the commands that deploy it, and the exit code.
//!
//! [`endpoint`] does the same for one endpoint. Watching changes nothing: what is watched goes on
//! when this program is stopped, and calling it again picks it up where it is. Only `--stop` asks
//! for something.

mod cli;
mod endpoint;
mod events;
mod live;
mod logs;
mod select;
mod stop;
mod table;
mod verdict;
mod watch;

use std::time::SystemTime;

use fire_cli::{Console, Exit};
use sagemaker_ops::logs::LogSource;
use sagemaker_ops::training::{self, JobFilter};
use sagemaker_ops::{BackendKind, Clients, ErrorKind};

pub use cli::Args;
use live::Live;
use logs::Logs;
use verdict::Verdict;
use watch::Watch;

/// Jobs that `--list` shows.
const LISTED: usize = 100;

/// Runs the program: shows jobs or an endpoint now, or until they have ended or are ready.
pub async fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let clients = args.common.connect(console).await?;
    if args.list {
        return list(&clients, console).await;
    }
    if let Some(name) = &args.endpoint {
        return endpoint::run((&args, name), &clients, console).await;
    }
    jobs(&args, clients, console).await
}

async fn jobs(
    args: &Args,
    mut clients: Clients,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let names = select::names(args, &clients).await?;
    let resume = args.resume_command(&names)?;
    let mut first = select::first_look(args, &clients, &names).await?;
    if args.stop {
        stop::all(&clients, &mut first, console).await?;
    }
    let sources = names.iter().cloned().map(LogSource::Job);
    let mut logs = Logs::of(args.logs, sources);
    if !args.wait {
        let live = Live::new(false);
        logs.show(&clients, (&live, &mut *console)).await?;
        return show(Verdict::of(first, now()), args, (&clients, console)).await;
    }
    console
        .notice()
        .set(format!("The jobs go on; watch them with: {resume}"));
    let mut watch = Watch::new(first, args.pace(clients.kind()));
    let mut ended = watch
        .until_all_have_ended(&clients, &mut logs, console)
        .await;
    if ended.as_ref().is_err_and(is_silence) && clients.kind() == BackendKind::Local {
        // A local server that was killed is started again, and takes its jobs up again.
        clients = args.common.connect(console).await?;
        ended = watch
            .until_all_have_ended(&clients, &mut logs, console)
            .await;
    }
    let verdict = Verdict::of(watch.into_jobs(), now());
    let exit = show(verdict, args, (&clients, console)).await?;
    let Err(error) = ended else { return Ok(exit) };
    console.warn(format!("the jobs go on; watch them with: {resume}"))?;
    Err(error)
}

/// Whether nobody answered.
fn is_silence(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<sagemaker_ops::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::Transport)
}

/// Writes what is known of the jobs, for people and for programs.
async fn show(
    mut verdict: Verdict,
    args: &Args,
    (clients, console): (&Clients, &mut Console<'_>),
) -> anyhow::Result<Exit> {
    verdict.fetch_logs(clients).await;
    if args.metrics {
        verdict.choose(&args.common.backend_flags()?);
    }
    verdict.say(clients.kind(), args.metrics, console)?;
    if args.wait {
        events::emit(console, "result", &verdict)?;
    } else {
        console.json(&verdict)?;
    }
    Ok(verdict.exit(args.stop))
}

async fn list(clients: &Clients, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let filter = JobFilter {
        limit: Some(LISTED),
        ..JobFilter::default()
    };
    let jobs = training::list(clients, &filter).await?;
    if jobs.is_empty() {
        console.say("there are no training jobs; `train-100k` makes some")?;
    }
    for line in table::listing(&jobs, now()) {
        console.say(line)?;
    }
    console.json(&serde_json::json!({ "jobs": jobs }))?;
    Ok(Exit::Done)
}

/// Seconds since 1970.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}
