//! `serve`: the model behind `GET /ping` and `POST /invocations`.
//!
//! The model is loaded once, before the port is opened: a container whose model cannot be read
//! never answers `/ping`, and its log says which file and why.
//!
//! | variable | meaning |
//! |---|---|
//! | `SAGEMAKER_BIND_TO_PORT` | port, 8080 when unset |
//! | `FIRE_BIND_ADDRESS` | address, 0.0.0.0 when unset (SageMaker needs that one) |
//! | `SAGEMAKER_BATCH` | `true` in a batch transform, which wants one answer line per row |
//!
//! A request that cannot be answered gets a 4xx and `{"error": "..."}` that names the line and
//! the column.

mod answer;
mod json;
mod media;
mod predictor;
mod refusal;
mod request;
mod routes;

use std::future::Future;
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, Error, Result};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::paths::OptMl;
use crate::{complain, stop};

pub use predictor::Predictor;

/// How long open requests may take to finish after SIGTERM; SageMaker kills after 30 s.
const GRACE: Duration = Duration::from_secs(20);

/// Why serving ended, and the exit code for that.
struct Failed {
    code: u8,
    error: Error,
}

/// Serves until SIGTERM and returns the exit code: 0, 1 if the model cannot be used, 2 if the
/// address or the port cannot.
///
/// `out` is told the address, since port 0 leaves the choice to the system.
pub fn run(paths: &OptMl, out: &mut dyn Write) -> u8 {
    let Err(Failed { code, error }) = load_and_serve(paths, out) else {
        return 0;
    };
    complain(&format!("{error:#}"));
    code
}

/// The model comes first: without one there is no point in holding the port.
fn load_and_serve(paths: &OptMl, out: &mut dyn Write) -> Result<(), Failed> {
    let broken = |error| Failed { code: 1, error };
    let mut predictor = Predictor::load(&paths.model()).map_err(broken)?;
    if variable("SAGEMAKER_BATCH", "false") == "true" {
        predictor = predictor.for_batches();
    }
    let runtime = Runtime::new().context("cannot start the threads of the server");
    runtime.map_err(broken)?.block_on(async {
        let listener = listen().await.map_err(|error| Failed { code: 2, error })?;
        until_signalled(listener, predictor, out)
            .await
            .map_err(broken)
    })
}

/// Announces the address, serves, and returns after SIGTERM once the open requests are done.
async fn until_signalled(
    listener: TcpListener,
    predictor: Predictor,
    out: &mut dyn Write,
) -> Result<()> {
    let stop = stop::signalled().context("cannot listen for SIGTERM")?;
    writeln!(out, "listening on {}", listener.local_addr()?)?;
    serve(listener, predictor, stop)
        .await
        .context("cannot serve any longer")
}

/// Opens the port that the environment names.
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
            "cannot listen on {address}:{port}; end the program that holds the port, or choose \
             another with SAGEMAKER_BIND_TO_PORT"
        )
    })
}

/// An environment variable, or what holds without it.
fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// Answers on an open port until `stop` resolves, then finishes the open requests (20 s at most).
pub async fn serve(
    listener: TcpListener,
    predictor: Predictor,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (tell, mut told) = watch::channel(());
    let stopping = async move {
        stop.await;
        drop(tell);
    };
    let app = routes::app(predictor);
    // A client that never sends the rest of its request must not outlive the container.
    let overdue = async move {
        // The channel closes when the stop is asked for.
        let _ = told.changed().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = async { axum::serve(listener, app).with_graceful_shutdown(stopping).await } => served,
        () = overdue => Ok(()),
    }
}
