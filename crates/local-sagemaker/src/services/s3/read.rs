//! `GetObject`, `HeadObject` and `GetObjectAttributes`.

use std::ops::Range as Span;

use axum::http::StatusCode;
use s3s::dto::{
    GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectAttributesParts, GetObjectInput,
    GetObjectOutput, HeadObjectInput, HeadObjectOutput, ObjectAttributes, ObjectPart, PartNumber,
    Range, StorageClass,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::body::{Outgoing, run};
use super::conditions::{ReadConditions, check_version};
use super::errors::{custom, error, with_detail};
use super::headers::{checksum, checksum_type, describe, etag, read_output, timestamp};
use crate::protocol::names::S3Uri;
use crate::store::contents::Piece;
use crate::store::{Object, Opened, Part, Store, StoreError};

/// Parts in a page of `GetObjectAttributes`.
const MAX_PARTS: i32 = 1000;

/// What a read asks for.
struct Wanted {
    /// The object.
    name: S3Uri,
    /// The conditions.
    conditions: ReadConditions,
    /// A range of bytes.
    range: Option<Range>,
    /// One part of an object that was uploaded in parts.
    part: Option<PartNumber>,
    /// The MD5 of the client's key.
    key_md5: Option<String>,
    /// Whether checksums are shown.
    with_checksums: bool,
}

/// The members that `GetObject` and `HeadObject` have in common.
macro_rules! wanted {
    ($input:expr) => {{
        check_version($input.version_id.as_deref())?;
        Wanted {
            name: S3Uri {
                bucket: $input.bucket,
                key: $input.key,
            },
            conditions: ReadConditions {
                matches: $input.if_match,
                none_match: $input.if_none_match,
                modified_since: $input.if_modified_since,
                unmodified_since: $input.if_unmodified_since,
            },
            range: $input.range,
            part: $input.part_number,
            key_md5: $input.sse_customer_key_md5,
            with_checksums: $input
                .checksum_mode
                .is_some_and(|mode| mode.as_str() == "ENABLED"),
        }
    }};
}

/// Members of a response that replace those of the object.
struct Overrides {
    /// `response-cache-control`.
    cache_control: Option<String>,
    /// `response-content-disposition`.
    content_disposition: Option<String>,
    /// `response-content-encoding`.
    content_encoding: Option<String>,
    /// `response-content-language`.
    content_language: Option<String>,
    /// `response-content-type`.
    content_type: Option<String>,
}

/// `GetObject`.
pub(super) async fn get_object(
    store: &Store,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let input = request.input;
    let overrides = Overrides {
        cache_control: input.response_cache_control,
        content_disposition: input.response_content_disposition,
        content_encoding: input.response_content_encoding,
        content_language: input.response_content_language,
        content_type: input.response_content_type,
    };
    let expires = input.response_expires;
    let wanted = wanted!(input);
    let name = wanted.name.clone();
    let (opened, parts) = open(store, name, wanted.part).await?;
    let (mut head, span, status) = wanted.select(&opened.object, &opened.pieces)?;
    wanted.show_part(&mut head, &opened.object, &parts);
    let tags = opened.object.tags.len();
    let reading = run(store, move |_| {
        let reader = opened.reader(span.start, span.end - span.start);
        Outgoing::new(reader).map_err(StoreError::from)
    });
    let body = reading.await?.into_blob();
    let mut output = read_output(head);
    output.tag_count = (tags > 0).then_some(tags as i32);
    overrides.apply(&mut output);
    output.expires = expires.or(output.expires);
    output.body = Some(body);
    Ok(S3Response::with_status(output, status))
}

/// `HeadObject`.
pub(super) async fn head_object(
    store: &Store,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let input = request.input;
    let wanted = wanted!(input);
    let name = wanted.name.clone();
    let (opened, parts) = open(store, name, wanted.part).await?;
    let (mut head, _, status) = wanted.select(&opened.object, &opened.pieces)?;
    wanted.show_part(&mut head, &opened.object, &parts);
    let mut response = S3Response::with_status(head, status);
    let tags = opened.object.tags.len();
    if tags > 0 {
        // A member that `s3s` does not know.
        response.headers.insert("x-amz-tagging-count", tags.into());
    }
    Ok(response)
}

/// Opens an object, with the checksums of its parts if one of them is wanted.
async fn open(
    store: &Store,
    name: S3Uri,
    part: Option<PartNumber>,
) -> S3Result<(Opened, Vec<Part>)> {
    run(store, move |store| {
        let opened = store.open_object(&name)?;
        let parts = match part {
            Some(_) => store.object_parts(&opened.object)?,
            None => Vec::new(),
        };
        Ok((opened, parts))
    })
    .await
}

impl Wanted {
    /// Shows the checksums of the part that is read.
    fn show_part(&self, head: &mut HeadObjectOutput, object: &Object, parts: &[Part]) {
        let number = self.part.and_then(|number| u32::try_from(number).ok());
        let part = parts.iter().find(|part| Some(part.number) == number);
        let Some(part) = part.filter(|_| self.with_checksums) else {
            return;
        };
        let sums = checksum(&part.checksums);
        head.checksum_crc32 = sums.checksum_crc32;
        head.checksum_crc32c = sums.checksum_crc32c;
        head.checksum_crc64nvme = sums.checksum_crc64nvme;
        head.checksum_sha1 = sums.checksum_sha1;
        head.checksum_sha256 = sums.checksum_sha256;
        head.checksum_type = checksum_type(&object.attributes.checksums);
    }

    /// The description of the response, the bytes that it contains, and its status.
    fn select(
        &self,
        object: &Object,
        pieces: &[Piece],
    ) -> S3Result<(HeadObjectOutput, Span<u64>, StatusCode)> {
        object
            .attributes
            .encryption
            .check_key(self.key_md5.as_ref())?;
        if let Err(reason) = self.conditions.check(object) {
            let mut error = s3s::S3Error::from(reason);
            // A client that has the object learns which version it has.
            if *error.code() == S3ErrorCode::NotModified {
                error.set_headers(validators(object));
            }
            return Err(error);
        }
        let mut head = describe(object, self.with_checksums);
        let span = match (self.part, &self.range) {
            (Some(_), Some(_)) => {
                let message = "Cannot specify both Range header and partNumber query parameter";
                return Err(error(S3ErrorCode::InvalidRequest, message));
            }
            (Some(part), None) => {
                head.parts_count = (object.parts > 0).then_some(object.parts as i32);
                part_span(part, pieces)?
            }
            (None, Some(range)) => range_span(range, object.size)?,
            (None, None) => return Ok((head, 0..object.size, StatusCode::OK)),
        };
        head.content_length = Some((span.end - span.start) as i64);
        if object.size > 0 {
            let (first, last) = (span.start, span.end.saturating_sub(1));
            head.content_range = Some(format!("bytes {first}-{last}/{}", object.size));
        }
        let whole = span == (0..object.size);
        if !whole {
            // They are those of the whole object, and a client would compare them with the range.
            head = without_checksums(head);
        }
        Ok((head, span, StatusCode::PARTIAL_CONTENT))
    }
}

impl Overrides {
    /// Replaces members of the response.
    fn apply(self, output: &mut GetObjectOutput) {
        let replace = |member: &mut Option<String>, value: Option<String>| {
            if value.is_some() {
                *member = value;
            }
        };
        replace(&mut output.cache_control, self.cache_control);
        replace(&mut output.content_disposition, self.content_disposition);
        replace(&mut output.content_encoding, self.content_encoding);
        replace(&mut output.content_language, self.content_language);
        replace(&mut output.content_type, self.content_type);
    }
}

/// The headers of a "not modified" response.
fn validators(object: &Object) -> axum::http::HeaderMap {
    let mut headers = axum::http::HeaderMap::new();
    if let Ok(value) = format!("\"{}\"", object.etag).parse() {
        headers.insert("etag", value);
    }
    headers
}

/// A description without checksums.
fn without_checksums(head: HeadObjectOutput) -> HeadObjectOutput {
    HeadObjectOutput {
        checksum_crc32: None,
        checksum_crc32c: None,
        checksum_crc64nvme: None,
        checksum_sha1: None,
        checksum_sha256: None,
        checksum_type: None,
        ..head
    }
}

/// The bytes of a range.
fn range_span(range: &Range, size: u64) -> S3Result<Span<u64>> {
    let span = match *range {
        Range::Int { first, last } => {
            let end = last.map_or(size, |last| size.min(last.saturating_add(1)));
            first..end
        }
        Range::Suffix { length: 0 } => size..size,
        Range::Suffix { length } => size.saturating_sub(length)..size,
    };
    if span.start < span.end {
        return Ok(span);
    }
    let message = "The requested range is not satisfiable";
    let requested = range.to_header_string();
    let detail = format!(
        "<RangeRequested>{requested}</RangeRequested><ActualObjectSize>{size}</ActualObjectSize>"
    );
    Err(with_detail(
        error(S3ErrorCode::InvalidRange, message),
        &detail,
    ))
}

/// The bytes of a part.
fn part_span(part: PartNumber, pieces: &[Piece]) -> S3Result<Span<u64>> {
    let position = pieces
        .iter()
        .position(|piece| i64::from(piece.number) == i64::from(part));
    let Some(position) = position else {
        return Err(custom(
            "InvalidPartNumber",
            StatusCode::RANGE_NOT_SATISFIABLE,
            "The requested partnumber is not satisfiable",
        ));
    };
    let start: u64 = pieces[..position].iter().map(|piece| piece.size).sum();
    Ok(start..start + pieces[position].size)
}

/// `GetObjectAttributes`.
pub(super) async fn get_object_attributes(
    store: &Store,
    request: S3Request<GetObjectAttributesInput>,
) -> S3Result<S3Response<GetObjectAttributesOutput>> {
    let input = request.input;
    check_version(input.version_id.as_deref())?;
    let name = S3Uri {
        bucket: input.bucket,
        key: input.key,
    };
    let (object, parts) = run(store, move |store| {
        let object = store.head(&name)?;
        let parts = store.object_parts(&object)?;
        Ok((object, parts))
    })
    .await?;
    let key_md5 = input.sse_customer_key_md5.as_ref();
    object.attributes.encryption.check_key(key_md5)?;
    // In one header, as SDKs send them, or in several.
    let headers = input.object_attributes.iter().map(ObjectAttributes::as_str);
    let wanted: Vec<_> = headers
        .flat_map(|names| names.split(','))
        .map(str::trim)
        .collect();
    let has = |name: &str| wanted.contains(&name);
    let after = input.part_number_marker.unwrap_or(0);
    let limit = input.max_parts.unwrap_or(MAX_PARTS).clamp(0, MAX_PARTS);
    let output = GetObjectAttributesOutput {
        checksum: has("Checksum").then(|| checksum(&object.attributes.checksums)),
        e_tag: has("ETag").then(|| etag(&object.etag)),
        last_modified: Some(timestamp(object.modified)),
        object_parts: (has("ObjectParts") && object.parts > 0)
            .then(|| part_page(&parts, after, limit)),
        object_size: has("ObjectSize").then_some(object.size as i64),
        storage_class: has("StorageClass")
            .then(|| StorageClass::from(object.storage_class.clone())),
        ..GetObjectAttributesOutput::default()
    };
    Ok(S3Response::new(output))
}

/// A page of the parts of an object.
fn part_page(parts: &[Part], after: i32, limit: i32) -> GetObjectAttributesParts {
    let following = parts.iter().filter(|part| part.number as i32 > after);
    let page: Vec<_> = following
        .clone()
        .take(limit as usize)
        .map(object_part)
        .collect();
    GetObjectAttributesParts {
        is_truncated: Some(following.count() > page.len()),
        max_parts: Some(limit),
        next_part_number_marker: page.last().and_then(|part| part.part_number),
        part_number_marker: Some(after),
        // Parts without checksums are only counted.
        parts: Some(page),
        total_parts_count: Some(parts.len() as i32),
    }
}

/// A part as the API has it.
fn object_part(part: &Part) -> ObjectPart {
    let sums = checksum(&part.checksums);
    ObjectPart {
        checksum_crc32: sums.checksum_crc32,
        checksum_crc32c: sums.checksum_crc32c,
        checksum_crc64nvme: sums.checksum_crc64nvme,
        checksum_sha1: sums.checksum_sha1,
        checksum_sha256: sums.checksum_sha256,
        part_number: Some(part.number as i32),
        size: Some(part.size as i64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_with_the_object() {
        for (range, size, expected) in [
            ("bytes=0-3", 10, Some(0..4)),
            ("bytes=8-99", 10, Some(8..10)),
            ("bytes=8-", 10, Some(8..10)),
            ("bytes=-3", 10, Some(7..10)),
            ("bytes=-65536", 10, Some(0..10)),
            ("bytes=10-", 10, None),
            ("bytes=-0", 10, None),
            ("bytes=0-", 0, None),
            ("bytes=-5", 0, None),
        ] {
            let span = range_span(&Range::parse(range).unwrap(), size);
            assert_eq!(span.ok(), expected, "{range} of {size}");
        }
    }
}
