//! Uploads: small files in a single request, large files in parts.

use std::collections::BTreeMap;
use std::path::Path;

use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};

use crate::clients::Clients;
use crate::error::Error;
use crate::names::S3Uri;

pub(super) const OP: &str = "upload";

/// The largest file, in bytes, to upload in a single request. S3 would accept 5 GB, but after a broken
/// connection everything would have to be sent again.
pub(super) const SINGLE_LIMIT: u64 = 64 << 20;

/// The size of parts. They are small, because a failed part is sent again completely.
const PART_BYTES: u64 = 16 << 20;

/// The maximum number of parts per object in S3.
const MAX_PARTS: u64 = 10_000;

/// Uploads `bytes` to `uri` ([`PutObject`]).
///
/// [`PutObject`]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
pub async fn put_bytes(clients: &Clients, uri: &S3Uri, bytes: Vec<u8>) -> Result<(), Error> {
    put(clients, ByteStream::from(bytes), uri).await
}

/// Uploads the file at `path` without loading it into memory, and returns its size in bytes.
///
/// `progress` is called with the number of bytes sent so far.
/// After a failure there is no object, and parts already uploaded are deleted if possible.
/// Fails with [`ErrorKind::File`](crate::ErrorKind::File) if the file cannot be read, before or
/// during the upload.
pub async fn upload_file(
    clients: &Clients,
    path: &Path,
    uri: &S3Uri,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<u64, Error> {
    let about = tokio::fs::metadata(path)
        .await
        .map_err(|error| Error::file(OP, path, error))?;
    let bytes = about.len();
    if bytes > SINGLE_LIMIT {
        let source = Source { path, bytes };
        upload_in_parts(clients, &source, (uri, None), progress).await?;
    } else {
        let body = ByteStream::from_path(path)
            .await
            .map_err(|error| unreadable(path, error))?;
        put(clients, body, uri).await?;
        progress(bytes);
    }
    Ok(bytes)
}

/// A file, with its size at the start of the upload.
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
    pub(super) bytes: u64,
}

/// The size of each part except the last, for a file of this size. A file that is uploaded in a single
/// request counts as one part.
pub(super) fn part_bytes(bytes: u64) -> u64 {
    if bytes > SINGLE_LIMIT {
        PART_BYTES.max(bytes.div_ceil(MAX_PARTS))
    } else {
        bytes.max(1)
    }
}

/// An unfinished multipart upload, with the parts that need not be sent again.
pub(super) struct Begun {
    pub(super) id: String,
    pub(super) parts: BTreeMap<i32, CompletedPart>,
}

async fn put(clients: &Clients, body: ByteStream, uri: &S3Uri) -> Result<(), Error> {
    let request = clients
        .s3
        .put_object()
        .bucket(uri.bucket().as_str())
        .key(uri.key())
        .body(body);
    request
        .send()
        .await
        .map(|_| ())
        .map_err(|error| failed(uri, error))
}

/// Continues an unfinished multipart upload, or starts a new one.
pub(super) async fn upload_in_parts(
    clients: &Clients,
    source: &Source<'_>,
    (uri, begun): (&S3Uri, Option<Begun>),
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<(), Error> {
    let begun = match begun {
        Some(begun) => begun,
        None => begin(clients, uri).await?,
    };
    let upload = Upload {
        clients,
        uri,
        id: begun.id,
    };
    let done = match upload.send_parts(source, begun.parts, progress).await {
        Ok(parts) => upload.complete(parts).await,
        Err(error) => Err(error),
    };
    // An unfinished upload is invisible in listings, but its parts are billed.
    if done.is_err() {
        upload.abort().await;
    }
    done
}

async fn begin(clients: &Clients, uri: &S3Uri) -> Result<Begun, Error> {
    // S3 verifies the parts' checksums only if the algorithm is declared here.
    let request = clients
        .s3
        .create_multipart_upload()
        .bucket(uri.bucket().as_str())
        .key(uri.key());
    let begun = request
        .checksum_algorithm(ChecksumAlgorithm::Crc32)
        .send()
        .await;
    let id = begun
        .map_err(|error| failed(uri, error))?
        .upload_id
        .unwrap_or_default();
    let parts = BTreeMap::new();
    Ok(Begun { id, parts })
}

/// A multipart upload in progress.
struct Upload<'a> {
    clients: &'a Clients,
    uri: &'a S3Uri,
    id: String,
}

impl Upload<'_> {
    async fn send_parts(
        &self,
        source: &Source<'_>,
        mut present: BTreeMap<i32, CompletedPart>,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Vec<CompletedPart>, Error> {
        let part_bytes = part_bytes(source.bytes);
        let mut parts = Vec::new();
        for (number, offset) in (1..).zip((0..source.bytes).step_by(part_bytes as usize)) {
            let length = part_bytes.min(source.bytes - offset);
            if let Some(part) = present.remove(&number) {
                parts.push(part);
                progress(offset + length);
                continue;
            }
            let body = ByteStream::read_from()
                .path(source.path)
                .offset(offset)
                .length(Length::Exact(length));
            let body = body
                .build()
                .await
                .map_err(|error| unreadable(source.path, error))?;
            parts.push(self.send_part(number, body).await?);
            progress(offset + length);
        }
        Ok(parts)
    }

    async fn send_part(&self, number: i32, body: ByteStream) -> Result<CompletedPart, Error> {
        let request = self
            .clients
            .s3
            .upload_part()
            .bucket(self.uri.bucket().as_str())
            .key(self.uri.key());
        let request = request
            .upload_id(&self.id)
            .part_number(number)
            .checksum_algorithm(ChecksumAlgorithm::Crc32);
        let sent = request
            .body(body)
            .send()
            .await
            .map_err(|error| failed(self.uri, error))?;
        let part = CompletedPart::builder().part_number(number);
        Ok(part
            .set_e_tag(sent.e_tag)
            .set_checksum_crc32(sent.checksum_crc32)
            .build())
    }

    async fn complete(&self, parts: Vec<CompletedPart>) -> Result<(), Error> {
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts))
            .build();
        let request = self
            .clients
            .s3
            .complete_multipart_upload()
            .bucket(self.uri.bucket().as_str());
        let request = request
            .key(self.uri.key())
            .upload_id(&self.id)
            .multipart_upload(parts);
        request
            .send()
            .await
            .map(|_| ())
            .map_err(|error| failed(self.uri, error))
    }

    async fn abort(&self) {
        let request = self
            .clients
            .s3
            .abort_multipart_upload()
            .bucket(self.uri.bucket().as_str());
        // The upload's own error is the one to report. Leftover parts only take up storage.
        let _ = request.key(self.uri.key()).upload_id(&self.id).send().await;
    }
}

fn failed<E>(uri: &S3Uri, error: aws_sdk_s3::error::SdkError<E>) -> Error
where
    E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    Error::from_sdk(OP, uri, error)
}

fn unreadable(path: &Path, error: aws_sdk_s3::primitives::ByteStreamError) -> Error {
    Error::file(OP, path, error)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::scripted::{Reply, Scripted, ok};

    fn uri() -> S3Uri {
        "s3://bucket/k".parse().unwrap()
    }

    /// A sparse file of this many bytes.
    pub(in crate::storage) fn file_of(bytes: u64) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(bytes).unwrap();
        file
    }

    fn begun() -> Reply {
        ok("<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
    }

    #[tokio::test]
    async fn bytes_and_small_files_are_uploaded_in_one_request_with_a_checksum() {
        let server = Scripted::start([ok(""), ok("")]).await;
        let clients = server.clients();
        put_bytes(&clients, &uri(), b"content".to_vec())
            .await
            .unwrap();
        assert_eq!(server.seen()[0].body, "content");

        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "content").unwrap();
        let mut sent = Vec::new();
        let bytes = upload_file(&clients, file.path(), &uri(), &mut |n| sent.push(n)).await;
        assert_eq!((bytes.unwrap(), sent), (7, vec![7]));
        let framed = String::from_utf8(server.seen()[1].body.to_vec()).unwrap();
        assert!(framed.contains("\r\ncontent\r\n0"), "{framed}");
        assert!(framed.contains("x-amz-checksum-crc32:"), "{framed}");
    }

    #[tokio::test]
    async fn large_files_are_uploaded_in_parts_and_then_completed() {
        let part = || ok("").header("etag", "\"e\"");
        let file = file_of(SINGLE_LIMIT + 1);
        let joined = ok("<CompleteMultipartUploadResult/>");
        let parts = [begun(), part(), part(), part(), part(), part(), joined];
        let server = Scripted::start(parts).await;
        let mut sent = Vec::new();
        let bytes = upload_file(&server.clients(), file.path(), &uri(), &mut |n| {
            sent.push(n);
        })
        .await;
        assert_eq!(bytes.unwrap(), SINGLE_LIMIT + 1);
        let mib = 1 << 20;
        assert_eq!(sent, [16 * mib, 32 * mib, 48 * mib, 64 * mib, 64 * mib + 1]);
        let joined = String::from_utf8(server.seen()[6].body.to_vec()).unwrap();
        assert_eq!(joined.matches("<PartNumber>").count(), 5, "{joined}");
    }

    #[tokio::test]
    async fn a_failed_part_aborts_the_whole_upload() {
        let file = file_of(SINGLE_LIMIT + 1);
        let denied = ok("<Error><Code>AccessDenied</Code></Error>").status(403);
        let server = Scripted::start([begun(), ok(""), denied, ok("").status(204)]).await;
        let sent = upload_file(&server.clients(), file.path(), &uri(), &mut |_| {}).await;
        assert_eq!(sent.unwrap_err().kind(), ErrorKind::Denied);
        let operations = server.operations();
        assert_eq!(operations.len(), 4, "{operations:?}");
        assert!(
            operations[3].starts_with("DELETE /bucket/k?"),
            "{operations:?}"
        );
        assert!(operations[3].contains("uploadId=u"), "{operations:?}");
    }

    #[tokio::test]
    async fn a_missing_file_is_reported_before_anything_is_sent() {
        let server = Scripted::start([]).await;
        let path = Path::new("/no-such-file");
        let error = upload_file(&server.clients(), path, &uri(), &mut |_| {})
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File);
        assert_eq!(error.to_string(), "cannot upload /no-such-file");
        assert!(server.seen().is_empty());
    }
}
