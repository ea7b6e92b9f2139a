//! AWS JSON 1.1: requests in, answers and errors out.
//!
//! Errors have HTTP status 400 (or the service's own), `{"__type": CODE, "message": TEXT}` and
//! the code in a header.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// The media type of AWS JSON 1.1.
const JSON_1_1: &str = "application/x-amz-json-1.1";

/// One call of a JSON operation: who asks from where is of interest, who asks is not.
pub(crate) struct Call {
    /// The region of the credential scope.
    pub(crate) region: String,
    /// The request's body.
    pub(crate) body: Value,
}

impl Call {
    /// The body as the operation's request type.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        T::deserialize(&self.body)
            .map_err(|error| ApiError::new("SerializationException", error.to_string()))
    }
}

/// An answer that says no, in the shape of the service.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    /// The HTTP status.
    status: StatusCode,
    /// The error code that clients match on.
    code: Cow<'static, str>,
    /// What it says to people.
    message: String,
    /// Further members of the modelled error.
    fields: Map<String, Value>,
}

impl ApiError {
    /// A refusal with HTTP status 400.
    pub(crate) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: code.into(),
            message: message.into(),
            fields: Map::new(),
        }
    }

    /// The refusal that SageMaker gives for nearly everything.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// The server broke: the request may be right.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalFailure", message).with_status(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The same error with another HTTP status.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same error with one more modelled member.
    pub(crate) fn with_field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The error code.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// What the error says.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The HTTP answer; both spellings of the message, because the services differ and so do
    /// their clients.
    pub(crate) fn response(self) -> Response<Body> {
        let mut body = self.fields;
        body.insert("__type".into(), self.code.clone().into());
        body.insert("message".into(), self.message.clone().into());
        body.insert("Message".into(), self.message.into());
        let mut response = answer(self.status, &Value::Object(body));
        if let Ok(code) = HeaderValue::from_str(&self.code) {
            response.headers_mut().insert("x-amzn-errortype", code);
        }
        response
    }
}

/// The HTTP answer of an operation that said yes.
pub(crate) fn success(body: &Value) -> Response<Body> {
    answer(StatusCode::OK, body)
}

/// Requests answered so far, to number them.
static ANSWERS: AtomicU64 = AtomicU64::new(0);

/// An HTTP answer in AWS JSON 1.1, with an id that SDKs repeat in their error messages.
fn answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static(JSON_1_1));
    number(headers);
    response
}

/// Gives an answer its id.
pub(crate) fn number(headers: &mut HeaderMap) {
    let number = ANSWERS.fetch_add(1, Ordering::Relaxed);
    if let Ok(id) = HeaderValue::from_str(&format!("local-{number}")) {
        headers.insert("x-amzn-requestid", id);
    }
}

/// A JSON answer to our own `/_local` paths.
pub(crate) fn plain_json(body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static("application/json"));
    response
}

/// The error of an operation that this server does not know.
pub(crate) fn unknown_operation(name: &str) -> ApiError {
    ApiError::new(
        "UnknownOperationException",
        format!("The local server does not know the operation {name}."),
    )
}

/// An answer without members.
pub(crate) fn nothing() -> Value {
    json!({})
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn a_refusal_has_its_code_and_message_where_every_sdk_looks() {
        let refusal = ApiError::validation("no").with_field("OriginalStatusCode", 400);
        let response = refusal.response();
        assert_eq!(response.status(), 400);
        assert_eq!(
            response.headers()["x-amzn-errortype"],
            "ValidationException"
        );
        assert_eq!(
            response.headers()["content-type"],
            "application/x-amz-json-1.1"
        );
        assert!(response.headers().contains_key("x-amzn-requestid"));
        let body = to_bytes(response.into_body(), 1000).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let expected = json!({"__type": "ValidationException", "message": "no", "Message": "no",
            "OriginalStatusCode": 400});
        assert_eq!(body, expected);
    }

    #[test]
    fn a_member_of_the_wrong_type_is_told_from_a_wrong_value() {
        let call = Call {
            region: "us-east-1".into(),
            body: json!({"a": "text"}),
        };
        let error = call
            .read::<std::collections::BTreeMap<String, u32>>()
            .unwrap_err();
        assert_eq!(error.code, "SerializationException");
        assert!(
            error.message().contains("invalid type: string \"text\""),
            "{}",
            error.message()
        );
    }
}
