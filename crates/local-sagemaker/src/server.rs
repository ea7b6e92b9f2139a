//! The server's life cycle: starting, stopping when idle, and orderly shutdown.

use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::dispatch::{CallLog, ConnectionHandle, Dispatcher, Listener};
use crate::error::Error;
use crate::faults::Faults;
use crate::machine::database::Database;
use crate::machine::lock_file::{LockFile, build_id};
use crate::machine::log;
use crate::machine::process::{kill_late_orphans, kill_orphans};
use crate::machine::table::{self, lock};
use crate::services::Services;
use crate::services::ecr::Registry;
use crate::services::images::{ImageMapping, Images, RealPaths};
use crate::services::logs::Logs;
use crate::services::metrics::Metrics;
use crate::services::s3::Storage;
use crate::services::sagemaker::Shared;
use crate::services::sagemaker::endpoint::Endpoints;
use crate::services::sagemaker::model::Models;
use crate::services::sagemaker::training::Jobs;
use crate::services::scaling::Scaling;
use crate::store;

/// How long shutdown waits for pending requests.
const DRAIN: Duration = Duration::from_secs(3);

/// How long startup waits for endpoints to restart; those that take longer are `SystemUpdating` to
/// clients.
const RESUME_TIMEOUT: Duration = Duration::from_secs(5);

/// The configuration of a server. [`Server::start`] checks the values.
#[derive(Clone, Debug)]
pub struct Config {
    /// The state directory; created if missing.
    pub state_dir: PathBuf,
    /// Port on 127.0.0.1; 0 selects a free one.
    pub port: u16,
    /// The program to run for the image `fire-container`. By default, the server looks for a program of
    /// that name whenever it needs it: in `FIRE_BIN_DIR`, in the folder of the running executable, and in
    /// the parent of that folder if the folder is called `deps`.
    pub program: Option<PathBuf>,
    /// The programs to run for other images, each for another repository.
    pub images: Vec<ImageMapping>,
    /// Whether these programs have their files at `/opt/ml`.
    pub real_paths: RealPaths,
    /// Stop after this long without a request, running job or endpoint; `None` means never.
    pub idle: Option<Duration>,
    /// Faults to inject, in the syntax explained by `local-sagemaker --help`.
    pub faults: Vec<String>,
    /// A file to which each call is appended as a line of JSON, as with `--calls`.
    pub calls: Option<PathBuf>,
    /// Length of an auto-scaling minute; shorten it to speed up scaling.
    pub minute: Duration,
    /// Time between SIGTERM and SIGKILL when a training program is stopped. AWS allows 120 s.
    pub stop_grace: Duration,
}

impl Config {
    /// A server on a free port that runs until it is stopped.
    pub fn new(state_dir: impl Into<PathBuf>) -> Self {
        Self {
            state_dir: state_dir.into(),
            port: 0,
            program: None,
            images: Vec::new(),
            real_paths: RealPaths::Auto,
            idle: None,
            faults: Vec::new(),
            calls: None,
            minute: Duration::from_mins(1),
            stop_grace: Duration::from_mins(2),
        }
    }
}

/// A running server. Dropping it starts the shutdown without waiting for its end; [`Server::stop`] also
/// waits.
#[derive(Debug)]
pub struct Server {
    /// Base URL for clients.
    url: String,
    /// The port on 127.0.0.1.
    port: u16,
    /// Sending `true` or dropping the sender stops the server.
    end: watch::Sender<bool>,
    /// The task that serves.
    task: JoinHandle<()>,
}

impl Server {
    /// Locks the state directory, starts listening, and restores the state of an earlier server: objects,
    /// finished jobs, models and endpoints are available again, and interrupted jobs restart.
    pub async fn start(config: Config) -> Result<Self, Error> {
        let images = Images::new(
            config.program.clone(),
            config.images.clone(),
            config.real_paths,
        )?;
        let faults = Arc::new(Faults::parse(&config.faults)?);
        let calls = CallLog::open(config.calls.as_deref())?;
        let lock_file = LockFile::acquire(&config.state_dir)?;
        let state_dir = lock_file.state_dir().to_owned();
        // After the lock, so that the error of a second server names the first, not the port.
        let (listener, port) = listen(config.port).await?;
        // Before any program is started, because orphans are identified by the state directory alone.
        kill_orphans(&state_dir);
        tokio::spawn(kill_late_orphans(state_dir.clone()));
        let database = Database::open(state_dir.join("state.db"), &[table::SCHEMA, store::SCHEMA])?;
        let database = Arc::new(database);
        let services = open(
            Shared {
                storage: Storage::open(&state_dir, database.clone())?,
                database,
                images,
                logs: Logs::new(&state_dir),
                metrics: Metrics::open(&state_dir)?,
                faults: faults.clone(),
                stop_grace: config.stop_grace,
                state_dir: state_dir.clone(),
            },
            config.minute,
        )?;
        // Endpoints should be in service when the first client connects.
        services.endpoints.wait_until_resumed(RESUME_TIMEOUT).await;
        let dispatcher = Arc::new(Dispatcher {
            services,
            faults,
            calls,
            health: json!({"build_id": build_id(), "state_dir": state_dir, "pid": std::process::id()}),
        });
        let info = lock_file.announce(port)?;
        let (end, ended) = watch::channel(false);
        let conditions = StopConditions {
            idle: config.idle,
            ended,
        };
        let task = tokio::spawn(run(dispatcher, lock_file, listener, conditions));
        Ok(Self {
            url: info.url,
            port,
            end,
            task,
        })
    }

    /// `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops all jobs and endpoints, then the server. The next server on the directory restarts them.
    pub async fn stop(mut self) {
        let _ = self.end.send(true);
        self.wait().await;
    }

    /// Waits until the server stops because it was idle.
    pub async fn wait(&mut self) {
        if !self.task.is_finished() {
            let _ = (&mut self.task).await;
        }
    }
}

/// Listens on a port of 127.0.0.1, and returns the actual port.
async fn listen(port: u16) -> Result<(TcpListener, u16), Error> {
    let failed = |source| Error::Port { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    Ok((listener, port))
}

/// Opens all services of a state directory and resumes their work.
fn open(shared: Shared, minute: Duration) -> Result<Services, Error> {
    let (state_dir, database) = (&shared.state_dir, &shared.database);
    let scaling = Scaling::open(state_dir, database.clone(), minute)?;
    let endpoints = Endpoints::open(shared.clone())?;
    // The previous server may have been killed between deleting an endpoint and deleting its targets.
    scaling.prune(&endpoints);
    Ok(Services {
        jobs: Jobs::open(shared.clone())?,
        models: Models::open(&shared)?,
        endpoints,
        scaling,
        registry: Registry::new(shared.images),
        storage: shared.storage,
        logs: shared.logs,
        metrics: shared.metrics,
    })
}

/// The conditions that stop a server.
struct StopConditions {
    /// How long the server may be idle; `None` means forever.
    idle: Option<Duration>,
    /// True or closed when the [`Server`] handle requests shutdown.
    ended: watch::Receiver<bool>,
}

/// Serves until a stop condition is met, then shuts down in order: refuses new connections, stops the
/// programs, and finally releases the lock.
async fn run(
    dispatcher: Arc<Dispatcher>,
    lock_file: LockFile,
    listener: TcpListener,
    conditions: StopConditions,
) {
    let activity = Arc::new(Activity::default());
    let (close, closed) = watch::channel(());
    let router = router(dispatcher.clone(), activity.clone());
    let serving = tokio::spawn(serve(listener, router, closed));
    let beating = dispatcher.clone();
    let heartbeat = tokio::spawn(async move { beating.services.heartbeat().await });
    let services = &dispatcher.services;
    let scaling = tokio::spawn(services.scaling.clone().run(services.endpoints.clone()));
    let mut ended = conditions.ended;
    tokio::select! {
        // An error means that the handle was dropped, which also stops the server.
        _ = ended.wait_for(|end| *end) => {}
        () = idle(services, &activity, conditions.idle) => log("stopping: the server has been idle for too long"),
    }
    // No new connections from here on; pending requests are still forwarded while programs stop.
    drop(close);
    scaling.abort();
    heartbeat.abort();
    services.jobs.shut_down().await;
    services.endpoints.shut_down().await;
    let _ = timeout(DRAIN, serving).await;
    services.metrics.flush(true);
    // Nothing writes to the directory any more, so another server may use it.
    drop(lock_file);
}

/// Handles requests until `closed` is dropped.
async fn serve(
    listener: TcpListener,
    router: Router,
    mut closed: watch::Receiver<()>,
) -> io::Result<()> {
    let router = router.into_make_service_with_connect_info::<ConnectionHandle>();
    axum::serve(Listener(listener), router)
        .with_graceful_shutdown(async move { while closed.changed().await.is_ok() {} })
        .await
}

/// One handler for all paths, because the path alone does not determine the service.
fn router(dispatcher: Arc<Dispatcher>, activity: Arc<Activity>) -> Router {
    Router::new().fallback(move |request: Request<Body>| {
        let (dispatcher, activity) = (dispatcher.clone(), activity.clone());
        async move {
            let _busy = activity.begin();
            dispatcher.handle(request).await
        }
    })
}

/// Returns once the server has been idle for `limit`; never returns without a limit.
async fn idle(services: &Services, activity: &Activity, limit: Option<Duration>) {
    let Some(limit) = limit else {
        return std::future::pending().await;
    };
    loop {
        sleep((limit / 4).clamp(Duration::from_millis(20), Duration::from_secs(1))).await;
        if services.busy() {
            activity.touch();
        } else if activity.quiet_for() >= limit {
            return;
        }
    }
}

/// The number of requests in progress and the time of the last activity.
struct Activity {
    /// Number of requests in progress.
    requests: AtomicUsize,
    /// Time of the last activity.
    last: Mutex<Instant>,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            requests: AtomicUsize::new(0),
            last: Mutex::new(Instant::now()),
        }
    }
}

impl Activity {
    /// Counts a request as in progress until the result is dropped, which also happens when the client
    /// disconnects.
    fn begin(&self) -> Busy<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.touch();
        Busy(self)
    }

    /// Sets the time of the last activity to now.
    fn touch(&self) {
        *lock(&self.last) = Instant::now();
    }

    /// Time since the last activity; zero while a request is in progress.
    fn quiet_for(&self) -> Duration {
        match self.requests.load(Ordering::Relaxed) {
            0 => lock(&self.last).elapsed(),
            _ => Duration::ZERO,
        }
    }
}

/// A request in progress.
struct Busy<'a>(&'a Activity);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
        self.0.touch();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_quiet_only_between_requests() {
        let activity = Activity::default();
        let first = activity.begin();
        let second = activity.begin();
        drop(first);
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(activity.quiet_for(), Duration::ZERO);
        drop(second);
        assert!(activity.quiet_for() < Duration::from_millis(20));
        std::thread::sleep(Duration::from_millis(20));
        assert!(activity.quiet_for() >= Duration::from_millis(20));
    }
}
