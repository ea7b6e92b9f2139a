//! `ListParts` and `ListMultipartUploads`.

use s3s::dto::{
    Initiator, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
    ListPartsOutput, MultipartUpload, Part, StorageClass,
};
use s3s::{S3Request, S3Response, S3Result};

use super::shown_algorithm;
use crate::protocol::names::S3Uri;
use crate::services::s3::body::run;
use crate::services::s3::headers::{checksum, checksum_type, etag, owner, timestamp};
use crate::services::s3::listing::{Encoding, limit};
use crate::store::{Store, Upload, UploadQuery};

/// `ListParts`.
pub(in crate::services::s3) async fn list_parts(
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
pub(in crate::services::s3) async fn list_uploads(
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
