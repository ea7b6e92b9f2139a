//! Uploads in parts.

use s3s::checksum::ChecksumHasher;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, CopyPartResult,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, Initiator,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput,
    MultipartUpload, Part, StorageClass, UploadPartCopyInput, UploadPartCopyOutput,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::BLOCK;
use super::body::{Promise, receive, run};
use super::conditions::{ReadConditions, WriteConditions};
use super::errors::error;
use super::headers::{
    attributes, checksum, checksum_type, checksums, etag, owner, storage_class, timestamp,
};
use super::listing::{Encoding, limit};
use super::tagging::parse_tags;
use super::write::source;
use crate::protocol::names::S3Uri;
use crate::store::attributes::{Algorithm, ChecksumKind, Checksums, hasher};
use crate::store::contents::Written;
use crate::store::{
    ChosenPart, Completion, NewUpload, PartName, Store, StoreError, Upload, UploadQuery,
};

/// The highest number of a part.
const MAX_PART: i32 = 10_000;

/// `CreateMultipartUpload`.
pub(super) async fn create(
    store: &Store,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let mut input = request.input;
    let storage_class = storage_class(input.storage_class.as_ref())?;
    let tags = parse_tags(input.tagging.as_deref())?;
    let mut attributes = attributes!(input)?;
    let algorithm = input.checksum_algorithm.take();
    let kind = input.checksum_type.take();
    let kind = kind.as_ref().map(ChecksumType::as_str);
    attributes.checksums = intended_checksum(algorithm.as_ref(), kind)?;
    let shown = algorithm.and_then(|_| checksum_type(&attributes.checksums));
    let named = attributes.checksums.algorithm().filter(|_| shown.is_some());
    let bucket = input.bucket.clone();
    let bucket = run(store, move |store| store.bucket(&bucket)).await?;
    attributes.encryption.or_default_of(&bucket);
    let encryption = attributes.encryption.clone();
    let new = NewUpload {
        storage_class,
        attributes,
        tags,
    };
    let name = S3Uri {
        bucket: input.bucket,
        key: input.key,
    };
    let target = name.clone();
    let id = run(store, move |store| store.create_upload(&target, &new)).await?;
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(name.bucket),
        bucket_key_enabled: encryption.bucket_key,
        checksum_algorithm: named.map(shown_algorithm),
        checksum_type: shown,
        key: Some(name.key),
        server_side_encryption: encryption.shown(),
        sse_customer_algorithm: encryption.customer_algorithm,
        sse_customer_key_md5: encryption.customer_key_md5,
        ssekms_key_id: encryption.key_id,
        ssekms_encryption_context: encryption.context,
        upload_id: Some(id),
        ..CreateMultipartUploadOutput::default()
    }))
}

/// The checksum that the object will have. CRCs can cover the whole content, because those of the parts can
/// be combined; SHA checksums cannot.
fn intended_checksum(
    algorithm: Option<&ChecksumAlgorithm>,
    kind: Option<&str>,
) -> S3Result<Checksums> {
    let invalid = |message: String| error(S3ErrorCode::InvalidRequest, message);
    let algorithm = match algorithm {
        None => Algorithm::Crc64Nvme,
        Some(name) => Algorithm::parse(name.as_str()).ok_or_else(|| {
            invalid("Checksum algorithm provided is unsupported. Please try again with any of the valid types: \
                     [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]".to_owned())
        })?,
    };
    let is_sha = matches!(algorithm, Algorithm::Sha1 | Algorithm::Sha256);
    let kind = match kind {
        Some("FULL_OBJECT") if !is_sha => ChecksumKind::FullObject,
        Some("COMPOSITE") if algorithm != Algorithm::Crc64Nvme => ChecksumKind::Composite,
        None if algorithm == Algorithm::Crc64Nvme => ChecksumKind::FullObject,
        None => ChecksumKind::Composite,
        Some(kind) => {
            let name = algorithm.name().to_lowercase();
            let message = format!(
                "The {kind} checksum type cannot be used with the {name} checksum algorithm."
            );
            return Err(invalid(message));
        }
    };
    Ok(Checksums {
        values: [(algorithm, String::new())].into(),
        kind: Some(kind),
    })
}

/// An algorithm as the API has it.
fn shown_algorithm(algorithm: Algorithm) -> ChecksumAlgorithm {
    ChecksumAlgorithm::from_static(algorithm.name())
}

/// The number of a part.
fn part_number(number: i32) -> S3Result<u32> {
    if (1..=MAX_PART).contains(&number) {
        Ok(number as u32)
    } else {
        let message = format!("Part number must be an integer between 1 and {MAX_PART}, inclusive");
        Err(error(S3ErrorCode::InvalidArgument, message))
    }
}

/// `UploadPart`.
pub(super) async fn upload_part(
    store: &Store,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let mut input = request.input;
    let number = part_number(input.part_number)?;
    let promise = Promise::new(
        &request.extensions,
        input.content_length,
        input.content_md5.take(),
        checksums!(input),
    );
    let id = input.upload_id;
    let name = S3Uri {
        bucket: input.bucket,
        key: input.key,
    };
    let (target, upload_id) = (name.clone(), id.clone());
    let upload = run(store, move |store| store.upload(&target, &upload_id)).await?;
    let encryption = upload.attributes.encryption;
    encryption.check_key(input.sse_customer_key_md5.as_ref())?;
    let promise = promise.with_algorithm(upload.attributes.checksums.algorithm());
    let written = receive(store, input.body, promise).await?;
    let part = run(store, move |store| {
        store.put_part(&name, &PartName { id: &id, number }, written)
    })
    .await?;
    let sums = checksum(&part.checksums);
    Ok(S3Response::new(UploadPartOutput {
        bucket_key_enabled: encryption.bucket_key,
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        e_tag: Some(etag(&part.etag)),
        server_side_encryption: encryption.shown(),
        sse_customer_algorithm: encryption.customer_algorithm,
        sse_customer_key_md5: encryption.customer_key_md5,
        ssekms_key_id: encryption.key_id,
        ..UploadPartOutput::default()
    }))
}

/// `UploadPartCopy`.
pub(super) async fn upload_part_copy(
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
    let part = run(store, move |store| copy.execute(store)).await?;
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
fn checksums_of(
    mut reader: impl std::io::Read,
    algorithm: Algorithm,
) -> Result<Checksums, StoreError> {
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
    mut reader: impl std::io::Read,
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

/// `CompleteMultipartUpload`.
pub(super) async fn complete(
    store: &Store,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let mut input = request.input;
    let conditions = WriteConditions::new(input.if_match.take(), input.if_none_match.as_ref())?;
    let parts = input
        .multipart_upload
        .and_then(|upload| upload.parts)
        .unwrap_or_default();
    if parts.is_empty() {
        return Err(S3Error::new(S3ErrorCode::MalformedXML));
    }
    let chosen = parts
        .into_iter()
        .map(chosen_part)
        .collect::<S3Result<Vec<_>>>()?;
    let completion = Completion {
        parts: chosen,
        size: input.mpu_object_size.map(|size| size as u64),
        checksums: checksums!(input),
    };
    let id = input.upload_id;
    let name = S3Uri {
        bucket: input.bucket,
        key: input.key,
    };
    let target = name.clone();
    let completed = run(store, move |store| {
        store.complete(&target, &id, &completion, |old| conditions.check(old))
    })
    .await?;
    let sums = checksum(&completed.attributes.checksums);
    let encryption = completed.attributes.encryption;
    Ok(S3Response::new(CompleteMultipartUploadOutput {
        location: Some(format!("http://localhost/{}/{}", name.bucket, name.key)),
        bucket: Some(name.bucket),
        bucket_key_enabled: encryption.bucket_key,
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        checksum_type: sums.checksum_type,
        e_tag: Some(etag(&completed.etag)),
        key: Some(name.key),
        server_side_encryption: encryption.shown(),
        ssekms_key_id: encryption.key_id,
        ..CompleteMultipartUploadOutput::default()
    }))
}

/// A part of a completion.
fn chosen_part(mut part: CompletedPart) -> S3Result<ChosenPart> {
    let number = part
        .part_number
        .ok_or_else(|| S3Error::new(S3ErrorCode::MalformedXML))?;
    Ok(ChosenPart {
        number: part_number(number)?,
        etag: part.e_tag.take().map(ETag::into_value),
        checksums: checksums!(part),
    })
}

/// `AbortMultipartUpload`.
pub(super) async fn abort(
    store: &Store,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let input = request.input;
    let name = S3Uri {
        bucket: input.bucket,
        key: input.key,
    };
    let id = input.upload_id;
    run(store, move |store| store.abort(&name, &id)).await?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}

/// `ListParts`.
pub(super) async fn list_parts(
    store: &Store,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let input = request.input;
    let limit = limit(input.max_parts, "max-parts")?;
    let after = input.part_number_marker.unwrap_or(0);
    let id = input.upload_id;
    let name = S3Uri {
        bucket: input.bucket,
        key: input.key,
    };
    let (target, upload_id) = (name.clone(), id.clone());
    let (upload, mut parts) = run(store, move |store| {
        // One more than fits, to know whether there is another page.
        store.parts(&target, &upload_id, after.max(0) as u32, limit + 1)
    })
    .await?;
    let more = parts.len() > limit;
    parts.truncate(limit);
    let last = parts.last().map(|part| part.number as i32);
    let sums = &upload.attributes.checksums;
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(name.bucket),
        checksum_algorithm: sums.algorithm().map(shown_algorithm),
        checksum_type: checksum_type(sums),
        initiator: Some(initiator()),
        is_truncated: Some(more),
        key: Some(name.key),
        max_parts: Some(limit as i32),
        next_part_number_marker: Some(last.unwrap_or(0)),
        owner: Some(owner()),
        part_number_marker: Some(after),
        parts: Some(parts.iter().map(listed_part).collect()),
        storage_class: Some(StorageClass::from(upload.storage_class.clone())),
        upload_id: Some(id),
        ..ListPartsOutput::default()
    }))
}

/// A part in a list.
fn listed_part(part: &crate::store::Part) -> Part {
    let sums = checksum(&part.checksums);
    Part {
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        e_tag: Some(etag(&part.etag)),
        last_modified: Some(timestamp(part.modified)),
        part_number: Some(part.number as i32),
        size: Some(part.size as i64),
    }
}

/// Who begins every upload.
fn initiator() -> Initiator {
    let owner = owner();
    Initiator {
        display_name: owner.display_name,
        id: owner.id,
    }
}

/// `ListMultipartUploads`.
pub(super) async fn list_uploads(
    store: &Store,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    let encoding = Encoding::parse(input.encoding_type.as_ref())?;
    let limit = limit(input.max_uploads, "max-uploads")?;
    let query = UploadQuery {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after: input.key_marker.clone().unwrap_or_default(),
        after_id: input.upload_id_marker.clone().unwrap_or_default(),
        limit,
    };
    let bucket = input.bucket.clone();
    let page = run(store, move |store| store.uploads(&bucket, &query)).await?;
    let last = page.last.filter(|_| page.more);
    let uploads = page
        .uploads
        .into_iter()
        .map(|upload| listed_upload(upload, encoding));
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        common_prefixes: encoding.prefixes(&page.prefixes),
        delimiter: encoding.optional(input.delimiter.as_ref()),
        encoding_type: input.encoding_type,
        is_truncated: Some(page.more),
        key_marker: Some(encoding.text(&input.key_marker.unwrap_or_default())),
        max_uploads: Some(limit as i32),
        next_key_marker: last.as_ref().map(|(key, _)| encoding.text(key)),
        next_upload_id_marker: last.map(|(_, id)| id),
        prefix: Some(encoding.text(&input.prefix.unwrap_or_default())),
        request_charged: None,
        upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
        uploads: Some(uploads.collect()),
    }))
}

/// An upload in a list.
fn listed_upload(upload: Upload, encoding: Encoding) -> MultipartUpload {
    let sums = &upload.attributes.checksums;
    MultipartUpload {
        checksum_algorithm: sums.algorithm().map(shown_algorithm),
        checksum_type: checksum_type(sums),
        initiated: Some(timestamp(upload.created)),
        initiator: Some(initiator()),
        key: Some(encoding.text(&upload.key)),
        owner: Some(owner()),
        storage_class: Some(StorageClass::from(upload.storage_class)),
        upload_id: Some(upload.id),
    }
}
