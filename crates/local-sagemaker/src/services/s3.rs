//! Buckets and objects in a folder: `s3s` speaks the protocol, `s3s-fs` keeps the files.
//!
//! An object `s3://BUCKET/KEY` is the file `ROOT/BUCKET/KEY`; so `a` and `a/b` cannot both be
//! keys. Signatures are not verified: the server listens on the loopback interface only, and
//! clients come with whatever dummy credentials their user made up. What a signature leaves in
//! a request is taken out of it, and `aws-chunked` bodies, which the Rust SDK sends for every
//! stream, are unframed here.

mod chunked;
mod guard;
mod operation;
mod upload;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame};
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::io::{AsyncRead, ReadBuf};

use crate::error::Error;
use crate::machine::log;
use crate::protocol::ApiError;
use crate::protocol::names::S3Uri;
use guard::Visit;
use upload::Upload;

pub(crate) use operation::operation;

/// The headers that a signature or an `aws-chunked` body leaves behind.
const SIGNING_HEADERS: [&str; 6] = [
    "authorization",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-trailer",
    "x-amz-decoded-content-length",
];

/// The query parameters of a presigned URL, of signature version 4 and, which boto3 still
/// makes, version 2.
const SIGNING_PARAMETERS: [&str; 10] = [
    "AWSAccessKeyId",
    "Expires",
    "Signature",
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

/// The object store.
#[derive(Clone)]
pub(crate) struct Storage {
    /// The folder that holds a folder for each bucket.
    root: PathBuf,
    /// What speaks S3 over these files.
    service: S3Service,
}

/// One stored object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    /// Its key.
    pub(crate) key: String,
    /// The file that holds it.
    pub(crate) path: PathBuf,
}

impl Storage {
    /// Opens the store in `root`, which is made when it is missing.
    pub(crate) fn open(root: PathBuf) -> Result<Self, Error> {
        fs::create_dir_all(&root).map_err(Error::io("create", &root))?;
        let files = s3s_fs::FileSystem::new(&root).map_err(|error| Error::Io {
            action: "open",
            path: root.clone(),
            source: io::Error::other(format!("{error:?}")),
        })?;
        Ok(Self {
            root,
            service: S3ServiceBuilder::new(files).build(),
        })
    }

    /// The folder of a bucket, whether it exists or not; none for what cannot be a bucket's name,
    /// such as `..`.
    fn bucket(&self, name: &str) -> Option<PathBuf> {
        s3s::path::check_bucket_name(name).then(|| self.root.join(name))
    }

    /// Answers one S3 request of a client in `region`.
    pub(crate) async fn serve(&self, request: Request<Body>, region: &str) -> Response<Body> {
        let visit = Visit {
            method: request.method(),
            uri: request.uri(),
            region,
        };
        match guard::answer(self, &visit) {
            Some(answer) => answer,
            None => self.pass(request).await,
        }
    }

    /// Lets a request through to the files, without its signature and framing.
    async fn pass(&self, request: Request<Body>) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        let framed = unframe(&mut parts.headers);
        let upload = Upload::new(body, &parts.headers, framed);
        let verdict = upload.verdict();
        strip(&mut parts.headers, framed);
        parts.uri = without_presigning(parts.uri);
        let resource = parts.uri.path().to_owned();
        let answer = self
            .service
            .call(Request::from_parts(
                parts,
                s3s::Body::http_body_unsync(upload),
            ))
            .await;
        match (verdict.get(), answer) {
            // s3s has seen a stream that broke, and would call that an internal error.
            (Some(reason), _) => guard::error("BadDigest", reason, &resource),
            (None, Ok(answer)) => answer.map(Body::new),
            (None, Err(error)) => {
                log(&format!("S3 request for {resource} failed: {error:?}"));
                let mut answer = guard::error(
                    "InternalError",
                    "We encountered an internal error.",
                    &resource,
                );
                *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                answer
            }
        }
    }

    /// Whether the bucket exists.
    pub(crate) fn has_bucket(&self, bucket: &str) -> bool {
        self.bucket(bucket).is_some_and(|folder| folder.is_dir())
    }

    /// The file of one object, if there is one.
    pub(crate) fn object(&self, uri: &S3Uri) -> Option<PathBuf> {
        let path = self.bucket(&uri.bucket)?.join(&uri.key);
        (safe(&uri.key) && path.is_file()).then_some(path)
    }

    /// The objects whose keys begin with the key of `prefix`, sorted by key. Walks the disk.
    pub(crate) fn objects(&self, prefix: &S3Uri) -> io::Result<Vec<Object>> {
        match self.bucket(&prefix.bucket) {
            Some(folder) if safe(&prefix.key) => files_below(&folder, &prefix.key),
            _ => Ok(Vec::new()),
        }
    }

    /// Stores a file as an object, the way a client would: through the S3 service.
    pub(crate) async fn put(&self, uri: &S3Uri, file: &Path) -> io::Result<()> {
        let source = tokio::fs::File::open(file).await?;
        let length = source.metadata().await?.len();
        let request = Request::put(format!("/{}/{}", uri.bucket, escaped(&uri.key)))
            .header(header::HOST, "localhost")
            .header(header::CONTENT_LENGTH, length)
            .body(Body::new(FileBody(source)))
            .map_err(io::Error::other)?;
        // The region matters only to the creation of buckets.
        let answer = self.serve(request, "").await;
        if answer.status().is_success() {
            return Ok(());
        }
        let text = axum::body::to_bytes(answer.into_body(), 1 << 16)
            .await
            .unwrap_or_default();
        Err(io::Error::other(format!(
            "storing {uri} failed: {}",
            String::from_utf8_lossy(&text)
        )))
    }
}

/// A refusal in the shape of S3; `HEAD` is answered without a body.
pub(crate) fn refusal(error: &ApiError, method: &Method, path: &str) -> Response<Body> {
    let mut response = guard::error(error.code(), error.message(), path);
    *response.status_mut() = error.status();
    if method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}

/// Files below `dir` whose path from there begins with `prefix`, as objects in the order of
/// their keys.
fn files_below(dir: &Path, prefix: &str) -> io::Result<Vec<Object>> {
    // Only the folder part of the prefix can be walked to; the rest is compared.
    let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut objects = Vec::new();
    walk(dir, folder, &mut objects)?;
    objects.retain(|object| object.key.starts_with(prefix));
    objects.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(objects)
}

/// Adds the files of one folder and all below it.
fn walk(dir: &Path, below: &str, objects: &mut Vec<Object>) -> io::Result<()> {
    let entries = match fs::read_dir(dir.join(below)) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(());
        }
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        // Keys are UTF-8, so this file is nobody's object.
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let key = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        if entry.file_type()?.is_dir() {
            walk(dir, &key, objects)?;
        } else {
            objects.push(Object {
                key,
                path: entry.path(),
            });
        }
    }
    Ok(())
}

/// Whether a key stays in its bucket's folder.
fn safe(key: &str) -> bool {
    !key.split('/').any(|part| part == "..")
}

/// Whether the body is framed. The framing is taken out of `Content-Encoding`, where it is not
/// part of the object.
fn unframe(headers: &mut HeaderMap) -> bool {
    let text = |headers: &HeaderMap, name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    // Either one announces it: older SDKs leave the encoding out.
    let streaming = text(headers, "x-amz-content-sha256").starts_with("STREAMING-");
    let encoding = text(headers, "content-encoding");
    let others: Vec<_> = encoding
        .split(',')
        .map(str::trim)
        .filter(|part| *part != "aws-chunked")
        .collect();
    let named = encoding.split(',').any(|part| part.trim() == "aws-chunked");
    if named {
        headers.remove(header::CONTENT_ENCODING);
        if let (false, Ok(value)) = (others.is_empty(), HeaderValue::from_str(&others.join(","))) {
            headers.insert(header::CONTENT_ENCODING, value);
        }
    }
    streaming || named
}

/// Takes the signature out of the headers, and makes the length that of the unframed body.
fn strip(headers: &mut HeaderMap, framed: bool) {
    if framed {
        let length = headers.get("x-amz-decoded-content-length").cloned();
        headers.remove(header::CONTENT_LENGTH);
        if let Some(length) = length {
            headers.insert(header::CONTENT_LENGTH, length);
        }
        // It announces a checksum that only the trailer holds, where s3s cannot see it any
        // more; it has been compared.
        headers.remove("x-amz-sdk-checksum-algorithm");
    }
    for name in SIGNING_HEADERS {
        headers.remove(name);
    }
}

/// The request that a presigned URL stands for.
fn without_presigning(uri: Uri) -> Uri {
    let name = |pair: &&str| pair.split('=').next().unwrap_or_default().to_owned();
    let signing = |pair: &&str| SIGNING_PARAMETERS.contains(&name(pair).as_str());
    let query = uri.query().unwrap_or_default();
    if !query.split('&').any(|pair| signing(&pair)) {
        return uri;
    }
    let rest: Vec<_> = query.split('&').filter(|pair| !signing(pair)).collect();
    let path = uri.path();
    let bare = if rest.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", rest.join("&"))
    };
    bare.parse().unwrap_or(uri)
}

/// A key as it stands in a URL's path.
fn escaped(key: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    key.bytes()
        .map(|byte| {
            if keep(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// A file as a request body.
struct FileBody(tokio::fs::File);

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        // Large pieces: each costs a trip to the blocking pool.
        let mut space = vec![0; 256 << 10];
        let mut buffer = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut self.0).poll_read(context, &mut buffer))?;
        let length = buffer.filled().len();
        space.truncate(length);
        Poll::Ready((length > 0).then(|| Ok(Frame::data(space.into()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presigned_url_loses_its_signature_only() {
        for (uri, expected) in [
            ("/b/k?X-Amz-Algorithm=A&X-Amz-Signature=s", "/b/k"),
            ("/b/k?x-id=GetObject&X-Amz-Date=d", "/b/k?x-id=GetObject"),
            ("/b/k?AWSAccessKeyId=a&Signature=s&Expires=1", "/b/k"),
            ("/b?list-type=2", "/b?list-type=2"),
        ] {
            assert_eq!(
                without_presigning(uri.parse().unwrap()).to_string(),
                expected
            );
        }
    }

    #[test]
    fn framing_is_recognised_and_real_encodings_stay() {
        for (headers, framed, encoding) in [
            (vec![("content-encoding", "aws-chunked")], true, None),
            (
                vec![("content-encoding", "gzip,aws-chunked")],
                true,
                Some("gzip"),
            ),
            (vec![("content-encoding", "gzip")], false, Some("gzip")),
            (
                vec![("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")],
                true,
                None,
            ),
            (
                vec![("x-amz-content-sha256", "UNSIGNED-PAYLOAD")],
                false,
                None,
            ),
        ] {
            let mut map: HeaderMap = headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect();
            assert_eq!(unframe(&mut map), framed, "{headers:?}");
            assert_eq!(
                map.get("content-encoding")
                    .map(|value| value.to_str().unwrap()),
                encoding,
                "{headers:?}"
            );
        }
    }

    #[test]
    fn keys_are_escaped_for_the_path() {
        assert_eq!(escaped("a b/ü?#%"), "a%20b/%C3%BC%3F%23%25");
    }

    #[test]
    fn a_prefix_is_compared_as_text_like_s3_does() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::open(dir.path().to_owned()).unwrap();
        for key in ["train/a", "train/b/c", "train2/d", "other"] {
            let path = dir.path().join("bucket").join(key);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, key).unwrap();
        }
        for (prefix, expected) in [
            ("", vec!["other", "train/a", "train/b/c", "train2/d"]),
            ("train/", vec!["train/a", "train/b/c"]),
            ("train", vec!["train/a", "train/b/c", "train2/d"]),
            ("train/b/c", vec!["train/b/c"]),
            ("missing/x", vec![]),
            ("../bucket/other", vec![]),
        ] {
            let uri = S3Uri {
                bucket: "bucket".into(),
                key: prefix.into(),
            };
            let keys: Vec<_> = storage
                .objects(&uri)
                .unwrap()
                .into_iter()
                .map(|object| object.key)
                .collect();
            assert_eq!(keys, expected, "{prefix:?}");
        }
    }
}
