//! All that is said of a rule.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::candidates::thresholds;
use super::curve::{CurvePoint, curve_of, recall_at};
use super::figures::{Figures, Tally};
use super::levels::Levels;
use super::recording::Recording;
use super::rule::AlarmRule;
use crate::error::Error;

/// Thresholds on the curve at most.
const CURVE_POINTS: usize = 100;
/// The rates at which recall is given, in alarms a day: one an hour, a day, a week and a year.
const RATES: [f64; 4] = [24.0, 1.0, 1.0 / 7.0, 1.0 / 365.0];

/// How good a rule is on a set of recordings, as it stands in reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmReport {
    /// The rule that was judged.
    pub rule: AlarmRule,
    /// On all recordings.
    pub all: Figures,
    /// On the recordings of each kind.
    pub kinds: BTreeMap<String, Figures>,
    /// What the same rule would do at other thresholds, from the highest down.
    pub curve: Vec<CurvePoint>,
    /// The highest recall on the curve at one false alarm an hour, a day, a week and a year. The thresholds are chosen
    /// on these very recordings, so this compares models and promises nothing.
    pub recall_at_rates: Vec<RecallAtRate>,
}

/// How many events can be found if false alarms are held down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecallAtRate {
    /// False alarms per day of event-free time, at most.
    pub per_day: f64,
    /// The threshold with the highest recall; nothing if every one gives too many alarms.
    pub threshold: Option<f64>,
    /// The share of events found there; 0 where there is no threshold.
    pub recall: f64,
}

impl AlarmReport {
    /// Judges `rule` on `recordings`; figures that need events or event-free time are absent where there are none.
    pub fn new(rule: &AlarmRule, recordings: &[Recording]) -> Result<Self, Error> {
        let levels: Vec<_> = recordings
            .iter()
            .map(|recording| Levels::new(rule, recording))
            .collect();
        let curve = curve_of(rule, &thresholds(&levels, CURVE_POINTS), &levels)?;
        let (all, kinds) = tallies(rule, &levels);
        let figures = |(kind, tally): (&str, Tally)| (kind.to_owned(), tally.figures());
        Ok(Self {
            rule: *rule,
            all: all.figures(),
            kinds: kinds.into_iter().map(figures).collect(),
            recall_at_rates: RATES.map(|per_day| at_rate(&curve, per_day)).into(),
            curve,
        })
    }
}

/// The counts of all recordings, and of those of each kind.
fn tallies<'a>(rule: &AlarmRule, levels: &[Levels<'a>]) -> (Tally, BTreeMap<&'a str, Tally>) {
    let (mut all, mut kinds) = (Tally::default(), BTreeMap::<_, Tally>::new());
    for levels in levels {
        let recording = levels.recording();
        let alarm_times_s = levels.alarm_times_s(rule);
        let of_kind = kinds.entry(recording.kind()).or_default();
        for tally in [&mut all, of_kind] {
            tally.add(rule, recording, &alarm_times_s);
        }
    }
    (all, kinds)
}

fn at_rate(curve: &[CurvePoint], per_day: f64) -> RecallAtRate {
    let point = recall_at(curve, per_day);
    RecallAtRate {
        per_day,
        threshold: point.map(|point| point.threshold),
        recall: point.map_or(0.0, CurvePoint::recall),
    }
}
