//! `FilterLogEvents`: many streams at once, in the order of time.

use serde::Deserialize;
use serde_json::{Value, json};

use super::pattern::Pattern;
use super::read::{EVENT_OVERHEAD, MOST_BYTES, limit};
use super::stream::Event;
use super::{Group, Logs, invalid};
use crate::error::chain;
use crate::wire::{ApiError, Call};

/// `FilterLogEventsRequest`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    /// The group's name.
    log_group_name: Option<String>,
    /// Its name or resource name, in its stead.
    log_group_identifier: Option<String>,
    /// These streams only.
    log_stream_names: Option<Vec<String>>,
    /// Streams whose names begin so only.
    log_stream_name_prefix: Option<String>,
    /// Milliseconds since the epoch; events from then on.
    start_time: Option<u64>,
    /// Milliseconds since the epoch; events before.
    end_time: Option<u64>,
    /// What an event must hold.
    filter_pattern: Option<String>,
    /// The last event of the page before.
    next_token: Option<String>,
    /// At most 10,000.
    limit: Option<usize>,
}

/// The order of events: time, stream, place in the stream. An event's key tells it from all
/// others, so the last one of a page says where the next begins.
type Key = (u64, String, u64);

impl Logs {
    /// `FilterLogEvents`.
    pub(super) fn filter(&self, call: &Call) -> Result<Value, ApiError> {
        let request: Request = call.read()?;
        let limit = limit(request.limit)?;
        let pattern = Pattern::parse(request.filter_pattern.as_deref().unwrap_or_default())?;
        let after = request.next_token.as_deref().map(parse_key).transpose()?;
        let group = self.named(
            request.log_group_name.as_deref(),
            request.log_group_identifier.as_deref(),
        )?;
        let wanted = request.start_time.unwrap_or(0)..request.end_time.unwrap_or(u64::MAX);
        let mut found: Vec<(Key, Event)> = Vec::new();
        for (name, stream) in request.streams(&group)? {
            let events = stream.events(0, u64::MAX);
            let events = events.map_err(|error| ApiError::internal(chain(&error)))?;
            let events = events.into_iter().filter(|event| {
                wanted.contains(&event.at.millis()) && pattern.keeps(&event.message)
            });
            found.extend(
                events.map(|event| ((event.at.millis(), name.clone(), event.start), event)),
            );
        }
        found.retain(|(key, _)| after.as_ref().is_none_or(|after| key > after));
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut bytes = 0;
        let fitting = found.iter().take(limit).take_while(|(_, event)| {
            bytes += event.message.len() + EVENT_OVERHEAD;
            bytes <= MOST_BYTES
        });
        let count = fitting.count().max(1);
        let more = found.len() > count;
        found.truncate(count);
        let mut answer = json!({"searchedLogStreams": []});
        if let (true, Some(((at, stream, place), _))) = (more, found.last()) {
            answer["nextToken"] = format!("{at}:{place}:{stream}").into();
        }
        answer["events"] = found.iter().map(wire).collect();
        Ok(answer)
    }
}

impl Request {
    /// The streams that are searched.
    fn streams(&self, group: &Group) -> Result<Vec<(String, super::Stream)>, ApiError> {
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

/// The key in a token.
fn parse_key(token: &str) -> Result<Key, ApiError> {
    let parse = || {
        let (at, rest) = token.split_once(':')?;
        let (place, stream) = rest.split_once(':')?;
        Some((at.parse().ok()?, stream.to_owned(), place.parse().ok()?))
    };
    parse().ok_or_else(|| invalid("The specified nextToken is invalid."))
}

/// One element of `events`. The id is unique within the group: time, stream and place.
fn wire(((at, stream, place), event): &(Key, Event)) -> Value {
    let number = stream.bytes().fold(0_u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    json!({
        "logStreamName": stream,
        "timestamp": at,
        "message": event.message,
        "ingestionTime": at,
        "eventId": format!("{at:016}{number:020}{place:020}"),
    })
}
