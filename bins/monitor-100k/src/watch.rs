//! Looking at the jobs until all of them have ended.

use std::cell::Cell;
use std::time::Instant;

use fire_cli::Console;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use sagemaker_ops::training::{self, Job};
use sagemaker_ops::{Clients, Error, ErrorKind, Pace, poll_until};

use crate::{now, table};

/// Looks in a row that may fail before the backend counts as gone; each was retried by the SDK already.
const PATIENCE: u32 = 3;

/// The jobs as they were at the last look.
pub(crate) struct Watch<'a> {
    clients: &'a Clients,
    jobs: Vec<Job>,
    pace: Pace,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(clients: &'a Clients, jobs: Vec<Job>, pace: Pace) -> Self {
        Self {
            clients,
            jobs,
            pace,
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
        console: &mut Console<'_>,
    ) -> anyhow::Result<()> {
        let started = Instant::now();
        let live = Live::new(console.draws());
        live.draw(&self.jobs);
        if !live.is_on() {
            for job in &self.jobs {
                console.say(table::change(job, now()))?;
            }
        }
        while !self.jobs.iter().all(|job| job.status.is_final()) {
            let deadline = self
                .pace
                .deadline
                .map(|all| all.saturating_sub(started.elapsed()));
            let pace = Pace {
                deadline,
                ..self.pace
            };
            let next = self.next_change(pace, &live).await?;
            if !live.is_on() {
                for (before, after) in self.jobs.iter().zip(&next) {
                    if differs(before, after) {
                        console.say(table::change(after, now()))?;
                    }
                }
            }
            self.jobs = next;
        }
        live.clear();
        Ok(())
    }

    /// The jobs as soon as one of them has changed.
    async fn next_change(&self, pace: Pace, live: &Live) -> Result<Vec<Job>, Error> {
        let failures = Cell::new(0);
        poll_until(pace, &self.names(), async || {
            let jobs = match self.look().await {
                Ok(jobs) => jobs,
                Err(error) if is_passing(&error) && failures.get() < PATIENCE => {
                    failures.set(failures.get() + 1);
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            failures.set(0);
            live.draw(&jobs);
            let changed = self
                .jobs
                .iter()
                .zip(&jobs)
                .any(|(before, after)| differs(before, after));
            Ok(changed.then_some(jobs))
        })
        .await
    }

    async fn look(&self) -> Result<Vec<Job>, Error> {
        let mut jobs = Vec::new();
        for job in &self.jobs {
            // A job that has ended stays as it is, and calls are what is throttled.
            let as_it_is = job.status.is_final().then(|| job.clone());
            jobs.push(match as_it_is {
                Some(job) => job,
                None => training::describe(self.clients, &job.name).await?,
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

/// The table that is redrawn in place, on a terminal.
struct Live(Option<Rows>);

struct Rows {
    screen: MultiProgress,
    header: ProgressBar,
    rows: Cell<Vec<ProgressBar>>,
}

impl Live {
    fn new(on: bool) -> Self {
        Self(on.then(|| {
            let screen = MultiProgress::new();
            let header = screen.add(row());
            Rows {
                screen,
                header,
                rows: Cell::default(),
            }
        }))
    }

    fn is_on(&self) -> bool {
        self.0.is_some()
    }

    fn draw(&self, jobs: &[Job]) {
        let Some(Rows {
            screen,
            header,
            rows: kept,
        }) = &self.0
        else {
            return;
        };
        let mut rows = kept.take();
        while rows.len() < jobs.len() {
            rows.push(screen.add(row()));
        }
        let mut lines = table::jobs(jobs, now()).into_iter();
        for (bar, line) in std::iter::once(header).chain(&rows).zip(&mut lines) {
            bar.set_message(line);
        }
        kept.set(rows);
    }

    fn clear(&self) {
        if let Some(rows) = &self.0 {
            // The final table is printed below; a terminal that is gone needs no clearing.
            let _ = rows.screen.clear();
        }
    }
}

fn row() -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_msg}");
    ProgressBar::new_spinner()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
