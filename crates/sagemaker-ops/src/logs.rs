//! The logs of training jobs and endpoints.
//!
//! `CloudWatch` has one log group for all training jobs, with a stream `{job}/...` per instance, and
//! one group per endpoint, with streams `{variant}/{instance}`. A [`Follower`] reads the streams of
//! several [`LogSource`]s at the same time and returns every line once. [`tail`] reads only the end,
//! for example after a failure.
//!
//! A local server without `CloudWatch` serves each log whole at an HTTP path of its own; both then
//! read that path instead.

mod cloudwatch;
mod plain;

use std::fmt;

use serde::Serialize;

use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::names::{EndpointName, JobName};

pub(crate) use plain::last_lines;

/// The job or endpoint whose log to read.
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

    /// The prefix of its streams' names; `None` if it has a group of its own.
    fn stream_prefix(&self) -> Option<String> {
        match self {
            Self::Job(job) => Some(format!("{job}/")),
            Self::Endpoint(_) => None,
        }
    }

    /// Where the log is kept in `CloudWatch`.
    pub fn location(&self, clients: &Clients) -> LogLocation {
        LogLocation {
            group: self.group(),
            stream_prefix: self.stream_prefix(),
            region: clients.region().to_owned(),
        }
    }
}

/// Where a log is kept in `CloudWatch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLocation {
    /// The log group.
    pub group: String,
    /// The prefix of the log's stream names; `None` if the whole group is the log.
    pub stream_prefix: Option<String>,
    /// The region of the log group.
    pub region: String,
}

impl fmt::Display for LogSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(job) => job.fmt(f),
            Self::Endpoint(endpoint) => endpoint.fmt(f),
        }
    }
}

/// A log line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogLine {
    /// The job or endpoint that printed it.
    pub source: String,
    /// The log stream, without the job's name: `algo-1-1767225600` or `AllTraffic/i-0abc`, for
    /// example; empty if the server keeps no streams.
    pub stream: String,
    /// Seconds since 1970; `None` if the server does not record times.
    pub time: Option<f64>,
    /// The line, without its line break.
    pub text: String,
}

/// The end of a log, or its location if it cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTail {
    /// The last lines, oldest first.
    Lines(Vec<String>),
    /// These credentials may not read the log, or the server has none.
    Unreadable(LogLocation),
}

/// Reads several logs from the beginning, each line once.
#[derive(Debug)]
pub struct Follower {
    cursors: Vec<(LogSource, Cursor)>,
}

/// The read position in a log.
#[derive(Debug)]
enum Cursor {
    Streams(cloudwatch::Streams),
    Plain(plain::Plain),
}

impl Follower {
    /// A follower that starts at the beginning of each log.
    pub fn new(sources: impl IntoIterator<Item = LogSource>) -> Self {
        let begin = |source| (source, Cursor::Streams(cloudwatch::Streams::default()));
        Self {
            cursors: sources.into_iter().map(begin).collect(),
        }
    }

    /// The new lines of all sources since the last call, ordered by time.
    ///
    /// A log that does not exist yet has no lines. If a source cannot be read, lines already read
    /// from the others are returned by the next call.
    /// Fails with [`ErrorKind::Denied`] without the permission, and with
    /// [`ErrorKind::Unsupported`] on a server without logs.
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
        // Only now, after every source could be read: an error above keeps the lines for the next call.
        let mut lines: Vec<LogLine> = Vec::new();
        for (_, cursor) in &mut self.cursors {
            lines.append(match cursor {
                Cursor::Streams(streams) => &mut streams.lines,
                Cursor::Plain(plain) => &mut plain.lines,
            });
        }
        // The sort is stable: lines without a time come first, in their original order.
        lines.sort_by(|a, b| a.time.unwrap_or(0.0).total_cmp(&b.time.unwrap_or(0.0)));
        Ok(lines)
    }
}

/// The last `count` lines of the log. An endpoint's log spans all its deployments; `since` (seconds
/// since 1970) excludes older lines.
///
/// Fails with [`ErrorKind::NotFound`] if the log does not exist.
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
            Ok(LogTail::Unreadable(source.location(clients)))
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
    fn a_job_has_streams_in_a_shared_group_and_an_endpoint_has_its_own_group() {
        let clients = Clients::of_server("http://127.0.0.1:1", 1);
        let check = |source: LogSource, group: &str, prefix: Option<&str>| {
            let expected = LogLocation {
                group: group.to_owned(),
                stream_prefix: prefix.map(str::to_owned),
                region: "us-east-1".to_owned(),
            };
            assert_eq!(source.location(&clients), expected);
        };
        check(
            LogSource::Job("job-1".parse().unwrap()),
            "/aws/sagemaker/TrainingJobs",
            Some("job-1/"),
        );
        check(
            LogSource::Endpoint("e".parse().unwrap()),
            "/aws/sagemaker/Endpoints/e",
            None,
        );
    }
}
