//! Looking at the jobs until all of them have ended.

use std::cell::Cell;
use std::time::Instant;

use fire_cli::Console;
use sagemaker_ops::training::{self, Job};
use sagemaker_ops::{Clients, Error, ErrorKind, Pace, poll_until};

use crate::live::Live;
use crate::{now, table};

/// Looks in a row that may fail before the backend counts as gone; each was retried by the SDK already.
const PATIENCE: u32 = 3;

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
    /// Fails with [`ErrorKind::Timeout`] at the deadline, and when the backend stays silent.
    pub(crate) async fn until_all_have_ended(
        &mut self,
        clients: &Clients,
        console: &mut Console<'_>,
    ) -> anyhow::Result<()> {
        let live = Live::new(console.draws(), self.jobs.len());
        live.draw(&self.jobs);
        if !live.is_on() {
            say(self.jobs.iter(), console)?;
        }
        while !self.jobs.iter().all(|job| job.status.is_final()) {
            let passed = self.started.elapsed();
            let deadline = self.pace.deadline.map(|all| all.saturating_sub(passed));
            let next = self
                .next_change(
                    clients,
                    Pace {
                        deadline,
                        ..self.pace
                    },
                    &live,
                )
                .await?;
            if !live.is_on() {
                let pairs = self.jobs.iter().zip(&next);
                let changed = pairs.filter(|(before, after)| differs(before, after));
                say(changed.map(|(_, after)| after), console)?;
            }
            self.jobs = next;
        }
        Ok(())
    }

    /// The jobs as soon as one of them has changed.
    async fn next_change(
        &self,
        clients: &Clients,
        pace: Pace,
        live: &Live,
    ) -> Result<Vec<Job>, Error> {
        let failures = Cell::new(0);
        poll_until(pace, &self.names(), async || {
            let jobs = match self.look(clients).await {
                Ok(jobs) => jobs,
                Err(error) if is_passing(&error) && failures.get() < PATIENCE => {
                    failures.set(failures.get() + 1);
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            failures.set(0);
            live.draw(&jobs);
            let mut pairs = self.jobs.iter().zip(&jobs);
            let changed = pairs.any(|(before, after)| differs(before, after));
            Ok(changed.then_some(jobs))
        })
        .await
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

/// One line per job, for readers without a terminal.
fn say<'a>(jobs: impl Iterator<Item = &'a Job>, console: &mut Console<'_>) -> std::io::Result<()> {
    for job in jobs {
        console.say(table::change(job, now()))?;
    }
    Ok(())
}

/// Whether the next look may well succeed.
fn is_passing(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Throttled | ErrorKind::Transport | ErrorKind::Service
    )
}

fn differs(before: &Job, after: &Job) -> bool {
    before.status != after.status || before.secondary_status != after.secondary_status
}
