//! Every call that has arrived, as a line of JSON in a file that the user names: what a client
//! really sends, for tests and for the curious.
//!
//! | member | |
//! |---|---|
//! | `time` | seconds since the epoch at which the call had ended |
//! | `service` | as the actions of IAM call it, such as `s3`, `sagemaker`, `logs` |
//! | `operation` | such as `PutObject` |
//! | `path` | of the request: bucket and key in S3, the endpoint of an invocation, else `/` or the protocol's |
//! | `bytes` | length of the request's body; null when it was not said |
//! | `status` | of the answer; null when there was none, because the connection broke |

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use axum::http::{Request, StatusCode, header};
use serde_json::json;

use crate::clock::Stamp;
use crate::error::Error;
use crate::log;
use crate::store::locked;

/// The file; without one nothing is written down.
#[derive(Debug)]
pub(crate) struct Calls(Option<Mutex<File>>);

/// What the head of a request says of it beside its operation.
#[derive(Debug)]
pub(crate) struct Head {
    /// The path of its URL.
    path: String,
    /// The length of its body.
    bytes: Option<u64>,
}

/// A call under way. Dropping it writes its line, so that one whose client went away has a line too.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// Where the line goes.
    calls: &'a Calls,
    /// The service, as IAM calls it.
    service: &'a str,
    /// The operation's name.
    operation: &'a str,
    /// The rest.
    head: &'a Head,
    /// How it was answered.
    status: Option<StatusCode>,
}

impl Calls {
    /// Lines are added to what the file holds already.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Error> {
        let open = |path| {
            let file = File::options().create(true).append(true).open(path);
            file.map(Mutex::new).map_err(Error::io("open", path))
        };
        path.map(open).transpose().map(Self)
    }

    /// A call has come.
    pub(crate) fn begin<'a>(
        &'a self,
        (service, operation): (&'a str, &'a str),
        head: &'a Head,
    ) -> Call<'a> {
        Call {
            calls: self,
            service,
            operation,
            head,
            status: None,
        }
    }
}

impl Head {
    /// The head of this request.
    pub(crate) fn of<T>(request: &Request<T>) -> Self {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok());
        Self {
            path: request.uri().path().to_owned(),
            bytes: length.and_then(|length| length.parse().ok()),
        }
    }
}

impl Call<'_> {
    /// It is answered with this status.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let Some(file) = &self.calls.0 else { return };
        let line = json!({
            "time": Stamp::now().seconds(), "service": self.service, "operation": self.operation,
            "path": self.head.path, "bytes": self.head.bytes,
            "status": self.status.map(|status| status.as_u16()),
        });
        // In one piece: readers see whole lines only.
        if let Err(error) = locked(file).write_all(format!("{line}\n").as_bytes()) {
            log::line(&format!("a call is not written down: {error}"));
        }
    }
}
