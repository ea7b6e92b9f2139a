//! Watches jobs until all have ended.

use std::cell::Cell;
use std::time::Instant;

use fire_cli::{Console, now};
use sagemaker_ops::training::{self, Job};
use sagemaker_ops::{Clients, Error, Pace, poll_until};

use crate::logs::Logs;
use crate::output::Screen;
use crate::table;
use crate::verdict::Watched;

/// The jobs as of the last poll.
pub(crate) struct Watch {
    jobs: Vec<Job>,
    pace: Pace,
    /// The start of the deadline, even if the wait is resumed.
    started: Instant,
}

impl Watch {
    pub(crate) fn new(jobs: Vec<Job>, pace: Pace) -> Self {
        Self {
            jobs,
            pace,
            started: Instant::now(),
        }
    }

    pub(crate) fn into_jobs(self) -> Vec<Job> {
        self.jobs
    }

    /// Shows every change until all jobs have ended.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`](sagemaker_ops::ErrorKind::Timeout) at the deadline, and the error of a
    /// backend that keeps failing.
    pub(crate) async fn until_all_have_ended(
        &mut self,
        clients: &Clients,
        logs: &mut Logs,
        console: &mut Console<'_>,
    ) -> anyhow::Result<()> {
        let mut screen = Screen::new(console, true);
        screen.draw(table::jobs(&self.jobs, now()));
        for job in &self.jobs {
            say(None, job, &mut screen)?;
        }
        logs.show(clients, &mut screen).await?;
        while !self.jobs.iter().all(|job| job.status.is_final()) {
            let pace = self.pace.after(self.started.elapsed());
            let next = next_poll(pace, &self.names(), async || self.poll(clients).await).await?;
            screen.draw(table::jobs(&next, now()));
            // Show log lines before the status change that followed them.
            logs.show(clients, &mut screen).await?;
            for (before, after) in self.jobs.iter().zip(&next) {
                say(Some(before), after, &mut screen)?;
            }
            self.jobs = next;
        }
        logs.finish(clients, &mut screen).await
    }

    async fn poll(&self, clients: &Clients) -> Result<Vec<Job>, Error> {
        let mut jobs = Vec::new();
        for job in &self.jobs {
            // A job that has ended no longer changes, and needless calls lead to throttling.
            jobs.push(if job.status.is_final() {
                job.clone()
            } else {
                training::describe(clients, &job.name).await?
            });
        }
        Ok(jobs)
    }

    fn names(&self) -> String {
        let waiting = self.jobs.iter().filter(|job| !job.status.is_final());
        waiting
            .map(|job| job.name.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// Polls once, after a pause; `label` names the target in a timeout error.
pub(crate) async fn next_poll<T>(
    pace: Pace,
    label: &str,
    poll: impl AsyncFn() -> Result<T, Error>,
) -> Result<T, Error> {
    // The first poll only pauses: the caller has just polled.
    let paused = Cell::new(false);
    poll_until(pace, label, async || {
        if !paused.replace(true) {
            return Ok(None);
        }
        poll().await.map(Some)
    })
    .await
}

/// Writes a change of a job as a line of text, unless a table shows it, or as a JSON line, which is
/// also written for new metrics.
fn say(before: Option<&Job>, after: &Job, screen: &mut Screen<'_, '_>) -> std::io::Result<()> {
    let state = |job: &Job| (job.status.clone(), job.secondary_status.clone());
    let changed = before.is_none_or(|before| state(before) != state(after));
    if changed || before.is_some_and(|before| before.metrics != after.metrics) {
        screen.emit("job", &Watched::of(after.clone(), now()))?;
    }
    if changed {
        screen.say_unless_drawn([table::change(after, now())])?;
    }
    Ok(())
}
