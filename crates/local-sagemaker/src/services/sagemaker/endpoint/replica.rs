//! One serving process: started and awaited until it answers `/ping`, supervised, and restarted when it
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
use crate::machine::archive;
use crate::machine::process::{Process, ProcessId, exit_code};
use crate::machine::{blocking, log};
use crate::protocol::names::S3Uri;
use crate::services::logs::Stream;
use crate::services::s3::Storage;

/// Time between SIGTERM and SIGKILL, as in SageMaker.
const STOP_GRACE: Duration = Duration::from_secs(30);
/// How long a `/ping` may take.
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause between two pings.
const PING_INTERVAL: Duration = Duration::from_millis(100);
/// How often the times of a program's log lines are recorded.
const TIMES_INTERVAL: Duration = Duration::from_millis(200);
/// The longest pause before a crashed program is restarted; pauses start at the ping's interval and
/// double.
const MAX_PAUSE: Duration = Duration::from_secs(10);
/// Number of log lines that a failure quotes.
const QUOTED_LINES: usize = 5;
/// Maximum characters of each line, so that all of them fit into a `FailureReason`.
const QUOTED_CHARACTERS: usize = 140;

/// What a serving process is started from.
pub(crate) struct LaunchSpec {
    /// The variant and its model.
    pub(crate) variant: Variant,
    /// The program that runs for the image.
    pub(crate) program: PathBuf,
    /// The variant's folder, which contains `opt/ml`.
    pub(crate) folder: PathBuf,
    /// The log stream for the program's output.
    pub(crate) stream: Stream,
    /// The store that holds the model's data.
    pub(crate) storage: Storage,
    /// Called when a process starts and when it ends, so that a killed server's can be found.
    pub(crate) on_process: Box<dyn Fn(Option<ProcessId>) + Send + Sync>,
}

/// A supervised serving process; dropping it stops the process.
pub(crate) struct Replica {
    /// The port of the program; `None` while it restarts.
    port: watch::Receiver<Option<u16>>,
    /// Setting or dropping it stops the program.
    stop: watch::Sender<bool>,
    /// Makes the program crash, as a fault.
    crash: Arc<Notify>,
}

impl Replica {
    /// Starts the program and waits until it answers `/ping`; the error becomes the endpoint's
    /// `FailureReason`.
    pub(crate) async fn start(spec: LaunchSpec, proxy: Proxy) -> Result<Self, String> {
        spec.unpack().await?;
        let spec = Arc::new(spec);
        let running = spec.launch(&proxy).await?;
        let (port_sender, port) = watch::channel(Some(running.port));
        let (stop, stopped) = watch::channel(false);
        let crash = Arc::new(Notify::new());
        let supervisor = Supervisor {
            spec,
            proxy,
            port: port_sender,
            stopped,
            crash: crash.clone(),
        };
        tokio::spawn(supervisor.run(running));
        Ok(Self { port, stop, crash })
    }

    /// Whether the program can answer now.
    pub(crate) fn is_ready(&self) -> bool {
        self.port.borrow().is_some()
    }

    /// Kills the program; its supervisor restarts it.
    pub(crate) fn crash(&self) {
        self.crash.notify_one();
    }

    /// The port of the program; waits up to `limit` for one that is restarting.
    pub(crate) async fn port_within(&self, limit: Duration) -> Option<u16> {
        let mut port = self.port.clone();
        let found = timeout(limit, port.wait_for(Option::is_some))
            .await
            .ok()?
            .ok()?;
        *found
    }

    /// Asks the program to stop, the way a container is stopped.
    pub(crate) fn stop(&self) {
        let _ = self.stop.send(true);
    }

    /// Waits until the program has stopped, which is when its supervisor drops its receiver.
    pub(crate) async fn wait_until_stopped(&self) {
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

/// Keeps a program running.
struct Supervisor {
    /// What it is started from.
    spec: Arc<LaunchSpec>,
    /// Sends its pings.
    proxy: Proxy,
    /// Publishes its port.
    port: watch::Sender<Option<u16>>,
    /// Whether to stop.
    stopped: watch::Receiver<bool>,
    /// Whether to crash.
    crash: Arc<Notify>,
}

impl Supervisor {
    /// Restarts the program whenever it ends by itself, until it is told to stop.
    async fn run(mut self, mut running: Running) {
        while let Some(code) = self.watch(&mut running).await {
            let variant = &self.spec.variant.name;
            log(&format!(
                "variant {variant} exited with code {code}; restarting it"
            ));
            // Requests wait for the next port from now on, instead of failing.
            let _ = self.port.send(None);
            self.spec.stream.close();
            running = tokio::select! {
                () = stop_requested(&mut self.stopped) => return,
                again = self.spec.relaunch(&self.proxy) => again,
            };
            let _ = self.port.send(Some(running.port));
        }
        let _ = running.process.end(STOP_GRACE).await;
        self.spec.stream.close();
        (self.spec.on_process)(None);
    }

    /// Waits for the program to end by itself, and returns its exit code; `None` if it is told to stop.
    async fn watch(&mut self, running: &mut Running) -> Option<i32> {
        loop {
            tokio::select! {
                () = stop_requested(&mut self.stopped) => return None,
                () = self.crash.notified() => running.process.kill(),
                status = running.process.wait() => {
                    return Some(status.map(exit_code).unwrap_or_default());
                }
                () = sleep(TIMES_INTERVAL) => self.spec.stream.record_times(),
            }
        }
    }
}

/// Returns once the replica is stopped or dropped.
async fn stop_requested(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

impl LaunchSpec {
    /// Unpacks the model's data, unless an earlier start of this deployment has done so.
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
        // A server that is killed while unpacking leaves a draft; the next one starts over.
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

    /// Starts the program and waits until it answers `/ping`.
    async fn launch(&self, proxy: &Proxy) -> Result<Running, String> {
        let log_start = fs::metadata(self.stream.path()).map_or(0, |log| log.len() as usize);
        let port = free_port()
            .map_err(|error| format!("InternalServerError: no port is free: {error}"))?;
        let mut process = self.spawn(port).map_err(|error| {
            format!("InternalServerError: the program could not be run: {error}")
        })?;
        // Before the first ping: a server that is killed from now on must not leave an unknown process.
        (self.on_process)(process.identity());
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
            self.stream.record_times();
            // Checked after the ping, so that on a slow machine the last answer still counts.
            if Instant::now() > deadline {
                return Err(self.failed_ping(log_start, &format!("The last /ping: {last}.")));
            }
            sleep(PING_INTERVAL).await;
        }
    }

    /// Restarts a crashed program, trying until it succeeds.
    async fn relaunch(&self, proxy: &Proxy) -> Running {
        let mut pause = PING_INTERVAL;
        loop {
            sleep(pause).await;
            match self.launch(proxy).await {
                Ok(running) => return running,
                Err(reason) => log(&reason),
            }
            pause = MAX_PAUSE.min(pause * 2);
        }
    }

    /// Starts the program with SageMaker's environment; the server's own variables come last.
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
            // There is no access control, so a model must answer to this machine only.
            .env("FIRE_BIND_ADDRESS", Ipv4Addr::LOCALHOST.to_string());
        Process::spawn(command, &log)
    }

    /// AWS's message, with the details for which its users look into CloudWatch.
    fn failed_ping(&self, log_start: usize, detail: &str) -> String {
        let text = fs::read(self.stream.path()).unwrap_or_default();
        // What earlier programs of this endpoint wrote would be misleading.
        let text = String::from_utf8_lossy(text.get(log_start..).unwrap_or_default());
        let mut lines: Vec<String> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .rev()
            .take(QUOTED_LINES)
            .map(|line| line.chars().take(QUOTED_CHARACTERS).collect())
            .collect();
        // They were collected from the end.
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

/// A port that was free a moment ago. If another process takes it first, the program exits and the
/// error says so.
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
    use crate::machine::table::lock;
    use crate::services::logs::Logs;

    /// For each event in order: true if a process started, false if it ended.
    type Started = Arc<Mutex<Vec<bool>>>;

    /// A variant whose program behaves as told and has this many seconds to answer.
    fn spec(dir: &Path, behaviour: &str, seconds: u64, started: Started) -> LaunchSpec {
        let variant = json!({
            "name": "AllTraffic",
            "weight": 1.0,
            "container": {"image": "i", "data": null, "environment": {"BEHAVIOUR": behaviour}},
            "instances": 1,
            "serverless": null,
            "startup_seconds": seconds,
        });
        LaunchSpec {
            variant: serde_json::from_value(variant).unwrap(),
            program: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/container.py"),
            folder: dir.join("variant"),
            stream: Logs::new(dir).serving("e", "AllTraffic", "i-0"),
            storage: Storage::open(dir.join("s3")).unwrap(),
            on_process: Box::new(move |identity| lock(&started).push(identity.is_some())),
        }
    }

    #[tokio::test]
    async fn an_unhealthy_container_fails_with_its_last_response_and_log() {
        let dir = tempfile::tempdir().unwrap();
        let spec = spec(dir.path(), "unwell", 2, Arc::default());
        let reason = Replica::start(spec, Proxy::new()).await.err().unwrap();
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
    async fn a_replica_listens_until_it_is_stopped_and_reports_its_processes() {
        let dir = tempfile::tempdir().unwrap();
        let started = Started::default();
        let spec = spec(dir.path(), "well", 60, started.clone());
        let proxy = Proxy::new();
        let replica = Replica::start(spec, proxy.clone()).await.unwrap();
        let port = replica.port_within(Duration::ZERO).await.unwrap();
        assert!(proxy.ping(port).await.is_ok());
        replica.stop();
        replica.wait_until_stopped().await;
        assert_eq!(
            proxy.ping(port).await.unwrap_err(),
            "nothing listens on the port"
        );
        assert_eq!(*lock(&started), [true, false]);
    }
}
