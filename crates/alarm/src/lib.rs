//! Turns a stream of probabilities into alarms, and evaluates those alarms.
//!
//! Metrics per row say little about a detector: rows a second apart are nearly identical, and at 86,400 rows a day, a
//! false positive rate of one in a thousand is an alarm every quarter of an hour. What matters is how soon an event is
//! found after its start, and how often an alarm is raised without an event. The probabilities may come from any model.
//! Times are in seconds, rates in alarms per day.
//!
//! An [`AlarmRule`] turns probabilities into alarms: an alarm is raised when k of the rows of the last n seconds are at
//! or above a threshold, and ends when fewer than k are at or above a lower one. [`AlarmState`] applies the rule to rows
//! as they arrive; [`AlarmRule::alarms`] applies it to a whole [`Recording`]. Equivalently, the k-th highest
//! probability of the last n seconds, the *level*, is compared with the two thresholds. Because levels do not depend on
//! the thresholds, [`curve()`] and [`choose`] try hundreds of thresholds on a million rows in a fraction of a second.
//!
//! [`AlarmReport::new`] evaluates a rule on recordings with these definitions:
//!
//! - An event is **found** by the first alarm that begins at its start or later. An alarm that is already sounding when
//!   the event starts does not announce it, so the event is missed unless another alarm begins.
//! - An alarm that begins before the event, or in a recording without one, is **false**. Each false alarm counts; one
//!   must end before the next can begin.
//! - Each row before the event, or in a recording without one, is one second of **event-free time**. Seconds without a
//!   row do not count, because no alarm could be raised in them. For the same reason, under a latching rule time counts
//!   only up to the first alarm.
//! - A missed event has infinite **latency** in the quantiles, so that a rule does not look faster because it misses
//!   slow events.
//!
//! [`Recordings`] groups a data set's [`Rows`] into recordings. [`AlarmTrial`] chooses a rule on one set of
//! recordings and evaluates it on another.
//!
//! ```
//! use alarm::{AlarmParams, AlarmReport, AlarmState, Recording};
//!
//! # fn main() -> Result<(), alarm::Error> {
//! let rule = AlarmParams::new(0.8, 2, 3).check()?;
//!
//! // Live: one row per second.
//! let mut state = AlarmState::new(rule);
//! assert!(state.push(0.0, 0.9).is_none());
//! assert!(state.push(1.0, 0.95).is_some());
//!
//! // On a recording whose event starts at 2 s.
//! let times_s = [0.0, 1.0, 2.0, 3.0, 4.0];
//! let recording = Recording::new(&times_s, &[0.1, 0.9, 0.2, 0.9, 0.9], Some(2.0), "slow")?;
//! let report = AlarmReport::new(&rule, &[recording])?;
//! assert_eq!(report.all.detection.and_then(|found| found.latency_p50_s), Some(1.0));
//! # Ok(())
//! # }
//! ```

#![cfg_attr(
    test,
    expect(clippy::float_cmp, reason = "tests require bit-identical numbers")
)]

mod error;
mod recording;
mod recordings;

mod rule;
mod state;
mod window;

mod levels;
mod metrics;
mod poisson;

mod candidates;
mod choice;
mod curve;
mod report;
mod trial;

pub use choice::{AlarmChoice, choose};
pub use curve::{CurvePoint, curve, recall_at};
pub use error::{Error, NoChoice};
pub use metrics::{AlarmMetrics, Detection, FalseAlarms};
pub use poisson::poisson_interval;
pub use recording::Recording;
pub use recordings::{Recordings, Rows};
pub use report::{AlarmReport, RecallAtRate};
pub use rule::{AlarmParams, AlarmRule, EXTRA};
pub use state::{Alarm, AlarmState};
pub use trial::{AlarmTrial, BUDGET_PER_DAY, hours_to_show};

// Runs the README's example as a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
