//! What a client may ask for at most, so that no client can use the endpoint up.

use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

const MB: usize = 1024 * 1024;

/// Files that the process has open besides its connections, with some to spare.
const OTHER_FILES: u64 = 64;

/// Limits of one endpoint. Beyond a size a request gets 413, beyond a time 408, beyond a number 503.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a body: `FIRE_MAX_BODY_MB`, 25 MB when unset. SageMaker passes at most that on; in a batch transform
    /// it is 100 MB, or what `SAGEMAKER_MAX_PAYLOAD_IN_MB` says.
    pub body_bytes: usize,
    /// Rows of a request: `FIRE_MAX_ROWS`, 250,000 when unset and 1,000,000 in a batch transform.
    pub rows: usize,
    /// Rows of a request whose answer is to be explained, which takes hundreds of times as long:
    /// `FIRE_MAX_EXPLAINED_ROWS`, 100 when unset.
    pub explained_rows: usize,
    /// Bytes of all bodies and answers that are held at one time, 512 MB.
    pub held_bytes: usize,
    /// Connections at one time, 8,192, or what the system allows if that is less.
    pub connections: usize,
    /// Large requests that are worked on at one time, one per core.
    pub workers: usize,
    /// Large requests that wait for their turn, four per core.
    pub waiting: usize,
    /// How long a large request waits at most, 10 s.
    pub turn: Duration,
    /// How long a connection may take to send a request's head, or be idle, 60 s.
    pub head: Duration,
    /// How long it may take to send the body, 30 s.
    pub body: Duration,
    /// How long a client may leave an answer unread, 30 s.
    pub stall: Duration,
    /// How long open requests may take to finish after SIGTERM, 25 s; SageMaker kills after 30 s.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            body_bytes: 25 * MB,
            rows: 250_000,
            explained_rows: 100,
            held_bytes: 512 * MB,
            connections: 8_192,
            workers: cores,
            waiting: 4 * cores,
            turn: Duration::from_secs(10),
            head: Duration::from_mins(1),
            body: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            grace: Duration::from_secs(25),
        }
    }
}

impl Limits {
    /// The defaults, changed by what `variable` says.
    ///
    /// # Errors
    /// When a variable is set to something that is no number of its range; the message names it.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut limits = Self::default();
        if variable("SAGEMAKER_BATCH").as_deref() == Some("true") {
            limits.body_bytes = 100 * MB;
            limits.rows = 1_000_000;
        }
        let number = |name: &str, most: usize| {
            let Some(text) = variable(name) else {
                return Ok(None);
            };
            let problem =
                || format!("{name} is `{text}`; it must be a whole number from 1 to {most}");
            let number: usize = text.parse().with_context(problem)?;
            ensure!((1..=most).contains(&number), problem());
            Ok(Some(number))
        };
        // The second name is ours, and the last word.
        for name in ["SAGEMAKER_MAX_PAYLOAD_IN_MB", "FIRE_MAX_BODY_MB"] {
            if let Some(megabytes) = number(name, 1_000)? {
                limits.body_bytes = megabytes * MB;
            }
        }
        if let Some(rows) = number("FIRE_MAX_ROWS", 10_000_000)? {
            limits.rows = rows;
        }
        if let Some(rows) = number("FIRE_MAX_EXPLAINED_ROWS", 10_000_000)? {
            limits.explained_rows = rows;
        }
        limits.held_bytes = limits.held_bytes.max(4 * limits.body_bytes);
        Ok(limits)
    }

    /// Allows this process as many open files as it may have, and no more connections than that bears.
    pub(super) fn fit_to_open_files(&mut self) {
        let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
            return;
        };
        let wanted = self.connections as u64 + OTHER_FILES;
        let raised = hard.min(wanted).max(soft);
        let files = match setrlimit(Resource::RLIMIT_NOFILE, raised, hard) {
            Ok(()) => raised,
            Err(_) => soft,
        };
        let bearable = files.saturating_sub(OTHER_FILES).max(1);
        self.connections = self.connections.min(bearable as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Limits> {
        Limits::from_environment(|name| {
            let found = set.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_changes_the_defaults() {
        let check = |set: &[(&str, &str)], body, rows| {
            let limits = read(set).unwrap();
            assert_eq!((limits.body_bytes, limits.rows), (body, rows), "{set:?}");
            assert!(limits.held_bytes >= 4 * limits.body_bytes);
        };
        let batch = ("SAGEMAKER_BATCH", "true");
        check(&[], 25 * MB, 250_000);
        check(&[batch], 100 * MB, 1_000_000);
        let payload = ("SAGEMAKER_MAX_PAYLOAD_IN_MB", "6");
        check(&[batch, payload], 6 * MB, 1_000_000);
        let own = [("FIRE_MAX_BODY_MB", "7"), ("FIRE_MAX_ROWS", "9")];
        check(&[batch, payload, own[0], own[1]], 7 * MB, 9);
        check(&[("FIRE_MAX_BODY_MB", "1000")], 1_000 * MB, 250_000);
        let explained = [("FIRE_MAX_EXPLAINED_ROWS", "3")];
        check(&explained, 25 * MB, 250_000);
        assert_eq!(read(&explained).unwrap().explained_rows, 3);
        assert_eq!(read(&[batch]).unwrap().explained_rows, 100);
    }

    #[test]
    fn the_defaults_are_those_of_the_documents() {
        let Limits {
            body_bytes,
            rows,
            explained_rows,
            held_bytes,
            connections,
            workers,
            waiting,
            turn,
            head,
            body,
            stall,
            grace,
        } = Limits::default();
        assert_eq!((body_bytes, held_bytes), (25 * MB, 512 * MB));
        assert_eq!((rows, explained_rows), (250_000, 100));
        assert_eq!((connections, waiting), (8_192, 4 * workers));
        let seconds = [turn, head, body, stall, grace].map(|time| time.as_secs());
        assert_eq!(seconds, [10, 60, 30, 30, 25]);
    }

    #[test]
    fn nonsense_is_named() {
        for value in ["", "0", "-1", "many", "1e3", "99999999999"] {
            for name in ["FIRE_MAX_ROWS", "FIRE_MAX_EXPLAINED_ROWS"] {
                let error = read(&[(name, value)]).unwrap_err();
                let expected =
                    format!("{name} is `{value}`; it must be a whole number from 1 to 10000000");
                assert_eq!(error.to_string(), expected);
            }
        }
    }
}
