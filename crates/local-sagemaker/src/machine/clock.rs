//! Timestamps. Only this module reads the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A point in time: milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Timestamp(u64);

impl Timestamp {
    /// The current time of the system clock.
    pub(crate) fn now() -> Self {
        Self::of(SystemTime::now())
    }

    /// The time of this many milliseconds since the epoch.
    pub(crate) fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// The time of a file.
    pub(crate) fn of(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(since.as_millis() as u64)
    }

    /// Whole seconds since the epoch.
    pub(crate) fn second(self) -> u64 {
        self.0 / 1000
    }

    /// Milliseconds since the epoch, the wire format of `CloudWatch` Logs.
    pub(crate) fn millis(self) -> u64 {
        self.0
    }

    /// The wire format of AWS JSON 1.1: seconds since the epoch, with a fraction.
    pub(crate) fn wire(self) -> Value {
        Value::from(self.seconds())
    }

    /// Seconds since the epoch, with a fraction.
    pub(crate) fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The time in ISO 8601 format: `2026-01-31T23:59:59Z`.
    pub(crate) fn iso(self) -> String {
        self.utc("%Y-%m-%dT%H:%M:%SZ")
    }

    /// The time in UTC, in a `strftime` format.
    pub(crate) fn utc(self, format: &str) -> String {
        // Out of range only if the clock is off by thousands of years.
        let time = jiff::Timestamp::from_millisecond(self.0 as i64).unwrap_or_default();
        time.strftime(format).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_format_is_seconds_with_a_fraction() {
        assert_eq!(
            Timestamp(1_700_000_000_250).wire(),
            serde_json::json!(1_700_000_000.25)
        );
    }
}
