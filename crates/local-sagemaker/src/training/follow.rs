//! The program of a job, from its start to its end: read for metrics, its checkpoints stored, and
//! ended when it must be.

use std::io;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::checkpoints::Checkpoints;
use super::metrics::{Readings, Tail, scan};
use super::run::{Exit, Run, Wish, next_wish};
use crate::clock::Stamp;
use crate::faults::Interruption;
use crate::log;
use crate::logs::Stream;
use crate::process::{Process, exit_code};

/// The grace when the server itself ends: the job begins anew at the next start, so nothing is
/// worth waiting for.
const ABANDON_GRACE: Duration = Duration::from_secs(3);
/// How often a running job's log is read for metrics and times.
const LOG_INTERVAL: Duration = Duration::from_millis(200);
/// In how many of these its checkpoints are stored.
const CHECKPOINT_TURNS: u32 = 5;

/// What is watched of a program.
struct Watched {
    /// Its log, for the times of its lines.
    stream: Stream,
    /// The same, for metrics.
    tail: Tail,
    /// The latest value of each metric.
    readings: Readings,
    /// What is in the store of its checkpoints.
    checkpoints: Checkpoints,
}

/// Why a program is ended.
enum Turn {
    /// It has ended by itself, with this exit code.
    Ended(i32),
    /// Its time is up.
    MaxRuntime,
    /// Its time to wait and run is up.
    MaxWait,
    /// Its instance is taken away.
    Interrupted,
    /// It is to stop, or the server ends.
    Wished(Wish),
}

impl Run {
    /// Runs the program to its end and reads the last of its metrics.
    pub(super) async fn train(&mut self) -> io::Result<Exit> {
        let stream = self.jobs.ground.logs.training(&self.plan.name);
        let log = stream.append()?;
        self.tree().link_log(stream.path())?;
        let (target, storage) = (self.plan.checkpoints.clone(), &self.jobs.ground.storage);
        let checkpoints = Checkpoints::restored(target, &self.tree(), storage)?;
        let mut process = Process::spawn(self.command(), &log)?;
        self.jobs.runs(&self.plan.name, process.identity());
        let mut watched = Watched {
            tail: Tail::open(stream.path())?,
            stream,
            readings: Readings::new(),
            checkpoints,
        };
        let turn = self.follow(&mut process, &mut watched).await?;
        let exit = self.end(turn, &mut process).await;
        // Metrics are read once more after the end: the last lines matter most.
        watched.stream.close();
        watched.read(self)?;
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
    async fn follow(&mut self, process: &mut Process, watched: &mut Watched) -> io::Result<Turn> {
        let begin = Instant::now();
        let (max_runtime, max_wait) = (begin + self.plan.max_runtime, begin + self.wait_left());
        let interruption = self.interruption();
        let taken_away = match interruption {
            Some(Interruption::After(time)) => begin + time,
            _ => max_wait + self.plan.max_runtime,
        };
        let mut turns = interval(LOG_INTERVAL);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut turn: u32 = 0;
        loop {
            tokio::select! {
                status = process.wait() => return Ok(Turn::Ended(exit_code(status?))),
                () = sleep_until(max_runtime) => return Ok(Turn::MaxRuntime),
                () = sleep_until(max_wait) => return Ok(Turn::MaxWait),
                () = sleep_until(taken_away) => return Ok(Turn::Interrupted),
                wish = next_wish(&mut self.wish) => return Ok(Turn::Wished(wish)),
                _ = turns.tick() => {}
            }
            watched.stream.look();
            watched.read(self)?;
            turn += 1;
            if turn.is_multiple_of(CHECKPOINT_TURNS) {
                let stored = self.store_checkpoints(watched).await;
                if stored > 0 && interruption == Some(Interruption::Checkpoint) {
                    return Ok(Turn::Interrupted);
                }
            }
        }
    }

    /// What will take the instance away, if anything does.
    fn interruption(&self) -> Option<Interruption> {
        let (before, _) = self.jobs.history(&self.plan.name);
        let faults = &self.jobs.ground.faults;
        faults.interruption(before).filter(|_| self.plan.spot)
    }

    /// Stores what has changed. A store that cannot be written to is told of and tried again.
    async fn store_checkpoints(&self, watched: &mut Watched) -> usize {
        let storage = &self.jobs.ground.storage;
        match watched
            .checkpoints
            .store(&self.tree(), storage, false)
            .await
        {
            Ok(count) => count,
            Err(error) => {
                log::line(&format!(
                    "checkpoints of {} are not stored yet: {error}",
                    self.plan.name
                ));
                0
            }
        }
    }

    /// Ends the program as it must be ended.
    async fn end(&mut self, turn: Turn, process: &mut Process) -> io::Result<Exit> {
        let grace = self.jobs.ground.stop_grace;
        match turn {
            Turn::Ended(code) => Ok(Exit::Itself(code)),
            Turn::MaxRuntime => process.end(grace).await.map(|_| Exit::MaxRuntime),
            Turn::MaxWait => process.end(grace).await.map(|_| Exit::MaxWait),
            // The machine is gone: nobody has the time to say goodbye.
            Turn::Interrupted => {
                process.kill();
                process.wait().await.map(|_| Exit::Interrupted)
            }
            Turn::Wished(Wish::Abandon) => {
                process.end(ABANDON_GRACE).await.map(|_| Exit::Abandoned)
            }
            Turn::Wished(Wish::Stop | Wish::Run) => stop(process, grace, &mut self.wish).await,
        }
    }
}

/// Stops the program; if the server ends meanwhile, the stop stays asked for.
async fn stop(
    process: &mut Process,
    grace: Duration,
    wish: &mut watch::Receiver<Wish>,
) -> io::Result<Exit> {
    tokio::select! {
        status = process.end(grace) => status.map(|_| Exit::Stopped),
        _ = wish.wait_for(|wish| *wish == Wish::Abandon) => Ok(Exit::Abandoned),
    }
}

impl Watched {
    /// Reads what was written since the last call.
    fn read(&mut self, run: &Run) -> io::Result<()> {
        let now = Stamp::now();
        let mut any = false;
        for line in self.tail.lines()? {
            for (name, value) in scan(&line, &run.plan.metrics, now, &mut self.readings) {
                run.jobs
                    .ground
                    .metrics
                    .training(&run.plan.name, name, value, now);
                any = true;
            }
        }
        if any {
            run.jobs.measured(&run.plan.name, &self.readings);
        }
        Ok(())
    }
}
