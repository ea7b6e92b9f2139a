//! The body of an upload on its way to the store: unframed, and checked before the store may
//! keep it.
//!
//! `s3s-fs` compares checksums after it has replaced the object; a stream that ends in an error
//! it throws away. So the comparison is made here, at the end of the stream.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::http::HeaderMap;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame};
use s3s::checksum::ChecksumHasher;

use super::chunked::Decoder;

/// The checksum headers of S3, and how a client may be told that one does not fit.
const CHECKSUMS: [&str; 5] = [
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
];

/// Why an upload was refused, once it has been: the store itself would only say that the stream
/// broke.
pub(crate) type Verdict = Arc<OnceLock<String>>;

/// A request body that fails when its bytes are not those that were promised.
pub(crate) struct Upload {
    /// What the client sends.
    inner: Body,
    /// Takes the framing apart, if there is one.
    decoder: Option<Decoder>,
    /// The checksums that were promised, over the bytes so far.
    hasher: ChecksumHasher,
    /// Header names and base64 values, from before the body and from behind it.
    promised: Vec<(String, String)>,
    /// Unframed pieces that have not been asked for.
    ready: VecDeque<Bytes>,
    /// Whether the stream has ended, well or not.
    done: bool,
    /// Where the reason of a refusal is put.
    verdict: Verdict,
}

impl Upload {
    /// Wraps `inner` by what the request's headers say about it.
    pub(crate) fn new(inner: Body, headers: &HeaderMap, framed: bool) -> Self {
        let promised: Vec<_> = CHECKSUMS
            .iter()
            .filter_map(|name| {
                Some((
                    (*name).to_owned(),
                    headers.get(*name)?.to_str().ok()?.to_owned(),
                ))
            })
            .collect();
        let trailer = headers
            .get("x-amz-trailer")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let hasher = hasher(|name| {
            promised.iter().any(|(given, _)| given == name) || trailer.contains(name)
        });
        let decoder = framed.then(Decoder::new);
        Self {
            inner,
            decoder,
            hasher,
            promised,
            ready: VecDeque::new(),
            done: false,
            verdict: Verdict::default(),
        }
    }

    /// Filled in when the upload is refused.
    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict.clone()
    }

    /// Takes one frame of the request's body.
    fn receive(&mut self, bytes: Bytes) -> io::Result<()> {
        match &mut self.decoder {
            None => self.ready.push_back(bytes),
            Some(decoder) => {
                decoder.push(&bytes);
                while let Some(piece) = decoder.next()? {
                    self.ready.push_back(piece);
                }
            }
        }
        Ok(())
    }

    /// At the end of the stream: every promised checksum must be that of the bytes.
    fn compare(&mut self) -> io::Result<()> {
        if let Some(decoder) = self.decoder.take() {
            self.promised.extend(decoder.finish()?);
        }
        let found = std::mem::take(&mut self.hasher).finalize();
        for (name, promised) in &self.promised {
            let found = match name.as_str() {
                "x-amz-checksum-crc32" => &found.checksum_crc32,
                "x-amz-checksum-crc32c" => &found.checksum_crc32c,
                "x-amz-checksum-crc64nvme" => &found.checksum_crc64nvme,
                "x-amz-checksum-sha1" => &found.checksum_sha1,
                "x-amz-checksum-sha256" => &found.checksum_sha256,
                _ => continue,
            };
            if found.as_ref().is_some_and(|found| found != promised) {
                let message = format!(
                    "The {name} you specified ({promised}) did not match what we received."
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        }
        Ok(())
    }

    /// Keeps the reason for the answer and ends the stream with it.
    fn refuse(&mut self, error: io::Error) -> io::Error {
        self.done = true;
        let _ = self.verdict.set(error.to_string());
        error
    }
}

/// Hashers for the checksums that `wanted` names.
fn hasher(wanted: impl Fn(&str) -> bool) -> ChecksumHasher {
    ChecksumHasher {
        crc32: wanted("x-amz-checksum-crc32").then(Default::default),
        crc32c: wanted("x-amz-checksum-crc32c").then(Default::default),
        sha1: wanted("x-amz-checksum-sha1").then(Default::default),
        sha256: wanted("x-amz-checksum-sha256").then(Default::default),
        crc64nvme: wanted("x-amz-checksum-crc64nvme").then(Default::default),
    }
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        loop {
            if let Some(bytes) = this.ready.pop_front() {
                this.hasher.update(&bytes);
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if this.done {
                return Poll::Ready(None);
            }
            let received = match ready!(Pin::new(&mut this.inner).poll_frame(context)) {
                Some(Ok(frame)) => frame
                    .into_data()
                    .map_or(Ok(()), |bytes| this.receive(bytes)),
                Some(Err(error)) => Err(io::Error::new(io::ErrorKind::ConnectionAborted, error)),
                None => {
                    this.done = true;
                    this.compare()
                }
            };
            if let Err(error) = received {
                return Poll::Ready(Some(Err(this.refuse(error))));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    /// Sends `body` with `headers` and gives what arrives, or why it was refused.
    async fn send(
        body: &'static str,
        headers: &[(&'static str, &str)],
        framed: bool,
    ) -> Result<Bytes, String> {
        let map = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let upload = Upload::new(Body::from(body), &map, framed);
        let verdict = upload.verdict();
        match upload.collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) => {
                assert_eq!(verdict.get(), Some(&error.to_string()));
                Err(error.to_string())
            }
        }
    }

    #[tokio::test]
    async fn only_bytes_that_fit_their_checksum_arrive() {
        // CRC-32 of "hello" is 3610a686.
        for (sum, good) in [("NhCmhg==", true), ("AAAAAA==", false)] {
            let result = send("hello", &[("x-amz-checksum-crc32", sum)], false).await;
            assert_eq!(result.is_ok(), good, "{result:?}");
        }
        assert_eq!(send("hello", &[], false).await.unwrap(), "hello");
    }

    #[tokio::test]
    async fn a_trailing_checksum_counts_like_a_leading_one() {
        let header = [("x-amz-trailer", "x-amz-checksum-crc32")];
        let good = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
        assert_eq!(send(good, &header, true).await.unwrap(), "hello");
        let bad = "5\r\nhellO\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
        assert!(
            send(bad, &header, true)
                .await
                .unwrap_err()
                .contains("did not match what we received")
        );
        let cut = "5\r\nhel";
        assert!(
            send(cut, &header, true)
                .await
                .unwrap_err()
                .contains("middle of a chunk")
        );
    }
}
