//! `ListObjects`, `ListObjectsV2` and `ListObjectVersions`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{
    ChecksumAlgorithm, CommonPrefix, EncodingType, ListObjectVersionsInput,
    ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, ObjectStorageClass, ObjectVersion, ObjectVersionStorageClass,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::body::run;
use super::errors::error;
use super::headers::{checksum_type, etag, owner, timestamp};
use crate::store::{ListQuery, Listed, Page, Store};

/// Most entries on a page.
pub(super) const MAX_ENTRIES: i32 = 1000;

/// What S3 leaves as it is in an encoded list.
const PLAIN: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'/')
    .remove(b'*');

/// How the texts of a list are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As they are.
    Plain,
    /// Percent-encoded, so that every key can be written in XML.
    Url,
}

impl Encoding {
    /// The encoding that a request asks for.
    pub(super) fn parse(encoding: Option<&EncodingType>) -> S3Result<Self> {
        match encoding.map(EncodingType::as_str) {
            None | Some("") => Ok(Self::Plain),
            Some("url") => Ok(Self::Url),
            Some(_) => Err(error(
                S3ErrorCode::InvalidArgument,
                "Invalid Encoding Method specified in Request",
            )),
        }
    }

    /// A text of the list. S3 writes a space as `+`.
    pub(super) fn text(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Url => utf8_percent_encode(text, &PLAIN)
                .to_string()
                .replace("%20", "+"),
        }
    }

    /// A text that may be missing; an empty one counts as missing.
    pub(super) fn optional(self, text: Option<&String>) -> Option<String> {
        text.filter(|text| !text.is_empty())
            .map(|text| self.text(text))
    }

    /// The groups of a list.
    pub(super) fn prefixes(self, prefixes: &[String]) -> Option<Vec<CommonPrefix>> {
        let prefixes: Vec<_> = prefixes
            .iter()
            .map(|prefix| CommonPrefix {
                prefix: Some(self.text(prefix)),
            })
            .collect();
        (!prefixes.is_empty()).then_some(prefixes)
    }
}

/// The number of entries that a request asks for.
pub(super) fn limit(number: Option<i32>, name: &str) -> S3Result<usize> {
    match number.unwrap_or(MAX_ENTRIES) {
        negative if negative < 0 => Err(error(
            S3ErrorCode::InvalidArgument,
            format!("Argument {name} must be an integer between 0 and 2147483647"),
        )),
        number => Ok(number.min(MAX_ENTRIES) as usize),
    }
}

/// One page of a bucket.
async fn page(store: &Store, bucket: String, query: ListQuery) -> S3Result<Page> {
    run(store, move |store| store.list(&bucket, &query)).await
}

/// An entry of a list.
fn entry(listed: Listed, encoding: Encoding, with_owner: bool) -> Object {
    Object {
        checksum_algorithm: algorithms(&listed),
        checksum_type: checksum_type(&listed.checksums),
        e_tag: Some(etag(&listed.etag)),
        key: Some(encoding.text(&listed.key)),
        last_modified: Some(timestamp(listed.modified)),
        owner: with_owner.then(owner),
        size: Some(listed.size as i64),
        storage_class: Some(ObjectStorageClass::from(listed.storage_class)),
        ..Object::default()
    }
}

/// The algorithms of an object's checksums.
fn algorithms(listed: &Listed) -> Option<Vec<ChecksumAlgorithm>> {
    let names = listed
        .checksums
        .values
        .keys()
        .map(|algorithm| algorithm.name());
    let algorithms: Vec<_> = names.map(ChecksumAlgorithm::from_static).collect();
    (!algorithms.is_empty()).then_some(algorithms)
}

/// `ListObjects`.
pub(super) async fn list_objects(
    store: &Store,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = request.input;
    let encoding = Encoding::parse(input.encoding_type.as_ref())?;
    let limit = limit(input.max_keys, "max-keys")?;
    let query = ListQuery {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after: input.marker.clone().unwrap_or_default(),
        token: None,
        limit,
    };
    let grouped = !query.delimiter.is_empty();
    let page = page(store, input.bucket.clone(), query).await?;
    // Without a delimiter, clients go on from the last key.
    let next_marker = page.last.filter(|_| page.next.is_some() && grouped);
    let contents = page
        .objects
        .into_iter()
        .map(|listed| entry(listed, encoding, true));
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encoding.text(&input.prefix.unwrap_or_default())),
        marker: Some(encoding.text(&input.marker.unwrap_or_default())),
        max_keys: Some(input.max_keys.unwrap_or(MAX_ENTRIES).min(MAX_ENTRIES)),
        is_truncated: Some(page.next.is_some()),
        contents: Some(contents.collect()),
        common_prefixes: encoding.prefixes(&page.prefixes),
        delimiter: encoding.optional(input.delimiter.as_ref()),
        next_marker: next_marker.map(|marker| encoding.text(&marker)),
        encoding_type: input.encoding_type,
        request_charged: None,
    }))
}

/// `ListObjectsV2`.
pub(super) async fn list_objects_v2(
    store: &Store,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let input = request.input;
    let encoding = Encoding::parse(input.encoding_type.as_ref())?;
    let limit = limit(input.max_keys, "max-keys")?;
    if input.continuation_token.as_deref() == Some("") {
        let message = "The continuation token provided is incorrect";
        return Err(error(S3ErrorCode::InvalidArgument, message));
    }
    let query = ListQuery {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after: input.start_after.clone().unwrap_or_default(),
        token: input.continuation_token.clone(),
        limit,
    };
    let with_owner = input.fetch_owner.unwrap_or(false);
    let page = page(store, input.bucket.clone(), query).await?;
    let count = page.objects.len() + page.prefixes.len();
    let contents = page
        .objects
        .into_iter()
        .map(|listed| entry(listed, encoding, with_owner));
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encoding.text(&input.prefix.unwrap_or_default())),
        max_keys: Some(input.max_keys.unwrap_or(MAX_ENTRIES).min(MAX_ENTRIES)),
        key_count: Some(count as i32),
        continuation_token: input.continuation_token,
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next,
        contents: Some(contents.collect()),
        common_prefixes: encoding.prefixes(&page.prefixes),
        delimiter: encoding.optional(input.delimiter.as_ref()),
        encoding_type: input.encoding_type,
        start_after: encoding.optional(input.start_after.as_ref()),
        request_charged: None,
    }))
}

/// `ListObjectVersions` of a bucket without versions: every object is its own latest one.
pub(super) async fn list_object_versions(
    store: &Store,
    request: S3Request<ListObjectVersionsInput>,
) -> S3Result<S3Response<ListObjectVersionsOutput>> {
    let input = request.input;
    let encoding = Encoding::parse(input.encoding_type.as_ref())?;
    let limit = limit(input.max_keys, "max-keys")?;
    let query = ListQuery {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().unwrap_or_default(),
        after: input.key_marker.clone().unwrap_or_default(),
        token: None,
        limit,
    };
    let page = page(store, input.bucket.clone(), query).await?;
    let more = page.next.is_some();
    let version = |listed: Listed| ObjectVersion {
        checksum_algorithm: algorithms(&listed),
        checksum_type: checksum_type(&listed.checksums),
        e_tag: Some(etag(&listed.etag)),
        is_latest: Some(true),
        key: Some(encoding.text(&listed.key)),
        last_modified: Some(timestamp(listed.modified)),
        owner: Some(owner()),
        size: Some(listed.size as i64),
        storage_class: Some(ObjectVersionStorageClass::from(listed.storage_class)),
        version_id: Some("null".to_owned()),
        ..ObjectVersion::default()
    };
    let versions: Vec<_> = page.objects.into_iter().map(version).collect();
    let next = page.last.filter(|_| more);
    Ok(S3Response::new(ListObjectVersionsOutput {
        common_prefixes: encoding.prefixes(&page.prefixes),
        delimiter: encoding.optional(input.delimiter.as_ref()),
        encoding_type: input.encoding_type,
        is_truncated: Some(more),
        key_marker: Some(encoding.text(&input.key_marker.unwrap_or_default())),
        max_keys: Some(limit as i32),
        name: Some(input.bucket),
        next_version_id_marker: next.as_ref().map(|_| "null".to_owned()),
        next_key_marker: next.map(|key| encoding.text(&key)),
        prefix: Some(encoding.text(&input.prefix.unwrap_or_default())),
        version_id_marker: input.version_id_marker,
        versions: (!versions.is_empty()).then_some(versions),
        ..ListObjectVersionsOutput::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded_as_s3_does() {
        for (key, expected) in [
            ("a/b-c_d.e*f", "a/b-c_d.e*f"),
            ("a+b", "a%2Bb"),
            ("a b", "a+b"),
            ("a%20b", "a%2520b"),
            ("ü~\u{1}", "%C3%BC%7E%01"),
        ] {
            assert_eq!(Encoding::Url.text(key), expected);
        }
    }
}
