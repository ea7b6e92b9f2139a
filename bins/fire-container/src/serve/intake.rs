//! Request bodies, read with limits of size, time and memory.

use std::error::Error;

use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Body, Bytes, Incoming};
use tokio::time::timeout;

use super::held::Held;
use super::limits::Limits;
use super::refusal::Refusal;

/// A body that is too long is read on for as many times its limit, so that the client gets to see why it was refused:
/// closing at once would reset the connection under its hands.
const READ_ON: usize = 4;

/// The whole body.
pub(super) async fn take_in(
    body: Incoming,
    limits: &Limits,
    held: &mut Held,
) -> Result<Bytes, Refusal> {
    let late = || {
        let seconds = limits.body.as_secs_f64();
        let message = format!("the body did not arrive within {seconds} s");
        Refusal::new(StatusCode::REQUEST_TIMEOUT, message).closing()
    };
    let read = read(body, limits, held);
    timeout(limits.body, read).await.map_err(|_| late())?
}

async fn read(mut body: Incoming, limits: &Limits, held: &mut Held) -> Result<Bytes, Refusal> {
    let first = match next(&mut body).await? {
        Some(bytes) if body.is_end_stream() && bytes.len() <= limits.body_bytes => {
            // Nearly every request comes in one piece, which need not be copied.
            return if held.grow(bytes.len()) {
                Ok(bytes)
            } else {
                Err(full())
            };
        }
        first => first.unwrap_or_default(),
    };
    let (mut whole, mut length) = (Vec::new(), 0);
    let mut piece = Some(first);
    while let Some(bytes) = piece {
        length += bytes.len();
        if length > limits.body_bytes.saturating_mul(READ_ON) {
            break;
        }
        if length <= limits.body_bytes {
            if !held.grow(bytes.len()) {
                return Err(full());
            }
            whole.extend_from_slice(&bytes);
        } else {
            whole = Vec::new();
        }
        piece = next(&mut body).await?;
    }
    if length > limits.body_bytes {
        return Err(too_long(limits.body_bytes).closing());
    }
    Ok(whole.into())
}

/// The next piece of the body, trailers passed over.
async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Refusal> {
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame.map_err(|error| broken(&error))?.into_data() {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// 400, with what hyper found.
fn broken(error: &hyper::Error) -> Refusal {
    let reason = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    Refusal::bad(format!("the body is cut or damaged: {reason}")).closing()
}

/// 413, naming the limit.
pub(super) fn too_long(limit: usize) -> Refusal {
    let message = format!("the body is longer than {limit} bytes; send fewer rows at once");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

fn full() -> Refusal {
    Refusal::busy("the bodies that are being worked on take all memory that is set aside for them")
        .closing()
}
