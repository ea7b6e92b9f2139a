//! The choice of a rule.

use serde::{Deserialize, Serialize};

use crate::candidates::thresholds;
use crate::curve::tally;
use crate::error::{Error, NoChoice};
use crate::levels::Levels;
use crate::metrics::{AlarmMetrics, Tally};
use crate::recording::Recording;
use crate::rule::{AlarmParams, AlarmRule};

/// `k` of `n` seconds, from a single row, the fastest, to 20 of 30 rows: longer windows could not find anything in the
/// 30 s that flame detectors are given (EN 54-10).
const GRID: [(u32, u32); 8] = [
    (1, 1),
    (2, 3),
    (3, 5),
    (5, 8),
    (8, 10),
    (10, 15),
    (15, 20),
    (20, 30),
];
/// Thresholds to try for each `k` of `n`, at most.
const THRESHOLDS: usize = 1_000;

/// A rule and why it was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmChoice {
    /// The chosen rule; it does not latch.
    pub rule: AlarmRule,
    /// Allowed false alarms per day of event-free time.
    pub budget_per_day: f64,
    /// Whether the rule stays within the budget on the recordings it was chosen on. If not, no candidate does, and this
    /// is the one with the fewest false alarms.
    pub within_budget: bool,
    /// The rule's metrics on those recordings. They are better than on others, because the rule was chosen by them.
    pub chosen_on: AlarmMetrics,
}

/// Chooses the rule that finds the most events within 60 s at no more than `budget_per_day` false alarms per day of
/// event-free time.
///
/// Ties go to the smaller median latency, then to fewer false alarms, the shorter window and the higher threshold. The
/// candidates are 1 of 1, 2 of 3, 3 of 5, 5 of 8, 8 of 10, 10 of 15, 15 of 20 and 20 of 30 seconds, each with every
/// threshold at which an alarm on `recordings` appears or disappears (at most 1,000, evenly spaced), released at half
/// the threshold.
///
/// `recordings` must be those of the validation part: a rule looks too good on the recordings it was chosen by. They
/// must contain an event and event-free time, otherwise this fails with [`Error::NoChoice`].
pub fn choose(recordings: &[Recording], budget_per_day: f64) -> Result<AlarmChoice, Error> {
    check(recordings, budget_per_day)?;
    let mut best: Option<Candidate> = None;
    for (k, n) in GRID {
        // Levels depend on k and n alone, so they are computed once for all thresholds.
        let any = AlarmParams::new(1.0, k, n).check()?;
        let levels: Vec<_> = recordings
            .iter()
            .map(|recording| Levels::new(&any, recording))
            .collect();
        for threshold in thresholds(&levels, THRESHOLDS) {
            let rule = any.at(threshold)?;
            let candidate = Candidate::new(rule, tally(&rule, &levels), budget_per_day);
            if best.as_ref().is_none_or(|best| candidate.cost < best.cost) {
                best = Some(candidate);
            }
        }
    }
    let best = best.ok_or(NoChoice::Silent)?;
    Ok(AlarmChoice {
        rule: best.rule,
        budget_per_day,
        within_budget: best.tally.false_alarms_per_day() <= budget_per_day,
        chosen_on: best.tally.metrics(),
    })
}

fn check(recordings: &[Recording], budget_per_day: f64) -> Result<(), Error> {
    if !(budget_per_day >= 0.0 && budget_per_day.is_finite()) {
        return Err(Error::Parameter {
            name: "budget_per_day",
            value: budget_per_day.to_string(),
            expected: "a finite number of at least 0",
        });
    }
    let has_event = |recording: &Recording| recording.event_start_s().is_some();
    if !recordings.iter().any(has_event) {
        return Err(NoChoice::NoEvents.into());
    }
    let has_event_free_time = |recording: &Recording| recording.event_free_rows() > 0;
    if !recordings.iter().any(has_event_free_time) {
        return Err(NoChoice::NoEventFreeTime.into());
    }
    Ok(())
}

/// A rule with its cost.
struct Candidate {
    rule: AlarmRule,
    tally: Tally,
    /// Compared in order, lower is better.
    cost: [f64; 6],
}

impl Candidate {
    fn new(rule: AlarmRule, tally: Tally, budget_per_day: f64) -> Self {
        let rate = tally.false_alarms_per_day();
        let lateness = [-(tally.found_within(60.0) as f64), tally.median_latency_s()];
        let rest = [f64::from(rule.params().n), -rule.params().threshold];
        let cost = if rate <= budget_per_day {
            [0.0, lateness[0], lateness[1], rate, rest[0], rest[1]]
        } else {
            [1.0, rate, lateness[0], lateness[1], rest[0], rest[1]]
        };
        Self { rule, tally, cost }
    }
}
