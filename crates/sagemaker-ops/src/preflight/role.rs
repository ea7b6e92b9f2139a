//! The role: it must exist, and `SageMaker` must be allowed to assume it.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{Check, Finding};
use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::finding::SERVICE;
use crate::names::{AccountId, RoleArn};

const NAME: &str = "role";

/// Looks the role up ([`GetRole`]).
///
/// [`GetRole`]: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
pub(super) async fn check(clients: &Clients, role: &RoleArn, account: &AccountId) -> Check {
    if role.account() != account.as_str() {
        let (role, account) = (role.clone(), account.clone());
        return Check::failed(NAME, Finding::RoleOfAnotherAccount { role, account });
    }
    let sent = clients.iam.get_role().role_name(role.name()).send().await;
    let found = match sent.map_err(|error| Error::from_sdk("look up the role", role, error)) {
        Ok(found) => found.role,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Check::failed(NAME, Finding::RoleMissing(role.clone()));
        }
        Err(error) => return Check::unchecked(NAME, &error, "iam:GetRole"),
    };
    // IAM returns the document percent-encoded.
    let trust = found.and_then(|role| role.assume_role_policy_document);
    let policy = trust.map(|trust| percent_decode_str(&trust).decode_utf8_lossy().into_owned());
    match policy.and_then(|policy| serde_json::from_str(&policy).ok()) {
        Some(policy) if trusts(&policy) => Check::passed(NAME, format!("{role} trusts {SERVICE}")),
        Some(_) => Check::failed(NAME, Finding::RoleNotTrusting(role.clone())),
        None => Check::not_applicable(
            NAME,
            format!("{role} exists; its trust policy cannot be read"),
        ),
    }
}

/// Whether a statement allows the service to assume the role. Its conditions are not evaluated.
fn trusts(policy: &Value) -> bool {
    // The policy language allows a single value or a list for each of these.
    fn any(value: &Value, test: impl Fn(&Value) -> bool) -> bool {
        match value {
            Value::Array(values) => values.iter().any(test),
            one => test(one),
        }
    }
    any(&policy["Statement"], |statement| {
        let is = |value: &Value, allowed: &[&str]| {
            any(value, |one| {
                one.as_str().is_some_and(|one| allowed.contains(&one))
            })
        };
        statement["Effect"] == "Allow"
            && is(&statement["Action"], &["sts:AssumeRole", "sts:*", "*"])
            && (is(&statement["Principal"]["Service"], &[SERVICE])
                || is(&statement["Principal"], &["*"]))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Outcome;
    use super::*;
    use crate::scripted::{Reply, Scripted, ok};

    fn statement(effect: &str, principal: &Value, action: &Value) -> Value {
        json!({"Effect": effect, "Principal": principal, "Action": action})
    }

    fn sagemaker() -> Value {
        json!({"Service": ["ec2.amazonaws.com", SERVICE]})
    }

    #[test]
    fn a_role_trusts_the_service_if_a_statement_allows_it_to_assume_the_role() {
        let assume = json!("sts:AssumeRole");
        let ec2 = json!({"Service": "ec2.amazonaws.com"});
        let good = statement("Allow", &sagemaker(), &assume);
        for (statements, trusted) in [
            (good.clone(), true),
            (json!([statement("Allow", &ec2, &assume), good]), true),
            (
                statement(
                    "Allow",
                    &sagemaker(),
                    &json!(["sts:TagSession", "sts:AssumeRole"]),
                ),
                true,
            ),
            (statement("Allow", &json!("*"), &assume), true),
            (statement("Allow", &ec2, &assume), false),
            (statement("Deny", &sagemaker(), &assume), false),
            (
                statement("Allow", &sagemaker(), &json!("sts:TagSession")),
                false,
            ),
            (statement("Allow", &json!({"AWS": "*"}), &assume), false),
            (json!(null), false),
        ] {
            let policy = json!({"Version": "2012-10-17", "Statement": statements});
            assert_eq!(trusts(&policy), trusted, "{policy}");
        }
    }

    async fn checked(reply: Reply) -> Check {
        let server = Scripted::start([reply]).await;
        let role = "arn:aws:iam::691595239825:role/service/Fire"
            .parse()
            .unwrap();
        let account = "691595239825".parse().unwrap();
        let check = check(&server.clients(), &role, &account).await;
        let request = String::from_utf8(server.seen()[0].body.to_vec()).unwrap();
        assert!(
            request.contains("Action=GetRole") && request.contains("RoleName=Fire"),
            "{request}"
        );
        check
    }

    fn role_with(policy: &Value) -> Reply {
        let bytes = policy.to_string().into_bytes();
        let encoded: Vec<String> = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
        let encoded = encoded.concat();
        ok(&format!(
            "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult>\
             <Role><RoleName>Fire</RoleName><AssumeRolePolicyDocument>{encoded}\
             </AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>"
        ))
    }

    fn rejection(code: &str, status: u16) -> Reply {
        ok(&format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message>\
             </Error></ErrorResponse>"
        ))
        .status(status)
    }

    #[tokio::test]
    async fn a_failed_check_of_a_role_says_what_to_do() {
        let assume = json!("sts:AssumeRole");
        let policy = |statement: Value| json!({"Statement": statement});
        let good = policy(statement("Allow", &sagemaker(), &assume));
        let bad = policy(json!([]));
        for (reply, outcome, text) in [
            (role_with(&good), Outcome::Passed, "trusts sagemaker"),
            (
                role_with(&bad),
                Outcome::Failed,
                "update-assume-role-policy",
            ),
            (rejection("NoSuchEntity", 404), Outcome::Failed, "create it"),
            (
                rejection("AccessDenied", 403),
                Outcome::NotApplicable,
                "iam:GetRole",
            ),
            (
                rejection("InvalidAction", 400),
                Outcome::NotApplicable,
                "does not support",
            ),
            (
                rejection("ServiceFailure", 500),
                Outcome::Failed,
                "try again",
            ),
        ] {
            let check = checked(reply).await;
            assert_eq!(check.outcome, outcome, "{check}");
            assert!(check.to_string().contains(text), "{check}");
        }
    }

    #[tokio::test]
    async fn a_role_of_another_account_is_rejected_without_looking_it_up() {
        let server = Scripted::start([]).await;
        let role = "arn:aws:iam::123456789012:role/Fire".parse().unwrap();
        let account = "691595239825".parse().unwrap();
        let check = check(&server.clients(), &role, &account).await;
        assert_eq!(check.outcome, Outcome::Failed);
        assert!(server.seen().is_empty());
    }
}
