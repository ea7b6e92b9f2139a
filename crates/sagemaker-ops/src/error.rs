//! Errors of calls, classified by what the caller can do next.

mod response;

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use aws_sdk_sagemaker::config::http::HttpResponse;
use aws_sdk_sagemaker::error::{ProvideErrorMetadata, SdkError};

pub use crate::finding::ErrorKind;
use crate::finding::Finding;
use response::{explain_missing_response, explain_response};

/// A failed call: the operation, its subject, the reason, and a remedy.
///
/// `Display` includes the service's message and the remedy. Causes on this machine (a file, a
/// connection) are in the source chain, so printing the whole chain repeats nothing.
#[derive(Debug, thiserror::Error)]
#[error("cannot {op} {message}")]
pub struct Error {
    kind: ErrorKind,
    op: &'static str,
    message: String,
    finding: Option<Box<Finding>>,
    #[source]
    source: Option<BoxedError>,
}

type BoxedError = Box<dyn StdError + Send + Sync>;

impl Error {
    /// The kind of error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same call may succeed later.
    pub fn is_passing(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Throttled | ErrorKind::Transport | ErrorKind::Service
        )
    }

    /// The problem as a type, if one of the caller's own settings may solve it.
    pub fn finding(&self) -> Option<&Finding> {
        self.finding.as_deref()
    }

    /// `message` begins with the object of `op`: "cannot {op} {message}".
    pub(crate) fn new(kind: ErrorKind, op: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            op,
            message: message.into(),
            finding: None,
            source: None,
        }
    }

    /// The same error with another kind, for callers who know more about the call.
    pub(crate) fn of_kind(self, kind: ErrorKind) -> Self {
        Self { kind, ..self }
    }

    pub(crate) fn with_source(mut self, source: impl Into<BoxedError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// A finding about `subject`.
    pub(crate) fn found(op: &'static str, subject: impl fmt::Display, finding: Finding) -> Self {
        let (subject, text) = (subject.to_string(), finding.to_string());
        // Many findings start with the name of their subject, which the message already includes.
        let text = match text.strip_prefix(&subject) {
            Some(rest) => format!("it{rest}"),
            None => text,
        };
        let message = format!("{subject}: {text}; {}", finding.remedy());
        let error = Self::new(finding.kind(), op, message);
        Self {
            finding: Some(Box::new(finding)),
            ..error
        }
    }

    /// A deadline that passed while waiting for `awaited`.
    pub(crate) fn timeout(awaited: &str, waited: Duration) -> Self {
        let message =
            format!("{awaited}: the time limit of {waited:?} has passed, but the work continues");
        Self::new(ErrorKind::Timeout, "finish waiting for", message)
    }

    /// A failed local file operation on `path`.
    pub(crate) fn file(op: &'static str, path: &Path, source: impl Into<BoxedError>) -> Self {
        Self::new(ErrorKind::File, op, path.display().to_string()).with_source(source)
    }

    /// A response that violates the service's own model.
    pub(crate) fn invalid_response(
        op: &'static str,
        subject: impl fmt::Display,
        source: impl Into<BoxedError>,
    ) -> Self {
        let message = format!("{subject}: the service returned an invalid response");
        Self::new(ErrorKind::Service, op, message).with_source(source)
    }

    /// A failed SDK call about `subject`.
    pub(crate) fn from_sdk<E>(
        op: &'static str,
        subject: impl fmt::Display,
        error: SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        // Not a source: the message already includes the text of the response.
        if let SdkError::ServiceError(response) = &error {
            let (kind, text) = explain_response(response.err(), response.raw().status().as_u16());
            return Self::new(kind, op, format!("{subject}: {text}"));
        }
        let (kind, text) = explain_missing_response(&error);
        let failure = Self::new(kind, op, format!("{subject}: {text}"));
        // The SDK's outermost message, "dispatch failure", is useless; its cause is not.
        match error.into_source() {
            Ok(cause) => failure.with_source(cause),
            Err(error) => failure.with_source(error),
        }
    }
}

/// Turns the error that something does not exist into `None`.
pub fn if_found<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A header of the service's response, if there was one.
pub(crate) fn header_of<E>(error: &SdkError<E, HttpResponse>, name: &str) -> Option<String> {
    Some(error.raw_response()?.headers().get(name)?.to_owned())
}

/// The messages of all sources of the error, joined by colons.
fn causes(error: &dyn StdError) -> String {
    let chain = std::iter::successors(error.source(), |cause| (*cause).source());
    chain
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::Clients;
    use crate::names::JobName;
    use crate::scripted::{Reply, Scripted, ok, rejection};
    use crate::training;

    /// The error of describing a job if the service returns `reply`.
    pub(super) async fn error_of(reply: Reply) -> Error {
        let server = Scripted::start([reply]).await;
        describe(&server.clients()).await
    }

    async fn describe(clients: &Clients) -> Error {
        training::describe(clients, &JobName::new("job-1").unwrap())
            .await
            .unwrap_err()
    }

    /// The whole source chain, as the programs print it.
    fn chain(error: &Error) -> String {
        format!("{error}: {}", causes(error))
    }

    /// Code, message, and the resulting kind.
    const RESPONSES: [(&str, &str, ErrorKind); 16] = {
        use ErrorKind::{
            Conflict, Denied, Invalid, NotFound, Quota, Service, Throttled, Unsupported,
        };
        [
            (
                "ValidationException",
                "Requested resource not found.",
                NotFound,
            ),
            (
                "ValidationException",
                "Could not find model \"arn:aws:x\".",
                NotFound,
            ),
            (
                "ValidationError",
                "Endpoint e of account 1 not found.",
                NotFound,
            ),
            ("ResourceNotFound", "gone", NotFound),
            (
                "ValidationException",
                "Cannot create already existing endpoint \"arn\".",
                Conflict,
            ),
            (
                "ValidationException",
                "Cannot update in-progress endpoint \"arn\".",
                Conflict,
            ),
            (
                "ResourceInUse",
                "Training job names must be unique",
                Conflict,
            ),
            (
                "ValidationException",
                "1 validation error detected: Value 'X' at 'y'",
                Invalid,
            ),
            (
                "ResourceLimitExceeded",
                "The account-level service limit is 0",
                Quota,
            ),
            ("ThrottlingException", "Rate exceeded", Throttled),
            ("AccessDeniedException", "User is not authorized", Denied),
            (
                "ExpiredTokenException",
                "The security token is expired",
                Denied,
            ),
            (
                "com.amazon.coral#UnrecognizedClientException",
                "invalid token",
                Denied,
            ),
            (
                "ResourceNotFoundException",
                "The specified log group does not exist.",
                NotFound,
            ),
            (
                "UnknownOperationException",
                "Logs_20140328.GetLogEvents",
                Unsupported,
            ),
            ("InternalFailure", "", Service),
        ]
    };

    #[tokio::test]
    async fn the_kind_depends_on_code_and_message() {
        for (code, message, expected) in RESPONSES {
            let error = error_of(rejection(code, message)).await;
            assert_eq!(error.kind(), expected, "{code}: {message}: {error}");
            assert!(error.source().is_none(), "{error:?}");
        }
    }

    #[tokio::test]
    async fn messages_include_the_operation_the_subject_the_response_and_the_remedy() {
        let check = async |code: &str, message: &str, expected: &str| {
            assert_eq!(
                error_of(rejection(code, message)).await.to_string(),
                expected
            );
        };
        check(
            "ValidationException",
            "Requested resource not found.",
            "cannot describe the training job job-1: Requested resource not found \
             (ValidationException)",
        )
        .await;
        check(
            "ExpiredToken",
            "The token has expired",
            "cannot describe the training job job-1: The token has expired (ExpiredToken); check \
             your identity with `aws sts get-caller-identity`, or log in with `aws sso login`",
        )
        .await;
        check(
            "InternalFailure",
            "",
            "cannot describe the training job job-1: InternalFailure",
        )
        .await;
    }

    #[tokio::test]
    async fn an_unparsable_response_is_a_service_error() {
        let html = ok("<html>Internal Server Error</html>").status(500);
        assert_eq!(error_of(html).await.kind(), ErrorKind::Service);
        let garbage = ok("{\"TrainingJobName\": ");
        assert_eq!(error_of(garbage).await.kind(), ErrorKind::Service);
        let empty = error_of(ok("{}")).await;
        assert_eq!(empty.kind(), ErrorKind::Service);
        assert!(
            chain(&empty).contains("the response has no TrainingJobStatus"),
            "{}",
            chain(&empty)
        );
    }

    #[tokio::test]
    async fn a_refused_connection_is_a_transport_error_with_its_cause() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = describe(&Clients::of_server(&url, 1)).await;
        assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
        assert!(chain(&error).contains("refused"), "{}", chain(&error));
    }

    #[tokio::test]
    async fn missing_credentials_are_not_mistaken_for_a_missing_network() {
        let config = aws_sdk_sagemaker::Config::builder()
            .behavior_version_latest()
            .region(aws_config::Region::new("us-east-1"))
            .build();
        let client = aws_sdk_sagemaker::Client::from_conf(config);
        let sent = client
            .describe_training_job()
            .training_job_name("job-1")
            .send()
            .await;
        let error = Error::from_sdk("describe the training job", "job-1", sent.unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Denied, "{}", chain(&error));
        assert!(error.to_string().contains("aws sso login"), "{error}");
    }

    #[tokio::test]
    async fn throttling_is_retried() {
        let server = Scripted::start([
            rejection("ThrottlingException", "Rate exceeded"),
            rejection("ValidationException", "Requested resource not found."),
        ])
        .await;
        let error = describe(&Clients::of_server(server.url(), 2)).await;
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(server.operations(), ["DescribeTrainingJob"; 2]);
    }
}
