//! Resumable uploads.
//!
//! A file is not uploaded if its object already exists with the same checksum, and an interrupted
//! multipart upload continues with the missing parts. If a server stores no checksums or cannot list
//! unfinished uploads, everything is uploaded again: slower, but correct.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use aws_sdk_s3::types::{ChecksumMode, CompletedPart};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Crc;

use super::upload::{Begun, OP, SINGLE_LIMIT, Source, part_bytes, upload_file, upload_in_parts};
use crate::clients::Clients;
use crate::error::Error;
use crate::names::S3Uri;

/// The outcome of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uploaded {
    /// The file, or its missing parts, were uploaded.
    Sent,
    /// The object already existed with the same content.
    AlreadyThere,
}

/// Uploads the file at `path` unless its object already exists, or continues an interrupted upload.
/// Returns the file's size in bytes and the outcome.
///
/// `progress` is called with the number of bytes in S3 so far.
/// Fails like [`upload_file`].
pub async fn upload_missing(
    clients: &Clients,
    path: &Path,
    uri: &S3Uri,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<(u64, Uploaded), Error> {
    let content = Content::of(path).await?;
    let bytes = content.bytes;
    if object_checksum(clients, uri, bytes).await == Some(content.checksum()) {
        progress(bytes);
        return Ok((bytes, Uploaded::AlreadyThere));
    }
    if bytes > SINGLE_LIMIT {
        let begun = begun(clients, uri, &content).await;
        let source = Source { path, bytes };
        upload_in_parts(clients, &source, (uri, begun), progress).await?;
    } else {
        upload_file(clients, path, uri, progress).await?;
    }
    Ok((bytes, Uploaded::Sent))
}

/// The size and checksums of a file, as the service would compute them for our upload.
#[derive(Debug)]
struct Content {
    bytes: u64,
    /// The CRC-32 of every part.
    parts: Vec<u32>,
}

impl Content {
    /// Reads the file once, on a thread for blocking work.
    async fn of(path: &Path) -> Result<Self, Error> {
        let owned: PathBuf = path.to_owned();
        let read = tokio::task::spawn_blocking(move || Self::read(&owned)).await;
        let read = read.map_err(std::io::Error::other);
        read.and_then(|read| read)
            .map_err(|error| Error::file(OP, path, error))
    }

    fn read(path: &Path) -> std::io::Result<Self> {
        let mut file = std::fs::File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut parts = Vec::new();
        let mut buffer = vec![0; 1 << 20];
        for offset in (0..bytes.max(1)).step_by(part_bytes(bytes) as usize) {
            let mut left = part_bytes(bytes).min(bytes - offset);
            let mut crc = Crc::new();
            while left > 0 {
                let length = left.min(buffer.len() as u64) as usize;
                file.read_exact(&mut buffer[..length])?;
                crc.update(&buffer[..length]);
                left -= length as u64;
            }
            parts.push(crc.sum());
        }
        Ok(Self { bytes, parts })
    }

    /// The checksum that the service stores for the object. For a multipart upload, it consists of the
    /// checksum of the parts' checksums and the number of parts.
    fn checksum(&self) -> String {
        if self.bytes <= SINGLE_LIMIT {
            return text_of(self.parts[0]);
        }
        let mut crc = Crc::new();
        for part in &self.parts {
            crc.update(&part.to_be_bytes());
        }
        format!("{}-{}", text_of(crc.sum()), self.parts.len())
    }
}

fn text_of(crc: u32) -> String {
    STANDARD.encode(crc.to_be_bytes())
}

/// The checksum of the object; `None` if it is unknown, the size differs, or the object does not exist.
async fn object_checksum(clients: &Clients, uri: &S3Uri, bytes: u64) -> Option<String> {
    let sent = clients
        .s3
        .head_object()
        .bucket(uri.bucket().as_str())
        .key(uri.key())
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await;
    // Errors are ignored: the upload that follows reports any problem.
    let found = sent.ok()?;
    let same = found
        .content_length
        .is_some_and(|size| size as u64 == bytes);
    found.checksum_crc32.filter(|_| same)
}

/// The newest unfinished multipart upload of this object, with the parts that match the file.
async fn begun(clients: &Clients, uri: &S3Uri, content: &Content) -> Option<Begun> {
    let (bucket, key) = (uri.bucket().as_str(), uri.key());
    let sent = clients
        .s3
        .list_multipart_uploads()
        .bucket(bucket)
        .prefix(key)
        .send()
        .await;
    let uploads = sent.ok()?.uploads?.into_iter();
    // Older ones are leftovers of earlier attempts, probably of other content.
    let newest = uploads
        .filter(|upload| upload.key.as_deref() == Some(key))
        .max_by_key(|upload| upload.initiated.map(|time| time.secs()))?;
    let id = newest.upload_id?;
    let request = clients.s3.list_parts().bucket(bucket).key(key);
    let mut pages = request.upload_id(&id).into_paginator().items().send();
    let mut parts = BTreeMap::new();
    while let Some(part) = pages.next().await {
        let part = part.ok()?;
        let number = part.part_number?;
        let expected = content
            .parts
            .get(usize::try_from(number).ok()?.checked_sub(1)?);
        if part.checksum_crc32 == expected.map(|crc| text_of(*crc)) {
            let known = CompletedPart::builder()
                .part_number(number)
                .set_e_tag(part.e_tag)
                .set_checksum_crc32(part.checksum_crc32);
            parts.insert(number, known.build());
        }
    }
    Some(Begun { id, parts })
}

#[cfg(test)]
mod tests {
    use super::super::upload::tests::file_of;
    use super::*;
    use crate::ErrorKind;
    use crate::scripted::{Reply, Scripted, ok};

    fn uri() -> S3Uri {
        "s3://bucket/k".parse().unwrap()
    }

    fn object(size: u64, checksum: &str) -> Reply {
        ok("")
            .header("content-length", &size.to_string())
            .header("x-amz-checksum-crc32", checksum)
    }

    fn not_found() -> Reply {
        ok("").status(404)
    }

    #[tokio::test]
    async fn a_small_file_is_uploaded_unless_the_object_has_the_same_content() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hello").unwrap();
        // CRC-32 of "hello".
        let same = "NhCmhg==";
        for (head, expected) in [
            (object(5, same), Uploaded::AlreadyThere),
            (object(5, "AAAAAA=="), Uploaded::Sent),
            (object(6, same), Uploaded::Sent),
            (ok("").header("content-length", "5"), Uploaded::Sent),
            (not_found(), Uploaded::Sent),
        ] {
            let server = Scripted::start([head, ok("")]).await;
            let mut last = 0;
            let mut progress = |n| last = n;
            let done = upload_missing(&server.clients(), file.path(), &uri(), &mut progress).await;
            assert_eq!(done.unwrap(), (5, expected));
            assert_eq!(last, 5);
            let calls = 1 + usize::from(expected == Uploaded::Sent);
            assert_eq!(server.seen().len(), calls);
            assert_eq!(server.seen()[0].headers["x-amz-checksum-mode"], "ENABLED");
        }
    }

    #[tokio::test]
    async fn an_interrupted_upload_continues_with_the_missing_parts() {
        let file = file_of(SINGLE_LIMIT + 1);
        let content = Content::of(file.path()).await.unwrap();
        let part = |number: usize, crc: &str| {
            format!(
                "<Part><PartNumber>{number}</PartNumber><ETag>e{number}</ETag>\
                 <ChecksumCRC32>{crc}</ChecksumCRC32></Part>"
            )
        };
        let good = text_of(content.parts[0]);
        // The first and third parts match; the second does not.
        let parts = [part(1, &good), part(2, "AAAAAA=="), part(3, &good)].concat();
        let uploads = "<ListMultipartUploadsResult>\
             <Upload><Key>k</Key><UploadId>old</UploadId>\
             <Initiated>2026-01-01T00:00:00Z</Initiated></Upload>\
             <Upload><Key>k</Key><UploadId>new</UploadId>\
             <Initiated>2026-01-02T00:00:00Z</Initiated></Upload>\
             <Upload><Key>k2</Key><UploadId>other</UploadId>\
             <Initiated>2026-01-03T00:00:00Z</Initiated></Upload></ListMultipartUploadsResult>";
        let sent = || ok("").header("etag", "\"e\"");
        let script = [
            not_found(),
            ok(uploads),
            ok(&format!("<ListPartsResult>{parts}</ListPartsResult>")),
            sent(),
            sent(),
            sent(),
            ok("<CompleteMultipartUploadResult/>"),
        ];
        let server = Scripted::start(script).await;
        let mut progress = Vec::new();
        let clients = server.clients();
        let mut note = |n| progress.push(n);
        let done = upload_missing(&clients, file.path(), &uri(), &mut note).await;
        assert_eq!(done.unwrap(), (SINGLE_LIMIT + 1, Uploaded::Sent));
        assert_eq!(progress.len(), 5);
        let operations = server.operations();
        for (call, number) in [(3, 2), (4, 4), (5, 5)] {
            let operation = &operations[call];
            assert!(
                operation.contains(&format!("partNumber={number}")),
                "{operation}"
            );
            assert!(operation.contains("uploadId=new"), "{operation}");
        }
        let joined = String::from_utf8(server.seen()[6].body.to_vec()).unwrap();
        assert_eq!(joined.matches("<PartNumber>").count(), 5, "{joined}");
        assert!(joined.contains("<ETag>e1</ETag>"), "{joined}");
    }

    #[tokio::test]
    async fn everything_is_uploaded_if_the_server_cannot_list_unfinished_uploads() {
        let file = file_of(SINGLE_LIMIT + 1);
        let unknown = ok("<Error><Code>NotImplemented</Code></Error>").status(501);
        let begun = ok(
            "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
        );
        let parts = (0..5).map(|_| ok("").header("etag", "\"e\""));
        let script = [not_found(), unknown, begun].into_iter().chain(parts);
        let joined = ok("<CompleteMultipartUploadResult/>");
        let server = Scripted::start(script.chain([joined])).await;
        let done = upload_missing(&server.clients(), file.path(), &uri(), &mut |_| {}).await;
        assert_eq!(done.unwrap().1, Uploaded::Sent);
        assert_eq!(server.seen().len(), 9);
    }

    #[tokio::test]
    async fn a_multipart_object_is_recognised_by_its_composite_checksum() {
        let file = file_of(SINGLE_LIMIT + 1);
        let checksum = Content::of(file.path()).await.unwrap().checksum();
        assert!(checksum.ends_with("=-5"), "{checksum}");
        let server = Scripted::start([object(SINGLE_LIMIT + 1, &checksum)]).await;
        let done = upload_missing(&server.clients(), file.path(), &uri(), &mut |_| {}).await;
        assert_eq!(done.unwrap().1, Uploaded::AlreadyThere);
    }

    #[tokio::test]
    async fn a_missing_file_is_an_error_and_an_empty_file_is_uploaded() {
        let server = Scripted::start([not_found(), ok("")]).await;
        let clients = server.clients();
        let path = Path::new("/no-such-file");
        let error = upload_missing(&clients, path, &uri(), &mut |_| {}).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::File);
        let empty = file_of(0);
        let done = upload_missing(&clients, empty.path(), &uri(), &mut |_| {}).await;
        assert_eq!(done.unwrap(), (0, Uploaded::Sent));
    }
}
