//! The limits that keep one client from exhausting the endpoint.

use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

const MB: usize = 1024 * 1024;

/// File descriptors reserved for everything but connections.
const OTHER_FILES: u64 = 64;

/// Limits of one endpoint. Exceeding a size limit gets 413, a read timeout 408, and a capacity limit 503.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a body: `FIRE_MAX_BODY_MB`, 25 MB when unset, which is SageMaker's maximum. In a batch transform, the
    /// default is 100 MB, or `SAGEMAKER_MAX_PAYLOAD_IN_MB`.
    pub body_bytes: usize,
    /// Rows of a request: `FIRE_MAX_ROWS`, 250,000 when unset and 1,000,000 in a batch transform.
    pub rows: usize,
    /// Rows of a request with explanations, which take hundreds of times as long: `FIRE_MAX_EXPLAINED_ROWS`, 100 when
    /// unset.
    pub explained_rows: usize,
    /// Bytes of all request and response bodies in memory, 512 MB.
    pub memory_bytes: usize,
    /// Open connections, 8,192 or fewer if the open-file limit requires it.
    pub connections: usize,
    /// Large requests processed at once, one per core.
    pub workers: usize,
    /// Large requests that wait for a worker, four per core.
    pub queue: usize,
    /// Longest wait of a large request for a worker, 10 s.
    pub queue_timeout: Duration,
    /// Longest time for a request head to arrive, or for a connection to be idle, 60 s.
    pub head_timeout: Duration,
    /// Longest time for a body to arrive, 30 s.
    pub body_timeout: Duration,
    /// Longest time without progress in sending a response, 30 s.
    pub write_timeout: Duration,
    /// Longest time for open requests to finish after SIGTERM, 25 s; SageMaker sends SIGKILL after 30 s.
    pub shutdown_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            body_bytes: 25 * MB,
            rows: 250_000,
            explained_rows: 100,
            memory_bytes: 512 * MB,
            connections: 8_192,
            workers: cores,
            queue: 4 * cores,
            queue_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_mins(1),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(25),
        }
    }
}

impl Limits {
    /// The defaults with overrides from the environment; `variable` looks up one variable.
    ///
    /// # Errors
    /// If a variable is not a number in its range; the message names the variable.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut limits = Self::default();
        if variable("SAGEMAKER_BATCH").as_deref() == Some("true") {
            limits.body_bytes = 100 * MB;
            limits.rows = 1_000_000;
        }
        let number = |name: &str, max: usize| {
            let Some(text) = variable(name) else {
                return Ok(None);
            };
            let problem =
                || format!("{name} is `{text}`; it must be a whole number from 1 to {max}");
            let number: usize = text.parse().with_context(problem)?;
            ensure!((1..=max).contains(&number), problem());
            Ok(Some(number))
        };
        // Our own variable comes second, so it overrides SageMaker's.
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
        // Room for four of the largest bodies, without which a raised limit would be useless.
        limits.memory_bytes = limits.memory_bytes.max(4 * limits.body_bytes);
        Ok(limits)
    }

    /// Raises the open-file limit to what the connections need, within the system's limit, and lowers the connection
    /// limit to fit.
    pub(super) fn fit_to_open_files(&mut self) {
        let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
            return;
        };
        let needed = self.connections as u64 + OTHER_FILES;
        // Never lowered, which would gain nothing.
        let raised = hard.min(needed).max(soft);
        let files = match setrlimit(Resource::RLIMIT_NOFILE, raised, hard) {
            Ok(()) => raised,
            Err(_) => soft,
        };
        let available = files.saturating_sub(OTHER_FILES).max(1);
        self.connections = self.connections.min(available as usize);
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
    fn the_environment_overrides_the_defaults() {
        let check = |set: &[(&str, &str)], body, rows| {
            let limits = read(set).unwrap();
            assert_eq!((limits.body_bytes, limits.rows), (body, rows), "{set:?}");
            assert!(limits.memory_bytes >= 4 * limits.body_bytes);
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
    fn the_defaults_match_the_documentation() {
        let Limits {
            body_bytes,
            rows,
            explained_rows,
            memory_bytes,
            connections,
            workers,
            queue,
            queue_timeout,
            head_timeout,
            body_timeout,
            write_timeout,
            shutdown_grace,
        } = Limits::default();
        assert_eq!((body_bytes, memory_bytes), (25 * MB, 512 * MB));
        assert_eq!((rows, explained_rows), (250_000, 100));
        assert_eq!((connections, queue), (8_192, 4 * workers));
        let seconds = [
            queue_timeout,
            head_timeout,
            body_timeout,
            write_timeout,
            shutdown_grace,
        ]
        .map(|time| time.as_secs());
        assert_eq!(seconds, [10, 60, 30, 30, 25]);
    }

    #[test]
    fn invalid_limits_are_named() {
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
