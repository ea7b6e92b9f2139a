//! The logs of training jobs and endpoints.
//!
//! `CloudWatch` has one log group for all training jobs, with a stream `{job}/...` per instance, and
//! one group per endpoint, with streams `{variant}/{instance}`. A [`Follower`] reads the streams of
//! several [`LogSource`]s at the same time and returns every line once. [`tail`] reads only the end,
//! which is what is needed after a failure.
//!
//! A local server without `CloudWatch` returns whole logs at a path of its own, which both then
//! read instead.

mod cloudwatch;
mod plain;

use std::fmt;

use serde::Serialize;

use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::names::{EndpointName, JobName};

pub(crate) use plain::last_lines;

/// Whose log to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogSource {
    /// A training job.
    Job(JobName),
    /// An endpoint, with all its variants.
    Endpoint(EndpointName),
}

impl LogSource {
    fn group(&self) -> String {
        match self {
            Self::Job(_) => "/aws/sagemaker/TrainingJobs".to_owned(),
            Self::Endpoint(endpoint) => format!("/aws/sagemaker/Endpoints/{endpoint}"),
        }
    }

    /// The start of all its streams' names; `None` if it has a group of its own.
    fn stream_prefix(&self) -> Option<String> {
        match self {
            Self::Job(job) => Some(format!("{job}/")),
            Self::Endpoint(_) => None,
        }
    }

    /// The shell command that shows the log. It needs the aws CLI and `logs:FilterLogEvents`.
    pub fn command(&self, clients: &Clients) -> String {
        let prefix = self.stream_prefix().map_or(String::new(), |prefix| {
            format!(" --log-stream-name-prefix {prefix}")
        });
        let (group, region) = (self.group(), clients.region());
        format!("aws logs tail {group}{prefix} --since 1d --region {region}")
    }
}

impl fmt::Display for LogSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(job) => job.fmt(f),
            Self::Endpoint(endpoint) => endpoint.fmt(f),
        }
    }
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogLine {
    /// The job or endpoint that printed it.
    pub source: String,
    /// The stream within its log, such as `algo-1-1767225600` or `AllTraffic/i-0abc`; empty if the
    /// server keeps no streams.
    pub stream: String,
    /// Seconds since 1970; `None` if the server does not say.
    pub time: Option<f64>,
    /// The line, without its line break.
    pub text: String,
}

/// The end of a log, or the command that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTail {
    /// The last lines, oldest first.
    Lines(Vec<String>),
    /// A shell command that shows the log, because these credentials may not read it.
    Hint(String),
}

/// Reads several logs from the beginning, each line once.
#[derive(Debug)]
pub struct Follower {
    cursors: Vec<(LogSource, Cursor)>,
}

/// How far a log has been read.
#[derive(Debug)]
enum Cursor {
    Streams(cloudwatch::Streams),
    Plain(plain::Plain),
}

impl Follower {
    /// A follower that has read nothing yet.
    pub fn new(sources: impl IntoIterator<Item = LogSource>) -> Self {
        let begin = |source| (source, Cursor::Streams(cloudwatch::Streams::default()));
        Self {
            cursors: sources.into_iter().map(begin).collect(),
        }
    }

    /// The new lines of all sources since the last call, ordered by time.
    ///
    /// A log that does not exist yet has no lines. If one source cannot be read, the lines of the
    /// sources before it are not lost: the next call returns them.
    /// Fails with [`ErrorKind::Denied`] without the permission, and with
    /// [`ErrorKind::Unsupported`] on a server that keeps no logs.
    pub async fn next(&mut self, clients: &Clients) -> Result<Vec<LogLine>, Error> {
        for (source, cursor) in &mut self.cursors {
            if let Cursor::Streams(streams) = cursor {
                match streams.read(clients, source).await {
                    Err(error) if has_plain(clients, &error) => {
                        *cursor = Cursor::Plain(plain::Plain::default());
                    }
                    read => read?,
                }
            }
            if let Cursor::Plain(plain) = cursor {
                plain.read(clients, source).await?;
            }
        }
        let mut lines: Vec<LogLine> = Vec::new();
        for (_, cursor) in &mut self.cursors {
            lines.append(match cursor {
                Cursor::Streams(streams) => &mut streams.lines,
                Cursor::Plain(plain) => &mut plain.lines,
            });
        }
        // The sort is stable: lines without a time keep their order, before those that have one.
        lines.sort_by(|a, b| a.time.unwrap_or(0.0).total_cmp(&b.time.unwrap_or(0.0)));
        Ok(lines)
    }
}

/// The last `count` lines of the log. With `since` (seconds since 1970), only lines from then on: the
/// log of an endpoint spans all its deployments.
///
/// Fails with [`ErrorKind::NotFound`] if there is no log.
pub async fn tail(
    clients: &Clients,
    source: &LogSource,
    count: usize,
    since: Option<f64>,
) -> Result<LogTail, Error> {
    match cloudwatch::tail(clients, source, count, since).await {
        Ok(lines) => Ok(LogTail::Lines(lines)),
        Err(error) if has_plain(clients, &error) => {
            let text = plain::whole(clients, source).await?;
            Ok(LogTail::Lines(last_lines(&text, count)))
        }
        Err(error) if matches!(error.kind(), ErrorKind::Denied | ErrorKind::Unsupported) => {
            Ok(LogTail::Hint(source.command(clients)))
        }
        Err(error) => Err(error),
    }
}

/// Whether the server has no `CloudWatch` but may have logs at its own path.
fn has_plain(clients: &Clients, error: &Error) -> bool {
    error.kind() == ErrorKind::Unsupported && clients.local_url().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_selects_the_group_and_the_streams_of_the_source() {
        let clients = Clients::of_server("http://127.0.0.1:1", 1);
        let check = |source: LogSource, expected: &str| {
            assert_eq!(source.command(&clients), expected);
        };
        check(
            LogSource::Job("job-1".parse().unwrap()),
            "aws logs tail /aws/sagemaker/TrainingJobs --log-stream-name-prefix job-1/ --since 1d \
             --region us-east-1",
        );
        check(
            LogSource::Endpoint("e".parse().unwrap()),
            "aws logs tail /aws/sagemaker/Endpoints/e --since 1d --region us-east-1",
        );
    }
}
