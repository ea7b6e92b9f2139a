//! The stages of one job: download, run the program, upload.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::Jobs;
use super::checkpoints::Checkpoints;
use super::job_dir::JobDir;
use super::record::{Status, artifact};
use super::request::Plan;
use crate::machine::clock::Timestamp;
use crate::machine::{archive, blocking};

/// The wait limit of jobs that have none: longer than any job runs.
const FOREVER: Duration = Duration::from_hours(24 * 365);
/// Maximum characters from the failure file, which leaves room for the surrounding words within the 1024
/// characters of a `FailureReason`.
const MAX_FAILURE: usize = 980;

/// The desired state of a running job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DesiredState {
    /// Run to the end.
    Run,
    /// `StopTrainingJob`: stop and upload the results so far.
    Stop,
    /// The server is stopping: stop without finishing, so that the next server restarts the job.
    Abandon,
}

/// The outcome of a job.
enum Outcome {
    /// The results are in the store.
    Completed,
    /// Something failed, for this reason.
    Failed(String),
    /// `StopTrainingJob` was called.
    Stopped,
    /// `MaxRuntimeInSeconds` was exceeded.
    MaxRuntime,
    /// `MaxWaitTimeInSeconds` was exceeded.
    MaxWait,
    /// The spot instance was interrupted; the job restarts on another.
    Interrupted,
    /// The server stopped before the job ended.
    Abandoned,
}

impl Outcome {
    /// Status, secondary status and message for the record; `None` if the job has not ended.
    fn entry(self) -> Option<(Status, &'static str, String)> {
        let (status, secondary, message) = match self {
            Self::Abandoned | Self::Interrupted => return None,
            Self::Failed(reason) => return Some((Status::Failed, "Failed", reason)),
            Self::Completed => (Status::Completed, "Completed", "Training job completed"),
            Self::Stopped => (Status::Stopped, "Stopped", "Training job stopped"),
            Self::MaxWait => (
                Status::Stopped,
                "MaxWaitTimeExceeded",
                "Training job wait time exceeded MaxWaitTimeInSeconds provided",
            ),
            Self::MaxRuntime => (
                Status::Stopped,
                "MaxRuntimeExceeded",
                "Training job runtime exceeded MaxRuntimeInSeconds provided",
            ),
        };
        Some((status, secondary, message.to_owned()))
    }
}

/// The way in which the program ended.
pub(super) enum Exit {
    /// On its own, with this exit code.
    Itself(i32),
    /// It was told to stop.
    Stopped,
    /// `MaxRuntimeInSeconds` was exceeded.
    MaxRuntime,
    /// `MaxWaitTimeInSeconds` was exceeded.
    MaxWait,
    /// The spot instance was interrupted.
    Interrupted,
    /// The server stopped.
    Abandoned,
}

/// A running job.
pub(crate) struct Run {
    /// All jobs, with their records.
    pub(crate) jobs: Arc<Jobs>,
    /// The checked request.
    pub(crate) plan: Arc<Plan>,
    /// The desired state.
    pub(crate) desired: watch::Receiver<DesiredState>,
}

impl Run {
    /// Runs the job and records how it ended, unless the server stopped.
    pub(crate) async fn work(mut self) {
        // After each interruption, the stages start over on another instance.
        let end = loop {
            match self.stages().await {
                Ok(Outcome::Interrupted) => self.jobs.record_interruption(&self.plan.name),
                Ok(end) => break end,
                Err(reason) => break Outcome::Failed(reason),
            }
        };
        // A stop request during the last stage had no effect, but the job still counts as stopped.
        let end = match end {
            Outcome::Completed if *self.desired.borrow() == DesiredState::Stop => Outcome::Stopped,
            end => end,
        };
        let Some((status, secondary, message)) = end.entry() else {
            return;
        };
        if status == Status::Completed {
            // The results are in the store; a tree that cannot be removed only uses disk space.
            let _ = self.job_dir().clear();
        }
        self.jobs
            .finish(&self.plan.name, status, secondary, &message);
    }

    /// Runs the stages in order. An error is the `FailureReason` if something other than the program fails.
    async fn stages(&mut self) -> Result<Outcome, String> {
        if let Some(end) = self.early_outcome() {
            return Ok(end);
        }
        if let Some(end) = self.await_instance().await {
            return Ok(end);
        }
        self.enter("Downloading", "Downloading input data");
        self.download()
            .await
            .map_err(|error| format!("ClientError: Data download failed: {error}"))?;
        if let Some(end) = self.early_outcome() {
            return Ok(end);
        }
        self.enter(
            "Training",
            "Training image download completed. Training in progress.",
        );
        let exit = self.train().await.map_err(|error| {
            format!("InternalServerError: the program could not be run: {error}")
        })?;
        let end = match exit {
            Exit::Abandoned => return Ok(Outcome::Abandoned),
            Exit::Itself(0) => Outcome::Completed,
            // AWS keeps no model of a failed job either.
            Exit::Itself(code) => return Ok(Outcome::Failed(self.algorithm_error(code))),
            Exit::Interrupted => return Ok(Outcome::Interrupted),
            Exit::Stopped => Outcome::Stopped,
            Exit::MaxRuntime => Outcome::MaxRuntime,
            Exit::MaxWait => Outcome::MaxWait,
        };
        self.enter("Uploading", "Uploading generated training model");
        self.upload()
            .await
            .map_err(|error| format!("ClientError: Artifact upload failed: {error}"))?;
        Ok(end)
    }

    /// The job's folder.
    pub(super) fn job_dir(&self) -> JobDir {
        self.jobs.job_dir(&self.plan.name)
    }

    /// Records the next secondary status.
    fn enter(&self, secondary: &str, message: &str) {
        self.jobs.enter(&self.plan.name, secondary, message);
    }

    /// Waits for a spot instance, which is available immediately unless a fault delays it.
    async fn await_instance(&mut self) -> Option<Outcome> {
        let wait = self.jobs.shared.faults.capacity_wait();
        if !self.plan.spot || wait.is_zero() {
            return None;
        }
        let limit = self.wait_left();
        tokio::select! {
            () = sleep(wait) => None,
            () = sleep(limit) => Some(Outcome::MaxWait),
            _ = stop_requested(&mut self.desired) => self.early_outcome(),
        }
    }

    /// The time left until `MaxWaitTimeInSeconds`.
    pub(super) fn wait_left(&self) -> Duration {
        let record = self.jobs.record(&self.plan.name);
        let created = record.map_or_else(Timestamp::now, |record| record.header.created);
        let waited = Timestamp::now().millis().saturating_sub(created.millis());
        let limit = self.plan.max_wait.unwrap_or(FOREVER);
        limit.saturating_sub(Duration::from_millis(waited))
    }

    /// The outcome if the job is to stop while no program is running.
    fn early_outcome(&self) -> Option<Outcome> {
        match *self.desired.borrow() {
            DesiredState::Run => None,
            DesiredState::Stop => Some(Outcome::Stopped),
            DesiredState::Abandon => Some(Outcome::Abandoned),
        }
    }

    /// Number of the job's spot interruptions.
    pub(super) fn interruptions(&self) -> usize {
        let record = self.jobs.record(&self.plan.name);
        record.map_or(0, |record| record.interruptions)
    }

    /// Prepares the tree and fills the channels.
    async fn download(&self) -> io::Result<()> {
        let (job_dir, plan) = (self.job_dir(), self.plan.clone());
        let storage = self.jobs.shared.storage.clone();
        // After an interruption, only checkpoints in the store remain.
        let lost = self.interruptions() > 0;
        blocking(move || {
            if lost {
                job_dir.remove_checkpoints()?;
            }
            job_dir.prepare(&plan)?;
            job_dir.download(&plan, &storage)
        })
        .await
    }

    /// Packs and stores the program's output, then its checkpoints.
    async fn upload(&self) -> io::Result<()> {
        let output = &self.plan.output;
        for (folder, file) in [("model", "model.tar.gz"), ("output/data", "output.tar.gz")] {
            let (source, draft) = (self.job_dir().below(folder), self.job_dir().draft(file));
            let target = draft.clone();
            // As on AWS, an empty folder is not stored.
            if blocking(move || archive::pack(&source, &target)).await? {
                self.jobs
                    .shared
                    .storage
                    .put(&artifact(output, &self.plan.name, file), &draft)
                    .await?;
                // The draft is as large as the archive, which is now in the store.
                fs::remove_file(&draft)?;
            }
        }
        let mut checkpoints = Checkpoints::none(self.plan.checkpoints.clone());
        checkpoints
            .store(&self.job_dir(), &self.jobs.shared.storage, true)
            .await?;
        Ok(())
    }

    /// The `FailureReason` of a failed program: its failure file, or else its last line of output.
    fn algorithm_error(&self, code: i32) -> String {
        let file = fs::read(self.job_dir().below("output/failure")).unwrap_or_default();
        let text = String::from_utf8_lossy(&file);
        let text = match text.trim() {
            "" => format!(
                "the program wrote no failure file; its last output was: {}",
                last_line(&self.job_dir().log())
            ),
            text => text.to_owned(),
        };
        let text: String = text.chars().take(MAX_FAILURE).collect();
        format!("AlgorithmError: {text}, exit code: {code}")
    }
}

/// Waits until the job should stop, and returns the new desired state.
pub(super) async fn stop_requested(desired: &mut watch::Receiver<DesiredState>) -> DesiredState {
    match desired
        .wait_for(|desired| *desired != DesiredState::Run)
        .await
    {
        Ok(desired) => *desired,
        // The sender was dropped together with the server.
        Err(_) => DesiredState::Abandon,
    }
}

/// The last non-empty line of a log.
fn last_line(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or("(nothing)")
        .to_owned()
}
