//! `GetLogEvents`: one stream, forward and backward.

use serde::Deserialize;
use serde_json::{Value, json};

use super::stream::Event;
use super::{Logs, invalid};
use crate::error::chain;
use crate::wire::{ApiError, Call};

/// Events on a page unless the request says otherwise, which is also the most.
pub(super) const MOST_EVENTS: usize = 10_000;
/// Bytes on a page, each event counted with its overhead.
pub(super) const MOST_BYTES: usize = 1 << 20;
/// What the service counts for an event beside its text.
pub(super) const EVENT_OVERHEAD: usize = 26;

/// `GetLogEventsRequest`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    /// The group's name.
    log_group_name: Option<String>,
    /// Its name or resource name, in its stead.
    log_group_identifier: Option<String>,
    /// The stream's name.
    log_stream_name: Option<String>,
    /// Milliseconds since the epoch; events from then on.
    start_time: Option<u64>,
    /// Milliseconds since the epoch; events before.
    end_time: Option<u64>,
    /// From which place, and in which direction.
    next_token: Option<String>,
    /// At most 10,000.
    limit: Option<usize>,
    /// Without a token: the first events, not the last.
    #[serde(default)]
    start_from_head: bool,
}

/// A place in a stream, and which way to read from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// What begins here or later.
    Forward(u64),
    /// What ends here or earlier.
    Backward(u64),
}

impl Logs {
    /// `GetLogEvents`. At the end of the stream the token stays the same, which is how clients
    /// know that they have reached it.
    pub(super) fn read(&self, call: &Call) -> Result<Value, ApiError> {
        let request: Request = call.read()?;
        let limit = limit(request.limit)?;
        let token = request
            .next_token
            .as_deref()
            .map(Token::parse)
            .transpose()?;
        let group = self.named(
            request.log_group_name.as_deref(),
            request.log_group_identifier.as_deref(),
        )?;
        let stream = group.stream(request.log_stream_name.as_deref().unwrap_or_default())?;
        let (from, to) = match token {
            Some(Token::Forward(place)) => (place, u64::MAX),
            Some(Token::Backward(place)) => (0, place),
            None => (0, u64::MAX),
        };
        let events = stream.events(from, to);
        let mut events = events.map_err(|error| ApiError::internal(chain(&error)))?;
        // Where the stream ends now, for a page without events.
        let here = match token {
            Some(Token::Forward(place) | Token::Backward(place)) => place,
            None => events.last().map_or(0, |event| event.end),
        };
        let wanted = request.start_time.unwrap_or(0)..request.end_time.unwrap_or(u64::MAX);
        events.retain(|event| wanted.contains(&event.at.millis()));
        let from_head = match token {
            Some(Token::Forward(_)) => true,
            Some(Token::Backward(_)) => false,
            None => request.start_from_head,
        };
        let events = cut(events, limit, from_head);
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
    /// `f/PLACE/s` or `b/PLACE/s`, the place in 56 digits as the service writes it.
    fn wire(self) -> String {
        match self {
            Self::Forward(place) => format!("f/{place:056}/s"),
            Self::Backward(place) => format!("b/{place:056}/s"),
        }
    }

    /// Reads what [`Self::wire`] wrote.
    fn parse(token: &str) -> Result<Self, ApiError> {
        let place = |direction| {
            let digits = token.strip_prefix(direction)?.strip_suffix("/s")?;
            digits.parse().ok()
        };
        place("f/")
            .map(Self::Forward)
            .or_else(|| place("b/").map(Self::Backward))
            .ok_or_else(|| invalid("The specified nextToken is invalid."))
    }
}

/// The limit of a request.
pub(super) fn limit(limit: Option<usize>) -> Result<usize, ApiError> {
    match limit.unwrap_or(MOST_EVENTS) {
        limit @ 1..=MOST_EVENTS => Ok(limit),
        limit => Err(invalid(format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: \
             Member must have value between 1 and {MOST_EVENTS}"
        ))),
    }
}

/// What fits on a page, from the head or from the tail.
fn cut(mut events: Vec<Event>, limit: usize, from_head: bool) -> Vec<Event> {
    let mut bytes = 0;
    let mut fits = |event: &&Event| {
        bytes += event.message.len() + EVENT_OVERHEAD;
        bytes <= MOST_BYTES
    };
    if from_head {
        // An event that is longer than a page is a page of its own.
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Messages and tokens of a call on a stream of five lines.
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
        let answer = logs.answer("GetLogEvents", &Call { region, body }).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let events = answer["events"].as_array().unwrap();
        (
            events.iter().map(|event| text(&event["message"])).collect(),
            text(&answer["nextForwardToken"]),
            text(&answer["nextBackwardToken"]),
        )
    }

    #[test]
    fn pages_go_both_ways_and_stand_still_at_the_ends() {
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
    fn without_a_token_the_end_comes_first() {
        assert_eq!(page(&json!({"limit": 2})).0, ["4", "5"]);
        assert_eq!(page(&json!({"endTime": 1})).0, [""; 0]);
        assert_eq!(page(&json!({"startTime": 1})).0.len(), 5);
    }
}
