//! Choosing a rule.

use serde::{Deserialize, Serialize};

use crate::candidates::thresholds;
use crate::curve::tally;
use crate::error::{Error, NoChoice};
use crate::levels::Levels;
use crate::metrics::{AlarmMetrics, Tally};
use crate::recording::Recording;
use crate::rule::{AlarmParams, AlarmRule};

/// Pairs (`k`, `n`) to try, from a single row, which is fastest, to 20 of 30 s: a longer window could not find an event
/// within the 30 s allowed for flame detectors (EN 54-10).
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
/// Maximum number of thresholds to try for each pair.
const THRESHOLDS: usize = 1_000;

/// A chosen rule and the basis of the choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmChoice {
    /// The chosen rule; it does not latch.
    pub rule: AlarmRule,
    /// The maximum number of false alarms per day of event-free time.
    pub budget_per_day: f64,
    /// Whether the rule is within the budget on the recordings it was chosen on. If false, no candidate is, and this
    /// one has the fewest false alarms.
    pub within_budget: bool,
    /// The rule's metrics on those recordings, which are optimistic because the rule was chosen on them.
    pub chosen_on: AlarmMetrics,
}

/// Chooses the rule that finds the most events within 60 s with at most `budget_per_day` false alarms per day of
/// event-free time.
///
/// Ties go to the lower median latency, then to fewer false alarms, the shorter window and the higher threshold. The
/// candidates are 1 of 1, 2 of 3, 3 of 5, 5 of 8, 8 of 10, 10 of 15, 15 of 20 and 20 of 30 seconds, each with every
/// threshold at which an alarm on `recordings` appears or disappears (at most 1,000, evenly spaced), released at half
/// the threshold.
///
/// `recordings` should be those of the validation set, because metrics are optimistic on the recordings that a rule was
/// chosen on. Fails with [`Error::NoChoice`] unless they contain an event and event-free time.
pub fn choose(recordings: &[Recording], budget_per_day: f64) -> Result<AlarmChoice, Error> {
    check(recordings, budget_per_day)?;
    let mut best: Option<Candidate> = None;
    for (k, n) in GRID {
        // Levels depend only on k and n, so they are computed once for all thresholds.
        let base = AlarmParams::new(1.0, k, n).check()?;
        let levels = Levels::of_all(&base, recordings);
        for threshold in thresholds(&levels, THRESHOLDS) {
            let rule = base.at(threshold)?;
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
    /// Compared lexicographically; lower is better.
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
