//! Logs each call as a line of JSON in a file specified by the user, for tests and for debugging clients.
//!
//! | member | |
//! |---|---|
//! | `time` | when the call ended, in seconds since the epoch |
//! | `service` | the service's name in IAM actions, such as `s3`, `sagemaker`, `logs` |
//! | `operation` | the operation's name, such as `PutObject` |
//! | `path` | path of the request: bucket and key in S3, the endpoint of an invocation, otherwise `/` or the protocol's path |
//! | `bytes` | length of the request's body; null if there is no `Content-Length` |
//! | `status` | HTTP status of the response; null if the connection broke before the response |

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use axum::http::{Request, StatusCode, header};
use serde_json::json;

use crate::error::Error;
use crate::machine::clock::Timestamp;
use crate::machine::log;
use crate::machine::table::lock;

/// The log file; without one, nothing is logged.
#[derive(Debug)]
pub(crate) struct CallLog(Option<Mutex<File>>);

/// Path and body length of a request, from its head.
#[derive(Debug)]
pub(crate) struct RequestHead {
    /// The path of the URL.
    path: String,
    /// The value of `Content-Length`, if present.
    bytes: Option<u64>,
}

/// A call in progress. Dropping it writes its line, so a call is logged even if its client disconnects.
#[derive(Debug)]
pub(crate) struct LoggedCall<'a> {
    /// The log to write to.
    log: &'a CallLog,
    /// The service's name in IAM actions.
    service: &'a str,
    /// The operation's name.
    operation: &'a str,
    /// Path and length.
    head: &'a RequestHead,
    /// The status of the response, once there is one.
    status: Option<StatusCode>,
}

impl CallLog {
    /// Opens the file for appending.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Error> {
        let open = |path| {
            let file = File::options().create(true).append(true).open(path);
            file.map(Mutex::new).map_err(Error::io("open", path))
        };
        path.map(open).transpose().map(Self)
    }

    /// Starts to log a call.
    pub(crate) fn begin<'a>(
        &'a self,
        service: &'a str,
        operation: &'a str,
        head: &'a RequestHead,
    ) -> LoggedCall<'a> {
        LoggedCall {
            log: self,
            service,
            operation,
            head,
            status: None,
        }
    }
}

impl RequestHead {
    /// Reads the head of a request.
    pub(crate) fn of<T>(request: &Request<T>) -> Self {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok());
        Self {
            path: request.uri().path().to_owned(),
            bytes: length.and_then(|length| length.parse().ok()),
        }
    }
}

impl LoggedCall<'_> {
    /// Records the status of the response.
    pub(crate) fn set_status(&mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for LoggedCall<'_> {
    fn drop(&mut self) {
        let Some(file) = &self.log.0 else { return };
        let line = json!({
            "time": Timestamp::now().seconds(), "service": self.service, "operation": self.operation,
            "path": self.head.path, "bytes": self.head.bytes,
            "status": self.status.map(|status| status.as_u16()),
        });
        // A single write, so that readers see only complete lines.
        if let Err(error) = lock(file).write_all(format!("{line}\n").as_bytes()) {
            log(&format!("cannot log a call: {error}"));
        }
    }
}
