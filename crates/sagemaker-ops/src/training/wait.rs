//! Waits for training jobs.

use super::{Job, describe};
use crate::clients::Clients;
use crate::error::Error;
use crate::names::JobName;
use crate::wait::{Pace, Polling};

/// Waits until every job has ended, and returns their final states in the order of `jobs`.
///
/// `progress` is called for each job once, and again whenever it has changed.
///
/// # Errors
/// Those of [`poll_until`](crate::poll_until), and [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if one of the
/// jobs does not exist. The jobs themselves continue.
pub async fn wait_all(
    clients: &Clients,
    jobs: &[JobName],
    pace: Pace,
    mut progress: impl FnMut(&Job),
) -> Result<Vec<Job>, Error> {
    let names: Vec<&str> = jobs.iter().map(JobName::as_str).collect();
    let awaited = names.join(", ");
    // Kept across polls: a tolerated error must not discard known states.
    let mut known: Vec<Option<Job>> = vec![None; jobs.len()];
    let mut polling = Polling::new(pace);
    loop {
        let polled = poll(clients, jobs, &mut known, &mut progress).await;
        if let Some(ended) = polling.after(&awaited, polled).await? {
            return Ok(ended);
        }
    }
}

/// Describes the jobs that have not ended; returns all jobs once all have ended.
async fn poll(
    clients: &Clients,
    jobs: &[JobName],
    known: &mut [Option<Job>],
    progress: &mut impl FnMut(&Job),
) -> Result<Option<Vec<Job>>, Error> {
    for (name, known) in jobs.iter().zip(known.iter_mut()) {
        // A job that has ended never changes, and fewer calls avoid throttling.
        if has_ended(known.as_ref()) {
            continue;
        }
        let job = describe(clients, name).await?;
        if known.as_ref() != Some(&job) {
            progress(&job);
        }
        *known = Some(job);
    }
    let all = known.iter().map(Option::as_ref).all(has_ended);
    Ok(all.then(|| known.iter().flatten().cloned().collect()))
}

fn has_ended(job: Option<&Job>) -> bool {
    job.is_some_and(|job| job.status.is_final())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::ErrorKind;
    use crate::scripted::{Reply, Scripted, ok, rejection};

    const PACE: Pace = Pace {
        interval: Duration::from_millis(1),
        deadline: Some(Duration::from_secs(20)),
        tolerated_errors: 1,
    };

    fn job(status: &str) -> Reply {
        ok(&json!({"TrainingJobStatus": status, "CreationTime": 1000.0}).to_string())
    }

    #[tokio::test]
    async fn each_job_is_described_until_it_has_ended_and_every_change_is_reported() {
        let broken = rejection("InternalFailure", "").status(500);
        let script = [
            job("InProgress"),
            job("Completed"),
            broken,
            job("InProgress"),
            job("Failed"),
        ];
        let server = Scripted::start(script).await;
        let jobs = ["a", "b"].map(|name| name.parse().unwrap());
        let mut seen = Vec::new();
        let note = |job: &Job| seen.push(format!("{} {}", job.name, job.status));
        let ended = wait_all(&server.clients(), &jobs, PACE, note)
            .await
            .unwrap();
        let states: Vec<_> = ended.iter().map(|job| job.status.as_str()).collect();
        assert_eq!(states, ["Failed", "Completed"]);
        assert_eq!(seen, ["a InProgress", "b Completed", "a Failed"]);
        assert_eq!(server.seen().len(), 5);
    }

    #[tokio::test]
    async fn waiting_ends_at_the_deadline_or_if_a_job_is_missing() {
        let jobs = ["a".parse().unwrap()];
        let now = Pace {
            deadline: Some(Duration::ZERO),
            ..PACE
        };
        let server = Scripted::start([job("InProgress")]).await;
        let error = wait_all(&server.clients(), &jobs, now, |_| {}).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Timeout);
        let missing = rejection("ValidationException", "Requested resource not found.");
        let server = Scripted::start([missing]).await;
        let error = wait_all(&server.clients(), &jobs, PACE, |_| {}).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::NotFound);
    }
}
