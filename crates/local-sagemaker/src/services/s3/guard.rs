//! Where `s3s-fs` differs from S3 in ways that lose data or mislead a client, the request is
//! answered before it.
//!
//! | request | `s3s-fs` 0.14.1 | here, as S3 |
//! |---|---|---|
//! | upload to a bucket that does not exist | makes the bucket | `NoSuchBucket` |
//! | read of a key that is a prefix of others | a folder's size, then a broken body | `NoSuchKey` |
//! | removal of a bucket that holds objects | removes them | `BucketNotEmpty` |
//! | creation of a bucket that exists | `BucketAlreadyExists`, as if another owned it | 200 in us-east-1, else `BucketAlreadyOwnedByYou` |
//! | a key with `..` in it | another object | refused |
//! | a key below another, or above | 500 | `InvalidRequest` with the reason |
//! | a key too long for its side files | 500 | `KeyTooLongError` |

use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Response, StatusCode, Uri};

use super::{Storage, files_below};
use crate::protocol::names::DEFAULT_REGION;

/// Longest file name of the common Linux file systems.
const LONGEST_FILE_NAME: usize = 255;

/// The parts of a request that decide whether it passes.
pub(crate) struct Visit<'a> {
    /// The request's method.
    pub(crate) method: &'a Method,
    /// Its path and query.
    pub(crate) uri: &'a Uri,
    /// The region that it was signed for.
    pub(crate) region: &'a str,
}

/// The answer to a request that must not reach `s3s-fs`.
pub(crate) fn answer(storage: &Storage, visit: &Visit<'_>) -> Option<Response<Body>> {
    let path = decoded(visit.uri.path())?;
    let (bucket, key) = path
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or((path.trim_start_matches('/'), ""));
    if bucket.is_empty() {
        return None;
    }
    // A name that cannot be a bucket's is left to s3s, which says so.
    let bucket_dir = storage.bucket(bucket)?;
    let query = visit.uri.query().unwrap_or_default();
    let refused = match (visit.method, key.is_empty()) {
        (&Method::PUT, true) if query.is_empty() && bucket_dir.is_dir() => {
            return Some(bucket_again(bucket, visit.region));
        }
        (&Method::DELETE, true) if query.is_empty() => not_empty(&bucket_dir),
        (_, true) => None,
        (method, false) => {
            check_key(bucket, key, query).or_else(|| check_object(method, &bucket_dir, key))
        }
    };
    refused.map(|(code, message)| refusal(visit, code, &message))
}

/// S3's error code, and what it says.
type Refused = (&'static str, String);

/// Keys that the files below could not tell apart, or could not name.
fn check_key(bucket: &str, key: &str, query: &str) -> Option<Refused> {
    if key.split('/').any(|part| part == "." || part == "..") {
        return Some((
            "InvalidURI",
            format!(
                "The key {key} has a part that is . or .., which the local server does not keep apart."
            ),
        ));
    }
    // The side file of a multipart upload has the longest name: both names in base64, and the
    // upload's id.
    let multipart = query.starts_with("uploads") || query.contains("uploadId=");
    let fixed = if multipart { 74 } else { 30 };
    let base64 = |text: &str| (text.len() * 4).div_ceil(3);
    let too_long = fixed + base64(bucket) + base64(key) > LONGEST_FILE_NAME;
    too_long.then(|| {
        (
            "KeyTooLongError",
            format!(
                "The key {key} is too long for the local server together with its bucket's name."
            ),
        )
    })
}

/// What must be there, or must not, for a request about one object.
fn check_object(method: &Method, bucket_dir: &Path, key: &str) -> Option<Refused> {
    if !bucket_dir.is_dir() {
        return Some(("NoSuchBucket", "The specified bucket does not exist".into()));
    }
    let folder = !key.ends_with('/') && bucket_dir.join(key).is_dir();
    if method == Method::PUT || method == Method::POST {
        return check_place(bucket_dir, key, folder);
    }
    let reads = method == Method::GET || method == Method::HEAD;
    (reads && folder).then(|| ("NoSuchKey", "The specified key does not exist.".into()))
}

/// Objects are files, so a key cannot be a folder of others, nor lie below another.
fn check_place(bucket_dir: &Path, key: &str, folder: bool) -> Option<Refused> {
    if folder && files_below(bucket_dir, &format!("{key}/")).is_ok_and(|files| files.is_empty()) {
        // What deleted objects leave behind; the file could not take its place.
        let _ = std::fs::remove_dir_all(bucket_dir.join(key));
        return None;
    }
    let above = key
        .match_indices('/')
        .map(|(end, _)| &key[..end])
        .find(|above| bucket_dir.join(above).is_file());
    let what = match (folder, above) {
        (true, _) => format!("The key {key} is a prefix of other objects"),
        (false, Some(above)) => format!("The key {key} lies below the object {above}"),
        (false, None) => return None,
    };
    Some((
        "InvalidRequest",
        format!("{what}; the local server keeps objects as files and cannot hold both."),
    ))
}

/// A bucket goes only when its objects have gone.
fn not_empty(bucket_dir: &Path) -> Option<Refused> {
    // Empty folders are what deleted objects leave; they do not count.
    let holds = files_below(bucket_dir, "").is_ok_and(|files| !files.is_empty());
    holds.then(|| {
        (
            "BucketNotEmpty",
            "The bucket you tried to delete is not empty".into(),
        )
    })
}

/// Creation of one's own bucket: us-east-1 says yes once more, all other regions say no.
fn bucket_again(bucket: &str, region: &str) -> Response<Body> {
    if region != DEFAULT_REGION {
        let message =
            "Your previous request to create the named bucket succeeded and you already own it.";
        return error("BucketAlreadyOwnedByYou", message, bucket);
    }
    let mut response = Response::new(Body::empty());
    if let Ok(location) = HeaderValue::from_str(&format!("/{bucket}")) {
        response.headers_mut().insert("location", location);
    }
    response
}

/// The refusal of this request; `HEAD` is answered without a body.
fn refusal(visit: &Visit<'_>, code: &'static str, message: &str) -> Response<Body> {
    let mut response = error(code, message, visit.uri.path());
    if visit.method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}

/// An error in S3's XML.
pub(crate) fn error(code: &str, message: &str, resource: &str) -> Response<Body> {
    let escape = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{}</Message><Resource>{}</Resource></Error>",
        escape(message),
        escape(resource)
    );
    let mut response = Response::new(Body::from(xml));
    *response.status_mut() = match code {
        "NoSuchBucket" | "NoSuchKey" => StatusCode::NOT_FOUND,
        "BucketNotEmpty" | "BucketAlreadyOwnedByYou" => StatusCode::CONFLICT,
        _ => StatusCode::BAD_REQUEST,
    };
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static("application/xml"));
    response
}

/// The path with its percent escapes resolved; `None` when they are broken, which `s3s` then
/// reports.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved() {
        for (path, expected) in [
            ("/b/a%20b", Some("/b/a b")),
            ("/b/%C3%A9", Some("/b/é")),
            ("/b/%2", None),
            ("/b/%ff", None),
        ] {
            assert_eq!(decoded(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn keys_fit_into_the_names_of_their_side_files() {
        let bucket = "fire-detection-training-691595239825";
        let job = "j".repeat(63);
        let ours = format!("flir_scd41_training/models/{job}/output/model.tar.gz");
        for (key, query, refused) in [
            (ours.as_str(), "", None),
            (&"k".repeat(133), "", Some("KeyTooLongError")),
            (&"k".repeat(99), "uploads", None),
            (&"k".repeat(100), "uploads=", Some("KeyTooLongError")),
            ("a/../b", "", Some("InvalidURI")),
            ("a/..b", "", None),
        ] {
            assert_eq!(
                check_key(bucket, key, query).map(|(code, _)| code),
                refused,
                "{key}"
            );
        }
    }
}
