//! The end of a training job's log.

use crate::backend::get;
use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::names::JobName;

const OP: &str = "read the log of";

/// The end of a log, or the command that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTail {
    /// The last lines, oldest first.
    Lines(Vec<String>),
    /// A shell command that shows the log.
    Hint(String),
}

/// The last `lines` lines of the job's log.
///
/// The local server hands out the log itself; on AWS it is in `CloudWatch` Logs, and the answer is the command to read it.
pub async fn log_tail(clients: &Clients, job: &JobName, lines: usize) -> Result<LogTail, Error> {
    let Some(url) = clients.local_url() else {
        return Ok(LogTail::Hint(format!(
            "aws logs tail /aws/sagemaker/TrainingJobs --log-stream-name-prefix {job}/ --since 1d --region {}",
            clients.region()
        )));
    };
    let (status, body) = get(&format!("{url}/_local/jobs/{job}/log"))
        .await
        .map_err(|error| {
            Error::new(ErrorKind::Transport, OP, format!("{job}: no answer")).with_source(error)
        })?;
    match status {
        200 => Ok(LogTail::Lines(last_lines(
            &String::from_utf8_lossy(&body),
            lines,
        ))),
        404 => Err(Error::new(
            ErrorKind::NotFound,
            OP,
            format!("{job}: the local server has no log of it"),
        )),
        _ => Err(Error::new(
            ErrorKind::Service,
            OP,
            format!("{job}: the local server answered {status}"),
        )),
    }
}

/// The last `count` lines of `text`, oldest first.
pub(crate) fn last_lines(text: &str, count: usize) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().rev().take(count).map(str::to_owned).collect();
    lines.reverse();
    lines
}
