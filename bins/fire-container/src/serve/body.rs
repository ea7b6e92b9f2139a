//! Reads request bodies within the limits of size, time and memory.

use std::error::Error;

use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Body, Bytes, Incoming};
use tokio::time::timeout;

use super::admission::MemoryPermit;
use super::limits::Limits;
use super::rejection::Rejection;

/// A body over the limit is read and discarded up to this many times the limit. Closing immediately would reset the
/// connection while the client is still sending, and the client would never see the 413.
const DISCARD_FACTOR: usize = 4;

/// Reads the whole body and counts it in `memory`.
pub(super) async fn read(
    body: Incoming,
    limits: &Limits,
    memory: &mut MemoryPermit,
) -> Result<Bytes, Rejection> {
    let late = || {
        let seconds = limits.body_timeout.as_secs_f64();
        let message = format!("the body did not arrive within {seconds} s");
        Rejection::new(StatusCode::REQUEST_TIMEOUT, message).closing()
    };
    let read = read_all(body, limits, memory);
    timeout(limits.body_timeout, read)
        .await
        .map_err(|_| late())?
}

async fn read_all(
    mut body: Incoming,
    limits: &Limits,
    memory: &mut MemoryPermit,
) -> Result<Bytes, Rejection> {
    let first = match next_chunk(&mut body).await? {
        Some(bytes) if body.is_end_stream() && bytes.len() <= limits.body_bytes => {
            // Nearly every request arrives in one chunk, which need not be copied.
            return if memory.grow(bytes.len()) {
                Ok(bytes)
            } else {
                Err(out_of_memory())
            };
        }
        // No chunk at all is an empty body.
        first => first.unwrap_or_default(),
    };
    let (mut whole, mut length) = (Vec::new(), 0);
    let mut chunk = Some(first);
    while let Some(bytes) = chunk {
        length += bytes.len();
        if length > limits.body_bytes.saturating_mul(DISCARD_FACTOR) {
            break;
        }
        if length <= limits.body_bytes {
            if !memory.grow(bytes.len()) {
                return Err(out_of_memory());
            }
            whole.extend_from_slice(&bytes);
        } else {
            // The request will be rejected, so the part read so far is freed.
            whole = Vec::new();
        }
        chunk = next_chunk(&mut body).await?;
    }
    if length > limits.body_bytes {
        return Err(too_long(limits.body_bytes).closing());
    }
    Ok(whole.into())
}

/// The next chunk of the body; trailers are skipped.
async fn next_chunk(body: &mut Incoming) -> Result<Option<Bytes>, Rejection> {
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame.map_err(|error| invalid(&error))?.into_data() {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// 400, with the reason that hyper gives.
fn invalid(error: &hyper::Error) -> Rejection {
    let reason = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    Rejection::bad(format!("the body is incomplete or invalid: {reason}")).closing()
}

/// 413, naming the limit.
pub(super) fn too_long(limit: usize) -> Rejection {
    let message = format!("the body is longer than {limit} bytes; send fewer rows at once");
    Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

fn out_of_memory() -> Rejection {
    Rejection::busy("requests in progress use all the memory reserved for bodies").closing()
}
