//! Answers to what never became a request, and the end of a connection.

use std::time::Duration;

use hyper::{HeaderMap, StatusCode};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::refusal::Refusal;
use super::routes::Endpoint;

/// How long is read on after the last answer.
const LINGER: Duration = Duration::from_secs(5);

/// What is said to a client whose bytes ended the connection with `error`; nothing where nobody waits for an answer.
///
/// `kept_back` is what hyper would have said, `begun` whether a head had begun.
pub(super) fn refusal(
    error: &hyper::Error,
    (kept_back, begun): (Option<StatusCode>, bool),
    patience: Duration,
) -> Option<Refusal> {
    let (status, message) = if let Some(status) = kept_back {
        let hint = if error.is_parse_too_large() {
            "; send fewer and shorter headers, a shorter path, or a body of a length that there can be"
        } else {
            "; send a request of HTTP/1.1"
        };
        (status, format!("the request cannot be read: {error}{hint}"))
    } else if error.is_parse() {
        let message = format!("the request cannot be read: {error}; send a request of HTTP/1.1");
        (StatusCode::BAD_REQUEST, message)
    } else if begun && error.is_timeout() {
        let seconds = patience.as_secs_f64();
        let message = format!("the head did not arrive within {seconds} s");
        (StatusCode::REQUEST_TIMEOUT, message)
    } else if begun && error.is_incomplete_message() {
        let message = "the head is cut; it ends with an empty line".to_owned();
        (StatusCode::BAD_REQUEST, message)
    } else {
        return None;
    };
    Some(Refusal::new(status, message).closing())
}

/// The bytes of the answer, which is logged.
pub(super) fn answer(refusal: &Refusal, endpoint: &Endpoint) -> Vec<u8> {
    let (id, status) = (endpoint.name(&HeaderMap::new()), refusal.status());
    let id = id.to_str().unwrap_or_default();
    let body = refusal.body();
    endpoint.log.put(
        "request",
        json!({
            "request": id, "method": null, "path": null, "status": status.as_u16(), "rows": 0, "bytes_in": 0,
            "bytes_out": body.len(), "seconds": 0.0, "error": refusal.message(),
        }),
    );
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-request-id: {id}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

/// Sends `last`, closes the sending half and reads on until the client has closed its own, since bytes that nobody
/// reads reset the connection, and a client that is reset may lose the answer.
pub(super) async fn part(mut stream: impl AsyncRead + AsyncWrite + Unpin, last: &[u8]) {
    // A client that is gone already waits for nothing.
    let _ = stream.write_all(last).await;
    let _ = stream.shutdown().await;
    let mut waste = [0; 4096];
    let read_on = async { while let Ok(1..) = stream.read(&mut waste).await {} };
    let _ = timeout(LINGER, read_on).await;
}
