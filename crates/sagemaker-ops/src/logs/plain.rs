//! Logs of a local server without `CloudWatch`, fetched whole.

use super::{LogLine, LogSource};
use crate::backend::get;
use crate::clients::Clients;
use crate::error::{Error, ErrorKind, if_found};

const OP: &str = "read the log of";

/// The read position in a log.
#[derive(Debug, Default)]
pub(super) struct Plain {
    /// Length in bytes of the lines read so far.
    read: usize,
    /// The log's length at the last call, in bytes.
    length: usize,
    /// Lines read but not yet returned.
    pub(super) lines: Vec<LogLine>,
}

impl Plain {
    /// Adds the new lines; a log that does not exist yet has none.
    pub(super) async fn read(
        &mut self,
        clients: &Clients,
        source: &LogSource,
    ) -> Result<(), Error> {
        if let Some(text) = if_found(whole(clients, source).await)? {
            self.take(&text, source);
        }
        Ok(())
    }

    fn take(&mut self, text: &str, source: &LogSource) {
        let new = text.get(self.read..).unwrap_or_default();
        // A last line without a line break may still be incomplete, unless the log has stopped growing.
        let whole = if text.len() == self.length {
            new.len()
        } else {
            new.rfind('\n').map_or(0, |end| end + 1)
        };
        self.length = text.len();
        self.read += whole;
        self.lines.extend(new[..whole].lines().map(|line| LogLine {
            source: source.to_string(),
            stream: String::new(),
            time: None,
            text: line.to_owned(),
        }));
    }
}

/// The whole log.
pub(super) async fn whole(clients: &Clients, source: &LogSource) -> Result<String, Error> {
    let path = match source {
        LogSource::Job(job) => format!("jobs/{job}/log"),
        LogSource::Endpoint(endpoint) => format!("endpoints/{endpoint}/log"),
    };
    let url = clients.local_url().unwrap_or_default();
    let response = get(&format!("{url}/_local/{path}")).await;
    let (status, body) = response.map_err(|error| {
        Error::new(ErrorKind::Transport, OP, format!("{source}: no response")).with_source(error)
    })?;
    let (kind, said) = match status {
        200 => return Ok(String::from_utf8_lossy(&body).into_owned()),
        404 => (ErrorKind::NotFound, "has no such log".to_owned()),
        _ => (ErrorKind::Service, format!("returned HTTP {status}")),
    };
    let message = format!("{source}: the local server {said}");
    Err(Error::new(kind, OP, message))
}

/// The last `count` lines of `text`, oldest first.
pub(crate) fn last_lines(text: &str, count: usize) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().rev().take(count).map(str::to_owned).collect();
    lines.reverse();
    lines
}

#[cfg(test)]
mod tests {
    use super::super::{Follower, LogTail, tail};
    use super::*;
    use crate::scripted::{Reply, Scripted, ok, rejection};

    fn job() -> LogSource {
        LogSource::Job("job-1".parse().unwrap())
    }

    fn unknown() -> Reply {
        rejection("UnknownOperationException", "Logs_20140328.x")
    }

    async fn tail_of(reply: Reply) -> Result<LogTail, ErrorKind> {
        let server = Scripted::start([unknown(), reply]).await;
        let tail = tail(&server.clients(), &job(), 2, None)
            .await
            .map_err(|error| error.kind());
        assert_eq!(
            server.operations(),
            ["DescribeLogStreams", "GET /_local/jobs/job-1/log"]
        );
        tail
    }

    #[tokio::test]
    async fn the_tail_of_a_local_log_is_its_last_lines() {
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
    async fn a_follower_returns_every_line_once_and_only_when_it_is_complete() {
        let replies = [
            ok("").status(404),
            ok("one\ntw"),
            ok("one\ntwo\nthree"),
            ok("one\ntwo\nthree"),
            ok("one\ntwo\nthree"),
        ];
        let script = std::iter::once(unknown()).chain(replies);
        let server = Scripted::start(script).await;
        let (clients, mut follower) = (server.clients(), Follower::new([job()]));
        let expected: [&[&str]; 5] = [&[], &["one"], &["two"], &["three"], &[]];
        for expected in expected {
            let lines = follower.next(&clients).await.unwrap();
            let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
            assert_eq!(texts, expected);
        }
        assert_eq!(
            server.operations()[0],
            "DescribeLogStreams",
            "a missing service is called only once"
        );
        assert_eq!(server.seen().len(), 6);
    }
}
