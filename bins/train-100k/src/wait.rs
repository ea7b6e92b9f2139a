//! `--wait`: waits until all jobs have ended.

use std::time::{Duration, Instant};

use fire_cli::Exit;
use fire_run::records::TrainRecord;
use sagemaker_ops::training::{self, JobStatus};
use sagemaker_ops::{BackendKind, JobName, Pace};

use crate::session::Session;

/// Waits for all jobs of a record, however long they take, and reports those that failed.
///
/// # Errors
/// Exit code 3 for a backend that keeps failing; the jobs continue.
pub(crate) async fn until_ended(
    record: &TrainRecord,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Exit> {
    let monitor = &record.monitor_command;
    session
        .console
        .notice()
        .set(format!("The jobs continue; watch them with: {monitor}"));
    let names = record.jobs.iter().map(|job| job.name.parse::<JobName>());
    let names: Vec<JobName> = names.collect::<Result<_, _>>()?;
    let started = Instant::now();
    let mut exit = Exit::Done;
    let pace = pace(session.clients.kind());
    for job in training::wait_all(&session.clients, &names, pace, |_| {}).await? {
        if job.status != JobStatus::Completed {
            // A job that was stopped at its time limit has no failure reason, only this status.
            let reason = job.failure_reason.unwrap_or(job.secondary_status);
            session
                .console
                .warn(format!("job {} is {}: {reason}", job.name, job.status))?;
            exit = Exit::WorkFailed;
        }
    }
    if exit != Exit::Done {
        session.console.warn(format!(
            "job names cannot be reused: fix the cause (if a time limit was hit, raise --max-runtime) and \
             pass a new --run; to see the end of a failed job's log: {monitor}"
        ))?;
    }
    session.console.note(format!(
        "all jobs ended after {:.1} s",
        started.elapsed().as_secs_f64()
    ))?;
    Ok(exit)
}

fn pace(backend: BackendKind) -> Pace {
    Pace {
        interval: match backend {
            BackendKind::Local => Duration::from_millis(200),
            BackendKind::Aws => Duration::from_secs(30),
        },
        deadline: None,
        // The jobs continue regardless, so a few failed calls do not end the wait.
        tolerated_errors: 3,
    }
}
