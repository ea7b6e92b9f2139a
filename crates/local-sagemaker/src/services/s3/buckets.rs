//! Buckets.

use s3s::dto::{
    Bucket, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput, DeleteBucketInput,
    DeleteBucketOutput, GetBucketLocationInput, GetBucketLocationOutput, HeadBucketInput,
    HeadBucketOutput, ListBucketsInput, ListBucketsOutput,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::body::run;
use super::errors::error;
use super::headers::{owner, timestamp};
use super::request::Region;
use crate::protocol::names::DEFAULT_REGION;
use crate::store::Store;

/// Most buckets on a page.
const MAX_BUCKETS: i32 = 10_000;

/// `CreateBucket`. Creating one's own bucket again succeeds in us-east-1 only, as it does on AWS.
pub(super) async fn create_bucket(
    store: &Store,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let client = request.extensions.get::<Region>();
    let client = client
        .map_or(DEFAULT_REGION, |region| region.0.as_str())
        .to_owned();
    let input = request.input;
    if input.object_lock_enabled_for_bucket == Some(true) {
        let message = "The local server has no object locks";
        return Err(error(S3ErrorCode::NotImplemented, message));
    }
    let configuration = input.create_bucket_configuration;
    let constraint = configuration
        .and_then(|configuration| configuration.location_constraint)
        .map(|constraint| constraint.as_str().to_owned())
        .filter(|constraint| !constraint.is_empty());
    let region = location(constraint, &client)?;
    let name = input.bucket;
    let location = format!("/{name}");
    let existing = run(store, move |store| store.create_bucket(&name, &region)).await?;
    match existing {
        Some(bucket) if bucket.region != DEFAULT_REGION || client != DEFAULT_REGION => Err(error(
            S3ErrorCode::BucketAlreadyOwnedByYou,
            "Your previous request to create the named bucket succeeded and you already own it.",
        )),
        _ => Ok(S3Response::new(CreateBucketOutput {
            location: Some(location),
        })),
    }
}

/// The region of a new bucket.
fn location(constraint: Option<String>, client: &str) -> S3Result<String> {
    match constraint {
        None => Ok(client.to_owned()),
        Some(constraint) if constraint == "EU" => Ok("eu-west-1".to_owned()),
        Some(constraint) if !is_region(&constraint) || constraint == DEFAULT_REGION => Err(error(
            S3ErrorCode::InvalidLocationConstraint,
            format!("The specified location-constraint is not valid: {constraint}"),
        )),
        Some(constraint) => Ok(constraint),
    }
}

/// Whether a text has the form of a region's name, such as `eu-central-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let is_word =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    match parts.as_slice() {
        [words @ .., number] if words.len() >= 2 => {
            words.iter().all(is_word) && number.parse::<u8>().is_ok()
        }
        _ => false,
    }
}

/// `HeadBucket`.
pub(super) async fn head_bucket(
    store: &Store,
    request: S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    let name = request.input.bucket;
    let bucket = run(store, move |store| store.bucket(&name)).await?;
    Ok(S3Response::new(HeadBucketOutput {
        bucket_region: Some(bucket.region),
        ..HeadBucketOutput::default()
    }))
}

/// `DeleteBucket`.
pub(super) async fn delete_bucket(
    store: &Store,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<S3Response<DeleteBucketOutput>> {
    let name = request.input.bucket;
    run(store, move |store| store.delete_bucket(&name)).await?;
    Ok(S3Response::new(DeleteBucketOutput::default()))
}

/// `GetBucketLocation`, which is empty for us-east-1.
pub(super) async fn get_bucket_location(
    store: &Store,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    let name = request.input.bucket;
    let bucket = run(store, move |store| store.bucket(&name)).await?;
    let elsewhere = (bucket.region != DEFAULT_REGION).then_some(bucket.region);
    Ok(S3Response::new(GetBucketLocationOutput {
        location_constraint: elsewhere.map(BucketLocationConstraint::from),
    }))
}

/// `ListBuckets`. A continuation token is the last name of the previous page.
pub(super) async fn list_buckets(
    store: &Store,
    request: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let input = request.input;
    let limit = input.max_buckets.unwrap_or(MAX_BUCKETS);
    if !(1..=MAX_BUCKETS).contains(&limit) {
        let message = format!("MaxBuckets must be from 1 to {MAX_BUCKETS}");
        return Err(error(S3ErrorCode::InvalidArgument, message));
    }
    let limit = limit as usize;
    let prefix = input.prefix.clone().unwrap_or_default();
    let after = input.continuation_token.unwrap_or_default();
    // One more than fits, to know whether there is another page.
    let found = run(store, move |store| {
        store.buckets(&prefix, &after, limit + 1)
    })
    .await?;
    let in_region = |bucket: &&crate::store::Bucket| {
        let region = input.bucket_region.as_deref();
        region.is_none_or(|region| region == bucket.region)
    };
    let page = &found[..found.len().min(limit)];
    let more = found.len() > limit;
    let buckets = page.iter().filter(in_region).map(|bucket| Bucket {
        bucket_region: Some(bucket.region.clone()),
        creation_date: Some(timestamp(bucket.created)),
        name: Some(bucket.name.clone()),
    });
    Ok(S3Response::new(ListBucketsOutput {
        buckets: Some(buckets.collect()),
        continuation_token: page
            .last()
            .filter(|_| more)
            .map(|bucket| bucket.name.clone()),
        owner: Some(owner()),
        prefix: input.prefix,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_created_where_it_is_wanted() {
        for (constraint, client, expected) in [
            (None, "eu-central-1", Some("eu-central-1")),
            (Some("eu-central-1"), "us-east-1", Some("eu-central-1")),
            (Some("EU"), "us-east-1", Some("eu-west-1")),
            (Some("us-gov-west-1"), "us-east-1", Some("us-gov-west-1")),
            (Some("us-east-1"), "us-east-1", None),
            (Some("nowhere"), "us-east-1", None),
        ] {
            let found = location(constraint.map(str::to_owned), client).ok();
            assert_eq!(found.as_deref(), expected, "{constraint:?}");
        }
    }
}
