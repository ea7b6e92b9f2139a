//! Classifies the services' error responses and makes their messages readable.
//!
//! `SageMaker` models only four exceptions. Everything else arrives as a code and a message, and the
//! same code (`ValidationException`) means "no such job", "already exists" or "invalid value". So the
//! kind depends on both; the message fragments below are those of the public services.

use std::error::Error as StdError;

use aws_sdk_sagemaker::config::http::HttpResponse;
use aws_sdk_sagemaker::error::{ProvideErrorMetadata, SdkError};

use super::{ErrorKind, causes};

const NO_SUCH_OBJECT: &str = "the bucket has no such object; list the prefix or check the URI";

/// Explains an error response. The response to a HEAD request has no body, so it is explained by its
/// status alone.
pub(super) fn explain_response(
    error: &impl ProvideErrorMetadata,
    status: u16,
) -> (ErrorKind, String) {
    let text = error.message().unwrap_or_default().trim_end_matches('.');
    let text = shorten_value_sets(text);
    let text = text.as_str();
    let (kind, text) = match error.code() {
        // The service's own message, "The specified key does not exist", assumes that users know
        // what a key is.
        Some(code @ "NoSuchKey") => (classify(code, text), format!("{NO_SUCH_OBJECT} ({code})")),
        Some(code) if text.is_empty() => (classify(code, text), code.to_owned()),
        Some(code) => (classify(code, text), format!("{text} ({code})")),
        None => (
            classify_status(status),
            format!("the service returned HTTP {status}"),
        ),
    };
    (kind, with_remedy(kind, text))
}

/// Explains a missing response: either nothing was sent, because credentials are missing, or the
/// network or the server failed.
pub(super) fn explain_missing_response<E>(error: &SdkError<E, HttpResponse>) -> (ErrorKind, String)
where
    E: StdError + 'static,
{
    let causes = causes(error).to_lowercase();
    let words = ["credential", "identity", "sso", "auth scheme"];
    // The SDK has no error type for missing credentials; only the messages in the chain reveal them.
    let unsigned = words.iter().any(|word| causes.contains(word));
    let (kind, text) = match error {
        SdkError::ResponseError(_) => (ErrorKind::Service, "the response cannot be parsed"),
        SdkError::TimeoutError(_) => (ErrorKind::Transport, "the call timed out"),
        _ if unsigned => (ErrorKind::Denied, "there are no usable credentials"),
        _ => (ErrorKind::Transport, "no response"),
    };
    (kind, with_remedy(kind, text.to_owned()))
}

/// Adds a remedy for the kinds that nearly always have the same one.
fn with_remedy(kind: ErrorKind, text: String) -> String {
    let remedy = match kind {
        ErrorKind::Denied => {
            "check your identity with `aws sts get-caller-identity`, or log in with `aws sso login`"
        }
        ErrorKind::Quota => {
            "request an increase under Service Quotas, or use another instance type"
        }
        ErrorKind::Throttled => "try again later",
        _ => return text,
    };
    format!("{text}; {remedy}")
}

/// The kind of a service's error, by its code and message.
///
/// For `SageMaker`, a missing job is "Requested resource not found.", a missing model or endpoint
/// "Could not find ...", and a duplicate "Cannot create already existing ...", all with the code
/// `ValidationException`.
fn classify(code: &str, message: &str) -> ErrorKind {
    const DENIED: [&str; 14] = [
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "ExpiredToken",
        "ExpiredTokenException",
        "Forbidden",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ];
    const THROTTLED: [&str; 7] = [
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "ModelNotReadyException",
    ];
    const MISSING: [&str; 10] = [
        "ImageNotFoundException",
        "NoSuchBucket",
        "NoSuchEntity",
        "NoSuchKey",
        "NoSuchUpload",
        "NotFound",
        "ObjectNotFoundException",
        "RepositoryNotFoundException",
        "ResourceNotFound",
        "ResourceNotFoundException",
    ];
    const UNKNOWN_CALLS: [&str; 5] = [
        "InvalidAction",
        "NotImplemented",
        "UnknownOperation",
        "UnknownOperationException",
        "UnsupportedOperation",
    ];
    match code {
        "ResourceLimitExceeded" | "ServiceQuotaExceededException" => ErrorKind::Quota,
        "ResourceInUse"
        | "ConflictException"
        | "BucketAlreadyExists"
        | "BucketAlreadyOwnedByYou" => ErrorKind::Conflict,
        _ if MISSING.contains(&code) => ErrorKind::NotFound,
        "ValidationException" | "ValidationError" => classify_validation(message),
        _ if DENIED.contains(&code) => ErrorKind::Denied,
        _ if THROTTLED.contains(&code) => ErrorKind::Throttled,
        _ if UNKNOWN_CALLS.contains(&code) => ErrorKind::Unsupported,
        // S3 has a separate code for every kind of invalid input, too many to list.
        _ if code.starts_with("Invalid")
            || code.starts_with("Malformed")
            || code == "PermanentRedirect" =>
        {
            ErrorKind::Invalid
        }
        _ => ErrorKind::Service,
    }
}

/// The kind of a response that has only a status.
fn classify_status(status: u16) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Denied,
        404 => ErrorKind::NotFound,
        405 | 501 => ErrorKind::Unsupported,
        429 => ErrorKind::Throttled,
        300..=499 => ErrorKind::Invalid,
        _ => ErrorKind::Service,
    }
}

/// `ValidationException` has no finer codes: only its message tells the cases apart.
fn classify_validation(message: &str) -> ErrorKind {
    let says = |text: &str| message.contains(text);
    if says("already existing")
        || says("already exists")
        || says("in-progress")
        || says("because the training job is in status")
    {
        ErrorKind::Conflict
    } else if says("Requested resource not found")
        || says("Could not find")
        // The wording of moto; AWS returns ObjectNotFoundException.
        || says("No scalable target found")
        || (says("Endpoint ") && says("not found"))
    {
        ErrorKind::NotFound
    } else if says("security token") || says("is not authorized") {
        ErrorKind::Denied
    } else {
        ErrorKind::Invalid
    }
}

/// Shortens each long list of allowed values to its beginning: there are hundreds of instance types,
/// and they would hide the rest of the message.
fn shorten_value_sets(text: &str) -> String {
    const MARK: &str = "enum value set: [";
    const LONGEST: usize = 12;
    const SHOWN: usize = 5;
    let mut short = String::new();
    let mut rest = text;
    while let Some((before, list)) = rest.split_once(MARK) {
        let (list, after) = list.split_at(list.find(']').unwrap_or(list.len()));
        let values: Vec<&str> = list.split(", ").collect();
        let list = if values.len() > LONGEST {
            format!(
                "{}, ... ({} in all)",
                values[..SHOWN].join(", "),
                values.len()
            )
        } else {
            list.to_owned()
        };
        short.extend([before, MARK, &list]);
        rest = after;
    }
    short + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::tests::error_of;
    use crate::scripted::rejection;

    #[tokio::test]
    async fn long_lists_of_allowed_values_are_shortened() {
        let types = |count: usize| (0..count).map(|i| format!("ml.m{i}")).collect::<Vec<_>>();
        let list = |count| types(count).join(", ");
        let say = |first: &str, second: &str| {
            format!(
                "2 validation errors detected: Value 'x' at 'a' failed to satisfy constraint: \
                 Member must satisfy enum value set: [{first}]; Value 'y' at 'b' failed to satisfy \
                 constraint: Member must satisfy enum value set: [{second}]"
            )
        };
        let whole = say(&list(100), &list(12));
        let error = error_of(rejection("ValidationException", &whole)).await;
        let short = format!("{}, ... (100 in all)", list(5));
        let said = say(&short, &list(12));
        assert_eq!(
            error.to_string(),
            format!("cannot describe the training job job-1: {said} (ValidationException)")
        );
        for torn in ["enum value set: [a, b", "enum value set: ]", "[a]"] {
            assert_eq!(shorten_value_sets(torn), torn);
        }
    }
}
