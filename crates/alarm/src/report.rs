//! Complete evaluation of a rule.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::candidates::thresholds;
use crate::curve::{CurvePoint, curve_of, recall_at};
use crate::error::Error;
use crate::levels::Levels;
use crate::metrics::{AlarmMetrics, Tally};
use crate::recording::Recording;
use crate::rule::AlarmRule;

/// Maximum number of thresholds on a curve.
const CURVE_POINTS: usize = 100;
/// The rates at which recall is reported, in alarms per day: one per hour, day, week and year.
const RATES: [f64; 4] = [24.0, 1.0, 1.0 / 7.0, 1.0 / 365.0];

/// A rule's metrics on a set of recordings. The serialised names are stable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmReport {
    /// The evaluated rule.
    pub rule: AlarmRule,
    /// Metrics on all recordings.
    pub all: AlarmMetrics,
    /// Metrics on the recordings of each kind.
    pub kinds: BTreeMap<String, AlarmMetrics>,
    /// Metrics of the same rule at other thresholds, in descending order of threshold.
    pub curve: Vec<CurvePoint>,
    /// The highest recall on the curve with at most one false alarm per hour, day, week and year. The thresholds are
    /// chosen on these same recordings, so use this to compare models, not as an unbiased estimate.
    pub recall_at_rates: Vec<RecallAtRate>,
}

/// The highest recall within a false alarm rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecallAtRate {
    /// The maximum number of false alarms per day of event-free time.
    pub per_day: f64,
    /// The threshold with the highest recall; `None` if every threshold exceeds the rate.
    pub threshold: Option<f64>,
    /// The share of events found at that threshold; 0 without a threshold.
    pub recall: f64,
}

impl AlarmReport {
    /// Evaluates `rule` on `recordings`. Metrics that need events or event-free time are `None` without them.
    pub fn new(rule: &AlarmRule, recordings: &[Recording]) -> Result<Self, Error> {
        let levels = Levels::of_all(rule, recordings);
        let curve = curve_of(rule, &thresholds(&levels, CURVE_POINTS), &levels)?;
        let (all, kinds) = tallies(rule, &levels);
        let metrics = |(kind, tally): (&str, Tally)| (kind.to_owned(), tally.metrics());
        Ok(Self {
            rule: *rule,
            all: all.metrics(),
            kinds: kinds.into_iter().map(metrics).collect(),
            recall_at_rates: RATES.map(|per_day| at_rate(&curve, per_day)).into(),
            curve,
        })
    }
}

/// The counts over all recordings, and over those of each kind.
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
