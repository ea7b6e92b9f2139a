//! The status and message of a rejected request.

use hyper::StatusCode;
use serde_json::json;

/// A status and a message; the response body is `{"error": "<message>"}`.
#[derive(Debug, PartialEq, Eq)]
pub struct Rejection {
    status: StatusCode,
    message: String,
    closes: bool,
}

impl Rejection {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            closes: false,
        }
    }

    /// 400: the body does not match its content type.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 503: temporary overload.
    pub(super) fn busy(reason: &str) -> Self {
        let message = format!("{reason}; try again in a second");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// 500: a bug in this program.
    pub(super) fn defect() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the prediction failed; see the log",
        )
    }

    /// Closes the connection after the response, because the start of the next request cannot be located.
    pub(super) fn closing(self) -> Self {
        Self {
            closes: true,
            ..self
        }
    }

    /// Whether the connection is closed after the response.
    pub(super) fn closes(&self) -> bool {
        self.closes
    }

    /// The response status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The message: what is wrong, where, and what to do.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The response body.
    pub(super) fn body(&self) -> Vec<u8> {
        json!({ "error": self.message }).to_string().into_bytes()
    }
}
