//! `UploadPartCopy`: parts that are copied from objects.

use std::io::Read;

use s3s::checksum::ChecksumHasher;
use s3s::dto::{CopyPartResult, UploadPartCopyInput, UploadPartCopyOutput};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::part_number;
use crate::protocol::names::S3Uri;
use crate::services::s3::BLOCK;
use crate::services::s3::body::run;
use crate::services::s3::conditions::ReadConditions;
use crate::services::s3::errors::error;
use crate::services::s3::headers::{checksum, etag, timestamp};
use crate::services::s3::write::source;
use crate::store::attributes::{Algorithm, Checksums, hasher};
use crate::store::contents::Written;
use crate::store::{PartName, Store, StoreError};

/// `UploadPartCopy`.
pub(in crate::services::s3) async fn upload_part_copy(
    store: &Store,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let input = request.input;
    let number = part_number(input.part_number)?;
    let copy = PartCopy {
        source: source(&input.copy_source)?,
        conditions: ReadConditions {
            matches: input.copy_source_if_match,
            none_match: input.copy_source_if_none_match,
            modified_since: input.copy_source_if_modified_since,
            unmodified_since: input.copy_source_if_unmodified_since,
        },
        range: input
            .copy_source_range
            .as_deref()
            .map(copy_range)
            .transpose()?,
        target: S3Uri {
            bucket: input.bucket,
            key: input.key,
        },
        id: input.upload_id,
        number,
    };
    let (name, id) = (copy.target.clone(), copy.id.clone());
    let (encryption, part) = run(store, move |store| {
        let encryption = store.upload(&name, &id)?.attributes.encryption;
        Ok((encryption, copy.execute(store)?))
    })
    .await?;
    let part = part.ok_or_else(|| {
        error(
            S3ErrorCode::InvalidRange,
            "The x-amz-copy-source-range is not within the source object",
        )
    })?;
    let sums = checksum(&part.checksums);
    Ok(S3Response::new(UploadPartCopyOutput {
        copy_part_result: Some(CopyPartResult {
            checksum_crc32: sums.checksum_crc32,
            checksum_crc32c: sums.checksum_crc32c,
            checksum_crc64nvme: sums.checksum_crc64nvme,
            checksum_sha1: sums.checksum_sha1,
            checksum_sha256: sums.checksum_sha256,
            e_tag: Some(etag(&part.etag)),
            last_modified: Some(timestamp(part.modified)),
        }),
        bucket_key_enabled: encryption.bucket_key,
        server_side_encryption: encryption.shown(),
        sse_customer_algorithm: encryption.customer_algorithm,
        sse_customer_key_md5: encryption.customer_key_md5,
        ssekms_key_id: encryption.key_id,
        ..UploadPartCopyOutput::default()
    }))
}

/// The first and last byte of `bytes=FIRST-LAST`, the only form that S3 accepts here.
fn copy_range(text: &str) -> S3Result<(u64, u64)> {
    let bounds = text
        .strip_prefix("bytes=")
        .and_then(|text| text.split_once('-'));
    let bounds = bounds.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    bounds
        .filter(|(first, last)| first <= last)
        .ok_or_else(|| {
            let message = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and \
                           last are the zero-based offsets of the first and last bytes to copy";
            error(S3ErrorCode::InvalidArgument, message)
        })
}

/// A part that is copied from an object.
struct PartCopy {
    /// The object.
    source: S3Uri,
    /// The conditions on it.
    conditions: ReadConditions,
    /// The first and the last byte; `None` for all.
    range: Option<(u64, u64)>,
    /// The object that is uploaded.
    target: S3Uri,
    /// The upload.
    id: String,
    /// The part's number.
    number: u32,
}

impl PartCopy {
    /// Stores the part; `None` if the range is not within the source.
    fn execute(self, store: &Store) -> Result<Option<crate::store::Part>, StoreError> {
        let upload = store.upload(&self.target, &self.id)?;
        let chosen = upload.attributes.checksums.algorithm();
        let algorithm = chosen.unwrap_or(Algorithm::Crc64Nvme);
        let opened = store.open_object(&self.source)?;
        self.conditions.check_source(&opened.object)?;
        let size = opened.object.size;
        if self.range.is_some_and(|(_, last)| last >= size) {
            return Ok(None);
        }
        let part = PartName {
            id: &self.id,
            number: self.number,
        };
        if self.range.is_none() && opened.object.parts == 0 {
            let object = opened.object.clone();
            let mut checksums = object.attributes.checksums.clone();
            if checksums.get(algorithm).is_none() {
                // Read, but not written again.
                checksums = checksums_of(opened.reader(0, size), algorithm)?;
            }
            let shared = store.share_as_part(&object, checksums, &self.target, &part);
            return shared.map(Some);
        }
        let (first, last) = self.range.unwrap_or((0, size.saturating_sub(1)));
        let length = if size == 0 { 0 } else { last - first + 1 };
        let hasher = hasher(|wanted| wanted == algorithm);
        let written = copy_bytes(store, opened.reader(first, length), hasher)?;
        store.put_part(&self.target, &part, written).map(Some)
    }
}

/// The checksum of all bytes.
fn checksums_of(mut reader: impl Read, algorithm: Algorithm) -> Result<Checksums, StoreError> {
    let mut hasher = hasher(|wanted| wanted == algorithm);
    let mut block = vec![0; BLOCK];
    loop {
        match reader.read(&mut block)? {
            0 => return Ok(hasher.finalize().into()),
            count => hasher.update(&block[..count]),
        }
    }
}

/// Copies bytes into a new content.
fn copy_bytes(
    store: &Store,
    mut reader: impl Read,
    hasher: ChecksumHasher,
) -> Result<Written, StoreError> {
    let mut writer = store.create_content(hasher)?;
    let mut block = vec![0; BLOCK];
    loop {
        match reader.read(&mut block)? {
            0 => return Ok(writer.finish()),
            count => writer.write(&block[..count])?,
        }
    }
}
