//! `CloudWatch` Logs for the output of containers: `DescribeLogGroups`, `DescribeLogStreams`,
//! `GetLogEvents`, `FilterLogEvents`.
//!
//! A log group is a folder, and a log stream is a file in it (see `stream`). As in `CloudWatch`, both
//! outlive their job or endpoint.

mod events;
mod pattern;
mod stream;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::machine::clock::Timestamp;
use crate::protocol::names::log_group_arn;
use crate::protocol::{ApiError, Call};

pub(crate) use stream::Stream;

/// The prefix of all log group names.
const PREFIX: &str = "/aws/sagemaker/";

/// Default and maximum number of streams or groups per page.
const MAX_PAGE: usize = 50;

/// All log groups.
#[derive(Clone, Debug)]
pub(crate) struct Logs {
    /// `logs/` in the state directory.
    root: PathBuf,
}

/// A log group; its folder need not exist.
#[derive(Clone, Debug)]
struct Group {
    /// `/aws/sagemaker/...`.
    name: String,
    /// The folder, with a subfolder for each job or variant.
    folder: PathBuf,
}

/// The members of `DescribeLogGroups` and `DescribeLogStreams` requests.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageRequest {
    /// The group's name.
    log_group_name: Option<String>,
    /// The group's name or ARN, as an alternative.
    log_group_identifier: Option<String>,
    /// Prefix of group names.
    log_group_name_prefix: Option<String>,
    /// Text that group names must contain.
    log_group_name_pattern: Option<String>,
    /// Prefix of stream names.
    log_stream_name_prefix: Option<String>,
    /// `LogStreamName` or `LastEventTime`.
    order_by: Option<String>,
    /// Whether to reverse the order.
    #[serde(default)]
    descending: bool,
    /// The last name on the previous page.
    next_token: Option<String>,
    /// Page size, at most 50.
    limit: Option<usize>,
}

/// The description of a stream, with its sort keys.
struct Summary {
    /// The stream's name.
    name: String,
    /// The time of its last event, or of its creation.
    last: Timestamp,
    /// The entry in the response.
    wire: Value,
}

impl Logs {
    /// The logs of a state directory.
    pub(crate) fn new(state_dir: &Path) -> Self {
        Self {
            root: state_dir.join("logs"),
        }
    }

    /// The stream for one start of a job: `JOB/algo-1-SECONDS`, with the seconds since the epoch.
    pub(crate) fn training(&self, job: &str) -> Stream {
        let folder = self.root.join("TrainingJobs").join(job);
        let mut epoch = Timestamp::now().millis() / 1000;
        // A job may start twice within one second.
        while folder.join(format!("algo-1-{epoch}")).exists() {
            epoch += 1;
        }
        Stream::new(folder.join(format!("algo-1-{epoch}")))
    }

    /// The stream for one serving container: `VARIANT/INSTANCE`.
    pub(crate) fn serving(&self, endpoint: &str, variant: &str, instance: &str) -> Stream {
        let folder = self.root.join("Endpoints").join(endpoint);
        Stream::new(folder.join(variant).join(instance))
    }

    /// The output of all containers of an endpoint, in chronological order.
    pub(crate) fn of_endpoint(&self, endpoint: &str) -> String {
        let group = Group {
            name: format!("{PREFIX}Endpoints/{endpoint}"),
            folder: self.root.join("Endpoints").join(endpoint),
        };
        let mut events: Vec<_> = group
            .streams()
            .into_iter()
            .flat_map(|(_, stream)| stream.events(0, u64::MAX).unwrap_or_default())
            .collect();
        events.sort_by_key(|event| event.at);
        events
            .into_iter()
            .map(|event| event.message + "\n")
            .collect()
    }

    /// Handles one call to the service.
    pub(crate) fn handle(&self, operation: &str, call: &Call) -> Result<Value, ApiError> {
        match operation {
            "DescribeLogGroups" => self.groups(call),
            "DescribeLogStreams" => self.streams(call),
            "GetLogEvents" => self.read(call),
            "FilterLogEvents" => self.filter(call),
            other => Err(ApiError::unknown_operation(&format!(
                "Logs_20140328.{other}"
            ))),
        }
    }

    /// `DescribeLogGroups`.
    fn groups(&self, call: &Call) -> Result<Value, ApiError> {
        let request: PageRequest = call.read()?;
        let prefix = request.log_group_name_prefix.as_deref().unwrap_or_default();
        let pattern = request
            .log_group_name_pattern
            .as_deref()
            .unwrap_or_default();
        let groups = self
            .all_groups()
            .into_iter()
            .filter(|group| group.name.starts_with(prefix) && group.name.contains(pattern));
        let groups = groups.map(|group| (group.name.clone(), group.describe(&call.region)));
        request.page(groups.collect(), "logGroups")
    }

    /// `DescribeLogStreams`.
    fn streams(&self, call: &Call) -> Result<Value, ApiError> {
        let request: PageRequest = call.read()?;
        let by_time = match request.order_by.as_deref() {
            None | Some("LogStreamName") => false,
            Some("LastEventTime") => true,
            Some(other) => {
                return Err(invalid(format!(
                    "1 validation error detected: Value '{other}' at 'orderBy' failed to satisfy constraint: \
                     Member must satisfy enum value set: [LogStreamName, LastEventTime]"
                )));
            }
        };
        let prefix = request
            .log_stream_name_prefix
            .as_deref()
            .unwrap_or_default();
        if by_time && !prefix.is_empty() {
            return Err(invalid(
                "Cannot order by LastEventTime with a logStreamNamePrefix.",
            ));
        }
        let group = self.find_group(
            request.log_group_name.as_deref(),
            request.log_group_identifier.as_deref(),
        )?;
        let mut streams: Vec<_> = group
            .streams()
            .into_iter()
            .filter(|(name, _)| name.starts_with(prefix))
            .map(|(name, stream)| group.summary(name, &stream, &call.region))
            .collect();
        streams.sort_by(|a, b| {
            let time = if by_time {
                a.last.cmp(&b.last)
            } else {
                std::cmp::Ordering::Equal
            };
            time.then_with(|| a.name.cmp(&b.name))
        });
        if request.descending {
            streams.reverse();
        }
        let streams = streams.into_iter().map(|stream| (stream.name, stream.wire));
        request.page(streams.collect(), "logStreams")
    }

    /// The groups that exist, sorted by name.
    fn all_groups(&self) -> Vec<Group> {
        let mut groups: Vec<_> = folders(&self.root.join("Endpoints"))
            .into_iter()
            .filter_map(|endpoint| self.group(&format!("{PREFIX}Endpoints/{endpoint}")))
            .chain(self.group("/aws/sagemaker/TrainingJobs"))
            .collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        groups
    }

    /// The group with this name, if it exists.
    fn group(&self, name: &str) -> Option<Group> {
        let below = name.strip_prefix(PREFIX)?;
        let parts: Vec<_> = below.split('/').collect();
        // Endpoint names contain neither dots nor slashes, so the path stays inside the root.
        let known = match parts.as_slice() {
            ["TrainingJobs"] => true,
            ["Endpoints", endpoint] => !endpoint.is_empty() && !endpoint.contains('.'),
            _ => false,
        };
        let folder = self.root.join(below);
        (known && folder.is_dir()).then(|| Group {
            name: name.to_owned(),
            folder,
        })
    }

    /// The group with the name or ARN in a request.
    fn find_group(&self, name: Option<&str>, identifier: Option<&str>) -> Result<Group, ApiError> {
        // An ARN ends with the group's name and possibly `:*`.
        let identifier = identifier.map(|text| {
            let text = text
                .rsplit_once(":log-group:")
                .map_or(text, |(_, name)| name);
            text.trim_end_matches(":*")
        });
        let name = name.or(identifier).ok_or_else(|| {
            invalid("Exactly one of the following parameters must be specified: logGroupName, logGroupIdentifier")
        })?;
        self.group(name).ok_or_else(|| {
            ApiError::new(
                "ResourceNotFoundException",
                "The specified log group does not exist.",
            )
        })
    }
}

impl Group {
    /// Names and files of the streams, sorted by name.
    fn streams(&self) -> Vec<(String, Stream)> {
        let mut streams = Vec::new();
        for folder in folders(&self.folder) {
            let Ok(entries) = fs::read_dir(self.folder.join(&folder)) else {
                continue;
            };
            for entry in entries.flatten() {
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                // The times file of each stream is in the same folder.
                if !name.ends_with(stream::TIMES) {
                    streams.push((format!("{folder}/{name}"), Stream::new(entry.path())));
                }
            }
        }
        streams.sort_by(|(a, _), (b, _)| a.cmp(b));
        streams
    }

    /// The stream with this name.
    fn stream(&self, name: &str) -> Result<Stream, ApiError> {
        let found = self.streams().into_iter().find(|(own, _)| own == name);
        found.map(|(_, stream)| stream).ok_or_else(|| {
            ApiError::new(
                "ResourceNotFoundException",
                "The specified log stream does not exist.",
            )
        })
    }

    /// One element of `logGroups`.
    fn describe(&self, region: &str) -> Value {
        let arn = log_group_arn(region, &self.name);
        let stored: u64 = self
            .streams()
            .iter()
            .map(|(_, stream)| stream.length())
            .sum();
        json!({
            "logGroupName": self.name,
            "creationTime": created(&self.folder).millis(),
            "metricFilterCount": 0,
            "arn": format!("{arn}:*"),
            "logGroupArn": arn,
            "logGroupClass": "STANDARD",
            "storedBytes": stored,
        })
    }

    /// Describes one stream.
    fn summary(&self, name: String, stream: &Stream, region: &str) -> Summary {
        let created = created(stream.path());
        let events = stream.events(0, u64::MAX).unwrap_or_default();
        let mut wire = json!({
            "logStreamName": name,
            "creationTime": created.millis(),
            "arn": format!("{}:log-stream:{name}", log_group_arn(region, &self.name)),
            // AWS no longer reports the size of streams.
            "storedBytes": 0,
        });
        if let (Some(first), Some(last)) = (events.first(), events.last()) {
            wire["firstEventTimestamp"] = first.at.millis().into();
            wire["lastEventTimestamp"] = last.at.millis().into();
            wire["lastIngestionTime"] = last.at.millis().into();
        }
        let last = events.last().map_or(created, |event| event.at);
        Summary { name, last, wire }
    }
}

impl PageRequest {
    /// One page of named, already sorted entries.
    fn page(&self, mut entries: Vec<(String, Value)>, member: &str) -> Result<Value, ApiError> {
        let limit = self.limit.unwrap_or(MAX_PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(invalid(format!(
                "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: \
                 Member must have value between 1 and {MAX_PAGE}"
            )));
        }
        if let Some(token) = &self.next_token {
            let last = entries.iter().position(|(name, _)| name == token);
            let last = last.ok_or_else(|| invalid("The specified nextToken is invalid."))?;
            entries.drain(..=last);
        }
        let more = entries.len() > limit;
        entries.truncate(limit);
        let last = entries.last().map(|(name, _)| name.clone());
        let mut response = json!({});
        response[member] = entries.into_iter().map(|(_, wire)| wire).collect();
        if let (true, Some(last)) = (more, last) {
            response["nextToken"] = last.into();
        }
        Ok(response)
    }
}

/// The error for an invalid parameter.
fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

/// When a file or folder was created; its modification time if the file system does not record that.
fn created(path: &Path) -> Timestamp {
    let time = fs::metadata(path).and_then(|data| data.created().or_else(|_| data.modified()));
    time.map_or_else(|_| Timestamp::now(), Timestamp::of)
}

/// The names of the folders in `folder`, sorted.
fn folders(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
