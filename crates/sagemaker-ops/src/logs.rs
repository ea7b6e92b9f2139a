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
    ///
    /// It needs the aws CLI and `logs:FilterLogEvents`.
    Hint(String),
}

/// The last `lines` lines of the job's log.
///
/// The local server hands out the log itself; on AWS it is in `CloudWatch` Logs, and the answer is
/// the command to read it.
pub async fn log_tail(clients: &Clients, job: &JobName, lines: usize) -> Result<LogTail, Error> {
    let Some(url) = clients.local_url() else {
        return Ok(LogTail::Hint(format!(
            "aws logs tail /aws/sagemaker/TrainingJobs --log-stream-name-prefix {job}/ \
             --since 1d --region {}",
            clients.region()
        )));
    };
    // Logs are no part of the wire that the server imitates; its own path hands out the whole log.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::scripted::{Answer, Scripted, ok};

    async fn tail_of(answer: Answer) -> Result<LogTail, ErrorKind> {
        let server = Scripted::start([answer]).await;
        let job = JobName::new("job-1").unwrap();
        let tail = log_tail(&server.clients(), &job, 2)
            .await
            .map_err(|error| error.kind());
        assert_eq!(server.operations(), ["GET /_local/jobs/job-1/log"]);
        tail
    }

    #[tokio::test]
    async fn the_local_log_ends_with_its_last_lines() {
        let lines = |lines: &[&str]| {
            Ok(LogTail::Lines(
                lines.iter().map(|line| (*line).to_owned()).collect(),
            ))
        };
        assert_eq!(
            tail_of(ok("one\ntwo\nthree\n")).await,
            lines(&["two", "three"])
        );
        assert_eq!(tail_of(ok("one")).await, lines(&["one"]));
        assert_eq!(tail_of(ok("")).await, lines(&[]));
        assert_eq!(tail_of(ok("").status(404)).await, Err(ErrorKind::NotFound));
        assert_eq!(tail_of(ok("").status(500)).await, Err(ErrorKind::Service));
    }

    #[tokio::test]
    async fn on_aws_the_answer_is_the_command_that_shows_the_log() {
        let backend = Backend::Aws {
            region: Some("eu-west-1".to_owned()),
        };
        let clients = Clients::connect(&backend).await.unwrap();
        let tail = log_tail(&clients, &JobName::new("job-1").unwrap(), 2)
            .await
            .unwrap();
        let LogTail::Hint(command) = tail else {
            panic!("no hint: {tail:?}")
        };
        assert!(
            command.starts_with("aws logs tail /aws/sagemaker/TrainingJobs"),
            "{command}"
        );
        assert!(
            command.contains("job-1/") && command.ends_with("--region eu-west-1"),
            "{command}"
        );
    }
}
