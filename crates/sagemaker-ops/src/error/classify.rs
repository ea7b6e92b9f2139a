//! The kind of an error, by the code and the sentence of the service.

use super::ErrorKind;

/// Sorts an error of a service by its code and sentence.
///
/// Sentences of `SageMaker`: a missing job is "Requested resource not found.", a missing model or
/// endpoint "Could not find ...", a duplicate "Cannot create already existing ...", all under
/// `ValidationException`.
pub(super) fn classify(code: &str, message: &str) -> ErrorKind {
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
        // S3 has a code of its own for every kind of mistake, far too many to list.
        _ if code.starts_with("Invalid")
            || code.starts_with("Malformed")
            || code == "PermanentRedirect" =>
        {
            ErrorKind::Invalid
        }
        _ => ErrorKind::Service,
    }
}

/// Sorts an answer that has nothing but a status.
pub(super) fn classify_status(status: u16) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Denied,
        404 => ErrorKind::NotFound,
        405 | 501 => ErrorKind::Unsupported,
        429 => ErrorKind::Throttled,
        300..=499 => ErrorKind::Invalid,
        _ => ErrorKind::Service,
    }
}

/// `ValidationException` has no codes below it: only its sentence tells.
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
        // As moto has it, where AWS answers with ObjectNotFoundException.
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
