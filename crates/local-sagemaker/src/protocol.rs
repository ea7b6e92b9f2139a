//! The protocols of AWS services: calls and errors here, wire formats and validation rules in the
//! submodules. Independent of any particular service.

pub(crate) mod cbor;
pub(crate) mod json;
pub(crate) mod names;
pub(crate) mod query;
pub(crate) mod shapes;
pub(crate) mod validation;

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// One call of an operation. The caller's identity is irrelevant, but the region is not.
pub(crate) struct Call {
    /// The region of the credential scope.
    pub(crate) region: String,
    /// The members of the request.
    pub(crate) body: Value,
}

impl Call {
    /// The body as the operation's request type.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        T::deserialize(&self.body)
            .map_err(|error| ApiError::new("SerializationException", error.to_string()))
    }
}

/// An error that a service reports to a client.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    /// The HTTP status.
    status: StatusCode,
    /// The error code that clients match on.
    code: Cow<'static, str>,
    /// The human-readable message.
    message: String,
    /// Further members of the error in the service model.
    fields: Map<String, Value>,
}

impl ApiError {
    /// An error with HTTP status 400.
    pub(crate) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: code.into(),
            message: message.into(),
            fields: Map::new(),
        }
    }

    /// A `ValidationException`, SageMaker's most common error.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// An `InternalFailure`: the server failed, although the request may be valid.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalFailure", message).with_status(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The error for an operation that this server does not implement.
    pub(crate) fn unknown_operation(name: &str) -> Self {
        Self::new(
            "UnknownOperationException",
            format!("The local server does not implement the operation {name}."),
        )
    }

    /// The same error with another HTTP status.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same error with one more member.
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

    /// The message.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

/// The wire format of a service whose requests contain the operation's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireFormat {
    /// AWS JSON 1.1.
    Json,
    /// AWS JSON 1.0, of a service that previously used the Query protocol.
    OldJson,
    /// Smithy RPC v2 CBOR.
    Cbor,
}

impl WireFormat {
    /// Decodes the members of a request.
    pub(crate) fn read(self, body: &Bytes) -> Result<Value, ApiError> {
        match self {
            // CloudWatch's clients may send an empty body for a request without members.
            Self::Cbor if body.is_empty() => Ok(Value::Object(Map::new())),
            Self::Cbor => cbor::decode(body),
            Self::Json | Self::OldJson => {
                serde_json::from_slice(body).map_err(|error| error.to_string())
            }
        }
        .map_err(|reason| ApiError::new("SerializationException", reason))
    }

    /// Encodes the response of an operation, or its error.
    pub(crate) fn respond(self, result: Result<Value, ApiError>) -> Response<Body> {
        let error = match result {
            Ok(body) if self == Self::Cbor => return cbor::response(StatusCode::OK, &body),
            Ok(body) => return self.as_version(json::response(StatusCode::OK, &body)),
            Err(error) => error,
        };
        let mut response = if self == Self::Cbor {
            cbor::error_response(&error)
        } else {
            self.as_version(json::error_response(&error))
        };
        if self != Self::Json {
            query::add_legacy_code(&mut response, &error);
        }
        response
    }

    /// Changes the media type of an AWS JSON response to version 1.0 if this is [`Self::OldJson`].
    fn as_version(self, mut response: Response<Body>) -> Response<Body> {
        if self == Self::OldJson {
            let media_type = HeaderValue::from_static("application/x-amz-json-1.0");
            response.headers_mut().insert("content-type", media_type);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_of_the_wrong_type_is_distinguished_from_an_invalid_value() {
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
