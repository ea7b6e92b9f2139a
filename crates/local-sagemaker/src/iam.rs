//! `GetRole`, the one call of IAM: the account has every role, except those whose names begin
//! with `missing`, and each of them trusts `SageMaker`.

use axum::http::StatusCode;

use crate::arn::ACCOUNT;
use crate::query::{Form, escaped};
use crate::wire::ApiError;

/// Longest name of a role.
const LONGEST_NAME: usize = 64;

/// The trust policy, encoded as IAM does it.
const TRUST: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C\
    %22Principal%22%3A%7B%22Service%22%3A%22sagemaker.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";

/// `GetRole`.
pub(crate) fn role(form: &Form) -> Result<String, ApiError> {
    let name = form.get("RoleName").unwrap_or_default();
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@-_".contains(letter);
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(allowed) {
        return Err(ApiError::new(
            "ValidationError",
            "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
        ));
    }
    if name.starts_with("missing") {
        let text = format!("The role with name {name} cannot be found.");
        return Err(ApiError::new("NoSuchEntity", text).with_status(StatusCode::NOT_FOUND));
    }
    // The same name has the same id on every call, as it has on AWS.
    let id = name.bytes().fold(7_u64, |sum, byte| {
        sum.wrapping_mul(131).wrapping_add(u64::from(byte))
    });
    let name = escaped(name);
    Ok(format!(
        "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult><Role><Path>/</Path>\
         <RoleName>{name}</RoleName><RoleId>AROA{:017}</RoleId><Arn>arn:aws:iam::{ACCOUNT}:role/{name}</Arn>\
         <CreateDate>2024-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>{TRUST}</AssumeRolePolicyDocument>\
         <MaxSessionDuration>3600</MaxSessionDuration></Role></GetRoleResult>\
         <ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></GetRoleResponse>",
        id % 100_000_000_000_000_000
    ))
}
