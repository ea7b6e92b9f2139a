//! The two paths of the endpoint.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, post};

use super::answer::{self, Wanted};
use super::media::{self, Media};
use super::predictor::Predictor;
use super::refusal::Refusal;
use super::request;

/// Largest request body, in bytes. The endpoint API passes at most 25 MB on.
const BODY_LIMIT: usize = 25 * 1024 * 1024;

/// Rows from which a prediction is moved off the threads that serve connections.
const LARGE: usize = 256;

/// Named in refusals.
const KNOWN: &str = "this endpoint has GET /ping and POST /invocations";

/// The request header whose word `members` asks for each member's own probability.
const CUSTOM_ATTRIBUTES: HeaderName = HeaderName::from_static("x-amzn-sagemaker-custom-attributes");

/// The endpoint as a service; every refusal has a JSON body.
pub(super) fn app(predictor: Predictor) -> Router {
    Router::new()
        .route("/ping", get(|| async { StatusCode::OK }))
        .route("/invocations", post(invocations))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Arc::new(predictor))
}

/// 404, naming what there is.
async fn unknown(uri: Uri) -> Refusal {
    let message = format!("there is no {}; {KNOWN}", uri.path());
    Refusal::new(StatusCode::NOT_FOUND, message)
}

/// 405, naming what there is.
async fn wrong_method(method: Method, uri: Uri) -> Refusal {
    let message = format!("{method} does not go with {}; {KNOWN}", uri.path());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message)
}

/// Rows in, predictions out. Headers that are not known are passed over: the endpoint adds its
/// own.
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
    // A ping must not wait behind thousands of rows.
    if rows.len() < LARGE {
        return answer::answer(&predictor, &rows, wanted);
    }
    let work = move || answer::answer(&predictor, &rows, wanted);
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Refusal::defect())?
}
