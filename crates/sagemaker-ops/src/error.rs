//! What can go wrong with a call, sorted by what the caller does next.
//!
//! `SageMaker` models only four exceptions; everything else arrives under a code and a sentence,
//! and the same code (`ValidationException`) means "no such job", "already there" and "your value
//! is wrong". So the sorting reads code and sentence together; the sentences are those of the
//! public services.

mod classify;
mod shorten;

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;

use aws_sdk_sagemaker::config::http::HttpResponse;
use aws_sdk_sagemaker::error::{ProvideErrorMetadata, SdkError};

use classify::{classify, classify_status};
use shorten::shorten_value_sets;

/// What the caller can do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The thing that was named does not exist: correct the name.
    NotFound,
    /// The thing exists already, or is in a state that forbids the request.
    Conflict,
    /// The service asked to be called less often, and went on asking through every retry.
    Throttled,
    /// Credentials are missing, expired or not allowed to do this.
    Denied,
    /// The account's limit does not allow it: ask for more, or use another instance type.
    Quota,
    /// The request itself is wrong: correct the value that the message names.
    Invalid,
    /// The caller's own deadline passed before the state that it waited for was reached.
    Timeout,
    /// No answer: name resolution, connection or protocol.
    Transport,
    /// The service answered that it failed, or its answer made no sense.
    Service,
    /// The server at this address does not know the call: AWS does, so this is some other server.
    Unsupported,
    /// The container behind an endpoint refused the request: see [`Error::container_status`].
    Model,
    /// The local server could not be found or started.
    LocalServer,
    /// A file on this machine could not be read or written.
    File,
}

/// A call that failed: which one, about what, why, and what to do.
///
/// `Display` says what the service answered and what helps; causes on this machine (a file, a
/// connection) follow in the chain of sources, so that printing the whole chain says everything
/// once.
#[derive(Debug, thiserror::Error)]
#[error("cannot {op} {message}")]
pub struct Error {
    kind: ErrorKind,
    op: &'static str,
    message: String,
    container_status: Option<u16>,
    #[source]
    source: Option<Cause>,
    /// The service's answer as the SDK holds it. Not a source: the message has its words already.
    answer: Option<Cause>,
}

type Cause = Box<dyn StdError + Send + Sync>;

impl Error {
    /// What the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same call may well succeed a moment later.
    pub fn is_passing(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Throttled | ErrorKind::Transport | ErrorKind::Service
        )
    }

    /// The verb that failed, as in "cannot {op}".
    pub fn op(&self) -> &'static str {
        self.op
    }

    /// HTTP status that the container answered with, for [`ErrorKind::Model`].
    pub fn container_status(&self) -> Option<u16> {
        self.container_status
    }

    /// The service's answer in the SDK's words, with its request id; none when there was no answer.
    pub fn answer(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.answer.as_deref()
    }

    /// `message` begins with the subject of the verb: "cannot {op} {message}".
    pub(crate) fn new(kind: ErrorKind, op: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            kind,
            op,
            message,
            container_status: None,
            source: None,
            answer: None,
        }
    }

    /// The same error, sorted by somebody who knows the call better.
    pub(crate) fn of_kind(self, kind: ErrorKind) -> Self {
        Self { kind, ..self }
    }

    pub(crate) fn with_source(mut self, source: impl Into<Cause>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// An operation of the local file system on `path` that failed.
    pub(crate) fn file(op: &'static str, path: &Path, source: impl Into<Cause>) -> Self {
        Self::new(ErrorKind::File, op, path.display().to_string()).with_source(source)
    }

    /// An answer that does not hold what the service promises.
    pub(crate) fn nonsense(
        op: &'static str,
        subject: impl fmt::Display,
        source: impl Into<Cause>,
    ) -> Self {
        let message = format!("{subject}: the answer makes no sense");
        Self::new(ErrorKind::Service, op, message).with_source(source)
    }

    /// The container behind an endpoint refused.
    pub(crate) fn container(op: &'static str, message: String, status: Option<u16>) -> Self {
        Self {
            container_status: status,
            ..Self::new(ErrorKind::Model, op, message)
        }
    }

    pub(crate) fn with_answer(mut self, answer: impl Into<Cause>) -> Self {
        self.answer = Some(answer.into());
        self
    }

    /// An SDK call about `subject` that failed.
    pub(crate) fn from_sdk<E>(
        op: &'static str,
        subject: impl fmt::Display,
        error: SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        if let SdkError::ServiceError(answer) = &error {
            let (kind, said) = explain_answer(answer.err(), answer.raw().status().as_u16());
            return Self::new(kind, op, format!("{subject}: {said}")).with_answer(error);
        }
        let (kind, said) = explain_silence(&error);
        let silence = Self::new(kind, op, format!("{subject}: {said}"));
        // The SDK's outermost words, "dispatch failure", tell nobody anything.
        match error.into_source() {
            Ok(cause) => silence.with_source(cause),
            Err(error) => silence.with_source(error),
        }
    }
}

/// A header of the service's answer, when there was an answer.
pub(crate) fn header_of<E>(error: &SdkError<E, HttpResponse>, name: &str) -> Option<String> {
    Some(error.raw_response()?.headers().get(name)?.to_owned())
}

const NO_SUCH_OBJECT: &str =
    "there is no such object in the bucket; list the prefix or check the URI";

/// The service answered with an error; an answer to HEAD has no body, so only its status tells.
fn explain_answer(error: &impl ProvideErrorMetadata, status: u16) -> (ErrorKind, String) {
    let text = error.message().unwrap_or_default().trim_end_matches('.');
    let text = shorten_value_sets(text);
    let text = text.as_str();
    let (kind, said) = match error.code() {
        // The service's own sentence, "The specified key does not exist", helps only those who
        // know what a key is.
        Some(code @ "NoSuchKey") => (classify(code, text), format!("{NO_SUCH_OBJECT} ({code})")),
        Some(code) if text.is_empty() => (classify(code, text), code.to_owned()),
        Some(code) => (classify(code, text), format!("{text} ({code})")),
        None => (
            classify_status(status),
            format!("the service answered HTTP {status}"),
        ),
    };
    (kind, with_remedy_of(kind, said))
}

/// There was no answer: without credentials nothing is sent, else the network or the other side is
/// at fault.
fn explain_silence<E>(error: &SdkError<E, HttpResponse>) -> (ErrorKind, String)
where
    E: StdError + 'static,
{
    let causes = causes(error).to_lowercase();
    let words = ["credential", "identity", "sso", "auth scheme"];
    // The SDK has no type of its own for missing credentials, only words in the chain of causes.
    let unsigned = words.iter().any(|word| causes.contains(word));
    let (kind, said) = match error {
        SdkError::ResponseError(_) => (ErrorKind::Service, "the answer cannot be read"),
        SdkError::TimeoutError(_) => (ErrorKind::Transport, "no answer in time"),
        _ if unsigned => (ErrorKind::Denied, "there are no usable credentials"),
        _ => (ErrorKind::Transport, "no answer"),
    };
    (kind, with_remedy_of(kind, said.to_owned()))
}

/// Adds what the user can run or change, for the kinds where one thing helps nearly always.
fn with_remedy_of(kind: ErrorKind, said: String) -> String {
    let remedy = match kind {
        ErrorKind::Denied => {
            "check who you are with `aws sts get-caller-identity`, log in with `aws sso login`"
        }
        ErrorKind::Quota => "ask for more under Service Quotas, or use another instance type",
        ErrorKind::Throttled => "try again in a while, or watch with a longer --interval",
        _ => return said,
    };
    format!("{said}; {remedy}")
}

/// All causes below the error, in one text.
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
    use crate::scripted::{Answer, Scripted, ok, refusal};
    use crate::training;

    /// What describing a job comes to when the service gives this answer.
    pub(super) async fn error_of(answer: Answer) -> Error {
        let server = Scripted::start([answer]).await;
        describe(&server.clients()).await
    }

    async fn describe(clients: &Clients) -> Error {
        training::describe(clients, &JobName::new("job-1").unwrap())
            .await
            .unwrap_err()
    }

    /// The whole chain, as the programs print it.
    fn chain(error: &Error) -> String {
        format!("{error}: {}", causes(error))
    }

    /// Code, sentence, and what the caller can do about them.
    const ANSWERS: [(&str, &str, ErrorKind); 16] = {
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
    async fn answers_are_sorted_by_code_and_sentence() {
        for (code, message, expected) in ANSWERS {
            let error = error_of(refusal(code, message)).await;
            assert_eq!(error.kind(), expected, "{code}: {message}: {error}");
            assert!(
                error.answer().is_some() && error.source().is_none(),
                "{error:?}"
            );
        }
    }

    #[tokio::test]
    async fn messages_name_the_call_its_subject_the_answer_and_the_remedy() {
        let check = async |code: &str, message: &str, expected: &str| {
            assert_eq!(error_of(refusal(code, message)).await.to_string(), expected);
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
             who you are with `aws sts get-caller-identity`, log in with `aws sso login`",
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
    async fn a_broken_service_is_the_services_fault() {
        let html = ok("<html>Internal Server Error</html>").status(500);
        assert_eq!(error_of(html).await.kind(), ErrorKind::Service);
        let garbage = ok("{\"TrainingJobName\": ");
        assert_eq!(error_of(garbage).await.kind(), ErrorKind::Service);
        let empty = error_of(ok("{}")).await;
        assert_eq!(empty.kind(), ErrorKind::Service);
        assert!(
            chain(&empty).contains("the answer has no TrainingJobStatus"),
            "{}",
            chain(&empty)
        );
    }

    #[tokio::test]
    async fn nobody_listening_is_a_transport_error_with_its_cause() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = describe(&Clients::of_server(&url, 1)).await;
        assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
        assert!(chain(&error).contains("refused"), "{}", chain(&error));
    }

    #[tokio::test]
    async fn missing_credentials_are_told_from_a_missing_network() {
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
            refusal("ThrottlingException", "Rate exceeded"),
            refusal("ValidationException", "Requested resource not found."),
        ])
        .await;
        let error = describe(&Clients::of_server(server.url(), 2)).await;
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(server.operations(), ["DescribeTrainingJob"; 2]);
    }
}
