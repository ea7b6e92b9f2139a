//! The name of a request's operation in the API of S3.

use axum::http::{HeaderMap, Method, Uri};

/// Operations that a query parameter selects (or two, with `&` in between), by method: on a bucket, then on
/// an object. The operations that the local server does not implement are listed too: without a name of
/// their own they would be executed as the operation of the same method without a parameter, as when
/// `PUT /bucket/key?renameObject` replaces the object.
const BY_PARAMETER: [(&str, &str, &str, &str); 83] = [
    ("GET", "abac", "GetBucketAbac", ""),
    ("PUT", "abac", "PutBucketAbac", ""),
    ("GET", "accelerate", "GetBucketAccelerateConfiguration", ""),
    ("PUT", "accelerate", "PutBucketAccelerateConfiguration", ""),
    ("GET", "acl", "GetBucketAcl", "GetObjectAcl"),
    ("PUT", "acl", "PutBucketAcl", "PutObjectAcl"),
    ("GET", "analytics&id", "GetBucketAnalyticsConfiguration", ""),
    ("GET", "analytics", "ListBucketAnalyticsConfigurations", ""),
    ("PUT", "analytics", "PutBucketAnalyticsConfiguration", ""),
    (
        "DELETE",
        "analytics",
        "DeleteBucketAnalyticsConfiguration",
        "",
    ),
    ("GET", "attributes", "", "GetObjectAttributes"),
    ("GET", "cors", "GetBucketCors", ""),
    ("PUT", "cors", "PutBucketCors", ""),
    ("DELETE", "cors", "DeleteBucketCors", ""),
    ("POST", "delete", "DeleteObjects", ""),
    ("GET", "encryption", "GetBucketEncryption", ""),
    (
        "PUT",
        "encryption",
        "PutBucketEncryption",
        "UpdateObjectEncryption",
    ),
    ("DELETE", "encryption", "DeleteBucketEncryption", ""),
    (
        "GET",
        "intelligent-tiering&id",
        "GetBucketIntelligentTieringConfiguration",
        "",
    ),
    (
        "GET",
        "intelligent-tiering",
        "ListBucketIntelligentTieringConfigurations",
        "",
    ),
    (
        "PUT",
        "intelligent-tiering",
        "PutBucketIntelligentTieringConfiguration",
        "",
    ),
    (
        "DELETE",
        "intelligent-tiering",
        "DeleteBucketIntelligentTieringConfiguration",
        "",
    ),
    ("GET", "inventory&id", "GetBucketInventoryConfiguration", ""),
    ("GET", "inventory", "ListBucketInventoryConfigurations", ""),
    ("PUT", "inventory", "PutBucketInventoryConfiguration", ""),
    (
        "DELETE",
        "inventory",
        "DeleteBucketInventoryConfiguration",
        "",
    ),
    ("GET", "legal-hold", "", "GetObjectLegalHold"),
    ("PUT", "legal-hold", "", "PutObjectLegalHold"),
    ("GET", "lifecycle", "GetBucketLifecycleConfiguration", ""),
    ("PUT", "lifecycle", "PutBucketLifecycleConfiguration", ""),
    ("DELETE", "lifecycle", "DeleteBucketLifecycle", ""),
    ("GET", "location", "GetBucketLocation", ""),
    ("GET", "logging", "GetBucketLogging", ""),
    ("PUT", "logging", "PutBucketLogging", ""),
    (
        "GET",
        "metadataConfiguration",
        "GetBucketMetadataConfiguration",
        "",
    ),
    (
        "POST",
        "metadataConfiguration",
        "CreateBucketMetadataConfiguration",
        "",
    ),
    (
        "DELETE",
        "metadataConfiguration",
        "DeleteBucketMetadataConfiguration",
        "",
    ),
    (
        "PUT",
        "metadataInventoryTable",
        "UpdateBucketMetadataInventoryTableConfiguration",
        "",
    ),
    (
        "PUT",
        "metadataJournalTable",
        "UpdateBucketMetadataJournalTableConfiguration",
        "",
    ),
    (
        "GET",
        "metadataTable",
        "GetBucketMetadataTableConfiguration",
        "",
    ),
    (
        "POST",
        "metadataTable",
        "CreateBucketMetadataTableConfiguration",
        "",
    ),
    (
        "DELETE",
        "metadataTable",
        "DeleteBucketMetadataTableConfiguration",
        "",
    ),
    ("GET", "metrics&id", "GetBucketMetricsConfiguration", ""),
    ("GET", "metrics", "ListBucketMetricsConfigurations", ""),
    ("PUT", "metrics", "PutBucketMetricsConfiguration", ""),
    ("DELETE", "metrics", "DeleteBucketMetricsConfiguration", ""),
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
    (
        "DELETE",
        "ownershipControls",
        "DeleteBucketOwnershipControls",
        "",
    ),
    ("GET", "policy", "GetBucketPolicy", ""),
    ("PUT", "policy", "PutBucketPolicy", ""),
    ("DELETE", "policy", "DeleteBucketPolicy", ""),
    ("GET", "policyStatus", "GetBucketPolicyStatus", ""),
    ("GET", "publicAccessBlock", "GetPublicAccessBlock", ""),
    ("PUT", "publicAccessBlock", "PutPublicAccessBlock", ""),
    ("DELETE", "publicAccessBlock", "DeletePublicAccessBlock", ""),
    ("PUT", "renameObject", "", "RenameObject"),
    ("GET", "replication", "GetBucketReplication", ""),
    ("PUT", "replication", "PutBucketReplication", ""),
    ("DELETE", "replication", "DeleteBucketReplication", ""),
    ("GET", "requestPayment", "GetBucketRequestPayment", ""),
    ("PUT", "requestPayment", "PutBucketRequestPayment", ""),
    ("POST", "restore", "", "RestoreObject"),
    ("GET", "retention", "", "GetObjectRetention"),
    ("PUT", "retention", "", "PutObjectRetention"),
    ("POST", "select", "", "SelectObjectContent"),
    ("GET", "session", "CreateSession", ""),
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
    ("DELETE", "website", "DeleteBucketWebsite", ""),
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
            let selects = method == *verb && !name.is_empty() && parameter.split('&').all(has);
            selects.then_some(*name)
        });
    if let Some(name) = selected {
        return name;
    }
    if bucket == "WriteGetObjectResponse" && headers.contains_key("x-amz-request-route") {
        return "WriteGetObjectResponse";
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
            (Method::GET, "/b?metrics", "ListBucketMetricsConfigurations"),
            (
                Method::GET,
                "/b?metrics&id=1",
                "GetBucketMetricsConfiguration",
            ),
            (
                Method::DELETE,
                "/b?metadataTable",
                "DeleteBucketMetadataTableConfiguration",
            ),
            (Method::PUT, "/b?encryption", "PutBucketEncryption"),
            (Method::PUT, "/b/k?encryption", "UpdateObjectEncryption"),
            (Method::PUT, "/b/k?renameObject", "RenameObject"),
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
