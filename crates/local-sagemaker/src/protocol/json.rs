//! Responses in AWS JSON.
//!
//! An error response has HTTP status 400 (unless the error has another), the body
//! `{"__type": CODE, "message": TEXT}`, and the code in a header.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::Value;

use super::ApiError;

/// Number of responses so far, the source of request ids.
static RESPONSES: AtomicU64 = AtomicU64::new(0);

/// A response in AWS JSON 1.1.
pub(crate) fn response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = plain(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        "content-type",
        HeaderValue::from_static("application/x-amz-json-1.1"),
    );
    add_request_id(headers);
    response
}

/// An error response. It contains the message under both spellings of the member's name, because services
/// and their clients differ.
pub(crate) fn error_response(error: &ApiError) -> Response<Body> {
    let mut body = error.fields.clone();
    body.insert("__type".into(), error.code().into());
    body.insert("message".into(), error.message().into());
    body.insert("Message".into(), error.message().into());
    let mut response = response(error.status, &Value::Object(body));
    if let Ok(code) = HeaderValue::from_str(error.code()) {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}

/// The header with the request id, which SDKs show in their error messages.
const REQUEST_ID: &str = "x-amzn-requestid";
/// The same header in S3.
const S3_REQUEST_ID: &str = "x-amz-request-id";

/// Adds a request id, unless there is one, and returns it.
pub(crate) fn add_request_id(headers: &mut HeaderMap) -> String {
    let own = headers.get(REQUEST_ID).or(headers.get(S3_REQUEST_ID));
    if let Some(id) = own.and_then(|id| id.to_str().ok()) {
        return id.to_owned();
    }
    let id = format!("local-{}", RESPONSES.fetch_add(1, Ordering::Relaxed));
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    id
}

/// A plain JSON response, for the server's own `/_local` paths.
pub(crate) fn plain(body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn an_error_has_its_code_and_message_where_every_sdk_looks() {
        let error = ApiError::validation("no").with_field("OriginalStatusCode", 400);
        let response = error_response(&error);
        assert_eq!(response.status(), 400);
        assert_eq!(
            response.headers()["x-amzn-errortype"],
            "ValidationException"
        );
        assert_eq!(
            response.headers()["content-type"],
            "application/x-amz-json-1.1"
        );
        assert!(response.headers().contains_key(REQUEST_ID));
        let body = to_bytes(response.into_body(), 1000).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let expected = json!({"__type": "ValidationException", "message": "no", "Message": "no",
            "OriginalStatusCode": 400});
        assert_eq!(body, expected);
    }

    #[test]
    fn a_response_keeps_the_request_id_that_it_has() {
        for (name, value) in [(REQUEST_ID, "a"), (S3_REQUEST_ID, "b")] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            assert_eq!(add_request_id(&mut headers), value);
            assert_eq!(headers.len(), 1);
        }
        let mut headers = HeaderMap::new();
        let id = add_request_id(&mut headers);
        assert_eq!(headers[REQUEST_ID], id.as_str());
    }
}
