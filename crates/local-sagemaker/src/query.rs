//! The Query protocol of STS and IAM: forms in, XML out.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};

use crate::iam;
use crate::sts;
use crate::wire::{ApiError, number};

/// A form-encoded call.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `NAME=VALUE&...`.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (unescaped(name), unescaped(value))
        };
        Self(text.split('&').map(pair).collect())
    }

    /// The first value of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The operation's name.
    pub(crate) fn action(&self) -> &str {
        self.get("Action").unwrap_or("(none)")
    }
}

/// Whose call it is, as the actions of IAM call the service; all but a few are IAM's own.
pub(crate) fn service(form: &Form) -> &'static str {
    match form.action() {
        "GetCallerIdentity" => "sts",
        _ => "iam",
    }
}

/// Answers a form-encoded call.
pub(crate) fn answer(form: &Form) -> Response<Body> {
    let answer = match form.action() {
        "GetCallerIdentity" => Ok(sts::identity()),
        "GetRole" => iam::role(form),
        action => Err(ApiError::new(
            "InvalidAction",
            format!("The local server does not know the action {action}."),
        )),
    };
    match answer {
        Ok(text) => xml(StatusCode::OK, text),
        Err(error) => refusal(&error),
    }
}

/// A refusal in XML.
pub(crate) fn refusal(error: &ApiError) -> Response<Body> {
    let side = side(error);
    xml(
        error.status(),
        format!(
            "<ErrorResponse><Error><Type>{side}</Type><Code>{}</Code><Message>{}</Message></Error>\
             <RequestId>local</RequestId></ErrorResponse>",
            error.code(),
            escaped(error.message())
        ),
    )
}

/// `CloudWatch` once spoke the Query protocol, and its clients expect the codes of that in a
/// header of their own, whatever they speak now.
pub(crate) fn remember(response: &mut Response<Body>, error: &ApiError) {
    let old = match error.code() {
        "InvalidParameterValueException" => "InvalidParameterValue",
        "InvalidParameterCombinationException" => "InvalidParameterCombination",
        "MissingRequiredParameterException" => "MissingParameter",
        other => other,
    };
    if let Ok(header) = HeaderValue::from_str(&format!("{old};{}", side(error))) {
        response.headers_mut().insert("x-amzn-query-error", header);
    }
}

/// Whose fault an error is.
fn side(error: &ApiError) -> &'static str {
    if error.status().is_server_error() {
        "Receiver"
    } else {
        "Sender"
    }
}

/// Text with nothing in it that could break the XML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// An answer of the Query protocol.
fn xml(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("text/xml"));
    number(headers);
    response
}

/// A part of a form as it was before it was encoded; a broken escape stays as it is.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let code = (byte == b'%')
            .then(|| std::str::from_utf8(rest.get(..2)?).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (byte, code) {
            (_, Some(code)) => {
                bytes.push(code);
                rest = &rest[2..];
            }
            (b'+', None) => bytes.push(b' '),
            (byte, None) => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        let form = Form::parse(b"Action=GetRole&RoleName=a%2Fb+c%zz&Empty=");
        assert_eq!(form.action(), "GetRole");
        assert_eq!(form.get("RoleName"), Some("a/b c%zz"));
        assert_eq!(form.get("Empty"), Some(""));
        assert_eq!(form.get("Missing"), None);
    }

    #[test]
    fn what_is_unknown_is_refused() {
        for (form, status) in [
            ("Action=GetCallerIdentity&Version=2011-06-15", 200),
            ("Version=1&Action=AssumeRole", 400),
            ("", 400),
            ("Action=GetRole&RoleName=SageMakerExecutionRole", 200),
            ("Action=GetRole&RoleName=missing", 404),
        ] {
            let answer = answer(&Form::parse(form.as_bytes()));
            assert_eq!(answer.status(), status, "{form}");
        }
    }
}
