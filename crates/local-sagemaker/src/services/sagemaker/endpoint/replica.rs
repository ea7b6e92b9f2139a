//! One serving container, which is a local process: started, supervised, and restarted if it exits.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};

use super::proxy::Proxy;
use super::variant::Variant;
use crate::machine::archive;
use crate::machine::process::{Process, ProcessId, exit_code};
use crate::machine::{blocking, log};
use crate::protocol::names::S3Uri;
use crate::services::images::Program;
use crate::services::logs::Stream;
use crate::services::s3::Storage;
use crate::services::sagemaker::model::DataFormat;

/// Time between SIGTERM and SIGKILL, as in SageMaker.
const STOP_GRACE: Duration = Duration::from_secs(30);
/// Ports that a start tries, if other processes keep taking them first.
const PORT_ATTEMPTS: u32 = 3;
/// Maximum duration of one `/ping`.
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause between two pings.
const PING_INTERVAL: Duration = Duration::from_millis(100);
/// How often the times of new log lines are recorded.
const TIMES_INTERVAL: Duration = Duration::from_millis(200);
/// The longest pause before a restart; pauses start at `PING_INTERVAL` and double with each attempt.
const MAX_PAUSE: Duration = Duration::from_secs(10);
/// Maximum number of log lines quoted in a `FailureReason`.
const QUOTED_LINES: usize = 5;
/// Maximum length of each quoted line in characters, so that all of them fit.
const QUOTED_CHARACTERS: usize = 140;

/// Everything needed to start a container.
pub(crate) struct LaunchSpec {
    /// The variant and its model.
    pub(crate) variant: Variant,
    /// The local program to run for the image.
    pub(crate) program: Program,
    /// The variant's folder, which contains `opt/ml`.
    pub(crate) folder: PathBuf,
    /// The log stream for the container's output.
    pub(crate) stream: Stream,
    /// The store that holds the model's data.
    pub(crate) storage: Storage,
    /// Called when a process starts and when it ends; the record lets the next server find orphans.
    pub(crate) on_process: Box<dyn Fn(Option<ProcessId>) + Send + Sync>,
}

/// A supervised container; dropping it stops the container.
pub(crate) struct Replica {
    /// The container's port; `None` while it restarts.
    port: watch::Receiver<Option<u16>>,
    /// Sending `true` or dropping the sender stops the container.
    stop: watch::Sender<bool>,
    /// Injects a crash.
    crash: Arc<Notify>,
}

impl Replica {
    /// Starts the container and waits until it answers `/ping`; the error becomes the endpoint's
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

    /// Whether the container can take a request now.
    pub(crate) fn is_ready(&self) -> bool {
        self.port.borrow().is_some()
    }

    /// Kills the container; its supervisor restarts it.
    pub(crate) fn crash(&self) {
        self.crash.notify_one();
    }

    /// The container's port; waits up to `limit` if the container is restarting.
    pub(crate) async fn port_within(&self, limit: Duration) -> Option<u16> {
        let mut port = self.port.clone();
        let found = timeout(limit, port.wait_for(Option::is_some))
            .await
            .ok()?
            .ok()?;
        *found
    }

    /// Tells the supervisor to stop the container: SIGTERM, then SIGKILL after the grace period.
    pub(crate) fn stop(&self) {
        let _ = self.stop.send(true);
    }

    /// Waits until the container has stopped and its supervisor has dropped the receiver.
    pub(crate) async fn wait_until_stopped(&self) {
        self.stop.closed().await;
    }
}

/// A container that has answered `/ping`.
struct Running {
    /// The process.
    process: Process,
    /// The port on which it listens.
    port: u16,
}

/// Keeps a container running.
struct Supervisor {
    /// The container's specification.
    spec: Arc<LaunchSpec>,
    /// The client for `/ping`.
    proxy: Proxy,
    /// Publishes the container's port.
    port: watch::Sender<Option<u16>>,
    /// True or closed when the container is to stop.
    stopped: watch::Receiver<bool>,
    /// Notified when the container is to crash.
    crash: Arc<Notify>,
}

impl Supervisor {
    /// Restarts the container whenever it exits, until it is told to stop.
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

    /// Waits until the container exits on its own and returns its exit code; `None` if it is to stop.
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
    /// Unpacks the model's data, unless this deployment has already done so.
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
        if self.variant.container.format != DataFormat::Archive {
            return self.copy_files(url, model).await;
        }
        let file = S3Uri::parse(url).and_then(|uri| self.storage.reader(&uri).ok());
        let file = file.ok_or_else(|| {
            format!(
                "Failed to download model data for container \"container_1\" from URL: \"{url}\"."
            )
        })?;
        // If the server is killed while unpacking, only the draft is left, and the next server starts over.
        let (draft, target) = (self.folder.join("opt/ml/model.draft"), model);
        let unpacked = blocking(move || {
            let _ = fs::remove_dir_all(&draft);
            fs::create_dir_all(&draft)?;
            archive::unpack(file, &draft)?;
            fs::rename(&draft, &target)
        });
        unpacked.await.map_err(|error| {
            format!(
                "Failed to extract model data archive for container \"container_1\" from URL \"{url}\". \
                 Please ensure that the object located at the URL is a valid tar.gz archive. ({error})"
            )
        })
    }

    /// Starts the container and waits until it answers `/ping`.
    ///
    /// Another process may take the port between its choice and the container's `bind`. A container
    /// that exits because of that is started again on another port.
    async fn launch(&self, proxy: &Proxy) -> Result<Running, String> {
        let mut attempts = 1;
        loop {
            let port = free_port()
                .map_err(|error| format!("InternalServerError: no port is free: {error}"))?;
            match self.launch_on(port, proxy).await {
                Err(_) if attempts < PORT_ATTEMPTS && is_taken(port) => attempts += 1,
                launched => return launched,
            }
        }
    }

    async fn launch_on(&self, port: u16, proxy: &Proxy) -> Result<Running, String> {
        let log_start = fs::metadata(self.stream.path()).map_or(0, |log| log.len() as usize);
        let mut process = self.spawn(port).map_err(|error| {
            format!("InternalServerError: cannot run {}: {error}", self.program)
        })?;
        // Recorded before the first ping: if the server is killed from now on, the next one must find it.
        (self.on_process)(process.identity());
        let deadline = Instant::now() + self.variant.startup();
        loop {
            let last = tokio::select! {
                status = process.wait() => {
                    let code = status.map(exit_code).unwrap_or_default();
                    self.stream.close();
                    return Err(self.failed_ping(log_start, &format!("The container exited with code {code} before it answered /ping.")));
                }
                response = timeout(PING_TIMEOUT, proxy.ping(port)) => match response {
                    Ok(Ok(())) => return Ok(Running { process, port }),
                    Ok(Err(why)) => why,
                    Err(_) => "no response within 2 seconds".to_owned(),
                },
            };
            self.stream.record_times();
            // Checked after the ping, so that on a slow machine the last response still counts.
            if Instant::now() > deadline {
                return Err(self.failed_ping(log_start, &format!("The last /ping: {last}.")));
            }
            sleep(PING_INTERVAL).await;
        }
    }

    /// Restarts a crashed container, retrying until it succeeds.
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

    /// Spawns the process with SageMaker's environment. The server's own variables override the model's.
    fn spawn(&self, port: u16) -> io::Result<Process> {
        let log = self.stream.append()?;
        let opt_ml = self.folder.join("opt/ml");
        let mut command = self.program.command(
            &["serve".to_owned()],
            &self.variant.container.environment,
            &opt_ml,
        );
        command
            .env("SAGEMAKER_BIND_TO_PORT", port.to_string())
            // There is no access control, so the model must be reachable from this machine only.
            .env("FIRE_BIND_ADDRESS", Ipv4Addr::LOCALHOST.to_string());
        Process::spawn(command, &log)
    }

    /// AWS's message, extended with the details that AWS only writes to CloudWatch.
    fn failed_ping(&self, log_start: usize, detail: &str) -> String {
        let text = fs::read(self.stream.path()).unwrap_or_default();
        // Skip the output of earlier starts, which would be misleading.
        let text = String::from_utf8_lossy(text.get(log_start..).unwrap_or_default());
        let mut lines: Vec<String> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .rev()
            .take(QUOTED_LINES)
            .map(|line| line.chars().take(QUOTED_CHARACTERS).collect())
            .collect();
        // They were collected in reverse.
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

/// A port that was free a moment ago.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

/// Whether another process listens on the port. The container itself is gone when this is asked.
fn is_taken(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;
    use crate::machine::table::lock;
    use crate::services::images::{Images, RealPaths};
    use crate::services::logs::Logs;

    /// For each event in order: true if a process started, false if it ended.
    type Started = Arc<Mutex<Vec<bool>>>;

    /// A container with this behaviour, which has this many seconds to answer `/ping`.
    fn spec(dir: &Path, behaviour: &str, seconds: u64, started: Started) -> LaunchSpec {
        let variant = json!({
            "name": "AllTraffic",
            "weight": 1.0,
            "container": {"image": "i", "data": null, "environment": {"BEHAVIOUR": behaviour}},
            "instances": 1,
            "serverless": null,
            "startup_seconds": seconds,
        });
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/container.py");
        let images = Images::new(Some(program), Vec::new(), RealPaths::Never).unwrap();
        LaunchSpec {
            variant: serde_json::from_value(variant).unwrap(),
            program: images.program("fire-container").unwrap(),
            folder: dir.join("variant"),
            stream: Logs::new(dir).serving("e", "AllTraffic", "i-0"),
            storage: Storage::for_test(dir),
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
            "nothing is listening on the port"
        );
        assert_eq!(*lock(&started), [true, false]);
    }
}
