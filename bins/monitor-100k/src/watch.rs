//! Looking at the jobs until all of them have ended.

use std::cell::Cell;
use std::time::Instant;

use fire_cli::Console;
use sagemaker_ops::training::{self, Job};
use sagemaker_ops::{Clients, Error, Pace, poll_until};

use crate::live::Live;
use crate::logs::Logs;
use crate::verdict::Watched;
use crate::{events, now, table};

/// The jobs as they were at the last look.
pub(crate) struct Watch {
    jobs: Vec<Job>,
    pace: Pace,
    /// The time limit counts from here, however often the wait is taken up again.
    started: Instant,
}

impl Watch {
    pub(crate) fn new(jobs: Vec<Job>, pace: Pace) -> Self {
        let started = Instant::now();
        Self {
            jobs,
            pace,
            started,
        }
    }

    pub(crate) fn into_jobs(self) -> Vec<Job> {
        self.jobs
    }

    /// Shows every change until no job can change any more.
    ///
    /// Fails with [`ErrorKind::Timeout`](sagemaker_ops::ErrorKind::Timeout) at the deadline, and
    /// when the backend stays silent.
    pub(crate) async fn until_all_have_ended(
        &mut self,
        clients: &Clients,
        logs: &mut Logs,
        console: &mut Console<'_>,
    ) -> anyhow::Result<()> {
        let mut live = Live::new(console.draws());
        live.draw(table::jobs(&self.jobs, now()));
        for job in &self.jobs {
            say(None, job, (&live, &mut *console))?;
        }
        logs.show(clients, (&live, &mut *console)).await?;
        while !self.jobs.iter().all(|job| job.status.is_final()) {
            let next = next_look(self.remaining(), &self.names(), async || {
                self.look(clients).await
            })
            .await?;
            live.draw(table::jobs(&next, now()));
            // What a job printed comes before the news of what it did then.
            logs.show(clients, (&live, &mut *console)).await?;
            for (before, after) in self.jobs.iter().zip(&next) {
                say(Some(before), after, (&live, &mut *console))?;
            }
            self.jobs = next;
        }
        logs.finish(clients, (&live, console)).await
    }

    fn remaining(&self) -> Pace {
        let passed = self.started.elapsed();
        let deadline = self.pace.deadline.map(|all| all.saturating_sub(passed));
        Pace {
            deadline,
            ..self.pace
        }
    }

    async fn look(&self, clients: &Clients) -> Result<Vec<Job>, Error> {
        let mut jobs = Vec::new();
        for job in &self.jobs {
            // A job that has ended stays as it is, and calls are what is throttled.
            let as_it_is = job.status.is_final().then(|| job.clone());
            jobs.push(match as_it_is {
                Some(job) => job,
                None => training::describe(clients, &job.name).await?,
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

/// What there is to see after a pause.
pub(crate) async fn next_look<T>(
    pace: Pace,
    what: &str,
    look: impl AsyncFn() -> Result<T, Error>,
) -> Result<T, Error> {
    let paused = Cell::new(false);
    poll_until(pace, what, async || {
        if !paused.replace(true) {
            return Ok(None);
        }
        look().await.map(Some)
    })
    .await
}

/// Says what has changed: a line for readers without a terminal, a document for programs, who are
/// told of new figures too.
fn say(
    before: Option<&Job>,
    after: &Job,
    (live, console): (&Live, &mut Console<'_>),
) -> std::io::Result<()> {
    let state = |job: &Job| (job.status.clone(), job.secondary_status.clone());
    let moved = before.is_none_or(|before| state(before) != state(after));
    if moved || before.is_some_and(|before| before.metrics != after.metrics) {
        events::emit(console, "job", &Watched::of(after.clone(), now()))?;
    }
    if moved && !live.is_on() {
        console.say(table::change(after, now()))?;
    }
    Ok(())
}
