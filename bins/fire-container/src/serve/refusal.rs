//! Answers to requests that cannot be answered.

use hyper::StatusCode;
use serde_json::json;

/// A status and a sentence; the body is `{"error": "<sentence>"}`.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    message: String,
    closes: bool,
}

impl Refusal {
    /// Any other status.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            closes: false,
        }
    }

    /// 400: the body is not what its content type says.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 503: not now.
    pub(super) fn busy(reason: &str) -> Self {
        let message = format!("{reason}; try again in a second");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// 500: our own fault.
    pub(super) fn defect() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the prediction failed; see the log",
        )
    }

    /// The same, after which the connection cannot be used for another request.
    pub(super) fn closing(self) -> Self {
        Self {
            closes: true,
            ..self
        }
    }

    /// Whether the connection ends with this answer.
    pub(super) fn closes(&self) -> bool {
        self.closes
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What was wrong, where, and what to do.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The answer's body.
    pub(super) fn body(&self) -> Vec<u8> {
        json!({ "error": self.message }).to_string().into_bytes()
    }
}
