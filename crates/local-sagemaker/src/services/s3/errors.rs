//! Errors as S3 sends them: every one with a code, a message, the key or bucket, and a request id.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use s3s::{S3Error, S3ErrorCode};

use super::operation;
use crate::error::chain;
use crate::machine::log;
use crate::protocol::ApiError;
use crate::store::StoreError;

/// Most bytes of an error's document.
const MAX_DOCUMENT: usize = 1 << 20;

/// Responses so far, for request ids.
static RESPONSES: AtomicU64 = AtomicU64::new(1);

/// The header in which an operation passes on what its error's document says besides code and message, as
/// XML. It is removed from the response.
const DETAIL: &str = "x-local-error-detail";

/// What an error says about its request.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    /// The method.
    pub(super) method: Method,
    /// The path, as sent.
    pub(super) path: String,
    /// The query, as sent.
    pub(super) query: String,
}

impl Head {
    /// A parameter of the query.
    fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.split('&');
        pairs.find_map(|pair| match pair.split_once('=') {
            Some((found, value)) => (found == name).then_some(value),
            None => (pair == name).then_some(""),
        })
    }

    /// The head of a request.
    pub(super) fn of<T>(request: &Request<T>) -> Self {
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
        }
    }
}

/// Gives a response its request id and, if it is an error, the form of S3.
pub(super) async fn complete(response: Response<Body>, head: &Head) -> Response<Body> {
    let status = response.status();
    let (mut parts, body) = response.into_parts();
    let id = request_id();
    add_request_id(&mut parts.headers, &id);
    if !status.is_client_error() && !status.is_server_error() {
        if parts.headers.contains_key("content-range") {
            // `s3s` says so for GET, and not for HEAD.
            parts.status = StatusCode::PARTIAL_CONTENT;
        }
        let body = if status == StatusCode::NOT_MODIFIED {
            Body::empty()
        } else {
            body
        };
        if head.parameter("attributes").is_some() && head.method == Method::GET {
            return Response::from_parts(parts, without_quotes(body).await);
        }
        return Response::from_parts(parts, body);
    }
    parts.headers.remove("content-length");
    // Lost where an operation has set headers of its own.
    let xml = HeaderValue::from_static("application/xml");
    parts.headers.insert("content-type", xml);
    let detail = parts.headers.remove(DETAIL);
    if head.method == Method::HEAD {
        return Response::from_parts(parts, Body::empty());
    }
    let text = to_bytes(body, MAX_DOCUMENT).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let code = element(&text, "Code").unwrap_or("InternalError");
    let given = element(&text, "Message").unwrap_or_default();
    let message = if given.is_empty() {
        escape(&default_message(code, head))
    } else {
        given.to_owned()
    };
    let detail = detail.as_ref().and_then(|detail| detail.to_str().ok());
    let subject = subject(code, head) + detail.unwrap_or_default();
    let document = Document {
        code,
        message,
        subject,
    };
    let document = document.write(head, &id);
    Response::from_parts(parts, Body::from(document))
}

/// An error of the server itself, or of a fault script.
pub(super) fn response(error: &ApiError, head: &Head) -> Response<Body> {
    let id = request_id();
    let text = if head.method == Method::HEAD {
        String::new()
    } else {
        let document = Document {
            code: error.code(),
            message: escape(error.message()),
            subject: subject(error.code(), head),
        };
        document.write(head, &id)
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = error.status();
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/xml"));
    add_request_id(headers, &id);
    response
}

/// The error for an operation that the local server does not implement.
pub(super) fn not_implemented(operation: &str) -> ApiError {
    let message = format!("The local server does not implement {operation}.");
    ApiError::new("NotImplemented", message).with_status(StatusCode::NOT_IMPLEMENTED)
}

/// A new request id.
fn request_id() -> String {
    format!("LOCAL{:011X}", RESPONSES.fetch_add(1, Ordering::Relaxed))
}

/// Adds the headers in which S3 names a request.
fn add_request_id(headers: &mut HeaderMap, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert("x-amz-request-id", value.clone());
        headers.insert("x-amz-id-2", value);
    }
}

/// The document of `GetObjectAttributes`, where S3 writes the `ETag` without quotes, and only there.
async fn without_quotes(body: Body) -> Body {
    let text = to_bytes(body, MAX_DOCUMENT).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let Some(etag) = element(&text, "ETag") else {
        return Body::from(text);
    };
    let bare = etag.replace("&quot;", "").replace('"', "");
    Body::from(text.replace(
        &format!("<ETag>{etag}</ETag>"),
        &format!("<ETag>{bare}</ETag>"),
    ))
}

/// What an error is about, as XML.
fn subject(code: &str, head: &Head) -> String {
    let path = percent_decode_str(&head.path).decode_utf8_lossy();
    let (bucket, key) = operation::bucket_and_key(&path);
    match code {
        "NoSuchKey" => format!("<Key>{}</Key>", escape(key)),
        "NoSuchUpload" => {
            let id = head.parameter("uploadId").unwrap_or_default();
            format!("<UploadId>{}</UploadId>", escape(id))
        }
        _ if key.is_empty() && !bucket.is_empty() => {
            format!("<BucketName>{}</BucketName>", escape(bucket))
        }
        "NoSuchBucket" => format!("<BucketName>{}</BucketName>", escape(bucket)),
        _ => String::new(),
    }
}

/// The document of an error.
struct Document<'a> {
    /// The code.
    code: &'a str,
    /// The message, as XML.
    message: String,
    /// What the error is about, as XML.
    subject: String,
}

impl Document<'_> {
    /// The XML.
    fn write(&self, head: &Head, id: &str) -> String {
        let path = percent_decode_str(&head.path).decode_utf8_lossy();
        let Self {
            code,
            message,
            subject,
        } = self;
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
             {subject}<Resource>{}</Resource><RequestId>{id}</RequestId><HostId>{id}</HostId></Error>",
            escape(&path)
        )
    }
}

/// The content of the first element of this name, without attributes, as XML.
fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

/// Text as XML. Control characters, which XML 1.0 cannot express, become `?`.
fn escape(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\t' | '\n' | '\r' => xml.push(character),
            control if control.is_ascii_control() => xml.push('?'),
            other => xml.push(other),
        }
    }
    xml
}

/// S3's message for a code, where `s3s` has none.
fn default_message(code: &str, head: &Head) -> String {
    let text = match code {
        "NoSuchBucket" => "The specified bucket does not exist",
        "NoSuchKey" => "The specified key does not exist.",
        "NoSuchUpload" => {
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been \
             aborted or completed."
        }
        "InvalidBucketName" => "The specified bucket is not valid.",
        "InvalidURI" => "Couldn't parse the specified URI.",
        "KeyTooLongError" => "Your key is too long",
        "MalformedXML" => {
            "The XML you provided was not well-formed or did not validate against our published schema"
        }
        "InvalidRange" => "The requested range is not satisfiable",
        "PreconditionFailed" => "At least one of the pre-conditions you specified did not hold",
        "InvalidDigest" => "The Content-MD5 you specified was invalid",
        "InvalidArgument" => "Invalid Argument",
        "MissingRequestBodyError" => "Request Body is empty",
        "MethodNotAllowed" => "The specified method is not allowed against this resource.",
        "NotImplemented" => {
            return format!(
                "The local server does not implement this operation: {} {}",
                head.method, head.path
            );
        }
        _ => return code.to_owned(),
    };
    text.to_owned()
}

/// An error of S3 with a message.
pub(super) fn error(code: S3ErrorCode, message: impl Into<String>) -> S3Error {
    S3Error::with_message(code, message.into())
}

/// An error whose document says more than code and message.
pub(super) fn with_detail(mut error: S3Error, xml: &str) -> S3Error {
    if let Ok(value) = HeaderValue::from_str(xml) {
        error.set_headers(HeaderMap::from_iter([(
            HeaderName::from_static(DETAIL),
            value,
        )]));
    }
    error
}

/// An error whose code `s3s` does not know.
pub(super) fn custom(
    code: &'static str,
    status: StatusCode,
    message: impl Into<String>,
) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message.into());
    error.set_status_code(status);
    error
}

impl From<StoreError> for S3Error {
    fn from(reason: StoreError) -> Self {
        let code = match &reason {
            StoreError::NoSuchBucket => S3ErrorCode::NoSuchBucket,
            StoreError::BucketNotEmpty => S3ErrorCode::BucketNotEmpty,
            StoreError::NoSuchKey => S3ErrorCode::NoSuchKey,
            StoreError::NoSuchUpload => S3ErrorCode::NoSuchUpload,
            StoreError::InvalidPart { .. } => S3ErrorCode::InvalidPart,
            StoreError::InvalidPartOrder => S3ErrorCode::InvalidPartOrder,
            StoreError::PartTooSmall { .. } => S3ErrorCode::EntityTooSmall,
            StoreError::Mismatch { .. } => S3ErrorCode::BadDigest,
            StoreError::PreconditionFailed(_) => S3ErrorCode::PreconditionFailed,
            StoreError::NotModified => S3ErrorCode::NotModified,
            StoreError::InvalidToken => S3ErrorCode::InvalidArgument,
            StoreError::Full | StoreError::Database(_) | StoreError::Io(_) => {
                S3ErrorCode::InternalError
            }
        };
        let message = match &reason {
            // S3's own messages.
            StoreError::NoSuchBucket | StoreError::NoSuchKey | StoreError::NoSuchUpload => {
                return S3Error::new(code);
            }
            StoreError::PreconditionFailed(condition) => {
                let detail = format!("<Condition>{condition}</Condition>");
                return with_detail(S3Error::new(code), &detail);
            }
            StoreError::BucketNotEmpty => "The bucket you tried to delete is not empty".to_owned(),
            StoreError::InvalidToken => "The continuation token provided is incorrect".to_owned(),
            StoreError::Full | StoreError::Database(_) | StoreError::Io(_) => {
                let message = chain(&reason);
                log(&format!("S3: {message}"));
                message
            }
            reason => reason.to_string(),
        };
        error(code, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(response: Response<Body>) -> String {
        let bytes = to_bytes(response.into_body(), 1 << 16).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn every_error_has_a_message_a_subject_and_a_request_id() {
        for (code, path, expected) in [
            ("NoSuchKey", "/b/a%26b", "<Key>a&amp;b</Key>"),
            ("NoSuchBucket", "/b", "<BucketName>b</BucketName>"),
            (
                "NotImplemented",
                "/b",
                "does not implement this operation: GET /b",
            ),
            ("Unheard", "/b", "<Message>Unheard</Message>"),
        ] {
            let mut response =
                Response::new(Body::from(format!("<Error><Code>{code}</Code></Error>")));
            *response.status_mut() = StatusCode::BAD_REQUEST;
            let head = Head {
                method: Method::GET,
                path: path.into(),
                ..Head::default()
            };
            let completed = complete(response, &head).await;
            assert!(completed.headers().contains_key("x-amz-request-id"));
            let text = text(completed).await;
            assert!(text.contains(expected), "{text}");
            assert!(text.contains("<RequestId>LOCAL"), "{text}");
        }
    }

    #[tokio::test]
    async fn a_message_keeps_its_escapes() {
        let document = "<Error><Code>InvalidPart</Code><Message>a &amp; b</Message></Error>";
        let mut response = Response::new(Body::from(document));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        let head = Head {
            method: Method::PUT,
            path: "/b/k".into(),
            ..Head::default()
        };
        let text = text(complete(response, &head).await).await;
        assert!(text.contains("<Message>a &amp; b</Message>"), "{text}");
    }
}
