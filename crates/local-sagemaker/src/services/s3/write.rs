//! `PutObject`, `CopyObject`, `DeleteObject` and `DeleteObjects`.

use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput,
    DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETagCondition,
    Error, MetadataDirective, ObjectIdentifier, PutObjectInput, PutObjectOutput, TaggingDirective,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::body::{Promise, receive, run};
use super::conditions::{ReadConditions, WriteConditions, check_version};
use super::errors::error;
use super::headers::{attributes, checksum, checksums, etag, storage_class, timestamp};
use super::tagging::parse_tags;
use crate::protocol::names::S3Uri;
use crate::store::attributes::{Algorithm, Attributes, ChecksumKind, Checksums, Encryption};
use crate::store::{NewObject, Object, Store, StoreError, TagSet};

/// Most objects of a `DeleteObjects` request.
const MAX_DELETIONS: usize = 1000;

/// `PutObject`.
pub(super) async fn put_object(
    store: &Store,
    request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let mut input = request.input;
    let conditions = WriteConditions::new(input.if_match.take(), input.if_none_match.as_ref())?;
    let storage_class = storage_class(input.storage_class.as_ref())?;
    let tags = parse_tags(input.tagging.as_deref())?;
    let mut attributes = attributes!(input)?;
    let algorithm = input.checksum_algorithm.take();
    let promise = Promise::new(
        &request.extensions,
        input.content_length,
        input.content_md5.take(),
        checksums!(input),
    )
    .with_algorithm(algorithm.and_then(|name| Algorithm::parse(name.as_str())));
    let name = S3Uri {
        bucket: input.bucket,
        key: input.key,
    };
    // Before the upload, which may be long; it is checked again when the object is stored.
    let bucket = name.bucket.clone();
    let bucket = run(store, move |store| store.bucket(&bucket)).await?;
    attributes.encryption.or_default_of(&bucket);
    let written = receive(store, input.body, promise).await?;
    attributes.checksums = Checksums {
        kind: Some(ChecksumKind::FullObject),
        ..written.checksums.clone()
    };
    let object = NewObject {
        written,
        storage_class,
        attributes,
        tags,
    };
    let put = move |store: &Store| store.put(&name, object, |old| conditions.check(old));
    let object = run(store, put).await?;
    let sums = checksum(&object.attributes.checksums);
    let encryption = object.attributes.encryption;
    Ok(S3Response::new(PutObjectOutput {
        bucket_key_enabled: encryption.bucket_key,
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        checksum_type: sums.checksum_type,
        e_tag: Some(etag(&object.etag)),
        server_side_encryption: encryption.shown(),
        sse_customer_algorithm: encryption.customer_algorithm,
        sse_customer_key_md5: encryption.customer_key_md5,
        ssekms_key_id: encryption.key_id,
        ssekms_encryption_context: encryption.context,
        ..PutObjectOutput::default()
    }))
}

/// The object that a copy reads.
pub(super) fn source(source: &CopySource) -> S3Result<S3Uri> {
    match source {
        CopySource::Bucket {
            bucket,
            key,
            version_id,
        } => {
            check_version(version_id.as_deref())?;
            Ok(S3Uri {
                bucket: bucket.to_string(),
                key: key.to_string(),
            })
        }
        CopySource::AccessPoint { .. } | CopySource::Outpost { .. } => Err(error(
            S3ErrorCode::NotImplemented,
            "The local server has no access points; name the source as BUCKET/KEY",
        )),
    }
}

/// A copy of an object.
struct Copy {
    /// What is copied.
    source: S3Uri,
    /// The conditions on it.
    conditions: ReadConditions,
    /// The MD5 of the key that it was stored with.
    key_md5: Option<String>,
    /// Where to.
    target: S3Uri,
    /// The attributes of the request, which replace those of the source if `new_metadata`; the encryption
    /// and the redirection always do.
    attributes: Attributes,
    /// Whether the metadata is replaced.
    new_metadata: bool,
    /// The storage class.
    storage_class: String,
    /// The tags in place of those of the source.
    tags: Option<TagSet>,
}

impl Copy {
    /// The copy that a request asks for.
    fn new(mut input: CopyObjectInput) -> S3Result<Self> {
        let replaces = |directive: Option<&str>| directive == Some("REPLACE");
        let new_tags = replaces(
            input
                .tagging_directive
                .as_ref()
                .map(TaggingDirective::as_str),
        );
        let tags = parse_tags(input.tagging.as_deref())?;
        let copy = Self {
            source: source(&input.copy_source)?,
            conditions: ReadConditions {
                matches: input.copy_source_if_match.take(),
                none_match: input.copy_source_if_none_match.take(),
                modified_since: input.copy_source_if_modified_since.take(),
                unmodified_since: input.copy_source_if_unmodified_since.take(),
            },
            key_md5: input.copy_source_sse_customer_key_md5.take(),
            new_metadata: replaces(
                input
                    .metadata_directive
                    .as_ref()
                    .map(MetadataDirective::as_str),
            ),
            storage_class: storage_class(input.storage_class.as_ref())?,
            tags: new_tags.then_some(tags),
            attributes: attributes!(input)?,
            target: S3Uri {
                bucket: input.bucket,
                key: input.key,
            },
        };
        let changes = copy.new_metadata
            || input.storage_class.is_some()
            || copy.attributes.redirect.is_some()
            || copy.attributes.encryption != Encryption::default();
        if copy.source == copy.target && !changes {
            let message = "This copy request is illegal because it is trying to copy an object to itself without \
                           changing the object's metadata, storage class, website redirect location or encryption \
                           attributes.";
            return Err(error(S3ErrorCode::InvalidRequest, message));
        }
        Ok(copy)
    }

    /// The entry of the copy.
    fn apply(mut self, original: &Object) -> Result<Object, StoreError> {
        self.conditions.check_source(original)?;
        let mut object = original.clone();
        if self.new_metadata {
            self.attributes.checksums = object.attributes.checksums;
            object.attributes = self.attributes;
        } else {
            object.attributes.redirect = self.attributes.redirect;
            object.attributes.encryption = self.attributes.encryption;
        }
        object.storage_class = self.storage_class;
        if let Some(tags) = self.tags {
            object.tags = tags;
        }
        Ok(object)
    }
}

/// `CopyObject`.
pub(super) async fn copy_object(
    store: &Store,
    request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let mut copy = Copy::new(request.input)?;
    let (name, bucket) = (copy.source.clone(), copy.target.bucket.clone());
    let (original, bucket) = run(store, move |store| {
        Ok((store.head(&name)?, store.bucket(&bucket)?))
    })
    .await?;
    let encryption = &original.attributes.encryption;
    encryption.check_key(copy.key_md5.as_ref())?;
    copy.attributes.encryption.or_default_of(&bucket);
    let object = run(store, move |store| {
        let (source, target) = (copy.source.clone(), copy.target.clone());
        store.copy(&source, &target, |original, _| copy.apply(original))
    })
    .await?;
    let sums = checksum(&object.attributes.checksums);
    let encryption = object.attributes.encryption;
    Ok(S3Response::new(CopyObjectOutput {
        bucket_key_enabled: encryption.bucket_key,
        copy_object_result: Some(CopyObjectResult {
            checksum_crc32: sums.checksum_crc32,
            checksum_crc32c: sums.checksum_crc32c,
            checksum_crc64nvme: sums.checksum_crc64nvme,
            checksum_sha1: sums.checksum_sha1,
            checksum_sha256: sums.checksum_sha256,
            checksum_type: sums.checksum_type,
            e_tag: Some(etag(&object.etag)),
            last_modified: Some(timestamp(object.modified)),
        }),
        server_side_encryption: encryption.shown(),
        sse_customer_algorithm: encryption.customer_algorithm,
        sse_customer_key_md5: encryption.customer_key_md5,
        ssekms_key_id: encryption.key_id,
        ssekms_encryption_context: encryption.context,
        ..CopyObjectOutput::default()
    }))
}

/// `DeleteObject`.
pub(super) async fn delete_object(
    store: &Store,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let input = request.input;
    check_version(input.version_id.as_deref())?;
    if input.if_match_size.is_some() || input.if_match_last_modified_time.is_some() {
        return Err(unsupported_conditions());
    }
    let name = S3Uri {
        bucket: input.bucket,
        key: input.key,
    };
    let condition = WriteConditions::new(input.if_match, None)?;
    run(store, move |store| {
        store.delete(&name, |old| condition.check(old))
    })
    .await?;
    Ok(S3Response::new(DeleteObjectOutput::default()))
}

/// The error of conditions that only directory buckets have.
fn unsupported_conditions() -> S3Error {
    error(
        S3ErrorCode::NotImplemented,
        "A header you provided implies functionality that is not implemented: conditions on size and time of a \
         deletion",
    )
}

/// `DeleteObjects`.
pub(super) async fn delete_objects(
    store: &Store,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let input = request.input;
    let objects = input.delete.objects;
    if objects.is_empty() || objects.len() > MAX_DELETIONS {
        return Err(S3Error::new(S3ErrorCode::MalformedXML));
    }
    let quiet = input.delete.quiet.unwrap_or(false);
    let bucket = input.bucket;
    let outcomes = run(store, move |store| {
        store.bucket(&bucket)?;
        let outcome = |object: ObjectIdentifier| {
            let deleted = delete_one(store, &bucket, &object);
            (object.key, deleted)
        };
        Ok(objects.into_iter().map(outcome).collect::<Vec<_>>())
    })
    .await?;
    let mut output = DeleteObjectsOutput::default();
    for (key, outcome) in outcomes {
        match outcome {
            Ok(()) if quiet => {}
            Ok(()) => output.deleted.get_or_insert_default().push(DeletedObject {
                key: Some(key),
                ..DeletedObject::default()
            }),
            Err(error) => output.errors.get_or_insert_default().push(Error {
                code: Some(error.code().as_str().to_owned()),
                key: Some(key),
                message: error.message().map(str::to_owned),
                version_id: None,
            }),
        }
    }
    Ok(S3Response::new(output))
}

/// Deletes one object of a list.
fn delete_one(store: &Store, bucket: &str, object: &ObjectIdentifier) -> S3Result {
    check_version(object.version_id.as_deref())?;
    if object.size.is_some() || object.last_modified_time.is_some() {
        return Err(unsupported_conditions());
    }
    let condition = object.e_tag.clone().map(ETagCondition::ETag);
    let condition = WriteConditions::new(condition, None)?;
    let name = S3Uri {
        bucket: bucket.to_owned(),
        key: object.key.clone(),
    };
    let deleted: Result<bool, StoreError> = store.delete(&name, |old| condition.check(old));
    deleted.map(drop).map_err(S3Error::from)
}
