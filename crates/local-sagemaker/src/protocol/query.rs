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

    /// The values of a list: `NAME.member.1`, `NAME.member.2` and so on.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        (1..)
            .map_while(|number| self.get(&format!("{name}.member.{number}")))
            .collect()
    }

    /// The operation's name.
    pub(crate) fn action(&self) -> &str {
        self.get("Action").unwrap_or("(none)")
    }
}

/// The response to an action, with its result in XML.
pub(crate) fn success(action: &str, namespace: &str, result: &str) -> Response<Body> {
    respond(StatusCode::OK, |id| {
        format!(
            "<{action}Response xmlns=\"{namespace}\"><{action}Result>{result}</{action}Result>\
             <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
        )
    })
}

/// An error response in XML.
pub(crate) fn error_response(error: &ApiError) -> Response<Body> {
    respond(error.status(), |id| {
        format!(
            "<ErrorResponse><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message></Error>\
             <RequestId>{id}</RequestId></ErrorResponse>",
            fault_side(error),
            error.code(),
            escape(error.message())
        )
    })
}

/// A response in XML, which contains the request id.
fn respond(status: StatusCode, xml: impl FnOnce(&str) -> String) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("text/xml"));
    let id = add_request_id(headers);
    *response.body_mut() = Body::from(xml(&id));
    response
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
        let form = Form::parse(b"N.member.1=a&N.member.2=b&N.member.4=c");
        assert_eq!(form.list("N"), ["a", "b"]);
        assert!(form.list("M").is_empty());
    }
}
