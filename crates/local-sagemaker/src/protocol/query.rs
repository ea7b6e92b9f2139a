//! The Query protocol of STS and IAM: form-encoded requests, XML responses.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};
use percent_encoding::percent_decode_str;

use super::ApiError;
use super::json::add_request_id;

/// A form-encoded call.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Parses `NAME=VALUE&...`.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        };
        Self(text.split('&').map(pair).collect())
    }

    /// The first value with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The operation's name.
    pub(crate) fn action(&self) -> &str {
        self.get("Action").unwrap_or("(none)")
    }
}

/// A response in XML.
pub(crate) fn response(status: StatusCode, xml: String) -> Response<Body> {
    let mut response = Response::new(Body::from(xml));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("text/xml"));
    add_request_id(headers);
    response
}

/// An error response in XML.
pub(crate) fn error_response(error: &ApiError) -> Response<Body> {
    response(
        error.status(),
        format!(
            "<ErrorResponse><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message></Error>\
             <RequestId>local</RequestId></ErrorResponse>",
            fault_side(error),
            error.code(),
            escape(error.message())
        ),
    )
}

/// Adds the error code of the Query protocol. `CloudWatch` once used that protocol, and its clients still
/// expect the old codes in a separate header, whatever format they use now.
pub(crate) fn add_legacy_code(response: &mut Response<Body>, error: &ApiError) {
    let old = match error.code() {
        "InvalidParameterValueException" => "InvalidParameterValue",
        "InvalidParameterCombinationException" => "InvalidParameterCombination",
        "MissingRequiredParameterException" => "MissingParameter",
        other => other,
    };
    if let Ok(header) = HeaderValue::from_str(&format!("{old};{}", fault_side(error))) {
        response.headers_mut().insert("x-amzn-query-error", header);
    }
}

/// The party at fault, client or server.
fn fault_side(error: &ApiError) -> &'static str {
    if error.status().is_server_error() {
        "Receiver"
    } else {
        "Sender"
    }
}

/// Escapes text for XML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Decodes a name or a value of a form; leaves invalid escapes unchanged.
fn decode(text: &str) -> String {
    // Before decoding the escapes, one of which may encode a plus sign.
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        let form = Form::parse(b"Action=GetRole&RoleName=a%2Fb+c%zz%2B&Empty=");
        assert_eq!(form.action(), "GetRole");
        assert_eq!(form.get("RoleName"), Some("a/b c%zz+"));
        assert_eq!(form.get("Empty"), Some(""));
        assert_eq!(form.get("Missing"), None);
    }
}
