//! Objects in S3: put, get, list.
//!
//! The service verifies the checksums of uploads, and downloads are verified against the service's
//! checksums. Transfers are atomic: a file appears at its destination, in S3 or on disk, only when it
//! is complete.

mod bucket;
mod resume;
mod upload;

use std::path::Path;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use serde::Serialize;
use tokio::io::AsyncWriteExt;

use crate::clients::Clients;
use crate::error::{Error, ErrorKind, if_found};
use crate::names::S3Uri;

pub(crate) use bucket::inspect_bucket;
pub use bucket::{BucketOrigin, ensure_bucket};
pub use resume::{Uploaded, upload_missing};
pub use upload::{put_bytes, upload_file};

/// The metadata of an object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Object {
    /// Its bucket and key.
    pub uri: S3Uri,
    /// Size in bytes.
    pub size: u64,
}

/// Looks up the object's metadata ([`HeadObject`]); `None` if the object does not exist.
///
/// [`HeadObject`]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
pub async fn head(clients: &Clients, uri: &S3Uri) -> Result<Option<Object>, Error> {
    let sent = clients
        .s3
        .head_object()
        .bucket(uri.bucket().as_str())
        .key(uri.key())
        .send()
        .await;
    let sent = sent.map_err(|error| Error::from_sdk("look up the object", uri, error));
    Ok(if_found(sent)?.map(|found| Object {
        uri: uri.clone(),
        size: size(found.content_length),
    }))
}

/// Lists all objects whose key starts with the key of `prefix`, ordered by key ([`ListObjectsV2`], all
/// pages).
///
/// [`ListObjectsV2`]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
pub async fn list(clients: &Clients, prefix: &S3Uri) -> Result<Vec<Object>, Error> {
    const OP: &str = "list the objects with the prefix";
    let request = clients
        .s3
        .list_objects_v2()
        .bucket(prefix.bucket().as_str())
        .prefix(prefix.key());
    let mut pages = request.into_paginator().send();
    let mut objects = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Error::from_sdk(OP, prefix, error))?;
        for found in page.contents.unwrap_or_default() {
            let uri = S3Uri::new(prefix.bucket(), &found.key.unwrap_or_default());
            let size = size(found.size);
            objects.push(Object { uri, size });
        }
    }
    Ok(objects)
}

/// Whether a non-empty object has a key that starts with the key of `prefix`.
pub async fn has_objects(clients: &Clients, prefix: &S3Uri) -> Result<bool, Error> {
    let sent = clients
        .s3
        .list_objects_v2()
        .bucket(prefix.bucket().as_str())
        .prefix(prefix.key())
        // The first object may be an empty one: the console represents folders that way.
        .max_keys(10)
        .send()
        .await;
    let page =
        sent.map_err(|error| Error::from_sdk("look for objects with the prefix", prefix, error))?;
    let objects = page.contents.unwrap_or_default();
    Ok(objects.iter().any(|object| size(object.size) > 0))
}

/// Converts a size from the service. It is never negative, although its type allows it.
fn size(bytes: Option<i64>) -> u64 {
    bytes.unwrap_or_default().try_into().unwrap_or_default()
}

/// Downloads the object into memory.
///
/// Fails with [`ErrorKind::NotFound`] if the object does not exist, and with
/// [`ErrorKind::Transport`] if the received bytes do not match the object's length or checksum.
pub async fn get_bytes(clients: &Clients, uri: &S3Uri) -> Result<Vec<u8>, Error> {
    let object = open(clients, uri).await?;
    let bytes = object
        .body
        .collect()
        .await
        .map_err(|error| interrupted(uri, error))?;
    Ok(bytes.to_vec())
}

/// Downloads the object to `path`, which appears only when it is complete, and returns its size in
/// bytes.
///
/// Fails like [`get_bytes`], and with [`ErrorKind::File`] if the file cannot be written.
pub async fn download_file(clients: &Clients, uri: &S3Uri, path: &Path) -> Result<u64, Error> {
    let object = open(clients, uri).await?;
    // In the same directory, because a rename cannot move a file to another file system.
    let part = path.with_added_extension("part");
    let written = match save(object, uri, &part).await {
        Ok(written) => tokio::fs::rename(&part, path)
            .await
            .map(|()| written)
            .map_err(|error| local(path, error)),
        Err(error) => Err(error),
    };
    if written.is_err() {
        // The download's own error is the one to report, and the next attempt overwrites a leftover.
        let _ = tokio::fs::remove_file(&part).await;
    }
    written
}

const DOWNLOAD: &str = "download";

async fn open(clients: &Clients, uri: &S3Uri) -> Result<GetObjectOutput, Error> {
    let sent = clients
        .s3
        .get_object()
        .bucket(uri.bucket().as_str())
        .key(uri.key())
        .send()
        .await;
    sent.map_err(|error| Error::from_sdk(DOWNLOAD, uri, error))
}

/// Streams the body to a new file at `part`.
async fn save(mut object: GetObjectOutput, uri: &S3Uri, part: &Path) -> Result<u64, Error> {
    let mut file = tokio::fs::File::create(part)
        .await
        .map_err(|error| local(part, error))?;
    let mut written = 0;
    while let Some(chunk) = object.body.next().await {
        let chunk = chunk.map_err(|error| interrupted(uri, error))?;
        file.write_all(&chunk)
            .await
            .map_err(|error| local(part, error))?;
        written += chunk.len() as u64;
    }
    // Without this, the rename may reach the disk before the content, and a crash in between would
    // leave an incomplete file.
    file.sync_all().await.map_err(|error| local(part, error))?;
    Ok(written)
}

fn local(path: &Path, error: std::io::Error) -> Error {
    Error::file(DOWNLOAD, path, error)
}

/// The error for a body that was cut off or does not match its checksum.
fn interrupted(uri: &S3Uri, error: aws_sdk_s3::primitives::ByteStreamError) -> Error {
    Error::new(
        ErrorKind::Transport,
        DOWNLOAD,
        format!("{uri}: the transfer was interrupted; try again"),
    )
    .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, ok};

    fn uri() -> S3Uri {
        "s3://bucket/k".parse().unwrap()
    }

    #[tokio::test]
    async fn a_missing_object_is_none_and_other_failures_are_errors() {
        let responses = [
            ok("")
                .header("content-length", "7")
                .header("last-modified", "Thu, 01 Jan 1970 00:00:09 GMT"),
            ok("").status(404),
            ok("").status(403),
        ];
        let server = Scripted::start(responses).await;
        let clients = server.clients();
        let found = Object {
            uri: uri(),
            size: 7,
        };
        assert_eq!(head(&clients, &uri()).await.unwrap(), Some(found));
        assert_eq!(head(&clients, &uri()).await.unwrap(), None);
        assert_eq!(
            head(&clients, &uri()).await.unwrap_err().kind(),
            ErrorKind::Denied
        );
    }

    #[tokio::test]
    async fn lists_follow_their_pages() {
        let page = |key: &str, next: &str| {
            ok(&format!(
                "<ListBucketResult><IsTruncated>{}</IsTruncated>\
                 <NextContinuationToken>{next}</NextContinuationToken>\
                 <Contents><Key>{key}</Key><Size>5</Size></Contents></ListBucketResult>",
                !next.is_empty()
            ))
        };
        let server = Scripted::start([page("k/a", "t"), page("k/b", "")]).await;
        let objects = list(&server.clients(), &uri()).await.unwrap();
        let uris: Vec<_> = objects
            .iter()
            .map(|object| object.uri.to_string())
            .collect();
        assert_eq!(uris, ["s3://bucket/k/a", "s3://bucket/k/b"]);
        assert_eq!(objects[0].size, 5);
        assert!(server.operations()[1].contains("continuation-token=t"));
    }

    #[tokio::test]
    async fn a_prefix_has_objects_if_one_of_them_is_not_empty() {
        let page = |size: u64| {
            ok(&format!(
                "<ListBucketResult><Contents><Key>k/a</Key><Size>{size}</Size></Contents>\
                 </ListBucketResult>"
            ))
        };
        let none = ok("<ListBucketResult/>");
        let server = Scripted::start([page(7), page(0), none]).await;
        let clients = server.clients();
        for expected in [true, false, false] {
            assert_eq!(has_objects(&clients, &uri()).await.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn downloads_are_atomic() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let truncated = ok("abc").header("content-length", "9");
        let altered = ok("abc").header("x-amz-checksum-crc32", "AAAAAA==");
        let missing = ok("<Error><Code>NoSuchKey</Code></Error>").status(404);
        let server = Scripted::start([truncated, altered, missing, ok("whole")]).await;
        let clients = server.clients();
        for expected in [
            ErrorKind::Transport,
            ErrorKind::Transport,
            ErrorKind::NotFound,
        ] {
            let error = download_file(&clients, &uri(), &path).await.unwrap_err();
            assert_eq!(error.kind(), expected, "{error}");
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        }
        assert_eq!(download_file(&clients, &uri(), &path).await.unwrap(), 5);
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn the_error_for_a_missing_object_says_what_to_check() {
        let body = "<Error><Code>NoSuchKey</Code>\
                    <Message>The specified key does not exist.</Message></Error>";
        let server = Scripted::start([ok(body).status(404)]).await;
        let error = get_bytes(&server.clients(), &uri()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(
            error.to_string(),
            "cannot download s3://bucket/k: the bucket has no such object; list the prefix \
             or check the URI (NoSuchKey)"
        );
    }

    #[tokio::test]
    async fn a_download_that_cannot_be_written_names_the_file() {
        let server = Scripted::start([ok("whole")]).await;
        let path = Path::new("/no-such-directory/file");
        let error = download_file(&server.clients(), &uri(), path)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File);
        assert_eq!(
            error.to_string(),
            "cannot download /no-such-directory/file.part"
        );
    }

    #[tokio::test]
    async fn bytes_are_returned_unchanged() {
        let server = Scripted::start([ok("content")]).await;
        assert_eq!(
            get_bytes(&server.clients(), &uri()).await.unwrap(),
            b"content"
        );
        assert!(server.operations()[0].starts_with("GET /bucket/k"));
    }
}
