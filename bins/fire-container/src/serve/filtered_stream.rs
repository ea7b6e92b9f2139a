//! A stream that holds back hyper's own error responses.
//!
//! A malformed request head never reaches our service: hyper writes a bare status line, without a reason. That response
//! is held back here, and [`malformed`](super::malformed) sends one with a reason instead.
//!
//! hyper has no hook for this, so the filter recognises the response in what hyper writes, by the absence of
//! `x-request-id`. Parsing heads before hyper sees them would need a second HTTP parser: on a persistent connection,
//! the next head can only be found by following the framing of each body. The tests in `serve_bytes.rs` fail if a new
//! release of hyper writes its responses differently.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The end of every head. hyper's own error responses have no body, so they end with it.
const END: &[u8] = b"\r\n\r\n";
/// The beginning of every head.
const VERSION: &[u8] = b"HTTP/1.";
/// A header that all responses have except hyper's own.
const OURS: &[u8] = b"x-request-id:";

/// A stream, and the status of the response that was held back.
#[derive(Debug)]
pub(super) struct FilteredStream<S> {
    stream: S,
    /// Whether the last write was incomplete, which leaves the client with part of a response.
    mid_response: bool,
    held_back: Option<StatusCode>,
}

impl<S> FilteredStream<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            mid_response: false,
            held_back: None,
        }
    }

    /// The status of the response that was held back.
    pub(super) fn held_back(&self) -> Option<StatusCode> {
        self.held_back
    }

    /// The inner stream; `None` in the middle of a response, where another one must not begin.
    pub(super) fn between_responses(self) -> Option<S> {
        (!self.mid_response).then_some(self.stream)
    }
}

/// The status and the length of hyper's own error response at the end of `bytes`.
fn own_error(bytes: &[u8]) -> Option<(StatusCode, usize)> {
    // Nearly all responses end with a body, so most writes cost only this comparison.
    if !bytes.ends_with(END) {
        return None;
    }
    // Searched from the end, because hyper may write pending responses and its own error in one call.
    let begins = |part: &[u8]| part == VERSION;
    let at = bytes.windows(VERSION.len()).rposition(begins)?;
    let head = &bytes[at..];
    let is_ours = head.windows(OURS.len()).any(|part| part == OURS);
    let status = StatusCode::from_bytes(head.get(9..12)?).ok()?;
    // `100 Continue` is hyper's own too, and must pass.
    (status.is_client_error() && !is_ours).then_some((status, head.len()))
}

impl<S: AsyncRead + Unpin> AsyncRead for FilteredStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FilteredStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut passed = bytes;
        if let Some((status, length)) = own_error(bytes) {
            passed = &bytes[..bytes.len() - length];
            if passed.is_empty() {
                self.mid_response = false;
                self.held_back = Some(status);
                return Poll::Ready(Ok(bytes.len()));
            }
        }
        // If pending responses precede the error, only they are written here. hyper then writes the rest, which the
        // branch above holds back.
        let written = Pin::new(&mut self.stream).poll_write(context, passed);
        self.mid_response = !matches!(written, Poll::Ready(Ok(length)) if length == bytes.len());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The sending half stays open for the response that replaces the one held back.
        if self.held_back.is_some() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    const OWN: &str = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n";
    const PING: &str = "HTTP/1.1 404 Not Found\r\nx-request-id: 1-1\r\n\r\n";

    #[tokio::test]
    async fn only_hypers_own_error_responses_are_held_back() {
        for (sent, passed, status) in [
            (OWN.to_owned(), Some(""), Some(431)),
            (format!("{PING}{OWN}"), Some(PING), Some(431)),
            (PING.to_owned(), None, None),
            (format!("{OWN}{PING}"), None, None),
            ("HTTP/1.1 100 Continue\r\n\r\n".to_owned(), None, None),
            (format!("{PING}body"), None, None),
            ("\r\n\r\n".to_owned(), None, None),
        ] {
            let mut filtered = FilteredStream::new(Vec::new());
            filtered.write_all(sent.as_bytes()).await.unwrap();
            assert_eq!(filtered.held_back().map(|status| status.as_u16()), status);
            let passed = passed.unwrap_or(&sent).as_bytes().to_vec();
            assert_eq!(filtered.between_responses(), Some(passed), "{sent}");
        }
    }

    #[tokio::test]
    async fn no_response_begins_after_a_partial_write() {
        let (near, _far) = tokio::io::duplex(10);
        let mut filtered = FilteredStream::new(near);
        let written = filtered.write(PING.as_bytes()).await.unwrap();
        assert!(written < PING.len());
        assert!(filtered.between_responses().is_none());
    }
}
