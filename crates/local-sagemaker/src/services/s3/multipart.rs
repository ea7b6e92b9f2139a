//! Uploads in parts.

mod copy;
mod lists;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, UploadPartInput,
    UploadPartOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::body::{Promise, receive, run};
use super::conditions::WriteConditions;
use super::errors::error;
use super::headers::{attributes, checksum, checksum_type, checksums, etag, storage_class};
use super::tagging::parse_tags;
use crate::protocol::names::S3Uri;
use crate::store::attributes::{Algorithm, ChecksumKind, Checksums};
use crate::store::{ChosenPart, Completion, NewUpload, PartName, Store};

pub(super) use copy::upload_part_copy;
pub(super) use lists::{list_parts, list_uploads};

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
