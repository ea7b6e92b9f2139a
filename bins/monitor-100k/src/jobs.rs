//! Lists, stops or watches training jobs.

use fire_cli::{Console, Exit, now};
use sagemaker_ops::logs::LogSource;
use sagemaker_ops::training::{self, Job, JobFilter};
use sagemaker_ops::{BackendKind, Clients, ErrorKind};

use crate::logs::Logs;
use crate::output::{Screen, emit};
use crate::verdict::Verdict;
use crate::watch::Watch;
use crate::{Args, select, table};

/// Maximum number of jobs shown by `--list`.
const LISTED: usize = 100;

/// Lists the newest training jobs.
pub(crate) async fn list(clients: &Clients, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let filter = JobFilter {
        limit: Some(LISTED),
        ..JobFilter::default()
    };
    let jobs = training::list(clients, &filter).await?;
    if jobs.is_empty() {
        console.say("there are no training jobs; `train-100k` creates some")?;
    }
    console.say_all(table::listing(&jobs, now()))?;
    console.json(&serde_json::json!({ "jobs": jobs }))?;
    Ok(Exit::Done)
}

/// Shows the selected jobs, once or until they have ended.
pub(crate) async fn run(
    args: &Args,
    mut clients: Clients,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let names = select::names(args, &clients).await?;
    let resume = args.resume_command(&names)?;
    let mut first = select::jobs(args, &clients, &names).await?;
    if args.stop {
        stop(&clients, &mut first, console).await?;
    }
    let sources = names.iter().cloned().map(LogSource::Job);
    let mut logs = Logs::of(args.logs, sources);
    if !args.wait {
        logs.show(&clients, &mut Screen::new(console, false))
            .await?;
        return show(Verdict::of(first, now()), args, &clients, console).await;
    }
    console
        .notice()
        .set(format!("The jobs continue; watch them with: {resume}"));
    let mut watch = Watch::new(first, args.pace(clients.kind()));
    let mut ended = watch
        .until_all_have_ended(&clients, &mut logs, console)
        .await;
    if ended.as_ref().is_err_and(is_unreachable) && clients.kind() == BackendKind::Local {
        // If the local server was killed, connecting restarts it, and it resumes its jobs.
        clients = args.common.connect(console).await?;
        ended = watch
            .until_all_have_ended(&clients, &mut logs, console)
            .await;
    }
    let verdict = Verdict::of(watch.into_jobs(), now());
    let exit = show(verdict, args, &clients, console).await?;
    let Err(error) = ended else { return Ok(exit) };
    console.warn(format!("the jobs continue; watch them with: {resume}"))?;
    Err(error)
}

fn is_unreachable(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<sagemaker_ops::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::Transport)
}

/// Asks all running jobs to stop, and updates their state.
///
/// If a request fails, the remaining ones are still sent; the first failure is returned.
async fn stop(
    clients: &Clients,
    jobs: &mut [Job],
    console: &mut Console<'_>,
) -> anyhow::Result<()> {
    let mut failure = None;
    for job in jobs.iter_mut().filter(|job| !job.status.is_final()) {
        match training::stop(clients, &job.name).await {
            Ok(()) => console.note(format!("asked {} to stop", job.name))?,
            // The job has ended in the meantime, so there is nothing to stop.
            Err(error) if error.kind() == ErrorKind::Conflict => {
                console.note(format!("{} has just ended", job.name))?;
            }
            Err(error) => {
                console.warn(error.to_string())?;
                failure.get_or_insert(error);
                continue;
            }
        }
        *job = training::describe(clients, &job.name).await?;
    }
    failure.map_or(Ok(()), |error| Err(error.into()))
}

/// Writes the jobs with their metrics, logs and commands, and returns the exit status.
async fn show(
    mut verdict: Verdict,
    args: &Args,
    clients: &Clients,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    verdict.fetch_logs(clients).await;
    if args.metrics {
        verdict.choose(&args.common.backend_flags()?);
    }
    verdict.say(clients.kind(), args.metrics, console)?;
    if args.wait {
        emit(console, "result", &verdict)?;
    } else {
        console.json(&verdict)?;
    }
    Ok(verdict.exit(args.stop))
}
