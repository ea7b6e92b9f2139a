//! Logs in `CloudWatch`: streams of events, read page by page with tokens.

use std::collections::BTreeMap;

use aws_sdk_cloudwatchlogs::operation::get_log_events::builders::GetLogEventsFluentBuilder;
use aws_sdk_cloudwatchlogs::types::{LogStream, OutputLogEvent};

use super::{LogLine, LogSource};
use crate::clients::Clients;
use crate::error::{Error, if_found};

const OP: &str = "read the log of";

/// Events per page; the service allows no more.
const PAGE: i32 = 10_000;

/// Streams read for the end of a log: enough for one deployment or attempt.
const NEWEST: usize = 4;

/// Empty pages after which a stream counts as empty: the service skips a period without events in
/// steps, and returns an empty page for each step.
const EMPTY_PAGES: usize = 3;

/// The read positions in a log's streams.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// The token after the last event that was read, by stream.
    tokens: BTreeMap<String, Option<String>>,
    /// Lines read but not yet returned.
    pub(super) lines: Vec<LogLine>,
}

impl Streams {
    /// Adds the new lines; a log that does not exist yet has none.
    ///
    /// Reading by token, unlike by time, neither repeats an event nor misses a late one.
    pub(super) async fn read(
        &mut self,
        clients: &Clients,
        source: &LogSource,
    ) -> Result<(), Error> {
        let streams = if_found(streams(clients, source).await)?;
        for stream in streams.unwrap_or_default() {
            let name = stream.log_stream_name.unwrap_or_default();
            self.read_stream(clients, source, &name).await?;
        }
        Ok(())
    }

    async fn read_stream(
        &mut self,
        clients: &Clients,
        source: &LogSource,
        stream: &str,
    ) -> Result<(), Error> {
        let token = self.tokens.entry(stream.to_owned()).or_default();
        loop {
            let request = events_of(clients, source, stream).start_from_head(true);
            let request = request.limit(PAGE).set_next_token(token.clone());
            let sent = request.send().await;
            let page = sent.map_err(|error| Error::from_sdk(OP, source, error))?;
            self.lines.extend(lines_of(source, stream, page.events));
            // At the end of a stream, the service returns the request's own token.
            let next = page.next_forward_token.filter(|next| !next.is_empty());
            if next.is_none() || next == *token {
                return Ok(());
            }
            *token = next;
        }
    }
}

/// A request for the events of a stream.
fn events_of(clients: &Clients, source: &LogSource, stream: &str) -> GetLogEventsFluentBuilder {
    let request = clients.logs.get_log_events();
    request
        .log_group_name(source.group())
        .log_stream_name(stream)
}

fn lines_of(
    source: &LogSource,
    stream: &str,
    events: Option<Vec<OutputLogEvent>>,
) -> impl Iterator<Item = LogLine> {
    // The stream's name starts with the job's, which is already in `source`.
    let prefix = source.stream_prefix().unwrap_or_default();
    let stream = stream.strip_prefix(&prefix).unwrap_or(stream).to_owned();
    let source = source.to_string();
    let events = events.unwrap_or_default().into_iter();
    events.map(move |event| LogLine {
        source: source.clone(),
        stream: stream.clone(),
        // `CloudWatch` timestamps are in milliseconds.
        time: event.timestamp.map(|time| time as f64 / 1000.0),
        text: event
            .message
            .unwrap_or_default()
            .trim_end_matches(['\n', '\r'])
            .to_owned(),
    })
}

/// All streams of the log ([`DescribeLogStreams`], all pages).
///
/// [`DescribeLogStreams`]:
/// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
async fn streams(clients: &Clients, source: &LogSource) -> Result<Vec<LogStream>, Error> {
    let request = clients
        .logs
        .describe_log_streams()
        .log_group_name(source.group());
    let mut pages = request
        .set_log_stream_name_prefix(source.stream_prefix())
        .into_paginator()
        .items()
        .send();
    let mut streams = Vec::new();
    while let Some(stream) = pages.next().await {
        streams.push(stream.map_err(|error| Error::from_sdk(OP, source, error))?);
    }
    Ok(streams)
}

/// The last `count` lines of the newest streams.
pub(super) async fn tail(
    clients: &Clients,
    source: &LogSource,
    count: usize,
    since: Option<f64>,
) -> Result<Vec<String>, Error> {
    let mut streams = streams(clients, source).await?;
    let newest = |stream: &LogStream| stream.last_event_timestamp.max(stream.creation_time);
    streams.sort_by_key(|stream| std::cmp::Reverse(newest(stream)));
    let mut lines = Vec::new();
    for stream in streams.into_iter().take(NEWEST) {
        let name = stream.log_stream_name.unwrap_or_default();
        lines.extend(end_of(clients, source, &name, count).await?);
    }
    lines.retain(|line: &LogLine| since.is_none_or(|since| line.time >= Some(since)));
    lines.sort_by(|a, b| a.time.unwrap_or(0.0).total_cmp(&b.time.unwrap_or(0.0)));
    let skipped = lines.len().saturating_sub(count);
    let last = lines.into_iter().skip(skipped);
    Ok(last.map(|line| line.text).collect())
}

/// The last lines of one stream, from its end backwards.
async fn end_of(
    clients: &Clients,
    source: &LogSource,
    stream: &str,
    count: usize,
) -> Result<Vec<LogLine>, Error> {
    let mut token = None;
    for _ in 0..EMPTY_PAGES {
        let request = events_of(clients, source, stream).start_from_head(false);
        let request = request.limit(count.clamp(1, PAGE as usize) as i32);
        let sent = request.set_next_token(token.clone()).send().await;
        let page = sent.map_err(|error| Error::from_sdk(OP, source, error))?;
        let lines: Vec<LogLine> = lines_of(source, stream, page.events).collect();
        if !lines.is_empty() {
            return Ok(lines);
        }
        // At the beginning of a stream, the service returns the request's own token.
        if page.next_backward_token.is_none() || page.next_backward_token == token {
            break;
        }
        token = page.next_backward_token;
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Follower, LogTail, tail};
    use super::*;
    use crate::error::ErrorKind;
    use crate::scripted::{Reply, Scripted, ok, rejection};

    fn job(name: &str) -> LogSource {
        LogSource::Job(name.parse().unwrap())
    }

    fn streams_are(names: &[&str]) -> Reply {
        let stream = |name: &&str| json!({"logStreamName": name, "creationTime": 1000});
        let streams: Vec<_> = names.iter().map(stream).collect();
        ok(&json!({"logStreams": streams}).to_string())
    }

    fn page(lines: &[(i64, &str)], next: &str) -> Reply {
        let event = |(time, text): &(i64, &str)| json!({"timestamp": time, "message": text});
        let events: Vec<_> = lines.iter().map(event).collect();
        let page = json!({
            "events": events, "nextForwardToken": next, "nextBackwardToken": format!("b-{next}"),
        });
        ok(&page.to_string())
    }

    fn no_group() -> Reply {
        let sentence = "The specified log group does not exist.";
        rejection("ResourceNotFoundException", sentence)
    }

    fn texts(lines: &[LogLine]) -> Vec<String> {
        let text = |line: &LogLine| format!("{}|{}|{}", line.source, line.stream, line.text);
        lines.iter().map(text).collect()
    }

    #[tokio::test]
    async fn several_logs_are_read_together_and_each_line_once() {
        let script = [
            // The first call: `a` has one stream with two pages, `b` has none yet.
            streams_are(&["a/algo-1-7"]),
            page(&[(1000, "a one\n"), (3000, "a three")], "f1"),
            page(&[(4000, "a four")], "f2"),
            page(&[], "f2"),
            no_group(),
            // The second call: one new line each, and the line of `b` is older.
            streams_are(&["a/algo-1-7"]),
            page(&[(6000, "a six")], "f3"),
            page(&[], "f3"),
            streams_are(&["b/algo-1-8"]),
            page(&[(5000, "b five")], "g1"),
            page(&[], "g1"),
        ];
        let server = Scripted::start(script).await;
        let (clients, mut follower) = (server.clients(), Follower::new([job("a"), job("b")]));
        let first = follower.next(&clients).await.unwrap();
        assert_eq!(
            texts(&first),
            [
                "a|algo-1-7|a one",
                "a|algo-1-7|a three",
                "a|algo-1-7|a four"
            ]
        );
        assert_eq!(first[0].time, Some(1.0));
        let second = follower.next(&clients).await.unwrap();
        assert_eq!(
            texts(&second),
            ["b|algo-1-8|b five", "a|algo-1-7|a six"],
            "ordered by time"
        );
        let expected = json!({
            "logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamName": "a/algo-1-7",
            "startFromHead": true, "limit": 10_000, "nextToken": "f2",
        });
        assert_eq!(
            server.json(6),
            expected,
            "the second call continues after the first"
        );
        assert_eq!(server.json(0)["logStreamNamePrefix"], "a/");
    }

    #[tokio::test]
    async fn lines_read_before_a_failure_are_returned_by_the_next_call() {
        let script = [
            streams_are(&["a/x"]),
            page(&[(1000, "one")], "f1"),
            page(&[], "f1"),
            rejection("InternalFailure", "try again"),
            streams_are(&["a/x"]),
            page(&[], "f1"),
            streams_are(&[]),
        ];
        let server = Scripted::start(script).await;
        let (clients, mut follower) = (server.clients(), Follower::new([job("a"), job("b")]));
        let error = follower.next(&clients).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Service);
        let lines = follower.next(&clients).await.unwrap();
        assert_eq!(texts(&lines), ["a|x|one"]);
    }

    #[tokio::test]
    async fn the_end_of_an_endpoints_log_comes_from_its_newest_streams() {
        let streams = json!({"logStreams": [
            {"logStreamName": "AllTraffic/old", "lastEventTimestamp": 1000},
            {"logStreamName": "AllTraffic/new", "lastEventTimestamp": 9000},
        ]});
        let script = || {
            [
                ok(&streams.to_string()),
                page(&[], "skipped"),
                page(&[(8000, "new one"), (9000, "new two")], "n"),
                page(&[(1000, "old")], "o"),
            ]
        };
        let endpoint = LogSource::Endpoint("e".parse().unwrap());
        let check = async |count, since, expected: &[&str]| {
            let server = Scripted::start(script()).await;
            let found = tail(&server.clients(), &endpoint, count, since).await;
            let LogTail::Lines(lines) = found.unwrap() else {
                panic!("there are lines")
            };
            assert_eq!(lines, expected);
            assert_eq!(server.json(2)["nextToken"], "b-skipped");
            assert_eq!(server.json(1)["logGroupName"], "/aws/sagemaker/Endpoints/e");
        };
        check(2, None, &["new one", "new two"]).await;
        check(9, None, &["old", "new one", "new two"]).await;
        check(9, Some(8.5), &["new two"]).await;
    }

    #[tokio::test]
    async fn a_denied_log_is_unreadable_and_a_missing_log_is_not_found() {
        let denied = rejection("AccessDeniedException", "not authorized");
        let server = Scripted::start([denied, no_group()]).await;
        let clients = server.clients();
        let found = tail(&clients, &job("a"), 5, None).await.unwrap();
        assert_eq!(found, LogTail::Unreadable(job("a").location(&clients)));
        let error = tail(&clients, &job("a"), 5, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
