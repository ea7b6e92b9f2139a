//! `serve`: the model behind `GET /ping` and `POST /invocations`.
//!
//! ```text
//! connection ── routes ── body ──┬── inference (small requests) ────────────────┬── response
//!  permits,     metrics,  limits └── admission ── inference (large, other thread) ┘
//!  timeouts     log
//! ```
//!
//! The model is loaded once, before the port is opened: a container whose model cannot be loaded never responds to `/ping`,
//! and its log names the file and the reason.
//!
//! | variable | meaning |
//! |---|---|
//! | `SAGEMAKER_BIND_TO_PORT` | port, 8080 when unset |
//! | `FIRE_BIND_ADDRESS` | address, 0.0.0.0 when unset (required by SageMaker) |
//! | `SAGEMAKER_BATCH` | `true` in a batch transform, which needs one response line per row |
//! | `FIRE_LOG` | `requests` logs every request, `problems` (default) only those with a status other than 200 |
//!
//! The variables that set limits are listed in [`Limits`]. An invalid request gets 4xx with `{"error": "..."}`, which
//! names the line and column; an overloaded endpoint responds 503 with `Retry-After`. Any other 5xx is a bug in this
//! program.

mod connection;
mod filtered_stream;
mod malformed;
mod write_timeout;

mod admission;
mod body;
mod limits;
mod rejection;
mod routes;

mod inference;
mod json;
mod media;
mod predictor;
mod request;

mod log;
mod metrics;

use std::future::Future;
use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::paths::OptMl;
use crate::{Failed, exit_code, stop};
use log::Log;
use routes::Endpoint;

pub use inference::{Detail, InferenceResponse, RequestOptions};
pub use limits::Limits;
pub use log::RequestLog;
pub(crate) use media::Media;
pub use predictor::Predictor;
pub use rejection::Rejection;

/// Extra time for running computations after the grace period.
const COMPUTE_GRACE: Duration = Duration::from_secs(1);

/// Serves until SIGTERM and returns the exit code: 0, 1 if the model cannot be used, 2 if the address, the port or a
/// limit is invalid.
///
/// Prints the address to `out`, because with port 0 the system chooses the port.
pub fn run(paths: &OptMl, out: &mut dyn Write) -> u8 {
    exit_code(load_and_serve(paths, out))
}

/// Loads the model before opening the port: an open port always has a model behind it.
fn load_and_serve(paths: &OptMl, out: &mut dyn Write) -> Result<(), Failed> {
    let limits = Limits::from_environment(|name| std::env::var(name).ok());
    let mut limits = limits.map_err(Failed::usage)?;
    let requests = request_log().map_err(Failed::usage)?;
    let mut predictor = Predictor::load(&paths.model()).map_err(Failed::work)?;
    if variable("SAGEMAKER_BATCH", "false") == "true" {
        predictor = predictor.for_batches();
    }
    limits.fit_to_open_files();
    let runtime = Runtime::new().context("cannot start the threads of the server");
    let runtime = runtime.map_err(Failed::work)?;
    let served = runtime.block_on(async {
        let listener = listen().await.map_err(Failed::usage)?;
        let stop = stop::signal_arrival().context("cannot listen for SIGTERM");
        let stop = stop.map_err(Failed::work)?;
        // Printed only now, because a reader of the address may send requests and signals at once.
        announce(&listener, out).map_err(Failed::work)?;
        let served = serve(listener, predictor, limits, requests, stop).await;
        served.context("cannot serve").map_err(Failed::work)
    });
    // Requests still being computed have used up the grace period.
    runtime.shutdown_timeout(COMPUTE_GRACE);
    served
}

/// Parses `FIRE_LOG`: which requests are logged.
fn request_log() -> Result<RequestLog> {
    let name = variable("FIRE_LOG", "problems");
    RequestLog::from_name(&name)
        .with_context(|| format!("FIRE_LOG is `{name}`; it must be problems or requests"))
}

fn announce(listener: &TcpListener, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "listening on {}", listener.local_addr()?)?;
    Ok(())
}

/// Opens the port set in the environment.
async fn listen() -> Result<TcpListener> {
    let port = variable("SAGEMAKER_BIND_TO_PORT", "8080");
    let port: u16 = port.parse().with_context(|| {
        format!("SAGEMAKER_BIND_TO_PORT is `{port}`, which is not a port number")
    })?;
    let address = variable("FIRE_BIND_ADDRESS", "0.0.0.0");
    let address: IpAddr = address
        .parse()
        .with_context(|| format!("FIRE_BIND_ADDRESS is `{address}`, which is not an IP address"))?;
    TcpListener::bind((address, port)).await.with_context(|| {
        format!(
            "cannot listen on {address}:{port}; stop the program that uses the port, or choose \
             another with SAGEMAKER_BIND_TO_PORT"
        )
    })
}

/// An environment variable, or its default.
fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// Serves on an open port until `stop` resolves, then finishes open requests within [`Limits::shutdown_grace`].
pub async fn serve(
    listener: TcpListener,
    predictor: Predictor,
    limits: Limits,
    requests: RequestLog,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let log = Log::start(requests)?;
    let members = predictor.artifact().members.iter();
    let members: Vec<_> = members.map(|member| &member.name).collect();
    log.put(
        "serving",
        json!({
            "address": listener.local_addr()?.to_string(), "members": members,
            "workers": limits.workers, "connections": limits.connections,
            "version": env!("CARGO_PKG_VERSION"),
        }),
    );
    let endpoint = Arc::new(Endpoint::new(predictor, limits, log));
    connection::serve_all(listener, endpoint.clone(), stop).await;
    endpoint.log.put("stopped", json!({}));
    // Connections that outlive the grace period still hold the endpoint; their log lines are lost.
    if let Some(endpoint) = Arc::into_inner(endpoint) {
        endpoint.log.end();
    }
    Ok(())
}
