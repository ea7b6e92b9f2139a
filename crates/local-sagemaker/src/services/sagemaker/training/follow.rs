//! Runs the program of a job: reads its metrics, stores its checkpoints, and stops it on request or at a
//! time limit.

use std::io;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::checkpoints::Checkpoints;
use super::metrics::{Readings, Tail, scan};
use super::run::{DesiredState, Exit, Run, stop_requested};
use crate::faults::Interruption;
use crate::machine::clock::Timestamp;
use crate::machine::log;
use crate::machine::process::{Process, exit_code};
use crate::services::logs::Stream;
use crate::services::sagemaker::resource::Resource;

/// The grace period when the server itself stops. It is short because the next server restarts the job.
const ABANDON_GRACE: Duration = Duration::from_secs(3);
/// Interval at which a running job's log is read for metrics and times.
const LOG_INTERVAL: Duration = Duration::from_millis(200);
/// Number of these intervals between two uploads of checkpoints.
const CHECKPOINT_INTERVALS: u32 = 5;

/// The output of a running program.
struct Monitor {
    /// Its log stream, for recording the times of lines.
    stream: Stream,
    /// A reader of the same log, for metrics.
    tail: Tail,
    /// The latest value of each metric.
    readings: Readings,
    /// The upload state of its checkpoints.
    checkpoints: Checkpoints,
}

/// The reason why a program stops.
enum StopCause {
    /// It exited on its own, with this code.
    Ended(i32),
    /// `MaxRuntimeInSeconds` is exceeded.
    MaxRuntime,
    /// `MaxWaitTimeInSeconds` is exceeded.
    MaxWait,
    /// The spot instance is interrupted.
    Interrupted,
    /// `StopTrainingJob` was called, or the server is stopping.
    Requested(DesiredState),
}

impl Run {
    /// Runs the program until it ends, including its last metrics.
    pub(super) async fn train(&mut self) -> io::Result<Exit> {
        let stream = self.jobs.shared.logs.training(&self.plan.name);
        let log = stream.append()?;
        self.job_dir().link_log(stream.path())?;
        let (target, storage) = (self.plan.checkpoints.clone(), &self.jobs.shared.storage);
        let checkpoints = Checkpoints::restore(target, &self.job_dir(), storage)?;
        let mut process = Process::spawn(self.command(), &log)?;
        self.jobs.set_process(&self.plan.name, process.identity());
        let mut monitor = Monitor {
            tail: Tail::open(stream.path())?,
            stream,
            readings: Readings::new(),
            checkpoints,
        };
        let cause = self.follow(&mut process, &mut monitor).await?;
        let exit = self.end(cause, &mut process).await;
        // A final read: the last lines usually contain the final metrics.
        monitor.stream.close();
        monitor.read(self)?;
        exit
    }

    /// The program with SageMaker's environment.
    fn command(&self) -> Command {
        let record = self.jobs.record(&self.plan.name);
        let (arn, region) = record
            .map(|record| (record.arn(), record.header.region))
            .unwrap_or_default();
        let plan = &self.plan;
        let own = [
            ("TRAINING_JOB_NAME", plan.name.as_str()),
            ("TRAINING_JOB_ARN", &arn),
            ("AWS_REGION", &region),
        ];
        let requested = plan.environment.iter();
        let requested = requested.map(|(name, value)| (name.as_str(), value.as_str()));
        let environment = own.into_iter().chain(requested);
        plan.program
            .command(&plan.arguments, environment, &self.job_dir().opt_ml())
    }

    /// Waits until the program exits or has to be stopped.
    async fn follow(
        &mut self,
        process: &mut Process,
        monitor: &mut Monitor,
    ) -> io::Result<StopCause> {
        let begin = Instant::now();
        let (max_runtime, max_wait) = (begin + self.plan.max_runtime, begin + self.wait_left());
        let interruption = self.interruption();
        let interrupted = match interruption {
            Some(Interruption::After(time)) => begin + time,
            _ => max_wait + self.plan.max_runtime,
        };
        let mut log_interval = interval(LOG_INTERVAL);
        log_interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut checks: u32 = 0;
        loop {
            // If several branches are ready, `select!` picks one at random. That is harmless: the others are
            // still ready in the next iteration, if there is one.
            tokio::select! {
                status = process.wait() => return Ok(StopCause::Ended(exit_code(status?))),
                () = sleep_until(max_runtime) => return Ok(StopCause::MaxRuntime),
                () = sleep_until(max_wait) => return Ok(StopCause::MaxWait),
                () = sleep_until(interrupted) => return Ok(StopCause::Interrupted),
                desired = stop_requested(&mut self.desired) => return Ok(StopCause::Requested(desired)),
                _ = log_interval.tick() => {}
            }
            monitor.stream.record_times();
            monitor.read(self)?;
            checks += 1;
            if checks.is_multiple_of(CHECKPOINT_INTERVALS) {
                let stored = self.store_checkpoints(monitor).await;
                if stored > 0 && interruption == Some(Interruption::Checkpoint) {
                    return Ok(StopCause::Interrupted);
                }
            }
        }
    }

    /// The fault that will interrupt the spot instance, if any.
    fn interruption(&self) -> Option<Interruption> {
        let faults = &self.jobs.shared.faults;
        faults
            .interruption(self.interruptions())
            .filter(|_| self.plan.spot)
    }

    /// Stores the changed checkpoints and returns how many. A failure is logged and retried later.
    async fn store_checkpoints(&self, monitor: &mut Monitor) -> usize {
        let storage = &self.jobs.shared.storage;
        match monitor
            .checkpoints
            .store(&self.job_dir(), storage, false)
            .await
        {
            Ok(count) => count,
            Err(error) => {
                log(&format!(
                    "cannot store checkpoints of {} yet: {error}",
                    self.plan.name
                ));
                0
            }
        }
    }

    /// Stops the program as its cause requires.
    async fn end(&mut self, cause: StopCause, process: &mut Process) -> io::Result<Exit> {
        let grace = self.jobs.shared.stop_grace;
        match cause {
            StopCause::Ended(code) => Ok(Exit::Itself(code)),
            StopCause::MaxRuntime => process.end(grace).await.map(|_| Exit::MaxRuntime),
            StopCause::MaxWait => process.end(grace).await.map(|_| Exit::MaxWait),
            // The instance is gone at once, so there is no SIGTERM.
            StopCause::Interrupted => {
                process.kill();
                process.wait().await.map(|_| Exit::Interrupted)
            }
            StopCause::Requested(DesiredState::Abandon) => {
                process.end(ABANDON_GRACE).await.map(|_| Exit::Abandoned)
            }
            StopCause::Requested(DesiredState::Stop | DesiredState::Run) => {
                stop(process, grace, &mut self.desired).await
            }
        }
    }
}

/// Stops the program. If the server stops meanwhile, the job stays in status `Stopping`, and the next
/// server finishes it.
async fn stop(
    process: &mut Process,
    grace: Duration,
    desired: &mut watch::Receiver<DesiredState>,
) -> io::Result<Exit> {
    tokio::select! {
        status = process.end(grace) => status.map(|_| Exit::Stopped),
        _ = desired.wait_for(|desired| *desired == DesiredState::Abandon) => Ok(Exit::Abandoned),
    }
}

impl Monitor {
    /// Reads the metrics written since the last call.
    fn read(&mut self, run: &Run) -> io::Result<()> {
        let now = Timestamp::now();
        let mut any = false;
        for line in self.tail.lines()? {
            for (name, value) in scan(&line, &run.plan.metrics, now, &mut self.readings) {
                run.jobs
                    .shared
                    .metrics
                    .record_training_metric(&run.plan.name, name, value, now);
                any = true;
            }
        }
        if any {
            run.jobs.set_metrics(&run.plan.name, &self.readings);
        }
        Ok(())
    }
}
