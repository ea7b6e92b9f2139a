//! `GetLogEvents` reads one stream, forward or backward. `FilterLogEvents` searches several streams, in
//! chronological order.

use serde::Deserialize;
use serde_json::{Value, json};

use super::pattern::Pattern;
use super::stream::Event;
use super::{Group, Logs, Stream, invalid};
use crate::error::chain;
use crate::protocol::{ApiError, Call};

/// Default and maximum number of events per page.
const MAX_EVENTS: usize = 10_000;
/// Maximum bytes per page, including each event's overhead.
const MAX_BYTES: usize = 1 << 20;
/// Bytes that the service counts for each event in addition to its text.
const EVENT_OVERHEAD: usize = 26;

/// `GetLogEventsRequest`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadRequest {
    /// The group's name.
    log_group_name: Option<String>,
    /// The group's name or ARN, as an alternative.
    log_group_identifier: Option<String>,
    /// The stream's name.
    log_stream_name: Option<String>,
    /// Only events at this time or later, in milliseconds since the epoch.
    start_time: Option<u64>,
    /// Only events before this time, in milliseconds since the epoch.
    end_time: Option<u64>,
    /// The offset to read from, and the direction.
    next_token: Option<String>,
    /// Page size, at most 10,000.
    limit: Option<usize>,
    /// Whether a request without a token reads the first events instead of the last.
    #[serde(default)]
    start_from_head: bool,
}

/// An offset in a stream, and the direction to read from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// Events that begin here or later.
    Forward(u64),
    /// Events that end here or earlier.
    Backward(u64),
}

impl Logs {
    /// `GetLogEvents`. At the end of the stream, the token stays the same, which tells clients that they
    /// have reached the end.
    pub(super) fn read(&self, call: &Call) -> Result<Value, ApiError> {
        let request: ReadRequest = call.read()?;
        let limit = limit(request.limit)?;
        let token = request
            .next_token
            .as_deref()
            .map(Token::parse)
            .transpose()?;
        let group = self.find_group(
            request.log_group_name.as_deref(),
            request.log_group_identifier.as_deref(),
        )?;
        let stream = group.stream(request.log_stream_name.as_deref().unwrap_or_default())?;
        let (from, to) = match token {
            Some(Token::Forward(offset)) => (offset, u64::MAX),
            Some(Token::Backward(offset)) => (0, offset),
            None => (0, u64::MAX),
        };
        let events = stream.events(from, to);
        let mut events = events.map_err(|error| ApiError::internal(chain(&error)))?;
        // The offset for the tokens of a page without events.
        let here = match token {
            Some(Token::Forward(offset) | Token::Backward(offset)) => offset,
            None => events.last().map_or(0, |event| event.end),
        };
        let times = request.start_time.unwrap_or(0)..request.end_time.unwrap_or(u64::MAX);
        events.retain(|event| times.contains(&event.at.millis()));
        let from_head = match token {
            Some(Token::Forward(_)) => true,
            Some(Token::Backward(_)) => false,
            None => request.start_from_head,
        };
        let events = fit_page(events, limit, from_head);
        let forward = events.last().map_or(here, |event| event.end);
        let backward = events.first().map_or(here, |event| event.start);
        Ok(json!({
            "events": events.iter().map(wire).collect::<Value>(),
            "nextForwardToken": Token::Forward(forward).wire(),
            "nextBackwardToken": Token::Backward(backward).wire(),
        }))
    }
}

impl Token {
    /// `f/OFFSET/s` or `b/OFFSET/s`, with 56 digits as in the service.
    fn wire(self) -> String {
        match self {
            Self::Forward(offset) => format!("f/{offset:056}/s"),
            Self::Backward(offset) => format!("b/{offset:056}/s"),
        }
    }

    /// Parses the output of [`Self::wire`].
    fn parse(token: &str) -> Result<Self, ApiError> {
        let offset = |direction| {
            let digits = token.strip_prefix(direction)?.strip_suffix("/s")?;
            digits.parse().ok()
        };
        offset("f/")
            .map(Self::Forward)
            .or_else(|| offset("b/").map(Self::Backward))
            .ok_or_else(|| invalid("The specified nextToken is invalid."))
    }
}

/// The page size of a request, checked.
fn limit(limit: Option<usize>) -> Result<usize, ApiError> {
    match limit.unwrap_or(MAX_EVENTS) {
        limit @ 1..=MAX_EVENTS => Ok(limit),
        limit => Err(invalid(format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: \
             Member must have value between 1 and {MAX_EVENTS}"
        ))),
    }
}

/// The events that fit on a page, from the head or from the tail.
fn fit_page(mut events: Vec<Event>, limit: usize, from_head: bool) -> Vec<Event> {
    let mut bytes = 0;
    let mut fits = |event: &&Event| {
        bytes += event.message.len() + EVENT_OVERHEAD;
        bytes <= MAX_BYTES
    };
    if from_head {
        // An event that is longer than a page gets its own page.
        let count = events.iter().take(limit).take_while(&mut fits).count();
        events.truncate(count.max(1));
        events
    } else {
        let count = events
            .iter()
            .rev()
            .take(limit)
            .take_while(&mut fits)
            .count();
        events.split_off(events.len() - count.max(1).min(events.len()))
    }
}

/// One element of `events`.
fn wire(event: &Event) -> Value {
    json!({"timestamp": event.at.millis(), "message": event.message, "ingestionTime": event.at.millis()})
}

/// `FilterLogEventsRequest`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterRequest {
    /// The group's name.
    log_group_name: Option<String>,
    /// The group's name or ARN, as an alternative.
    log_group_identifier: Option<String>,
    /// Only these streams.
    log_stream_names: Option<Vec<String>>,
    /// Only streams with this prefix.
    log_stream_name_prefix: Option<String>,
    /// Only events at this time or later, in milliseconds since the epoch.
    start_time: Option<u64>,
    /// Only events before this time, in milliseconds since the epoch.
    end_time: Option<u64>,
    /// The pattern that selects events.
    filter_pattern: Option<String>,
    /// The last event on the previous page.
    next_token: Option<String>,
    /// Page size, at most 10,000.
    limit: Option<usize>,
}

/// The sort key of an event: time, stream, offset in the stream. It is unique, so the next page starts
/// after the key of the last event on this page.
type Key = (u64, String, u64);

impl Logs {
    /// `FilterLogEvents`.
    pub(super) fn filter(&self, call: &Call) -> Result<Value, ApiError> {
        let request: FilterRequest = call.read()?;
        let limit = limit(request.limit)?;
        let pattern = Pattern::parse(request.filter_pattern.as_deref().unwrap_or_default())?;
        let after = request.next_token.as_deref().map(parse_key).transpose()?;
        let group = self.find_group(
            request.log_group_name.as_deref(),
            request.log_group_identifier.as_deref(),
        )?;
        let times = request.start_time.unwrap_or(0)..request.end_time.unwrap_or(u64::MAX);
        let mut found: Vec<(Key, Event)> = Vec::new();
        for (name, stream) in request.streams(&group)? {
            let events = stream.events(0, u64::MAX);
            let events = events.map_err(|error| ApiError::internal(chain(&error)))?;
            let events = events.into_iter().filter(|event| {
                times.contains(&event.at.millis()) && pattern.matches(&event.message)
            });
            found.extend(
                events.map(|event| ((event.at.millis(), name.clone(), event.start), event)),
            );
        }
        // By key, not by position, because events that arrive between two pages may sort before the token.
        found.retain(|(key, _)| after.as_ref().is_none_or(|after| key > after));
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut bytes = 0;
        let fitting = found.iter().take(limit).take_while(|(_, event)| {
            bytes += event.message.len() + EVENT_OVERHEAD;
            bytes <= MAX_BYTES
        });
        let count = fitting.count().max(1);
        let more = found.len() > count;
        found.truncate(count);
        let mut response = json!({"searchedLogStreams": []});
        if let (true, Some(((at, stream, offset), _))) = (more, found.last()) {
            response["nextToken"] = format!("{at}:{offset}:{stream}").into();
        }
        response["events"] = found.iter().map(wire_filtered).collect();
        Ok(response)
    }
}

impl FilterRequest {
    /// The streams to search.
    fn streams(&self, group: &Group) -> Result<Vec<(String, Stream)>, ApiError> {
        let prefix = self.log_stream_name_prefix.as_deref();
        match (&self.log_stream_names, prefix) {
            (Some(_), Some(_)) => Err(invalid(
                "Only one of the parameters logStreamNames and logStreamNamePrefix may be specified.",
            )),
            (Some(names), None) => names
                .iter()
                .map(|name| Ok((name.clone(), group.stream(name)?)))
                .collect(),
            (None, prefix) => {
                let mut streams = group.streams();
                streams.retain(|(name, _)| name.starts_with(prefix.unwrap_or_default()));
                Ok(streams)
            }
        }
    }
}

/// Parses the key in a token.
fn parse_key(token: &str) -> Result<Key, ApiError> {
    let parse = || {
        let (at, rest) = token.split_once(':')?;
        let (offset, stream) = rest.split_once(':')?;
        Some((at.parse().ok()?, stream.to_owned(), offset.parse().ok()?))
    };
    parse().ok_or_else(|| invalid("The specified nextToken is invalid."))
}

/// One element of `events`. The id is unique within the group: time, stream and offset.
fn wire_filtered(((at, stream, offset), event): &(Key, Event)) -> Value {
    let number = stream.bytes().fold(0_u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    json!({
        "logStreamName": stream,
        "timestamp": at,
        "message": event.message,
        "ingestionTime": at,
        "eventId": format!("{at:016}{number:020}{offset:020}"),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Messages and tokens returned by a call for a stream of five lines.
    fn page(changes: &Value) -> (Vec<String>, String, String) {
        let dir = tempfile::tempdir().unwrap();
        let logs = Logs::new(dir.path());
        let stream = logs.serving("e", "v", "i-1");
        stream
            .append()
            .unwrap()
            .write_all(b"1\n2\n3\n4\n5\n")
            .unwrap();
        let mut body =
            json!({"logGroupName": "/aws/sagemaker/Endpoints/e", "logStreamName": "v/i-1"});
        for (member, value) in changes.as_object().unwrap() {
            body[member] = value.clone();
        }
        let region = "us-east-1".to_owned();
        let response = logs.handle("GetLogEvents", &Call { region, body }).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let events = response["events"].as_array().unwrap();
        (
            events.iter().map(|event| text(&event["message"])).collect(),
            text(&response["nextForwardToken"]),
            text(&response["nextBackwardToken"]),
        )
    }

    #[test]
    fn pages_go_both_ways_and_stop_at_the_ends() {
        let (first, forward, _) = page(&json!({"startFromHead": true, "limit": 2}));
        assert_eq!(first, ["1", "2"]);
        let (second, forward, _) = page(&json!({"nextToken": forward}));
        assert_eq!(second, ["3", "4", "5"]);
        let (nothing, same, backward) = page(&json!({"nextToken": forward}));
        assert_eq!((nothing.len(), &same), (0, &forward));
        let (last, _, backward) = page(&json!({"nextToken": backward, "limit": 2}));
        assert_eq!(last, ["4", "5"]);
        let (before, _, backward) = page(&json!({"nextToken": backward, "limit": 10}));
        assert_eq!(before, ["1", "2", "3"]);
        let (nothing, _, same) = page(&json!({"nextToken": backward}));
        assert_eq!((nothing.len(), same), (0, backward));
    }

    #[test]
    fn without_a_token_the_last_events_come_first() {
        assert_eq!(page(&json!({"limit": 2})).0, ["4", "5"]);
        assert_eq!(page(&json!({"endTime": 1})).0, [""; 0]);
        assert_eq!(page(&json!({"startTime": 1})).0.len(), 5);
    }
}
