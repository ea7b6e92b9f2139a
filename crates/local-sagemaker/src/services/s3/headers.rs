//! Between the attributes of an object and the members of the API.

use std::time::{Duration, UNIX_EPOCH};

use s3s::dto::{
    Checksum, ChecksumType, ETag, GetObjectOutput, HeadObjectOutput, Metadata, Owner,
    ServerSideEncryption, StorageClass, Timestamp, TimestampFormat,
};
use s3s::{S3ErrorCode, S3Result};

use super::errors::error;
use crate::store::attributes::{Algorithm, Attributes, ChecksumKind, Checksums, Encryption};
use crate::store::{Bucket, Object};

/// The account that owns everything.
const OWNER: &str = "local";
/// The content type of an object that was stored without one.
const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";
/// The storage classes that an object can be stored in.
const STORAGE_CLASSES: [&str; 10] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
    "SNOW",
    "EXPRESS_ONEZONE",
];
/// Most bytes of the names and values of an object's metadata.
const MAX_METADATA: usize = 2048;

/// The owner of every bucket and object.
pub(super) fn owner() -> Owner {
    Owner {
        display_name: Some(OWNER.to_owned()),
        id: Some(OWNER.to_owned()),
    }
}

/// A time of the store, in whole seconds, as S3 keeps it.
pub(super) fn timestamp(millis: i64) -> Timestamp {
    let seconds = u64::try_from(millis.div_euclid(1000)).unwrap_or_default();
    Timestamp::from(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// A time of the API in milliseconds.
fn millis(time: &Timestamp) -> Option<i64> {
    let mut text = Vec::new();
    time.format(TimestampFormat::EpochSeconds, &mut text).ok()?;
    let seconds: f64 = std::str::from_utf8(&text).ok()?.parse().ok()?;
    Some((seconds * 1000.0) as i64)
}

/// An `ETag` of the store.
pub(super) fn etag(text: &str) -> ETag {
    ETag::Strong(text.to_owned())
}

/// The storage class of a request.
pub(super) fn storage_class(class: Option<&StorageClass>) -> S3Result<String> {
    let class = class.map_or("STANDARD", StorageClass::as_str);
    if STORAGE_CLASSES.contains(&class) {
        Ok(class.to_owned())
    } else {
        let message = format!(
            "The storage class you specified is not valid: {class}; expected one of {}",
            STORAGE_CLASSES.join(", ")
        );
        Err(error(S3ErrorCode::InvalidStorageClass, message))
    }
}

/// The storage class of a response, which S3 leaves out for the standard one.
pub(super) fn shown_storage_class(class: &str) -> Option<StorageClass> {
    (class != "STANDARD").then(|| StorageClass::from(class.to_owned()))
}

/// Takes the members that describe an object from an input. A macro, because the inputs of `PutObject`,
/// `CopyObject` and `CreateMultipartUpload` are different types with the same members.
macro_rules! attributes {
    ($input:expr) => {
        $crate::services::s3::headers::attributes_of(
            $crate::store::attributes::Attributes {
                content_type: $input.content_type.take().filter(|text| !text.is_empty()),
                content_encoding: $input.content_encoding.take(),
                content_disposition: $input.content_disposition.take(),
                content_language: $input.content_language.take(),
                cache_control: $input.cache_control.take(),
                redirect: $input.website_redirect_location.take(),
                encryption: $crate::store::attributes::Encryption {
                    algorithm: $input
                        .server_side_encryption
                        .take()
                        .map(|name| name.as_str().to_owned()),
                    key_id: $input.ssekms_key_id.take(),
                    context: $input.ssekms_encryption_context.take(),
                    bucket_key: $input.bucket_key_enabled.take(),
                    customer_algorithm: $input.sse_customer_algorithm.take(),
                    customer_key_md5: $input.sse_customer_key_md5.take(),
                },
                ..Default::default()
            },
            $input.expires.as_ref(),
            $input.metadata.take(),
        )
    };
}
pub(super) use attributes;

/// Completes the attributes of an input, and checks them.
pub(super) fn attributes_of(
    mut attributes: Attributes,
    expires: Option<&Timestamp>,
    metadata: Option<Metadata>,
) -> S3Result<Attributes> {
    attributes.expires = expires.and_then(millis);
    attributes.metadata = metadata.into_iter().flatten().collect();
    let pairs = attributes.metadata.iter();
    let size: usize = pairs.map(|(name, value)| name.len() + value.len()).sum();
    if size > MAX_METADATA {
        let message = "Your metadata headers exceed the maximum allowed metadata size";
        return Err(error(S3ErrorCode::MetadataTooLarge, message));
    }
    attributes.encryption.check()?;
    Ok(attributes)
}

impl Encryption {
    /// Fails for values that S3 does not know.
    pub(super) fn check(&self) -> S3Result {
        match self.algorithm.as_deref() {
            None | Some("AES256" | "aws:kms" | "aws:kms:dsse") => {}
            Some(_) => {
                let message = "The encryption method specified is not supported";
                return Err(error(S3ErrorCode::InvalidArgument, message));
            }
        }
        if self.key_id.is_some()
            && !self
                .algorithm
                .as_deref()
                .is_some_and(|name| name.starts_with("aws:kms"))
        {
            let message = "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms";
            return Err(error(S3ErrorCode::InvalidArgument, message));
        }
        match (&self.customer_algorithm, &self.customer_key_md5) {
            (Some(algorithm), Some(_)) if algorithm == "AES256" => Ok(()),
            (None, None) => Ok(()),
            _ => {
                let message = "Requests specifying Server Side Encryption with Customer provided keys must provide \
                               the algorithm AES256, the key, and its MD5.";
                Err(error(S3ErrorCode::InvalidArgument, message))
            }
        }
    }

    /// Fails if a read does not bring the key that the object was stored with.
    pub(super) fn check_key(&self, key_md5: Option<&String>) -> S3Result {
        match (&self.customer_key_md5, key_md5) {
            (Some(stored), Some(sent)) if stored == sent => Ok(()),
            (None, None) => Ok(()),
            (Some(_), Some(_)) => Err(error(
                S3ErrorCode::AccessDenied,
                "The key you provided is not the one that the object was stored with.",
            )),
            (Some(_), None) => Err(error(
                S3ErrorCode::InvalidRequest,
                "The object was stored using a form of Server Side Encryption. The correct parameters must be \
                 provided to retrieve the object.",
            )),
            (None, Some(_)) => Err(error(
                S3ErrorCode::InvalidRequest,
                "The encryption parameters are not applicable to this object.",
            )),
        }
    }

    /// Takes the bucket's encryption if a request asks for none.
    pub(super) fn or_default_of(&mut self, bucket: &Bucket) {
        if let (true, Some(default)) = (*self == Self::default(), &bucket.encryption) {
            self.clone_from(default);
        }
    }

    /// The encryption that responses name. S3 encrypts every object.
    pub(super) fn shown(&self) -> Option<ServerSideEncryption> {
        if self.customer_algorithm.is_some() {
            return None;
        }
        let algorithm = self
            .algorithm
            .clone()
            .unwrap_or_else(|| "AES256".to_owned());
        Some(ServerSideEncryption::from(algorithm))
    }
}

/// The checksums of a request's headers.
macro_rules! checksums {
    ($input:expr) => {
        $crate::store::attributes::Checksums::from(s3s::dto::Checksum {
            checksum_crc32: $input.checksum_crc32.take(),
            checksum_crc32c: $input.checksum_crc32c.take(),
            checksum_crc64nvme: $input.checksum_crc64nvme.take(),
            checksum_sha1: $input.checksum_sha1.take(),
            checksum_sha256: $input.checksum_sha256.take(),
            ..Default::default()
        })
    };
}
pub(super) use checksums;

/// Checksums as the API has them.
pub(super) fn checksum(checksums: &Checksums) -> Checksum {
    let value = |algorithm| {
        checksums
            .get(algorithm)
            .filter(|sum| !sum.is_empty())
            .cloned()
    };
    Checksum {
        checksum_crc32: value(Algorithm::Crc32),
        checksum_crc32c: value(Algorithm::Crc32C),
        checksum_crc64nvme: value(Algorithm::Crc64Nvme),
        checksum_sha1: value(Algorithm::Sha1),
        checksum_sha256: value(Algorithm::Sha256),
        checksum_type: checksum_type(checksums),
    }
}

/// What checksums cover, as the API has it.
pub(super) fn checksum_type(checksums: &Checksums) -> Option<ChecksumType> {
    let kind = match checksums.kind? {
        ChecksumKind::FullObject => ChecksumType::FULL_OBJECT,
        ChecksumKind::Composite => ChecksumType::COMPOSITE,
    };
    Some(ChecksumType::from_static(kind))
}

/// The description of an object. The checksums are left out unless they are asked for.
pub(super) fn describe(object: &Object, with_checksums: bool) -> HeadObjectOutput {
    let attributes = &object.attributes;
    let encryption = &attributes.encryption;
    let sums = if with_checksums {
        checksum(&attributes.checksums)
    } else {
        Checksum::default()
    };
    let metadata: Metadata = attributes.metadata.clone().into_iter().collect();
    HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        bucket_key_enabled: encryption.bucket_key,
        cache_control: attributes.cache_control.clone(),
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        checksum_type: sums.checksum_type,
        content_disposition: attributes.content_disposition.clone(),
        content_encoding: attributes.content_encoding.clone(),
        content_language: attributes.content_language.clone(),
        content_length: Some(object.size as i64),
        content_type: Some(
            attributes
                .content_type
                .clone()
                .unwrap_or_else(|| DEFAULT_CONTENT_TYPE.to_owned()),
        ),
        e_tag: Some(etag(&object.etag)),
        expires: attributes.expires.map(timestamp),
        last_modified: Some(timestamp(object.modified)),
        metadata: (!metadata.is_empty()).then_some(metadata),
        sse_customer_algorithm: encryption.customer_algorithm.clone(),
        sse_customer_key_md5: encryption.customer_key_md5.clone(),
        ssekms_key_id: encryption.key_id.clone(),
        server_side_encryption: encryption.shown(),
        storage_class: shown_storage_class(&object.storage_class),
        website_redirect_location: attributes.redirect.clone(),
        ..HeadObjectOutput::default()
    }
}

/// The response of a read with this description, without its body.
pub(super) fn read_output(head: HeadObjectOutput) -> GetObjectOutput {
    GetObjectOutput {
        accept_ranges: head.accept_ranges,
        bucket_key_enabled: head.bucket_key_enabled,
        cache_control: head.cache_control,
        checksum_crc32: head.checksum_crc32,
        checksum_crc32c: head.checksum_crc32c,
        checksum_crc64nvme: head.checksum_crc64nvme,
        checksum_sha1: head.checksum_sha1,
        checksum_sha256: head.checksum_sha256,
        checksum_type: head.checksum_type,
        content_disposition: head.content_disposition,
        content_encoding: head.content_encoding,
        content_language: head.content_language,
        content_length: head.content_length,
        content_range: head.content_range,
        content_type: head.content_type,
        e_tag: head.e_tag,
        expires: head.expires,
        last_modified: head.last_modified,
        metadata: head.metadata,
        parts_count: head.parts_count,
        sse_customer_algorithm: head.sse_customer_algorithm,
        sse_customer_key_md5: head.sse_customer_key_md5,
        ssekms_key_id: head.ssekms_key_id,
        server_side_encryption: head.server_side_encryption,
        storage_class: head.storage_class,
        website_redirect_location: head.website_redirect_location,
        ..GetObjectOutput::default()
    }
}
