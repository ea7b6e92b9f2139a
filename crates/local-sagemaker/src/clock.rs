//! The one place that reads the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A point in time: milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Stamp(u64);

impl Stamp {
    /// Now, by the system's clock.
    pub(crate) fn now() -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self(since.as_millis() as u64)
    }

    /// The wire form of AWS JSON 1.1: seconds since the epoch, with a fraction.
    pub(crate) fn wire(self) -> Value {
        Value::from(self.seconds())
    }

    /// Seconds since the epoch, with a fraction.
    pub(crate) fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// Whole seconds from here to `later`, rounded up, because a job that ran is never billed
    /// for nothing.
    pub(crate) fn seconds_until(self, later: Self) -> u64 {
        later.0.saturating_sub(self.0).div_ceil(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elapsed_seconds_are_rounded_up_and_never_negative() {
        for (from, to, expected) in [
            (0, 0, 0),
            (0, 1, 1),
            (1000, 2000, 1),
            (1000, 2001, 2),
            (5000, 1000, 0),
        ] {
            assert_eq!(
                Stamp(from).seconds_until(Stamp(to)),
                expected,
                "{from}..{to}"
            );
        }
    }

    #[test]
    fn the_wire_form_is_seconds_with_a_fraction() {
        assert_eq!(
            Stamp(1_700_000_000_250).wire(),
            serde_json::json!(1_700_000_000.25)
        );
    }
}
