//! From probabilities, row after row, to alarms; and how good those are.
//!
//! A figure per row says little about a detector: rows a second apart are nearly copies, and at 86,400 rows a day a
//! false positive rate of one in a thousand is an alarm every quarter of an hour. What counts is how soon after its
//! start an event is found, and how often there is an alarm without an event.
//!
//! An [`AlarmRule`] turns probabilities into alarms: one is raised when k of the rows of the last n seconds are at or
//! above a threshold, and ends when fewer than k are at or above a lower one. [`AlarmState`] applies it to rows as they
//! come; [`AlarmRule::alarms`] does the same to a whole [`Recording`]. Put differently, the k-th highest probability of
//! the last n seconds, the *level*, is compared with the two thresholds, which is how [`curve()`] and [`choose`] try
//! hundreds of thresholds on a million rows in a fraction of a second.
//!
//! [`AlarmReport::new`] judges a rule on recordings by these definitions:
//!
//! - An event is **found** by the first alarm that begins at its start or later. An alarm that sounds already when the
//!   event starts tells nobody of it, so an event is missed if no further alarm begins.
//! - An alarm that begins before the event, or in a recording without one, is **false**. Each one counts; it has to
//!   end before the next can begin.
//! - Each row before the event, or in a recording without one, is one second of **event-free time**; seconds without a
//!   row do not count, as no alarm could be raised in them. Under a rule that latches, time counts up to the first
//!   alarm only, for the same reason.
//! - A missed event is infinitely late in the quantiles of the **latency**, so that a rule does not look faster for
//!   missing the slow ones.
//!
//! [`Recordings`] are made from the predictions on a part; [`AlarmTrial`] takes a rule from its choice on one part to its
//! judgement on another.
//!
//! ```
//! use ensemble::alarm::{AlarmParams, AlarmReport, AlarmState, Recording};
//!
//! # fn main() -> Result<(), ensemble::Error> {
//! let rule = AlarmParams::new(0.8, 2, 3).check()?;
//!
//! // As rows come.
//! let mut state = AlarmState::new(rule);
//! assert!(state.push(0.0, 0.9).is_none());
//! assert!(state.push(1.0, 0.95).is_some());
//!
//! // On what is recorded: an event that starts at 2 s.
//! let times = [0.0, 1.0, 2.0, 3.0, 4.0];
//! let recording = Recording::new(&times, &[0.1, 0.9, 0.2, 0.9, 0.9], Some(2.0), "slow")?;
//! let report = AlarmReport::new(&rule, &[recording])?;
//! assert_eq!(report.all.detection.and_then(|found| found.latency_p50_s), Some(1.0));
//! # Ok(())
//! # }
//! ```

mod candidates;
mod choice;
mod curve;
mod figures;
mod levels;
mod poisson;
mod recording;
mod recordings;
mod report;
mod rule;
mod state;
mod trial;
mod window;

pub use choice::{AlarmChoice, choose};
pub use curve::{CurvePoint, curve, recall_at};
pub use figures::{Detection, FalseAlarms, Figures};
pub use poisson::poisson_interval;
pub use recording::Recording;
pub use recordings::Recordings;
pub use report::{AlarmReport, RecallAtRate};
pub use rule::{AlarmParams, AlarmRule};
pub use state::{Alarm, AlarmState};
pub use trial::{AlarmTrial, BUDGET_PER_DAY, hours_to_show};
