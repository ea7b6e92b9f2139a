//! Which rule to use.

use serde::{Deserialize, Serialize};

use super::candidates::thresholds;
use super::curve::tally;
use super::figures::{Figures, Tally};
use super::levels::Levels;
use super::recording::Recording;
use super::rule::{AlarmParams, AlarmRule};
use crate::error::{DataError, Error};

/// `k` of `n` seconds. From a single row, as fast as can be, to two thirds of half a minute: longer windows could not
/// find anything in the 30 s that flame detectors are given (EN 54-10).
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
/// Thresholds that are tried for each at most.
const THRESHOLDS: usize = 1_000;

/// A rule and why it was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmChoice {
    /// The rule; it does not latch.
    pub rule: AlarmRule,
    /// How many false alarms per day of event-free time were allowed.
    pub budget_per_day: f64,
    /// Whether the rule keeps to that on the recordings it was chosen by. If not, none that was tried does, and this
    /// is the one with the fewest false alarms.
    pub within_budget: bool,
    /// What it does on those recordings. Better than it will do on others, since it was chosen by them.
    pub chosen_on: Figures,
}

/// Chooses the rule that finds the most events within 60 s at no more than `budget_per_day` false alarms per day of
/// event-free time.
///
/// Of equals, the one with the smaller median latency is chosen, then the one with fewer false alarms, the shorter
/// window, the higher threshold. Tried are 1 of 1, 2 of 3, 3 of 5, 5 of 8, 8 of 10, 10 of 15, 15 of 20 and 20 of 30
/// seconds, each with every threshold at which an alarm on `recordings` comes or goes (at most 1,000, evenly taken),
/// released at half of it.
///
/// `recordings` must be those of the validation part: whatever is chosen by recordings looks too good on them. They
/// must hold an event and event-free time.
pub fn choose(recordings: &[Recording], budget_per_day: f64) -> Result<AlarmChoice, Error> {
    check(recordings, budget_per_day)?;
    let mut best: Option<Candidate> = None;
    for (k, n) in GRID {
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
    let best = best.ok_or(DataError::Silent)?;
    Ok(AlarmChoice {
        rule: best.rule,
        budget_per_day,
        within_budget: best.tally.false_alarms_per_day() <= budget_per_day,
        chosen_on: best.tally.figures(),
    })
}

fn check(recordings: &[Recording], budget_per_day: f64) -> Result<(), Error> {
    if !(budget_per_day >= 0.0 && budget_per_day.is_finite()) {
        return Err(Error::ParameterValue {
            name: "budget_per_day",
            value: budget_per_day.to_string(),
            expected: "a finite number of at least 0",
        });
    }
    let has_event = |recording: &Recording| recording.event_start_s().is_some();
    if !recordings.iter().any(has_event) {
        return Err(DataError::NoEvents.into());
    }
    let has_event_free_time = |recording: &Recording| recording.event_free_rows() > 0;
    if !recordings.iter().any(has_event_free_time) {
        return Err(DataError::NoEventFreeTime.into());
    }
    Ok(())
}

/// A rule that may be chosen.
struct Candidate {
    rule: AlarmRule,
    tally: Tally,
    /// Less is better, the first number that differs decides.
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
