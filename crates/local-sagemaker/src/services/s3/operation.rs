//! What a request is called in the API of S3.

use axum::http::{HeaderMap, Method, Uri};

/// The operation's name, from the head of the request alone.
pub(crate) fn operation(method: &Method, uri: &Uri, headers: &HeaderMap) -> &'static str {
    let (bucket, key) = match uri.path().trim_start_matches('/').split_once('/') {
        Some((bucket, key)) => (bucket, key),
        None => (uri.path().trim_start_matches('/'), ""),
    };
    let query = uri.query().unwrap_or_default();
    let has = |name: &str| {
        query
            .split('&')
            .any(|pair| pair.split('=').next() == Some(name))
    };
    let copies = headers.contains_key("x-amz-copy-source");
    if bucket.is_empty() {
        return "ListBuckets";
    }
    match (key.is_empty(), method.as_str()) {
        (true, "PUT") => "CreateBucket",
        (true, "HEAD") => "HeadBucket",
        (true, "DELETE") => "DeleteBucket",
        (true, "POST") => "DeleteObjects",
        (true, _) if has("location") => "GetBucketLocation",
        (true, _) if has("list-type") => "ListObjectsV2",
        (true, _) => "ListObjects",
        (false, "PUT") if has("partNumber") && copies => "UploadPartCopy",
        (false, "PUT") if has("partNumber") => "UploadPart",
        (false, "PUT") if copies => "CopyObject",
        (false, "PUT") => "PutObject",
        (false, "HEAD") => "HeadObject",
        (false, "DELETE") if has("uploadId") => "AbortMultipartUpload",
        (false, "DELETE") => "DeleteObject",
        (false, "POST") if has("uploads") => "CreateMultipartUpload",
        (false, "POST") => "CompleteMultipartUpload",
        (false, _) if has("uploadId") => "ListParts",
        (false, _) => "GetObject",
    }
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
            (Method::POST, "/b?delete", "DeleteObjects"),
            (Method::PUT, "/b/k?x-id=PutObject", "PutObject"),
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
    fn copies_are_told_from_uploads() {
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
