//! Responses to malformed request heads, and the closing of connections.

use std::time::Duration;

use hyper::{HeaderMap, StatusCode};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::rejection::Rejection;
use super::routes::Endpoint;

/// Longest time that a connection stays open for reading after the last response.
const LINGER: Duration = Duration::from_secs(5);

/// The rejection for a connection that ended with `error`, if a client is waiting for a response.
///
/// `held_back` is the status that hyper would have sent; `begun` is true if part of a head was read.
pub(super) fn rejection(
    error: &hyper::Error,
    held_back: Option<StatusCode>,
    begun: bool,
    head_timeout: Duration,
) -> Option<Rejection> {
    let (status, message) = if let Some(status) = held_back {
        let hint = if error.is_parse_too_large() {
            "; send fewer or shorter headers, a shorter path, or a smaller content-length"
        } else {
            "; send an HTTP/1.1 request"
        };
        (status, format!("cannot read the request: {error}{hint}"))
    } else if error.is_parse() {
        let message = format!("cannot read the request: {error}; send an HTTP/1.1 request");
        (StatusCode::BAD_REQUEST, message)
    } else if begun && error.is_timeout() {
        let seconds = head_timeout.as_secs_f64();
        let message = format!("the request head did not arrive within {seconds} s");
        (StatusCode::REQUEST_TIMEOUT, message)
    } else if begun && error.is_incomplete_message() {
        let message = "the request head is incomplete; it must end with an empty line".to_owned();
        (StatusCode::BAD_REQUEST, message)
    } else {
        return None;
    };
    Some(Rejection::new(status, message).closing())
}

/// Logs the rejection and returns the bytes of the response, written by hand because hyper has finished by now.
pub(super) fn response(rejection: &Rejection, endpoint: &Endpoint) -> Vec<u8> {
    let (id, status) = (endpoint.request_id(&HeaderMap::new()), rejection.status());
    let id = id.to_str().unwrap_or_default();
    let body = rejection.body();
    endpoint.log.put(
        "request",
        json!({
            "request": id, "method": null, "path": null, "status": status.as_u16(), "rows": 0, "bytes_in": 0,
            "bytes_out": body.len(), "seconds": 0.0, "error": rejection.message(),
        }),
    );
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-request-id: {id}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

/// Sends `last`, closes the sending half, and reads until the client closes its own.
///
/// The kernel resets a connection that is closed with unread bytes, and a reset can destroy a response that the client
/// has not read yet.
pub(super) async fn close(mut stream: impl AsyncRead + AsyncWrite + Unpin, last: &[u8]) {
    // Errors mean that the client has disconnected, so they are ignored.
    let _ = stream.write_all(last).await;
    let _ = stream.shutdown().await;
    let mut discarded = [0; 4096];
    let drain = async { while let Ok(1..) = stream.read(&mut discarded).await {} };
    let _ = timeout(LINGER, drain).await;
}
