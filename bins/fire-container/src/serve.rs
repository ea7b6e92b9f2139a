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

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::paths::OptMl;
use crate::{complain, stop};

use answer::Wanted;
use media::Media;
pub use predictor::Predictor;
use refusal::Refusal;

/// Largest request body, in bytes. The endpoint API passes at most 25 MB on.
const BODY_LIMIT: usize = 25 * 1024 * 1024;

/// Rows from which a prediction is moved off the threads that serve connections.
const LARGE: usize = 256;

/// How long open requests may take to finish after SIGTERM; SageMaker kills after 30 s.
const GRACE: Duration = Duration::from_secs(20);

/// The request header whose word `members` asks for each member's own probability.
const CUSTOM_ATTRIBUTES: HeaderName = HeaderName::from_static("x-amzn-sagemaker-custom-attributes");

/// Serves until SIGTERM and returns the exit code: 0, 1 if the model cannot be used, 2 if the
/// address or the port cannot.
pub fn run(paths: &OptMl) -> u8 {
    let batch = std::env::var("SAGEMAKER_BATCH").is_ok_and(|value| value == "true");
    let predictor = match Predictor::load(&paths.model()) {
        Ok(predictor) => {
            if batch {
                predictor.for_batches()
            } else {
                predictor
            }
        }
        Err(error) => {
            complain(&format!("{error:#}"));
            return 1;
        }
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("cannot start the threads of the server: {error}"));
            return 1;
        }
    };
    let served = runtime.block_on(async {
        let listener = listen().await.map_err(|error| (2, error))?;
        let stop = stop::signalled()
            .context("cannot listen for SIGTERM")
            .map_err(|e| (1, e))?;
        serve(listener, predictor, stop)
            .await
            .context("serving failed")
            .map_err(|e| (1, e))
    });
    match served {
        Ok(()) => 0,
        Err((code, error)) => {
            complain(&format!("{error:#}"));
            code
        }
    }
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
    let app = Router::new()
        .route("/ping", get(|| async { StatusCode::OK }))
        .route("/invocations", post(invocations))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Arc::new(predictor));
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

async fn unknown(method: Method, uri: Uri) -> Refusal {
    let message = format!(
        "there is no {method} {}; this endpoint has GET /ping and POST /invocations",
        uri.path()
    );
    Refusal::new(StatusCode::NOT_FOUND, message)
}

async fn invocations(
    State(predictor): State<Arc<Predictor>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let wanted = Wanted {
        media: media::accepted(header(ACCEPT), predictor.default_answer())?,
        members: header(CUSTOM_ATTRIBUTES).is_some_and(|text| text.contains("members")),
    };
    let given = header(CONTENT_TYPE).map_or(Ok(Media::Csv), media::content)?;
    let body = body.map_err(|rejection| Refusal::body(&rejection, BODY_LIMIT))?;
    let rows = request::parse(given, &body)?;
    if rows.len() < LARGE {
        return answer::answer(&predictor, &rows, wanted);
    }
    let work = move || answer::answer(&predictor, &rows, wanted);
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Refusal::defect())?
}
