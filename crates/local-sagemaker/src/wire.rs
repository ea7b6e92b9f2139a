//! AWS JSON 1.1: requests in, answers and errors out.
//!
//! Errors have HTTP status 400 (or the service's own), `{"__type": CODE, "message": TEXT}` and
//! the code in a header.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};
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
    code: &'static str,
    /// What it says to people.
    message: String,
    /// Further members of the modelled error.
    fields: Map<String, Value>,
}

impl ApiError {
    /// A refusal with HTTP status 400.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
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

    /// What the error says.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The HTTP answer; both spellings of the message, because the services differ and so do
    /// their clients.
    pub(crate) fn response(self) -> Response<Body> {
        let mut body = self.fields;
        body.insert("__type".into(), self.code.into());
        body.insert("message".into(), self.message.clone().into());
        body.insert("Message".into(), self.message.into());
        let mut response = answer(self.status, &Value::Object(body));
        response
            .headers_mut()
            .insert("x-amzn-errortype", HeaderValue::from_static(self.code));
        response
    }
}

/// The HTTP answer of an operation that said yes.
pub(crate) fn success(body: &Value) -> Response<Body> {
    answer(StatusCode::OK, body)
}

/// An HTTP answer in AWS JSON 1.1.
fn answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static(JSON_1_1));
    response
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
