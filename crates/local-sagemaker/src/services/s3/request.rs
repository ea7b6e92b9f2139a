//! Makes of a request as clients send it one that `s3s` understands: path style, without a signature, and
//! with a plain body.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame};
use percent_encoding::percent_decode_str;
use s3s::dto::{Range, Timestamp, TimestampFormat};

use super::chunked::Decoder;
use crate::protocol::ApiError;

/// The headers that belong to a signature or to an `aws-chunked` body.
const SIGNING_HEADERS: [&str; 6] = [
    "authorization",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-trailer",
    "x-amz-decoded-content-length",
];

/// The query parameters of a presigned URL, of signature version 4 and, which boto3 still makes,
/// version 2.
const SIGNING_PARAMETERS: [&str; 10] = [
    "awsaccesskeyid",
    "expires",
    "signature",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

/// The region of the client, as an extension of the request.
#[derive(Clone, Debug)]
pub(super) struct Region(pub(super) String);

/// The trailing headers of an `aws-chunked` body, known once it has been read. An extension of the request.
#[derive(Clone, Debug, Default)]
pub(super) struct Trailers(Arc<OnceLock<Vec<(String, String)>>>);

impl Trailers {
    /// The value of a trailing header.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let trailers = self.0.get()?;
        let found = trailers.iter().find(|(trailer, _)| trailer == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The names of the trailing headers that a request announces. An extension of the request.
#[derive(Clone, Debug, Default)]
pub(super) struct Announced(pub(super) String);

/// Prepares a request of a client in `region`.
pub(super) fn prepare(
    request: Request<Body>,
    region: &str,
) -> Result<Request<s3s::Body>, ApiError> {
    let (mut parts, body) = request.into_parts();
    let framed = unframe(&mut parts.headers);
    check_headers(&parts.method, &parts.headers)?;
    let announced = text(&parts.headers, "x-amz-trailer").to_owned();
    strip_signature(&mut parts.headers, framed)?;
    parts.uri = without_presigning(&parts.uri, &mut parts.headers);
    remove_invalid_conditions(&mut parts.headers);
    let trailers = Trailers::default();
    parts.extensions.insert(Region(region.to_owned()));
    parts.extensions.insert(trailers.clone());
    parts.extensions.insert(Announced(announced));
    let body = if framed {
        s3s::Body::http_body_unsync(Unframed::new(body, trailers))
    } else {
        s3s::Body::http_body_unsync(body)
    };
    Ok(Request::from_parts(parts, body))
}

/// The URI in path style. A client that addresses a bucket by `Host` sends `BUCKET.localhost`,
/// `BUCKET.s3.localhost` or, through a proxy, one of AWS's own names.
pub(crate) fn path_style(uri: &Uri, headers: &HeaderMap) -> Option<Uri> {
    let bucket = bucket_in_host(text(headers, "host"))?;
    let query = uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    format!("/{bucket}{}{query}", uri.path()).parse().ok()
}

/// The bucket in a host name, if there is one: what precedes the label `s3` or, on AWS, `s3-REGION`. On
/// localhost, that label may be missing.
fn bucket_in_host(host: &str) -> Option<&str> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let local = name.strip_suffix(".localhost");
    let rest = local.or_else(|| name.strip_suffix(".amazonaws.com"))?;
    let is_service = |label: &str| label == "s3" || (local.is_none() && label.starts_with("s3-"));
    let mut end = rest.len();
    for label in rest.rsplit('.') {
        let start = end - label.len();
        if is_service(label) {
            return rest.get(..start.checked_sub(1)?);
        }
        end = start.saturating_sub(1);
    }
    local.filter(|bucket| !bucket.is_empty())
}

/// A header as text; empty if it is missing.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Rejects what `s3s` accepts and S3 does not.
fn check_headers(method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    if headers
        .get("content-md5")
        .is_some_and(HeaderValue::is_empty)
    {
        let message = "The Content-MD5 you specified was invalid";
        return Err(ApiError::new("InvalidDigest", message));
    }
    let reads = method == Method::GET || method == Method::HEAD;
    if reads && headers.contains_key("x-amz-server-side-encryption") {
        let message = "x-amz-server-side-encryption header is not supported for this operation.";
        return Err(ApiError::new("InvalidArgument", message));
    }
    Ok(())
}

/// Whether the body is framed. The framing is removed from `Content-Encoding`, because it is not part of
/// the object.
fn unframe(headers: &mut HeaderMap) -> bool {
    // Older SDKs leave the encoding out, and some clients name it without framing anything.
    let streaming = text(headers, "x-amz-content-sha256").starts_with("STREAMING-");
    let encoding = text(headers, "content-encoding").to_owned();
    let is_framing = |part: &&str| *part == "aws-chunked";
    let parts = || encoding.split(',').map(str::trim);
    let named = parts().any(|part| is_framing(&part));
    if named {
        headers.remove(header::CONTENT_ENCODING);
        let others: Vec<_> = parts().filter(|part| !is_framing(part)).collect();
        if let (false, Ok(value)) = (others.is_empty(), HeaderValue::from_str(&others.join(","))) {
            headers.insert(header::CONTENT_ENCODING, value);
        }
    }
    streaming || (named && headers.contains_key("x-amz-decoded-content-length"))
}

/// Removes the signature from the headers, and makes the length that of the decoded body.
fn strip_signature(headers: &mut HeaderMap, framed: bool) -> Result<(), ApiError> {
    if framed {
        let length = headers.get("x-amz-decoded-content-length").cloned();
        headers.remove(header::CONTENT_LENGTH);
        if let Some(length) = length {
            headers.insert(header::CONTENT_LENGTH, length);
        }
    }
    let length = text(headers, "content-length");
    if !length.is_empty() && length.parse::<u64>().is_err() {
        return Err(ApiError::new(
            "InvalidArgument",
            format!("The content length is not a number: {length}"),
        ));
    }
    for name in SIGNING_HEADERS {
        headers.remove(name);
    }
    Ok(())
}

/// Removes ranges and dates that cannot be parsed: they are ignored (RFC 9110, 14.2 and 13.1.3), while `s3s`
/// rejects them.
fn remove_invalid_conditions(headers: &mut HeaderMap) {
    if Range::parse(text(headers, "range")).is_err() {
        headers.remove(header::RANGE);
    }
    for name in [header::IF_MODIFIED_SINCE, header::IF_UNMODIFIED_SINCE] {
        let date = text(headers, name.as_str());
        if Timestamp::parse(TimestampFormat::HttpDate, date).is_err() {
            headers.remove(name);
        }
    }
}

/// The request that a presigned URL stands for. Its `x-amz-` parameters are headers that the client could
/// not send.
fn without_presigning(uri: &Uri, headers: &mut HeaderMap) -> Uri {
    let name = |pair: &str| pair.split('=').next().unwrap_or_default().to_lowercase();
    let is_signing = |pair: &&str| SIGNING_PARAMETERS.contains(&name(pair).as_str());
    let query = uri.query().unwrap_or_default();
    if !query.split('&').any(|pair| is_signing(&pair)) {
        return uri.clone();
    }
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|pair| !is_signing(pair)) {
        let value = pair.split_once('=').map_or("", |(_, value)| value);
        let value = percent_decode_str(value).decode_utf8_lossy();
        let header = name(pair).starts_with("x-amz-").then(|| name(pair));
        match (
            header.and_then(|name| name.parse::<HeaderName>().ok()),
            HeaderValue::from_str(&value),
        ) {
            (Some(name), Ok(value)) => {
                headers.entry(name).or_insert(value);
            }
            _ => rest.push(pair),
        }
    }
    let separator = if rest.is_empty() { "" } else { "?" };
    let bare = format!("{}{separator}{}", uri.path(), rest.join("&"));
    bare.parse().unwrap_or_else(|_| uri.clone())
}

/// A body without its `aws-chunked` framing.
struct Unframed {
    /// What the client sends.
    inner: Body,
    /// Decodes it; taken at the end.
    decoder: Option<Decoder>,
    /// Decoded pieces that have not been read.
    ready: VecDeque<Bytes>,
    /// Receives the trailing headers.
    trailers: Trailers,
}

impl Unframed {
    /// Decodes `inner`.
    fn new(inner: Body, trailers: Trailers) -> Self {
        Self {
            inner,
            decoder: Some(Decoder::new()),
            ready: VecDeque::new(),
            trailers,
        }
    }

    /// Decodes what the client has sent, or the end of it.
    fn receive(&mut self, bytes: Option<Bytes>) -> io::Result<()> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(());
        };
        if let Some(bytes) = bytes {
            decoder.push(&bytes);
            while let Some(piece) = decoder.next()? {
                self.ready.push_back(piece);
            }
        } else if let Some(decoder) = self.decoder.take() {
            let _ = self.trailers.0.set(decoder.finish()?);
        }
        Ok(())
    }
}

impl HttpBody for Unframed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        loop {
            if let Some(bytes) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if this.decoder.is_none() {
                return Poll::Ready(None);
            }
            let received = match ready!(Pin::new(&mut this.inner).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => this.receive(Some(bytes)),
                    // HTTP trailers; those of the framing are in the data.
                    Err(_) => Ok(()),
                },
                Some(Err(error)) => Err(io::Error::new(io::ErrorKind::ConnectionAborted, error)),
                None => this.receive(None),
            };
            if let Err(error) = received {
                this.decoder = None;
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[test]
    fn a_presigned_url_loses_its_signature_only() {
        for (uri, expected) in [
            ("/b/k?X-Amz-Algorithm=A&X-Amz-Signature=s", "/b/k"),
            ("/b/k?x-id=GetObject&X-Amz-Date=d", "/b/k?x-id=GetObject"),
            ("/b/k?AWSAccessKeyId=a&Signature=s&Expires=1", "/b/k"),
            ("/b?list-type=2", "/b?list-type=2"),
        ] {
            let mut headers = HeaderMap::new();
            let bare = without_presigning(&uri.parse().unwrap(), &mut headers);
            assert_eq!(bare.to_string(), expected);
            assert!(headers.is_empty());
        }
    }

    #[test]
    fn the_parameters_of_a_presigned_url_become_headers() {
        let uri = "/b/k?X-Amz-Signature=s&x-amz-meta-colour=dark%20red&uploadId=1";
        let mut headers = HeaderMap::new();
        let bare = without_presigning(&uri.parse().unwrap(), &mut headers);
        assert_eq!(bare.to_string(), "/b/k?uploadId=1");
        assert_eq!(headers["x-amz-meta-colour"], "dark red");
    }

    #[test]
    fn a_bucket_may_be_part_of_the_host() {
        for (host, expected) in [
            ("127.0.0.1:9000", None),
            ("localhost:9000", None),
            ("s3.localhost:9000", None),
            ("data.localhost:9000", Some("data")),
            ("data.s3.localhost", Some("data")),
            ("my.data.localhost:1", Some("my.data")),
            ("s3-data.s3.localhost", Some("s3-data")),
            ("data.s3.eu-central-1.amazonaws.com", Some("data")),
            ("s3-data.localhost", Some("s3-data")),
            ("data.s3-eu-west-1.amazonaws.com", Some("data")),
            ("s3.eu-central-1.amazonaws.com", None),
            ("runtime.sagemaker.us-east-1.amazonaws.com", None),
        ] {
            assert_eq!(bucket_in_host(host), expected, "{host}");
        }
        let headers = HeaderMap::from_iter([(header::HOST, "b.localhost:1".parse().unwrap())]);
        let uri = "/a%2Fk?x=1".parse().unwrap();
        assert_eq!(path_style(&uri, &headers).unwrap(), "/b/a%2Fk?x=1");
    }

    #[test]
    fn framing_is_recognised_and_real_encodings_stay() {
        for (name, value, framed, encoding) in [
            ("content-encoding", "aws-chunked", false, None),
            ("content-encoding", "gzip,aws-chunked", false, Some("gzip")),
            ("content-encoding", "gzip", false, Some("gzip")),
            (
                "x-amz-content-sha256",
                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                true,
                None,
            ),
            ("x-amz-content-sha256", "UNSIGNED-PAYLOAD", false, None),
        ] {
            let mut headers =
                HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
            assert_eq!(unframe(&mut headers), framed, "{name}: {value}");
            let left = headers.get("content-encoding");
            assert_eq!(left.map(|value| value.to_str().unwrap()), encoding);
        }
    }

    #[tokio::test]
    async fn a_framed_body_is_decoded_and_its_trailers_are_kept() {
        let framed = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
        let trailers = Trailers::default();
        let body = Unframed::new(Body::from(framed), trailers.clone());
        assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
        assert_eq!(trailers.get("x-amz-checksum-crc32"), Some("NhCmhg=="));
        let cut = Unframed::new(Body::from("5\r\nhel"), Trailers::default());
        let error = cut.collect().await.unwrap_err().to_string();
        assert!(error.contains("middle of a chunk"), "{error}");
    }
}
