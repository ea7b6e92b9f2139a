//! A stream on which hyper does not answer by itself.
//!
//! A head that is no HTTP never becomes a request: hyper answers it with a status alone, and has no place where a
//! reason could be given. Such an answer is kept back here, and [`bad_head`](super::bad_head) sends ours instead.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The end of a head, and of everything that is sent if no body follows.
const END: &[u8] = b"\r\n\r\n";
/// What every head begins with.
const VERSION: &[u8] = b"HTTP/1.";
/// A header that all answers have but hyper's own.
const OURS: &[u8] = b"x-request-id:";

/// A stream, and what hyper would have said on it.
#[derive(Debug)]
pub(super) struct Muted<S> {
    stream: S,
    /// Whether the stream has not taken all of the last write.
    owes: bool,
    kept_back: Option<StatusCode>,
}

impl<S> Muted<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            owes: false,
            kept_back: None,
        }
    }

    /// The status of the answer that was kept back.
    pub(super) fn kept_back(&self) -> Option<StatusCode> {
        self.kept_back
    }

    /// The stream, if it stands where an answer may begin.
    pub(super) fn between_answers(self) -> Option<S> {
        (!self.owes).then_some(self.stream)
    }
}

/// The status and the length of hyper's own answer at the end of `bytes`.
fn own_answer(bytes: &[u8]) -> Option<(StatusCode, usize)> {
    // Nearly all answers end with a body.
    if !bytes.ends_with(END) {
        return None;
    }
    let begins = |part: &[u8]| part == VERSION;
    let at = bytes.windows(VERSION.len()).rposition(begins)?;
    let head = &bytes[at..];
    let is_ours = head.windows(OURS.len()).any(|part| part == OURS);
    let status = StatusCode::from_bytes(head.get(9..12)?).ok()?;
    // `100 Continue` is hyper's own too, and wanted.
    (status.is_client_error() && !is_ours).then_some((status, head.len()))
}

impl<S: AsyncRead + Unpin> AsyncRead for Muted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Muted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut said = bytes;
        if let Some((status, length)) = own_answer(bytes) {
            said = &bytes[..bytes.len() - length];
            if said.is_empty() {
                self.owes = false;
                self.kept_back = Some(status);
                return Poll::Ready(Ok(bytes.len()));
            }
        }
        let written = Pin::new(&mut self.stream).poll_write(context, said);
        self.owes = !matches!(written, Poll::Ready(Ok(length)) if length == bytes.len());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What was kept back has to be said in another way first.
        if self.kept_back.is_some() {
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
    async fn only_hypers_own_refusals_are_kept_back() {
        for (sent, said, status) in [
            (OWN.to_owned(), Some(""), Some(431)),
            (format!("{PING}{OWN}"), Some(PING), Some(431)),
            (PING.to_owned(), None, None),
            (format!("{OWN}{PING}"), None, None),
            ("HTTP/1.1 100 Continue\r\n\r\n".to_owned(), None, None),
            (format!("{PING}body"), None, None),
            ("\r\n\r\n".to_owned(), None, None),
        ] {
            let mut muted = Muted::new(Vec::new());
            muted.write_all(sent.as_bytes()).await.unwrap();
            assert_eq!(muted.kept_back().map(|status| status.as_u16()), status);
            let said = said.unwrap_or(&sent).as_bytes().to_vec();
            assert_eq!(muted.between_answers(), Some(said), "{sent}");
        }
    }

    #[tokio::test]
    async fn where_half_an_answer_was_written_no_other_may_begin() {
        let (near, _far) = tokio::io::duplex(10);
        let mut muted = Muted::new(near);
        let written = muted.write(PING.as_bytes()).await.unwrap();
        assert!(written < PING.len());
        assert!(muted.between_answers().is_none());
    }
}
