//! `GetCallerIdentity`, the one call of STS: everybody is the user `local` of the account.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};

use crate::arn::ACCOUNT;

/// Answers a form-encoded call, in the XML of the Query protocol.
pub(crate) fn answer(form: &str) -> Response<Body> {
    match form
        .split('&')
        .find_map(|pair| pair.strip_prefix("Action="))
    {
        Some("GetCallerIdentity") => xml(StatusCode::OK, identity()),
        action => xml(StatusCode::BAD_REQUEST, unknown(action.unwrap_or("(none)"))),
    }
}

/// The answer, which has no secrets.
fn identity() -> String {
    format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{ACCOUNT}:user/local</Arn><UserId>AIDALOCALSAGEMAKER</UserId><Account>{ACCOUNT}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
}

/// The error of an action that is not here, with nothing of it that could break the XML.
fn unknown(action: &str) -> String {
    let action: String = action.chars().filter(char::is_ascii_alphanumeric).collect();
    format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>InvalidAction</Code>\
         <Message>The local server does not know the action {action}.</Message></Error><RequestId>local</RequestId></ErrorResponse>"
    )
}

/// An answer of the Query protocol.
fn xml(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static("text/xml"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_callers_identity_is_known() {
        for (form, status) in [
            ("Action=GetCallerIdentity&Version=2011-06-15", 200),
            ("Version=1&Action=AssumeRole", 400),
            ("", 400),
        ] {
            assert_eq!(answer(form).status(), status, "{form}");
        }
    }
}
