//! Tags of objects and buckets.

use axum::http::StatusCode;
use percent_encoding::percent_decode_str;
use s3s::dto::{
    DeleteBucketTaggingInput, DeleteBucketTaggingOutput, DeleteObjectTaggingInput,
    DeleteObjectTaggingOutput, GetBucketTaggingInput, GetBucketTaggingOutput,
    GetObjectTaggingInput, GetObjectTaggingOutput, PutBucketTaggingInput, PutBucketTaggingOutput,
    PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::body::run;
use super::conditions::check_version;
use super::errors::{custom, error};
use crate::protocol::names::S3Uri;
use crate::store::{Store, TagSet};

/// Most tags of an object.
const MAX_OBJECT_TAGS: usize = 10;
/// Most tags of a bucket.
const MAX_BUCKET_TAGS: usize = 50;

/// The tags of `x-amz-tagging`, which has the form of a URL's query.
pub(super) fn parse_tags(header: Option<&str>) -> S3Result<TagSet> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let pairs = header
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty());
    let tags = pairs.map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key), decode(value))
    });
    checked(tags.collect(), MAX_OBJECT_TAGS)
}

/// The tags of a request's document.
fn document_tags(tags: Vec<Tag>, most: usize) -> S3Result<TagSet> {
    let pair = |tag: Tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default());
    checked(tags.into_iter().map(pair).collect(), most)
}

/// Tags that follow S3's rules, in the order of their keys.
fn checked(mut tags: TagSet, most: usize) -> S3Result<TagSet> {
    tags.sort();
    if tags.len() > most {
        let message = format!("Object tags cannot be greater than {most}");
        return Err(custom("BadRequest", StatusCode::BAD_REQUEST, message));
    }
    for (position, (key, value)) in tags.iter().enumerate() {
        let problem = if key.is_empty() || key.chars().count() > 128 {
            "The TagKey you have provided is invalid"
        } else if value.chars().count() > 256 {
            "The TagValue you have provided is invalid"
        } else if key.starts_with("aws:") {
            "System tags cannot be added/updated by requester"
        } else if tags[..position].iter().any(|(earlier, _)| earlier == key) {
            "Cannot provide multiple Tags with the same key"
        } else {
            continue;
        };
        return Err(error(S3ErrorCode::InvalidTag, problem));
    }
    Ok(tags)
}

/// Tags as the API has them.
fn tag_set(tags: TagSet) -> Vec<Tag> {
    let tag = |(key, value)| Tag {
        key: Some(key),
        value: Some(value),
    };
    tags.into_iter().map(tag).collect()
}

/// `GetObjectTagging`.
pub(super) async fn get_object_tagging(
    store: &Store,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let input = request.input;
    check_version(input.version_id.as_deref())?;
    let name = S3Uri {
        bucket: input.bucket,
        key: input.key,
    };
    let object = run(store, move |store| store.head(&name)).await?;
    Ok(S3Response::new(GetObjectTaggingOutput {
        tag_set: tag_set(object.tags),
        version_id: None,
    }))
}

/// `PutObjectTagging`.
pub(super) async fn put_object_tagging(
    store: &Store,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let input = request.input;
    check_version(input.version_id.as_deref())?;
    let tags = document_tags(input.tagging.tag_set, MAX_OBJECT_TAGS)?;
    let name = S3Uri {
        bucket: input.bucket,
        key: input.key,
    };
    run(store, move |store| store.set_object_tags(&name, &tags)).await?;
    Ok(S3Response::new(PutObjectTaggingOutput::default()))
}

/// `DeleteObjectTagging`.
pub(super) async fn delete_object_tagging(
    store: &Store,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
    let input = request.input;
    check_version(input.version_id.as_deref())?;
    let name = S3Uri {
        bucket: input.bucket,
        key: input.key,
    };
    run(store, move |store| {
        store.set_object_tags(&name, &TagSet::new())
    })
    .await?;
    Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
}

/// `GetBucketTagging`.
pub(super) async fn get_bucket_tagging(
    store: &Store,
    request: S3Request<GetBucketTaggingInput>,
) -> S3Result<S3Response<GetBucketTaggingOutput>> {
    let name = request.input.bucket;
    let bucket = run(store, move |store| store.bucket(&name)).await?;
    if bucket.tags.is_empty() {
        let message = "The TagSet does not exist";
        return Err(error(S3ErrorCode::NoSuchTagSet, message));
    }
    Ok(S3Response::new(GetBucketTaggingOutput {
        tag_set: tag_set(bucket.tags),
    }))
}

/// `PutBucketTagging`.
pub(super) async fn put_bucket_tagging(
    store: &Store,
    request: S3Request<PutBucketTaggingInput>,
) -> S3Result<S3Response<PutBucketTaggingOutput>> {
    let tags = document_tags(request.input.tagging.tag_set, MAX_BUCKET_TAGS)?;
    let name = request.input.bucket;
    run(store, move |store| store.set_bucket_tags(&name, &tags)).await?;
    Ok(S3Response::new(PutBucketTaggingOutput::default()))
}

/// `DeleteBucketTagging`.
pub(super) async fn delete_bucket_tagging(
    store: &Store,
    request: S3Request<DeleteBucketTaggingInput>,
) -> S3Result<S3Response<DeleteBucketTaggingOutput>> {
    let name = request.input.bucket;
    run(store, move |store| {
        store.set_bucket_tags(&name, &TagSet::new())
    })
    .await?;
    Ok(S3Response::new(DeleteBucketTaggingOutput::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_follow_the_rules_of_s3() {
        let many: Vec<_> = (0..11).map(|number| format!("k{number}=v")).collect();
        for (header, expected) in [
            ("a=1&b=x%20y+z", Ok(vec![("a", "1"), ("b", "x y z")])),
            ("", Ok(vec![])),
            ("a=1&a=2", Err("same key")),
            ("aws:a=1", Err("System tags")),
            (&many.join("&"), Err("greater than 10")),
            (&format!("{}=1", "k".repeat(129)), Err("TagKey")),
        ] {
            let found =
                parse_tags(Some(header)).map_err(|error| error.message().unwrap().to_owned());
            match (found, expected) {
                (Ok(tags), Ok(expected)) => {
                    let expected: TagSet = expected
                        .iter()
                        .map(|(k, v)| ((*k).into(), (*v).into()))
                        .collect();
                    assert_eq!(tags, expected);
                }
                (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
                (found, expected) => panic!("{header}: {found:?}, expected {expected:?}"),
            }
        }
    }
}
