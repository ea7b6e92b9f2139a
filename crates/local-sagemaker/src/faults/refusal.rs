//! What a service says when a fault makes it refuse a call.

use axum::http::StatusCode;
use serde_json::Value;

use crate::arn::ACCOUNT;
use crate::wire::ApiError;

/// The refusal with this code: status and words as the services have them, as far as they are
/// known.
pub(crate) fn refusal(code: &str, operation: &str, body: &Value) -> ApiError {
    let text = match code {
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" => {
            "Rate exceeded".to_owned()
        }
        "SlowDown" => "Please reduce your request rate.".to_owned(),
        "ResourceLimitExceeded" => limit_exceeded(body),
        "AccessDeniedException" | "AccessDenied" => format!(
            "User: arn:aws:iam::{ACCOUNT}:user/local is not authorized to perform: {operation} \
             because no identity-based policy allows the action"
        ),
        "ExpiredTokenException" | "ExpiredToken" => {
            "The security token included in the request is expired".to_owned()
        }
        _ => format!("The local server was asked to refuse this call of {operation} with {code}."),
    };
    ApiError::new(code.to_owned(), text).with_status(status(code))
}

/// The HTTP status that goes with a code.
fn status(code: &str) -> StatusCode {
    match code {
        "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "InternalServiceError"
        | "InternalServiceException"
        | "InternalServiceFault"
        | "ServerException"
        | "ServiceFailure" => StatusCode::INTERNAL_SERVER_ERROR,
        "ServiceUnavailable" | "ServiceUnavailableException" | "SlowDown" => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        "AccessDenied" => StatusCode::FORBIDDEN,
        "NoSuchKey" | "NoSuchBucket" | "NoSuchEntity" => StatusCode::NOT_FOUND,
        "ModelError" => StatusCode::FAILED_DEPENDENCY,
        "ModelNotReadyException" => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The words of a quota, with what the request asks for.
fn limit_exceeded(body: &Value) -> String {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let number = |pointer: &str| body.pointer(pointer).and_then(Value::as_i64);
    let (what, delta) = match text("/ResourceConfig/InstanceType") {
        Some(kind) => (
            format!("{kind} for training job usage"),
            number("/ResourceConfig/InstanceCount").unwrap_or(1),
        ),
        None => ("instances for endpoint usage".to_owned(), 1),
    };
    quota(&what, 0, delta)
}

/// What `SageMaker` says when a quota does not suffice.
pub(crate) fn quota(what: &str, limit: i64, delta: i64) -> String {
    format!(
        "The account-level service limit '{what}' is {limit} Instances, with current utilization of 0 Instances \
         and a request delta of {delta} Instances. Please use AWS Service Quotas to request an increase for this \
         quota. If AWS Service Quotas is not available, contact AWS support to request an increase for this quota."
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn refusals_have_the_words_of_the_service() {
        let body = json!({"ResourceConfig": {"InstanceType": "ml.m5.4xlarge", "InstanceCount": 2}});
        for (code, words) in [
            ("ThrottlingException", "Rate exceeded"),
            (
                "ResourceLimitExceeded",
                "'ml.m5.4xlarge for training job usage' is 0 Instances",
            ),
            ("ResourceLimitExceeded", "a request delta of 2 Instances"),
            (
                "AccessDeniedException",
                "not authorized to perform: CreateTrainingJob",
            ),
            (
                "StrangeException",
                "CreateTrainingJob with StrangeException",
            ),
        ] {
            let refusal = refusal(code, "CreateTrainingJob", &body);
            assert!(
                refusal.message().contains(words),
                "{code}: {}",
                refusal.message()
            );
        }
    }
}
