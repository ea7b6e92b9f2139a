//! Calls of STS and IAM. `GetCallerIdentity`: every caller is the account's user `local`. `GetRole` and
//! `ListRoles`: every role exists and trusts `SageMaker`, unless its name begins with `missing`.
//! `SimulatePrincipalPolicy`: everybody who exists may do everything.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use crate::protocol::ApiError;
use crate::protocol::names::ACCOUNT;
use crate::protocol::query::{Form, error_response, escape, success};

/// The version of STS in its responses.
const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// The version of IAM in its responses.
const IAM: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// Maximum length of a role's name.
const MAX_NAME: usize = 64;

/// The role that is listed, although every other one exists too.
const LISTED: &str = "SageMakerExecutionRole";

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
        "GetRole" => get_role(form),
        "ListRoles" => Ok(format!(
            "<IsTruncated>false</IsTruncated><Roles><member>{}</member></Roles>",
            role(LISTED)
        )),
        "SimulatePrincipalPolicy" => simulate(form),
        action => Err(ApiError::new(
            "InvalidAction",
            format!("The local server does not implement the action {action}."),
        )),
    };
    let namespace = if service(form) == "sts" { STS } else { IAM };
    match result {
        Ok(result) => success(form.action(), namespace, &result),
        Err(error) => error_response(&error),
    }
}

/// `GetCallerIdentity`.
fn caller() -> String {
    format!(
        "<Arn>arn:aws:iam::{ACCOUNT}:user/local</Arn><UserId>AIDALOCALSAGEMAKER</UserId><Account>{ACCOUNT}</Account>"
    )
}

/// `GetRole`.
fn get_role(form: &Form) -> Result<String, ApiError> {
    let name = form.get("RoleName").unwrap_or_default();
    check_role(name)?;
    Ok(format!("<Role>{}</Role>", role(name)))
}

/// Rejects an invalid name, and the roles that do not exist.
fn check_role(name: &str) -> Result<(), ApiError> {
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
    Ok(())
}

/// The members of a role.
fn role(name: &str) -> String {
    // As on AWS, a role has the same id in every call.
    let id = name.bytes().fold(7_u64, |sum, byte| {
        sum.wrapping_mul(131).wrapping_add(u64::from(byte))
    });
    let name = escape(name);
    format!(
        "<Path>/</Path><RoleName>{name}</RoleName><RoleId>AROA{:017}</RoleId>\
         <Arn>arn:aws:iam::{ACCOUNT}:role/{name}</Arn><CreateDate>2024-01-01T00:00:00Z</CreateDate>\
         <AssumeRolePolicyDocument>{TRUST}</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration>",
        id % 100_000_000_000_000_000
    )
}

/// `SimulatePrincipalPolicy`: one result for each action and resource, all on one page.
fn simulate(form: &Form) -> Result<String, ApiError> {
    let source = form.get("PolicySourceArn").unwrap_or_default();
    let resource = source.splitn(6, ':').nth(5).unwrap_or_default();
    let (kind, path) = resource.split_once('/').unwrap_or_default();
    if !source.starts_with("arn:") || !["user", "group", "role"].contains(&kind) {
        return Err(ApiError::new(
            "InvalidInput",
            format!("Invalid Entity Arn: {source} does not clearly define entity type and name."),
        ));
    }
    if kind == "role" {
        check_role(path.rsplit('/').next().unwrap_or_default())?;
    }
    let actions = form.list("ActionNames");
    if actions.is_empty() {
        return Err(ApiError::new(
            "ValidationError",
            "1 validation error detected: Value null at 'actionNames' failed to satisfy constraint: Member must not be null",
        ));
    }
    if let Some(action) = actions.iter().find(|action| !action.contains(':')) {
        return Err(ApiError::new(
            "InvalidInput",
            format!("Invalid action name: {action}; expected SERVICE:ACTION."),
        ));
    }
    let mut resources = form.list("ResourceArns");
    if resources.is_empty() {
        resources.push("*");
    }
    let pairs = actions
        .iter()
        .flat_map(|action| resources.iter().map(move |resource| (action, resource)));
    let results: Vec<_> = pairs
        .map(|(action, resource)| {
            format!(
                "<member><EvalActionName>{}</EvalActionName><EvalResourceName>{}</EvalResourceName>\
                 <EvalDecision>allowed</EvalDecision><MatchedStatements/><MissingContextValues/></member>",
                escape(action),
                escape(resource)
            )
        })
        .collect();
    Ok(format!(
        "<IsTruncated>false</IsTruncated><EvaluationResults>{}</EvaluationResults>",
        results.concat()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    /// Checks the response to a form.
    async fn check(form: &str, status: u16, expected: &str) {
        let response = handle(&Form::parse(form.as_bytes()));
        assert_eq!(response.status(), status, "{form}");
        let id = response.headers()["x-amzn-requestid"]
            .to_str()
            .unwrap()
            .to_owned();
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        let body = String::from_utf8_lossy(&body);
        assert!(body.contains(expected), "{form}: {body}");
        assert!(
            body.contains(&format!("<RequestId>{id}</RequestId>")),
            "{body}"
        );
    }

    #[tokio::test]
    async fn actions_and_entities_are_known_or_rejected() {
        let user = "PolicySourceArn=arn:aws:iam::691595239825:user/local";
        let role = "PolicySourceArn=arn:aws:iam::691595239825:role/service-role";
        let simulate = "Action=SimulatePrincipalPolicy";
        for (form, status, expected) in [
            (
                "Action=GetCallerIdentity&Version=2011-06-15".to_owned(),
                200,
                "user/local</Arn>",
            ),
            (
                "Version=1&Action=AssumeRole".to_owned(),
                400,
                "InvalidAction",
            ),
            (String::new(), 400, "InvalidAction"),
            (
                "Action=GetRole&RoleName=SageMakerExecutionRole".to_owned(),
                200,
                "<GetRoleResult><Role><Path>",
            ),
            (
                "Action=GetRole&RoleName=missing".to_owned(),
                404,
                "NoSuchEntity",
            ),
            (
                "Action=ListRoles".to_owned(),
                200,
                "<RoleName>SageMakerExecutionRole</RoleName>",
            ),
            (
                format!("{simulate}&{user}&ActionNames.member.1=s3:GetObject"),
                200,
                "<EvalResourceName>*</EvalResourceName><EvalDecision>allowed",
            ),
            (
                format!(
                    "{simulate}&{role}/R&ActionNames.member.1=a:B&ActionNames.member.2=a:C&ResourceArns.member.1=x"
                ),
                200,
                "<EvalActionName>a:C</EvalActionName><EvalResourceName>x<",
            ),
            (
                format!("{simulate}&{role}/missing-role&ActionNames.member.1=a:B"),
                404,
                "NoSuchEntity",
            ),
            (format!("{simulate}&{user}"), 400, "actionNames"),
            (
                format!("{simulate}&{user}&ActionNames.member.1=GetObject"),
                400,
                "InvalidInput",
            ),
            (
                format!("{simulate}&PolicySourceArn=role&ActionNames.member.1=a:B"),
                400,
                "InvalidInput",
            ),
        ] {
            check(&form, status, expected).await;
        }
    }
}
