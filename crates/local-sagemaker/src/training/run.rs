//! One job from its first status to its last: download, run the program, upload.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::Jobs;
use super::checkpoints::Checkpoints;
use super::plan::Plan;
use super::record::{Status, artifact};
use super::tree::Tree;
use crate::archive;
use crate::clock::Stamp;

/// Longer than any job runs.
const FOREVER: Duration = Duration::from_hours(24 * 365);
/// Room for the words around the failure file's text within the 1024 characters of a
/// `FailureReason`.
const LONGEST_FAILURE: usize = 980;

/// What is wanted of a running job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Run to the end.
    Run,
    /// `StopTrainingJob`: end, and keep what there is.
    Stop,
    /// The server ends: end, and stay unfinished.
    Abandon,
}

/// How a job ended.
enum End {
    /// The results are in the store.
    Completed,
    /// Something broke; this is the reason.
    Failed(String),
    /// `StopTrainingJob` was called.
    Stopped,
    /// Its time was up.
    MaxRuntime,
    /// Its time to wait and run was up.
    MaxWait,
    /// Its spot instance was taken away; it begins anew on another.
    Interrupted,
    /// The server ended; the job has not.
    Abandoned,
}

impl End {
    /// Status, secondary status and message of the record's last entry; none for a job that has
    /// not ended.
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

/// How the program ended.
pub(super) enum Exit {
    /// By itself, with this exit code.
    Itself(i32),
    /// Because it was told to stop.
    Stopped,
    /// Because its time was up.
    MaxRuntime,
    /// Because its time to wait and run was up.
    MaxWait,
    /// With its spot instance.
    Interrupted,
    /// With the server.
    Abandoned,
}

/// A job at work.
pub(crate) struct Run {
    /// Told about each step.
    pub(crate) jobs: Arc<Jobs>,
    /// What to do.
    pub(crate) plan: Arc<Plan>,
    /// Whether to go on.
    pub(crate) wish: watch::Receiver<Wish>,
}

impl Run {
    /// Works the job off and writes its end into the record, unless it was abandoned.
    pub(crate) async fn work(mut self) {
        let end = loop {
            match self.stages().await {
                Ok(End::Interrupted) => self.jobs.interrupted(&self.plan.name),
                Ok(end) => break end,
                Err(reason) => break End::Failed(reason),
            }
        };
        // A stop that came too late to stop anything was still asked for, and is answered.
        let end = match end {
            End::Completed if *self.wish.borrow() == Wish::Stop => End::Stopped,
            end => end,
        };
        let Some((status, secondary, message)) = end.entry() else {
            return;
        };
        if status == Status::Completed {
            // The results are in the store; a tree that cannot be removed only takes space.
            let _ = self.tree().clear();
        }
        self.jobs
            .finished(&self.plan.name, status, secondary, &message);
    }

    /// The stages in order; an error is the reason of a failure that is not the program's.
    async fn stages(&mut self) -> Result<End, String> {
        if let Some(end) = self.interrupted() {
            return Ok(end);
        }
        if let Some(end) = self.await_instance().await {
            return Ok(end);
        }
        self.enter("Downloading", "Downloading input data");
        self.download()
            .await
            .map_err(|error| format!("ClientError: Data download failed: {error}"))?;
        if let Some(end) = self.interrupted() {
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
            Exit::Abandoned => return Ok(End::Abandoned),
            Exit::Itself(0) => End::Completed,
            // AWS keeps no model of a failed job either.
            Exit::Itself(code) => return Ok(End::Failed(self.algorithm_error(code))),
            Exit::Interrupted => return Ok(End::Interrupted),
            Exit::Stopped => End::Stopped,
            Exit::MaxRuntime => End::MaxRuntime,
            Exit::MaxWait => End::MaxWait,
        };
        self.enter("Uploading", "Uploading generated training model");
        self.upload()
            .await
            .map_err(|error| format!("ClientError: Artifact upload failed: {error}"))?;
        Ok(end)
    }

    /// Where the job has its files.
    pub(super) fn tree(&self) -> Tree {
        self.jobs.tree(&self.plan.name)
    }

    /// Tells the next secondary status.
    fn enter(&self, secondary: &str, message: &str) {
        self.jobs.entered(&self.plan.name, secondary, message);
    }

    /// Waits for a spot instance, which is there at once unless a fault says otherwise.
    async fn await_instance(&mut self) -> Option<End> {
        let wait = self.jobs.ground.faults.capacity_wait();
        if !self.plan.spot || wait.is_zero() {
            return None;
        }
        let limit = self.wait_left();
        tokio::select! {
            () = sleep(wait) => None,
            () = sleep(limit) => Some(End::MaxWait),
            _ = next_wish(&mut self.wish) => self.interrupted(),
        }
    }

    /// What is left of the time to wait and run.
    pub(super) fn wait_left(&self) -> Duration {
        let (_, created) = self.jobs.history(&self.plan.name);
        let waited = Stamp::now().millis().saturating_sub(created.millis());
        let limit = self.plan.max_wait.unwrap_or(FOREVER);
        limit.saturating_sub(Duration::from_millis(waited))
    }

    /// A wish that came while no program was running.
    fn interrupted(&self) -> Option<End> {
        match *self.wish.borrow() {
            Wish::Run => None,
            Wish::Stop => Some(End::Stopped),
            Wish::Abandon => Some(End::Abandoned),
        }
    }

    /// Lays out the tree and fills the channels.
    async fn download(&self) -> io::Result<()> {
        let (tree, plan) = (self.tree(), self.plan.clone());
        let storage = self.jobs.ground.storage.clone();
        // What was on a machine that is lost is lost, but for what is in the store.
        let lost = self.jobs.history(&self.plan.name).0 > 0;
        blocking(move || {
            if lost {
                tree.lose_checkpoints()?;
            }
            tree.lay_out(&plan)?;
            tree.download(&plan, &storage)
        })
        .await
    }

    /// Packs what the program left and stores it, then its checkpoints.
    async fn upload(&self) -> io::Result<()> {
        let output = &self.plan.output;
        for (folder, file) in [("model", "model.tar.gz"), ("output/data", "output.tar.gz")] {
            let (source, draft) = (self.tree().below(folder), self.tree().draft(file));
            let target = draft.clone();
            // A program that leaves nothing has nothing stored, as on AWS.
            if blocking(move || archive::pack(&source, &target)).await? {
                self.jobs
                    .ground
                    .storage
                    .put(&artifact(output, &self.plan.name, file), &draft)
                    .await?;
                fs::remove_file(&draft)?;
            }
        }
        let mut checkpoints = Checkpoints::none(self.plan.checkpoints.clone());
        checkpoints
            .store(&self.tree(), &self.jobs.ground.storage, true)
            .await?;
        Ok(())
    }

    /// The reason of a program that failed: its failure file, else the last line that it wrote.
    fn algorithm_error(&self, code: i32) -> String {
        let file = fs::read(self.tree().below("output/failure")).unwrap_or_default();
        let text = String::from_utf8_lossy(&file);
        let text = match text.trim() {
            "" => format!(
                "the program wrote no failure file; its last output was: {}",
                last_line(&self.tree().log())
            ),
            text => text.to_owned(),
        };
        let text: String = text.chars().take(LONGEST_FAILURE).collect();
        format!("AlgorithmError: {text}, exit code: {code}")
    }
}

/// The next wish that is not to go on.
pub(super) async fn next_wish(wish: &mut watch::Receiver<Wish>) -> Wish {
    match wish.wait_for(|wish| *wish != Wish::Run).await {
        Ok(wish) => *wish,
        // Nobody is left who could wish for anything: the server is gone.
        Err(_) => Wish::Abandon,
    }
}

/// The last line of a log that is not empty.
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

/// Runs file work off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}
