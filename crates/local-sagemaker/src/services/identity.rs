//! One call each of STS and IAM. `GetCallerIdentity`: every caller is the account's user `local`.
//! `GetRole`: every role exists and trusts `SageMaker`, unless its name begins with `missing`.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use crate::protocol::ApiError;
use crate::protocol::names::ACCOUNT;
use crate::protocol::query::{Form, error_response, escape, response};

/// Maximum length of a role's name.
const MAX_NAME: usize = 64;

/// The trust policy, percent-encoded as IAM returns it.
const TRUST: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C\
    %22Principal%22%3A%7B%22Service%22%3A%22sagemaker.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";

/// The service that a form addresses, by its name in IAM actions; every action but one is IAM's.
pub(crate) fn service(form: &Form) -> &'static str {
    match form.action() {
        "GetCallerIdentity" => "sts",
        _ => "iam",
    }
}

/// Handles one call to either service.
pub(crate) fn handle(form: &Form) -> Response<Body> {
    let result = match form.action() {
        "GetCallerIdentity" => Ok(caller()),
        "GetRole" => role(form),
        action => Err(ApiError::new(
            "InvalidAction",
            format!("The local server does not implement the action {action}."),
        )),
    };
    match result {
        Ok(xml) => response(StatusCode::OK, xml),
        Err(error) => error_response(&error),
    }
}

/// `GetCallerIdentity`.
fn caller() -> String {
    format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{ACCOUNT}:user/local</Arn><UserId>AIDALOCALSAGEMAKER</UserId><Account>{ACCOUNT}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
}

/// `GetRole`.
fn role(form: &Form) -> Result<String, ApiError> {
    let name = form.get("RoleName").unwrap_or_default();
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@-_".contains(letter);
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(allowed) {
        return Err(ApiError::new(
            "ValidationError",
            "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
        ));
    }
    if name.starts_with("missing") {
        let text = format!("The role with name {name} cannot be found.");
        return Err(ApiError::new("NoSuchEntity", text).with_status(StatusCode::NOT_FOUND));
    }
    // As on AWS, a role has the same id in every call.
    let id = name.bytes().fold(7_u64, |sum, byte| {
        sum.wrapping_mul(131).wrapping_add(u64::from(byte))
    });
    let name = escape(name);
    Ok(format!(
        "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult><Role><Path>/</Path>\
         <RoleName>{name}</RoleName><RoleId>AROA{:017}</RoleId><Arn>arn:aws:iam::{ACCOUNT}:role/{name}</Arn>\
         <CreateDate>2024-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>{TRUST}</AssumeRolePolicyDocument>\
         <MaxSessionDuration>3600</MaxSessionDuration></Role></GetRoleResult>\
         <ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></GetRoleResponse>",
        id % 100_000_000_000_000_000
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_actions_and_roles_are_rejected() {
        for (form, status) in [
            ("Action=GetCallerIdentity&Version=2011-06-15", 200),
            ("Version=1&Action=AssumeRole", 400),
            ("", 400),
            ("Action=GetRole&RoleName=SageMakerExecutionRole", 200),
            ("Action=GetRole&RoleName=missing", 404),
        ] {
            let response = handle(&Form::parse(form.as_bytes()));
            assert_eq!(response.status(), status, "{form}");
        }
    }
}
