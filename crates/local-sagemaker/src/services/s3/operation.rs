//! The name of a request's operation in the API of S3.

use axum::http::{HeaderMap, Method, Uri};

/// Operations that a query parameter selects, by method: on a bucket, then on an object. They are listed so
/// that the log of calls and the rejection of what is not implemented name them as the API does.
const BY_PARAMETER: [(&str, &str, &str, &str); 55] = [
    ("GET", "accelerate", "GetBucketAccelerateConfiguration", ""),
    ("PUT", "accelerate", "PutBucketAccelerateConfiguration", ""),
    ("GET", "acl", "GetBucketAcl", "GetObjectAcl"),
    ("PUT", "acl", "PutBucketAcl", "PutObjectAcl"),
    ("GET", "analytics", "ListBucketAnalyticsConfigurations", ""),
    ("GET", "attributes", "", "GetObjectAttributes"),
    ("GET", "cors", "GetBucketCors", ""),
    ("PUT", "cors", "PutBucketCors", ""),
    ("DELETE", "cors", "DeleteBucketCors", ""),
    ("POST", "delete", "DeleteObjects", ""),
    ("GET", "encryption", "GetBucketEncryption", ""),
    ("PUT", "encryption", "PutBucketEncryption", ""),
    ("DELETE", "encryption", "DeleteBucketEncryption", ""),
    ("GET", "inventory", "ListBucketInventoryConfigurations", ""),
    ("GET", "legal-hold", "", "GetObjectLegalHold"),
    ("PUT", "legal-hold", "", "PutObjectLegalHold"),
    ("GET", "lifecycle", "GetBucketLifecycleConfiguration", ""),
    ("PUT", "lifecycle", "PutBucketLifecycleConfiguration", ""),
    ("DELETE", "lifecycle", "DeleteBucketLifecycle", ""),
    ("GET", "location", "GetBucketLocation", ""),
    ("GET", "logging", "GetBucketLogging", ""),
    ("PUT", "logging", "PutBucketLogging", ""),
    ("GET", "metrics", "ListBucketMetricsConfigurations", ""),
    (
        "GET",
        "notification",
        "GetBucketNotificationConfiguration",
        "",
    ),
    (
        "PUT",
        "notification",
        "PutBucketNotificationConfiguration",
        "",
    ),
    ("GET", "object-lock", "GetObjectLockConfiguration", ""),
    ("PUT", "object-lock", "PutObjectLockConfiguration", ""),
    ("GET", "ownershipControls", "GetBucketOwnershipControls", ""),
    ("PUT", "ownershipControls", "PutBucketOwnershipControls", ""),
    ("GET", "policy", "GetBucketPolicy", ""),
    ("PUT", "policy", "PutBucketPolicy", ""),
    ("DELETE", "policy", "DeleteBucketPolicy", ""),
    ("GET", "policyStatus", "GetBucketPolicyStatus", ""),
    ("GET", "publicAccessBlock", "GetPublicAccessBlock", ""),
    ("PUT", "publicAccessBlock", "PutPublicAccessBlock", ""),
    ("DELETE", "publicAccessBlock", "DeletePublicAccessBlock", ""),
    ("GET", "replication", "GetBucketReplication", ""),
    ("PUT", "replication", "PutBucketReplication", ""),
    ("GET", "requestPayment", "GetBucketRequestPayment", ""),
    ("PUT", "requestPayment", "PutBucketRequestPayment", ""),
    ("POST", "restore", "", "RestoreObject"),
    ("GET", "retention", "", "GetObjectRetention"),
    ("PUT", "retention", "", "PutObjectRetention"),
    ("POST", "select", "", "SelectObjectContent"),
    ("GET", "tagging", "GetBucketTagging", "GetObjectTagging"),
    ("PUT", "tagging", "PutBucketTagging", "PutObjectTagging"),
    (
        "DELETE",
        "tagging",
        "DeleteBucketTagging",
        "DeleteObjectTagging",
    ),
    ("GET", "torrent", "", "GetObjectTorrent"),
    ("GET", "uploads", "ListMultipartUploads", ""),
    ("POST", "uploads", "", "CreateMultipartUpload"),
    ("GET", "versioning", "GetBucketVersioning", ""),
    ("PUT", "versioning", "PutBucketVersioning", ""),
    ("GET", "versions", "ListObjectVersions", ""),
    ("GET", "website", "GetBucketWebsite", ""),
    ("PUT", "website", "PutBucketWebsite", ""),
];

/// The operation's name, by the head of the request alone.
pub(crate) fn operation(method: &Method, uri: &Uri, headers: &HeaderMap) -> &'static str {
    let (bucket, key) = bucket_and_key(uri.path());
    let query = uri.query().unwrap_or_default();
    let has = |name: &str| {
        query
            .split('&')
            .any(|pair| pair.split('=').next() == Some(name))
    };
    if bucket.is_empty() {
        return "ListBuckets";
    }
    let on_bucket = key.is_empty();
    let selected = BY_PARAMETER
        .iter()
        .find_map(|(verb, parameter, bucket, object)| {
            let name = if on_bucket { bucket } else { object };
            let selects = method == *verb && !name.is_empty() && has(parameter);
            selects.then_some(*name)
        });
    if let Some(name) = selected {
        return name;
    }
    let copies = headers.contains_key("x-amz-copy-source");
    match (on_bucket, method.as_str()) {
        (true, "PUT") => "CreateBucket",
        (true, "HEAD") => "HeadBucket",
        (true, "DELETE") => "DeleteBucket",
        (true, "POST") => "PostObject",
        (true, _) if has("list-type") => "ListObjectsV2",
        (true, _) => "ListObjects",
        (false, "PUT") if has("partNumber") && copies => "UploadPartCopy",
        (false, "PUT") if has("partNumber") => "UploadPart",
        (false, "PUT") if copies => "CopyObject",
        (false, "PUT") => "PutObject",
        (false, "HEAD") => "HeadObject",
        (false, "DELETE") if has("uploadId") => "AbortMultipartUpload",
        (false, "DELETE") => "DeleteObject",
        (false, "POST") => "CompleteMultipartUpload",
        (false, _) if has("uploadId") => "ListParts",
        (false, _) => "GetObject",
    }
}

/// The bucket and the key in a path; either may be empty.
pub(super) fn bucket_and_key(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_once('/').unwrap_or((path, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_the_names_of_the_api() {
        for (method, uri, expected) in [
            (Method::GET, "/", "ListBuckets"),
            (Method::PUT, "/b", "CreateBucket"),
            (Method::HEAD, "/b/", "HeadBucket"),
            (Method::GET, "/b?list-type=2&prefix=a", "ListObjectsV2"),
            (Method::GET, "/b?location", "GetBucketLocation"),
            (Method::GET, "/b?versions", "ListObjectVersions"),
            (Method::GET, "/b?uploads", "ListMultipartUploads"),
            (Method::PUT, "/b?policy", "PutBucketPolicy"),
            (Method::POST, "/b?delete", "DeleteObjects"),
            (Method::POST, "/b", "PostObject"),
            (Method::PUT, "/b/k?x-id=PutObject", "PutObject"),
            (Method::PUT, "/b//k", "PutObject"),
            (Method::PUT, "/b/k?tagging", "PutObjectTagging"),
            (Method::GET, "/b/k?attributes", "GetObjectAttributes"),
            (Method::PUT, "/b/k/l?partNumber=1&uploadId=u", "UploadPart"),
            (Method::POST, "/b/k?uploads", "CreateMultipartUpload"),
            (Method::POST, "/b/k?uploadId=u", "CompleteMultipartUpload"),
            (Method::DELETE, "/b/k?uploadId=u", "AbortMultipartUpload"),
            (Method::GET, "/b/k?uploadId=u", "ListParts"),
            (Method::GET, "/b/k", "GetObject"),
        ] {
            let uri = uri.parse().unwrap();
            assert_eq!(
                operation(&method, &uri, &HeaderMap::new()),
                expected,
                "{method} {uri}"
            );
        }
    }

    #[test]
    fn copies_differ_from_uploads_by_their_header() {
        let headers = HeaderMap::from_iter([(
            "x-amz-copy-source".parse().unwrap(),
            "/b/a".parse().unwrap(),
        )]);
        for (uri, expected) in [
            ("/b/k", "CopyObject"),
            ("/b/k?partNumber=1", "UploadPartCopy"),
        ] {
            assert_eq!(
                operation(&Method::PUT, &uri.parse().unwrap(), &headers),
                expected
            );
        }
    }
}
