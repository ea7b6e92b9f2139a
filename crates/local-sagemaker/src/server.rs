//! Listening, going away when idle, and ending in order.

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

use crate::calls::Calls;
use crate::connection::{Line, Listener};
use crate::ecr::Registry;
use crate::endpoint::Endpoints;
use crate::error::Error;
use crate::faults::Faults;
use crate::ground::Ground;
use crate::heartbeat::beat;
use crate::holder::{Holder, build_id};
use crate::image::Images;
use crate::log;
use crate::logs::Logs;
use crate::metrics::Metrics;
use crate::model::Models;
use crate::process::{end_late_strays, end_strays};
use crate::s3::Storage;
use crate::scaling::Scaling;
use crate::services::Services;
use crate::store::locked;
use crate::training::Jobs;

/// How long an ending server waits for the requests that it is answering.
const DRAIN: Duration = Duration::from_secs(3);

/// How long a starting server waits for the endpoints that it starts again; those that take
/// longer are `SystemUpdating` for clients.
const RESUME_PATIENCE: Duration = Duration::from_secs(5);

/// Where and how a server runs. The values are checked by [`Server::start`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Everything the server keeps is below this directory; it is made when it is missing.
    pub state_dir: PathBuf,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The program that stands for the image `fire-container`. Without it, the program is
    /// looked for when it is first needed: in `FIRE_BIN_DIR`, in the folder of the running
    /// executable, and in its parent if that folder is `deps`.
    pub program: Option<PathBuf>,
    /// The server ends by itself after this time without a request, a job at work or an
    /// endpoint.
    pub idle: Option<Duration>,
    /// What goes wrong on purpose, each in the language that `local-sagemaker --help` explains.
    pub faults: Vec<String>,
    /// A file that gets a line of JSON for each call, added to what it holds; `calls` explains
    /// the members.
    pub calls: Option<PathBuf>,
    /// How long a minute of auto scaling takes; shorter than a minute to see it work.
    pub minute: Duration,
    /// Between SIGTERM and SIGKILL of a training program that is stopped. AWS gives it 120 s.
    pub stop_grace: Duration,
}

impl Config {
    /// A server on a free port that stays until it is stopped.
    pub fn new(state_dir: impl Into<PathBuf>) -> Self {
        Self {
            state_dir: state_dir.into(),
            port: 0,
            program: None,
            idle: None,
            faults: Vec::new(),
            calls: None,
            minute: Duration::from_mins(1),
            stop_grace: Duration::from_mins(2),
        }
    }
}

/// A running server. Dropping it ends it without waiting; [`Server::stop`] ends it in order.
#[derive(Debug)]
pub struct Server {
    /// Where clients find it.
    url: String,
    /// The port on 127.0.0.1.
    port: u16,
    /// Set, or dropped, to end the server.
    end: watch::Sender<bool>,
    /// The server itself.
    task: JoinHandle<()>,
}

impl Server {
    /// Takes the state directory, listens, and picks up what an earlier server left: objects,
    /// finished jobs, models and endpoints are there again, and jobs that were running are run
    /// again.
    pub async fn start(config: Config) -> Result<Self, Error> {
        let images = Images::new(config.program.clone())?;
        let faults = Arc::new(Faults::parse(&config.faults)?);
        let calls = Calls::open(config.calls.as_deref())?;
        let holder = Holder::take(&config.state_dir)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await;
        let listener = listener.map_err(|source| Error::Port {
            port: config.port,
            source,
        })?;
        let port = listener
            .local_addr()
            .map_err(|source| Error::Port {
                port: config.port,
                source,
            })?
            .port();
        end_strays(holder.state_dir());
        tokio::spawn(end_late_strays(holder.state_dir().to_owned()));
        let ground = Ground {
            state_dir: holder.state_dir().to_owned(),
            storage: Storage::open(holder.state_dir().join("s3"))?,
            images,
            logs: Logs::new(holder.state_dir()),
            metrics: Metrics::open(holder.state_dir())?,
            faults,
            stop_grace: config.stop_grace,
        };
        let services = open(ground, calls, config.minute)?;
        // Clients that come at once find the endpoints as they left them.
        services.endpoints.resumed(RESUME_PATIENCE).await;
        let card = holder.announce(port)?;
        let (end, ended) = watch::channel(false);
        let task = tokio::spawn(run(
            Arc::new(services),
            holder,
            listener,
            Limits {
                idle: config.idle,
                ended,
            },
        ));
        Ok(Self {
            url: card.url,
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

    /// Ends all jobs and endpoints, then the server; both are taken up again by the next start.
    pub async fn stop(mut self) {
        let _ = self.end.send(true);
        self.wait().await;
    }

    /// Waits until the server has ended by itself, because it was idle.
    pub async fn wait(&mut self) {
        if !self.task.is_finished() {
            let _ = (&mut self.task).await;
        }
    }
}

/// Opens all services of a state directory, which takes their work up again.
fn open(ground: Ground, calls: Calls, minute: Duration) -> Result<Services, Error> {
    let state_dir = &ground.state_dir;
    let health = json!({"build_id": build_id(), "state_dir": state_dir, "pid": std::process::id()});
    let scaling = Scaling::open(state_dir, minute)?;
    let endpoints = Endpoints::open(ground.clone())?;
    // A server may have been killed between the end of an endpoint and that of its targets.
    scaling.prune(&endpoints);
    Ok(Services {
        jobs: Jobs::open(ground.clone())?,
        models: Models::open(state_dir, ground.storage.clone(), ground.images.clone())?,
        endpoints,
        scaling,
        registry: Registry::new(ground.images),
        storage: ground.storage,
        logs: ground.logs,
        metrics: ground.metrics,
        faults: ground.faults,
        calls,
        health,
    })
}

/// What ends a server.
struct Limits {
    /// How long nothing may happen.
    idle: Option<Duration>,
    /// Set, or closed, when the handle wants the server to end.
    ended: watch::Receiver<bool>,
}

/// Serves until the server is to end, then ends what it has started: first no new requests,
/// then the programs, at last the lock.
async fn run(services: Arc<Services>, holder: Holder, listener: TcpListener, limits: Limits) {
    let activity = Arc::new(Activity::default());
    let router = router(services.clone(), activity.clone());
    let (close, closed) = watch::channel(());
    let serving = tokio::spawn(serve(listener, router, closed));
    let beating = tokio::spawn(beat(services.clone()));
    let scaling = tokio::spawn(services.scaling.clone().watch(services.endpoints.clone()));
    let mut ended = limits.ended;
    tokio::select! {
        // An error means that the handle was dropped, which ends the server as well.
        _ = ended.wait_for(|end| *end) => {}
        () = idle(&services, &activity, limits.idle) => log::line("nothing was asked for a while; the server ends"),
    }
    // No new connections; requests under way still reach the programs while those are being ended.
    drop(close);
    scaling.abort();
    beating.abort();
    services.jobs.shut_down().await;
    services.endpoints.shut_down().await;
    let _ = timeout(DRAIN, serving).await;
    services.metrics.flush(true);
    // Only now may another server have the directory: nothing writes to it any more.
    drop(holder);
}

/// Answers requests until `closed` is dropped.
async fn serve(
    listener: TcpListener,
    router: Router,
    mut closed: watch::Receiver<()>,
) -> io::Result<()> {
    let router = router.into_make_service_with_connect_info::<Line>();
    axum::serve(Listener(listener), router)
        .with_graceful_shutdown(async move { while closed.changed().await.is_ok() {} })
        .await
}

/// All paths lead to one function: the services tell them apart by more than the path.
fn router(services: Arc<Services>, activity: Arc<Activity>) -> Router {
    Router::new().fallback(move |request: Request<Body>| {
        let (services, activity) = (services.clone(), activity.clone());
        async move {
            let _busy = activity.begin();
            services.answer(request).await
        }
    })
}

/// Returns once there was nothing to do for `limit`; never without a limit.
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

/// Requests under way, and when the last one was seen.
struct Activity {
    /// Requests under way.
    requests: AtomicUsize,
    /// When something was last seen to happen.
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
    /// A request has come, and is under way for as long as the result lives: also a client that
    /// goes away ends its request.
    fn begin(&self) -> Busy<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.touch();
        Busy(self)
    }

    /// Something happens right now.
    fn touch(&self) {
        *locked(&self.last) = Instant::now();
    }

    /// For how long nothing has happened.
    fn quiet_for(&self) -> Duration {
        match self.requests.load(Ordering::Relaxed) {
            0 => locked(&self.last).elapsed(),
            _ => Duration::ZERO,
        }
    }
}

/// A request under way.
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
