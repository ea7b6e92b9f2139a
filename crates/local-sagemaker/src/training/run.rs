//! One job from its first status to its last: download, run the program, upload.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::Jobs;
use super::metrics::{Readings, Tail, scan};
use super::plan::Plan;
use super::record::{Status, artifact};
use super::tree::Tree;
use crate::archive;
use crate::clock::Stamp;
use crate::names::S3Uri;
use crate::process::{Process, exit_code};

/// SageMaker's `docker stop -t 120`.
const STOP_GRACE: Duration = Duration::from_mins(2);
/// The grace when the server itself ends: the job begins anew at the next start, so nothing is
/// worth waiting for.
const ABANDON_GRACE: Duration = Duration::from_secs(3);
/// How often a running job's log is read for metrics.
const LOG_INTERVAL: Duration = Duration::from_millis(200);
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
    /// The server ended; the job has not.
    Abandoned,
}

impl End {
    /// Status, secondary status and message of the record's last entry; none for a job that has
    /// not ended.
    fn entry(self) -> Option<(Status, &'static str, String)> {
        let (status, secondary, message) = match self {
            Self::Abandoned => return None,
            Self::Failed(reason) => return Some((Status::Failed, "Failed", reason)),
            Self::Completed => (Status::Completed, "Completed", "Training job completed"),
            Self::Stopped => (Status::Stopped, "Stopped", "Training job stopped"),
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
enum Exit {
    /// By itself, with this exit code.
    Itself(i32),
    /// Because it was told to stop.
    Stopped,
    /// Because its time was up.
    MaxRuntime,
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
        let end = match self.stages().await {
            Ok(end) => end,
            Err(reason) => End::Failed(reason),
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
            Exit::Stopped => End::Stopped,
            Exit::MaxRuntime => End::MaxRuntime,
        };
        self.enter("Uploading", "Uploading generated training model");
        self.upload()
            .await
            .map_err(|error| format!("ClientError: Artifact upload failed: {error}"))?;
        Ok(end)
    }

    /// Where the job has its files.
    fn tree(&self) -> Tree {
        self.jobs.tree(&self.plan.name)
    }

    /// Tells the next secondary status.
    fn enter(&self, secondary: &str, message: &str) {
        self.jobs.entered(&self.plan.name, secondary, message);
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
        let (tree, plan, storage) = (self.tree(), self.plan.clone(), self.jobs.storage.clone());
        blocking(move || {
            tree.lay_out(&plan)?;
            tree.download(&plan, &storage)
        })
        .await
    }

    /// Runs the program to its end and reads the last of its metrics.
    async fn train(&mut self) -> io::Result<Exit> {
        let log = File::options().append(true).open(self.tree().log())?;
        let mut process = Process::spawn(self.command(), &log)?;
        self.jobs.runs(&self.plan.name, process.identity());
        let mut watch = Watch {
            tail: Tail::open(&self.tree().log())?,
            readings: Readings::new(),
        };
        // Metrics are read once more after the end: the last lines matter most.
        let exit = self.follow(&mut process, &mut watch).await;
        watch.read(self, true)?;
        exit
    }

    /// The program with SageMaker's environment. `FIRE_OPT_ML` comes last: a job cannot name
    /// another tree.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.plan.program);
        command
            .arg("train")
            .current_dir(self.tree().opt_ml())
            .env("TRAINING_JOB_NAME", &self.plan.name)
            .env("TRAINING_JOB_ARN", self.jobs.arn(&self.plan.name))
            .env("AWS_REGION", self.jobs.region(&self.plan.name))
            .envs(&self.plan.environment)
            .env("FIRE_OPT_ML", self.tree().opt_ml());
        command
    }

    /// Until the program ends, by itself or because it must.
    async fn follow(&mut self, process: &mut Process, watch: &mut Watch) -> io::Result<Exit> {
        let mut deadline: Pin<Box<Sleep>> =
            Box::pin(sleep_until(Instant::now() + self.plan.max_runtime));
        loop {
            tokio::select! {
                status = process.wait() => return Ok(Exit::Itself(exit_code(status?))),
                () = &mut deadline => {
                    process.end(STOP_GRACE).await?;
                    return Ok(Exit::MaxRuntime);
                }
                wish = next_wish(&mut self.wish) => match wish {
                    Wish::Abandon => {
                        process.end(ABANDON_GRACE).await?;
                        return Ok(Exit::Abandoned);
                    }
                    Wish::Stop | Wish::Run => return self.stop(process).await,
                },
                () = sleep(LOG_INTERVAL) => watch.read(self, false)?,
            }
        }
    }

    /// Stops the program; if the server ends meanwhile, the stop stays asked for.
    async fn stop(&mut self, process: &mut Process) -> io::Result<Exit> {
        tokio::select! {
            status = process.end(STOP_GRACE) => status.map(|_| Exit::Stopped),
            _ = self.wish.wait_for(|wish| *wish == Wish::Abandon) => Ok(Exit::Abandoned),
        }
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
                    .storage
                    .put(&artifact(output, &self.plan.name, file), &draft)
                    .await?;
                fs::remove_file(&draft)?;
            }
        }
        match &self.plan.checkpoints {
            Some(target) => self.save_checkpoints(target).await,
            None => Ok(()),
        }
    }

    /// Stores the checkpoints one by one, uncompressed.
    async fn save_checkpoints(&self, target: &S3Uri) -> io::Result<()> {
        for (path, file) in self.tree().checkpoints()? {
            self.jobs.storage.put(&target.below(&path), &file).await?;
        }
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

/// The program's output so far.
struct Watch {
    /// The log.
    tail: Tail,
    /// The latest value of each metric.
    readings: Readings,
}

impl Watch {
    /// Reads what was written since the last call; at the `end`, also a last line without a
    /// line break.
    fn read(&mut self, run: &Run, end: bool) -> io::Result<()> {
        let mut lines = self.tail.lines()?;
        lines.extend(end.then(|| self.tail.rest()).flatten());
        let now = Stamp::now();
        let found = lines
            .iter()
            .filter(|line| scan(line, &run.plan.metrics, now, &mut self.readings))
            .count();
        if found > 0 {
            run.jobs.measured(&run.plan.name, &self.readings);
        }
        Ok(())
    }
}

/// The next wish that is not to go on.
async fn next_wish(wish: &mut watch::Receiver<Wish>) -> Wish {
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
