//! The errors that services report for calls that a fault makes fail.

use axum::http::StatusCode;
use serde_json::Value;

use crate::protocol::ApiError;
use crate::protocol::names::ACCOUNT;

/// The error with this code, and with the service's status and wording where these are known.
pub(crate) fn scripted_error(code: &str, operation: &str, body: &Value) -> ApiError {
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
        _ => format!("A fault of the local server rejects this call of {operation} with {code}."),
    };
    ApiError::new(code.to_owned(), text).with_status(status(code))
}

/// The HTTP status of an error code.
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

/// The message for an exceeded quota, with the instance type and count in the request.
fn limit_exceeded(body: &Value) -> String {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let number = |pointer: &str| body.pointer(pointer).and_then(Value::as_i64);
    let (quota, delta) = match text("/ResourceConfig/InstanceType") {
        Some(instance_type) => (
            format!("{instance_type} for training job usage"),
            number("/ResourceConfig/InstanceCount").unwrap_or(1),
        ),
        None => ("instances for endpoint usage".to_owned(), 1),
    };
    quota_message(&quota, 0, delta)
}

/// `SageMaker`'s message for an exceeded quota.
pub(crate) fn quota_message(quota: &str, limit: i64, delta: i64) -> String {
    format!(
        "The account-level service limit '{quota}' is {limit} Instances, with current utilization of 0 Instances \
         and a request delta of {delta} Instances. Please use AWS Service Quotas to request an increase for this \
         quota. If AWS Service Quotas is not available, contact AWS support to request an increase for this quota."
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_have_the_wording_of_the_service() {
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
            let error = scripted_error(code, "CreateTrainingJob", &body);
            assert!(
                error.message().contains(words),
                "{code}: {}",
                error.message()
            );
        }
    }
}
