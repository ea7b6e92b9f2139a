//! Contents on their way in and out.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use s3s::checksum::ChecksumHasher;
use s3s::dto::StreamingBlob;
use s3s::{Body, S3ErrorCode, S3Result};
use tokio::task::{JoinHandle, spawn_blocking};

use super::BLOCK;
use super::errors::error;
use super::request::{Announced, Trailers};
use crate::store::attributes::{Algorithm, Checksums, hasher};
use crate::store::contents::{ContentReader, ContentWriter, Written};
use crate::store::{Store, StoreError};

/// Executes an operation of the store off the async threads.
pub(super) async fn run<T: Send + 'static>(
    store: &Store,
    operation: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> S3Result<T> {
    let store = store.clone();
    match spawn_blocking(move || operation(&store)).await {
        Ok(result) => Ok(result?),
        Err(panic) => Err(s3s::S3Error::internal_error(panic)),
    }
}

/// What a client says about the bytes that it sends.
#[derive(Debug, Default)]
pub(super) struct Promise {
    /// Their number.
    pub(super) length: Option<i64>,
    /// Their MD5 in base64.
    pub(super) md5: Option<String>,
    /// Their checksums from the request's headers.
    pub(super) checksums: Checksums,
    /// The names of trailing headers, which may be checksums.
    announced: String,
    /// The trailing headers, once they have arrived.
    trailers: Trailers,
    /// The algorithm that the client has named without sending a value.
    algorithm: Option<Algorithm>,
}

impl Promise {
    /// The promise in a request's members and extensions.
    pub(super) fn new(
        extensions: &hyper::http::Extensions,
        length: Option<i64>,
        md5: Option<String>,
        checksums: Checksums,
    ) -> Self {
        Self {
            length,
            md5,
            checksums,
            announced: extensions.get::<Announced>().cloned().unwrap_or_default().0,
            trailers: extensions.get::<Trailers>().cloned().unwrap_or_default(),
            algorithm: None,
        }
    }

    /// Also computes the checksum of this algorithm.
    pub(super) fn with_algorithm(mut self, algorithm: Option<Algorithm>) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// A hasher for all checksums that are promised or asked for. S3 computes CRC-64/NVME if there are none.
    fn hasher(&self) -> ChecksumHasher {
        let wanted = |algorithm: Algorithm| {
            self.checksums.get(algorithm).is_some()
                || self.announces(algorithm)
                || self.algorithm == Some(algorithm)
        };
        let any = Algorithm::ALL.into_iter().any(wanted);
        hasher(|algorithm| wanted(algorithm) || (!any && algorithm == Algorithm::Crc64Nvme))
    }

    /// Whether a trailing header has the checksum of this algorithm.
    fn announces(&self, algorithm: Algorithm) -> bool {
        let header = algorithm.header();
        let mut names = self.announced.split(',').map(str::trim);
        names.any(|name| name.eq_ignore_ascii_case(&header))
    }

    /// Fails if the bytes that have arrived are not those that were promised.
    fn check(&self, written: &Written) -> S3Result {
        if self
            .length
            .is_some_and(|length| length as u64 != written.size)
        {
            let message = "You did not provide the number of bytes specified by the Content-Length HTTP header";
            return Err(error(S3ErrorCode::IncompleteBody, message));
        }
        if let Some(md5) = &self.md5 {
            let digest = STANDARD
                .decode(md5)
                .ok()
                .filter(|digest| digest.len() == 16);
            let digest = digest.ok_or_else(|| {
                error(
                    S3ErrorCode::InvalidDigest,
                    "The Content-MD5 you specified was invalid",
                )
            })?;
            if digest != written.md5 {
                let message = "The Content-MD5 you specified did not match what we received";
                return Err(error(S3ErrorCode::BadDigest, message));
            }
        }
        for (algorithm, computed) in &written.checksums.values {
            let header = algorithm.header();
            let promised = self.checksums.get(*algorithm).map(String::as_str);
            let Some(promised) = promised.or_else(|| self.trailers.get(&header)) else {
                continue;
            };
            if STANDARD.decode(promised).map(|sum| sum.len())
                != STANDARD.decode(computed).map(|sum| sum.len())
            {
                let message = format!("Value for {header} header is invalid.");
                return Err(error(S3ErrorCode::InvalidRequest, message));
            }
            if promised != computed {
                let message = format!(
                    "The {} you specified ({promised}) did not match the calculated checksum.",
                    algorithm.name()
                );
                return Err(error(S3ErrorCode::BadDigest, message));
            }
        }
        Ok(())
    }
}

/// Stores the bytes of a request as a content, if they are what was promised.
pub(super) async fn receive(
    store: &Store,
    body: Option<StreamingBlob>,
    promise: Promise,
) -> S3Result<Written> {
    let mut body = body.map(Body::from).unwrap_or_default();
    let mut sink = Sink {
        writer: None,
        hasher: Some(promise.hasher()),
        pieces: Vec::new(),
        length: 0,
    };
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|reason| error(S3ErrorCode::IncompleteBody, reason.to_string()))?;
        let Ok(bytes) = frame.into_data() else {
            continue;
        };
        sink.length += bytes.len();
        sink.pieces.push(bytes);
        // A trip to the blocking threads for each block, not for each frame.
        if sink.length >= BLOCK {
            sink = run(store, move |store| sink.flush(store)).await?;
        }
    }
    let written = run(store, move |store| sink.finish(store)).await?;
    promise.check(&written)?;
    Ok(written)
}

/// Bytes on their way to a file.
struct Sink {
    /// The file, once there is something to write.
    writer: Option<ContentWriter>,
    /// The hasher, until the file is created.
    hasher: Option<ChecksumHasher>,
    /// Bytes that have not been written.
    pieces: Vec<Bytes>,
    /// Their number.
    length: usize,
}

impl Sink {
    /// Writes what has arrived.
    fn flush(mut self, store: &Store) -> Result<Self, StoreError> {
        let writer = if let Some(writer) = &mut self.writer {
            writer
        } else {
            let hasher = self.hasher.take().unwrap_or_default();
            self.writer.insert(store.create_content(hasher)?)
        };
        for piece in self.pieces.drain(..) {
            writer.write(&piece)?;
        }
        self.length = 0;
        Ok(self)
    }

    /// Writes the rest and ends the file.
    fn finish(self, store: &Store) -> Result<Written, StoreError> {
        let sink = self.flush(store)?;
        let writer = sink.writer.ok_or_else(|| io::Error::other("no content"))?;
        Ok(writer.finish())
    }
}

/// A content as the body of a response, which reads as fast as the client does.
pub(super) struct Outgoing {
    /// Bytes that have been read with the object.
    first: Option<Bytes>,
    /// What has not been read; `None` while it is being read, and after the end.
    reader: Option<ContentReader>,
    /// The reading of a block.
    reading: Option<JoinHandle<io::Result<(Bytes, ContentReader)>>>,
    /// Bytes that the client has not received.
    remaining: u64,
}

impl Outgoing {
    /// Reads the first block, on a blocking thread.
    pub(super) fn new(reader: ContentReader) -> io::Result<Self> {
        let remaining = reader.remaining();
        let (first, reader) = read_block(reader)?;
        Ok(Self {
            first: Some(first),
            reader: Some(reader),
            reading: None,
            remaining,
        })
    }

    /// The body of a response.
    pub(super) fn into_blob(self) -> StreamingBlob {
        match self {
            Self {
                first: Some(first),
                remaining,
                ..
            } if first.len() as u64 == remaining => StreamingBlob::from(Body::from(first)),
            more => StreamingBlob::from(Body::http_body_unsync(more)),
        }
    }
}

/// Reads the next block.
fn read_block(mut reader: ContentReader) -> io::Result<(Bytes, ContentReader)> {
    let mut block = vec![0; (BLOCK as u64).min(reader.remaining()) as usize];
    reader.read_exact(&mut block)?;
    Ok((block.into(), reader))
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        if let Some(first) = this.first.take().filter(|first| !first.is_empty()) {
            this.remaining -= first.len() as u64;
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if this.remaining == 0 {
            return Poll::Ready(None);
        }
        if let Some(reader) = this.reader.take() {
            this.reading = Some(spawn_blocking(move || read_block(reader)));
        }
        let Some(reading) = &mut this.reading else {
            return Poll::Ready(None);
        };
        let read = ready!(Pin::new(reading).poll(context)).map_err(io::Error::other);
        this.reading = None;
        match read.flatten() {
            Ok((block, reader)) => {
                this.remaining -= block.len() as u64;
                this.reader = Some(reader);
                Poll::Ready(Some(Ok(Frame::data(block))))
            }
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
