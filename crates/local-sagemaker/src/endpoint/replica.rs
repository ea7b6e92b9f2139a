//! One serving process: started until it answers `/ping`, watched, started again when it
//! crashes.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};

use super::proxy::Proxy;
use super::variant::Variant;
use crate::archive;
use crate::log;
use crate::logs::Stream;
use crate::names::S3Uri;
use crate::process::{Identity, Process, exit_code};
use crate::s3::Storage;
use crate::training::blocking;

/// SageMaker waits this long between SIGTERM and SIGKILL.
const STOP_GRACE: Duration = Duration::from_secs(30);
/// A `/ping` must be answered within this time.
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// Between two attempts to ping.
const PING_INTERVAL: Duration = Duration::from_millis(100);
/// How often the log of a program is looked at, for the times of its lines.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// The longest pause before a crashed program is started again; the pauses double from the
/// ping's interval.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How many lines of its log a failure quotes.
const QUOTED_LINES: usize = 5;
/// How much of each line, so that all of them fit into a `FailureReason`.
const QUOTED_CHARACTERS: usize = 140;

/// What a serving process is started from.
pub(crate) struct Blueprint {
    /// The variant and its model.
    pub(crate) variant: Variant,
    /// The program of the image.
    pub(crate) program: PathBuf,
    /// The variant's folder, with `opt/ml` in it.
    pub(crate) folder: PathBuf,
    /// Both outputs of the program.
    pub(crate) stream: Stream,
    /// The store that holds the model's data.
    pub(crate) storage: Storage,
    /// Told about each process that is started, so that a killed server's can be ended.
    pub(crate) started: Box<dyn Fn(Option<Identity>) + Send + Sync>,
}

/// A serving process under supervision; it ends when this is dropped.
pub(crate) struct Replica {
    /// Where the program listens; `None` while it is being started again.
    port: watch::Receiver<Option<u16>>,
    /// Set, or dropped, to end it.
    stop: watch::Sender<bool>,
    /// Told when the program is to be killed, as a fault.
    crash: Arc<Notify>,
}

impl Replica {
    /// Starts the program and waits until it answers `/ping`; the error is the endpoint's
    /// `FailureReason`.
    pub(crate) async fn start(blueprint: Blueprint, proxy: Proxy) -> Result<Self, String> {
        blueprint.unpack().await?;
        let blueprint = Arc::new(blueprint);
        let running = blueprint.launch(&proxy).await?;
        let (port_sender, port) = watch::channel(Some(running.port));
        let (stop, stopped) = watch::channel(false);
        let crash = Arc::new(Notify::new());
        let supervisor = Supervisor {
            blueprint,
            proxy,
            port: port_sender,
            stopped,
            crash: crash.clone(),
        };
        tokio::spawn(supervisor.run(running));
        Ok(Self { port, stop, crash })
    }

    /// Whether the program is there to answer.
    pub(crate) fn is_ready(&self) -> bool {
        self.port.borrow().is_some()
    }

    /// Kills the program; its supervisor starts it again.
    pub(crate) fn crash(&self) {
        self.crash.notify_one();
    }

    /// Where the program listens; waits up to `patience` for one that is being started again.
    pub(crate) async fn port_within(&self, patience: Duration) -> Option<u16> {
        let mut port = self.port.clone();
        let found = timeout(patience, port.wait_for(Option::is_some))
            .await
            .ok()?
            .ok()?;
        *found
    }

    /// Asks the program to end, the way a container is stopped.
    pub(crate) fn stop(&self) {
        let _ = self.stop.send(true);
    }

    /// Waits until the program has ended: its supervisor listens for nothing any more.
    pub(crate) async fn stopped(&self) {
        self.stop.closed().await;
    }
}

/// A program that has answered `/ping`.
struct Running {
    /// The process.
    process: Process,
    /// Where it listens.
    port: u16,
}

/// What keeps a program running.
struct Supervisor {
    /// What it is started from.
    blueprint: Arc<Blueprint>,
    /// What its `/ping` is asked with.
    proxy: Proxy,
    /// Told where it listens.
    port: watch::Sender<Option<u16>>,
    /// Whether it is to end.
    stopped: watch::Receiver<bool>,
    /// Whether it is to be killed.
    crash: Arc<Notify>,
}

impl Supervisor {
    /// Starts the program again whenever it ends by itself, until it is to stop.
    async fn run(mut self, mut running: Running) {
        while let Some(code) = self.watch(&mut running).await {
            let variant = &self.blueprint.variant.name;
            log::line(&format!(
                "variant {variant} ended with exit code {code}; it is started again"
            ));
            let _ = self.port.send(None);
            self.blueprint.stream.close();
            running = tokio::select! {
                () = asked(&mut self.stopped) => return,
                again = self.blueprint.relaunch(&self.proxy) => again,
            };
            let _ = self.port.send(Some(running.port));
        }
        let _ = running.process.end(STOP_GRACE).await;
        self.blueprint.stream.close();
        (self.blueprint.started)(None);
    }

    /// The exit code of a program that has ended by itself; none when it is to stop.
    async fn watch(&mut self, running: &mut Running) -> Option<i32> {
        loop {
            tokio::select! {
                () = asked(&mut self.stopped) => return None,
                () = self.crash.notified() => running.process.kill(),
                status = running.process.wait() => {
                    return Some(status.map(exit_code).unwrap_or_default());
                }
                () = sleep(LOOK_INTERVAL) => self.blueprint.stream.look(),
            }
        }
    }
}

/// Returns once the replica is to stop, or is dropped.
async fn asked(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

impl Blueprint {
    /// Unpacks the model's data, unless an earlier start of this very deployment has.
    pub(crate) async fn unpack(&self) -> Result<(), String> {
        let model = self.folder.join("opt/ml/model");
        if model.is_dir() {
            return Ok(());
        }
        let made = model.parent().map_or(Ok(()), fs::create_dir_all);
        made.map_err(|error| {
            format!(
                "InternalServerError: cannot make {}: {error}",
                model.display()
            )
        })?;
        let Some(url) = &self.variant.container.data else {
            return fs::create_dir(&model).map_err(|error| format!("InternalServerError: {error}"));
        };
        let file = S3Uri::parse(url).and_then(|uri| self.storage.object(&uri));
        let file = file.ok_or_else(|| {
            format!(
                "Failed to download model data for container \"container_1\" from URL: \"{url}\"."
            )
        })?;
        // A server that is killed while unpacking leaves a draft, and the next one begins anew.
        let (draft, target) = (self.folder.join("opt/ml/model.draft"), model);
        let unpacked = blocking(move || {
            let _ = fs::remove_dir_all(&draft);
            fs::create_dir_all(&draft)?;
            archive::unpack(&file, &draft)?;
            fs::rename(&draft, &target)
        });
        unpacked.await.map_err(|error| {
            format!(
                "Failed to extract model data archive for container \"container_1\" from URL \"{url}\". \
                 Please ensure that the object located at the URL is a valid tar.gz archive. ({error})"
            )
        })
    }

    /// Starts the program and waits for its first `/ping`.
    async fn launch(&self, proxy: &Proxy) -> Result<Running, String> {
        let log_start = fs::metadata(self.stream.path()).map_or(0, |log| log.len() as usize);
        let port = free_port()
            .map_err(|error| format!("InternalServerError: no port is free: {error}"))?;
        let mut process = self.spawn(port).map_err(|error| {
            format!("InternalServerError: the program could not be run: {error}")
        })?;
        (self.started)(process.identity());
        let deadline = Instant::now() + self.variant.startup();
        loop {
            let last = tokio::select! {
                status = process.wait() => {
                    let code = status.map(exit_code).unwrap_or_default();
                    self.stream.close();
                    return Err(self.failed_ping(log_start, &format!("The program ended with exit code {code} before it answered.")));
                }
                answer = timeout(PING_TIMEOUT, proxy.ping(port)) => match answer {
                    Ok(Ok(())) => return Ok(Running { process, port }),
                    Ok(Err(why)) => why,
                    Err(_) => "no answer within 2 seconds".to_owned(),
                },
            };
            self.stream.look();
            // Checked after the ping: a slow machine gets its answer looked at.
            if Instant::now() > deadline {
                return Err(self.failed_ping(log_start, &format!("The last /ping: {last}.")));
            }
            sleep(PING_INTERVAL).await;
        }
    }

    /// Starts a crashed program again, for as long as it takes.
    async fn relaunch(&self, proxy: &Proxy) -> Running {
        let mut pause = PING_INTERVAL;
        loop {
            sleep(pause).await;
            match self.launch(proxy).await {
                Ok(running) => return running,
                Err(reason) => log::line(&reason),
            }
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Starts the program with SageMaker's environment; what belongs to the server comes last.
    fn spawn(&self, port: u16) -> io::Result<Process> {
        let log = self.stream.append()?;
        let opt_ml = self.folder.join("opt/ml");
        let mut command = Command::new(&self.program);
        command
            .arg("serve")
            .current_dir(&opt_ml)
            .envs(&self.variant.container.environment)
            .env("FIRE_OPT_ML", &opt_ml)
            .env("SAGEMAKER_BIND_TO_PORT", port.to_string())
            // Nobody is denied anything here, so a model answers to this machine alone.
            .env("FIRE_BIND_ADDRESS", Ipv4Addr::LOCALHOST.to_string());
        Process::spawn(command, &log)
    }

    /// AWS's words, and what it would take a look into CloudWatch to know.
    fn failed_ping(&self, log_start: usize, detail: &str) -> String {
        let text = fs::read(self.stream.path()).unwrap_or_default();
        // What earlier programs of this endpoint wrote would lead astray.
        let text = String::from_utf8_lossy(text.get(log_start..).unwrap_or_default());
        let mut lines: Vec<String> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .rev()
            .take(QUOTED_LINES)
            .map(|line| line.chars().take(QUOTED_CHARACTERS).collect())
            .collect();
        // They were taken from the end.
        lines.reverse();
        format!(
            "The primary container for production variant {} did not pass the ping health check. \
             Please check CloudWatch logs for this endpoint. {detail} The log ends: {}",
            self.variant.name,
            if lines.is_empty() {
                "(nothing)".to_owned()
            } else {
                lines.join(" | ")
            }
        )
    }
}

/// A port that was free a moment ago. Another process may take it in between; the program then
/// ends and is named.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;
    use crate::logs::Logs;
    use crate::store::locked;

    /// Whether a process was started or has ended, in order.
    type Started = Arc<Mutex<Vec<bool>>>;

    /// A variant whose program behaves as told and has some seconds to answer.
    fn blueprint(dir: &Path, behaviour: &str, seconds: u64, started: Started) -> Blueprint {
        let variant = json!({
            "name": "AllTraffic",
            "weight": 1.0,
            "container": {"image": "i", "data": null, "environment": {"BEHAVIOUR": behaviour}},
            "instances": 1,
            "serverless": null,
            "startup_seconds": seconds,
        });
        Blueprint {
            variant: serde_json::from_value(variant).unwrap(),
            program: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/container.py"),
            folder: dir.join("variant"),
            stream: Logs::new(dir).serving("e", "AllTraffic", "i-0"),
            storage: Storage::open(dir.join("s3")).unwrap(),
            started: Box::new(move |identity| locked(&started).push(identity.is_some())),
        }
    }

    #[tokio::test]
    async fn a_container_that_stays_unwell_fails_with_its_last_answer_and_log() {
        let dir = tempfile::tempdir().unwrap();
        let blueprint = blueprint(dir.path(), "unwell", 2, Arc::default());
        let reason = Replica::start(blueprint, Proxy::new()).await.err().unwrap();
        assert!(
            reason.contains("AllTraffic did not pass the ping health check"),
            "{reason}"
        );
        assert!(reason.contains("The last /ping: status 500"), "{reason}");
        assert!(
            reason.ends_with("The log ends: the container starts"),
            "{reason}"
        );
    }

    #[tokio::test]
    async fn a_replica_listens_until_it_is_stopped_and_tells_of_its_processes() {
        let dir = tempfile::tempdir().unwrap();
        let started = Started::default();
        let blueprint = blueprint(dir.path(), "well", 60, started.clone());
        let proxy = Proxy::new();
        let replica = Replica::start(blueprint, proxy.clone()).await.unwrap();
        let port = replica.port_within(Duration::ZERO).await.unwrap();
        assert!(proxy.ping(port).await.is_ok());
        replica.stop();
        replica.stopped().await;
        assert_eq!(
            proxy.ping(port).await.unwrap_err(),
            "nothing listens on the port"
        );
        assert_eq!(*locked(&started), [true, false]);
    }
}
