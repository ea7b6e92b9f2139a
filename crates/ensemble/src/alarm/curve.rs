//! What a rule would do at other thresholds.

use serde::{Deserialize, Serialize};

use super::figures::{Figures, Tally};
use super::levels::Levels;
use super::recording::Recording;
use super::rule::AlarmRule;
use crate::error::Error;

/// A rule at one threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The threshold.
    pub threshold: f64,
    /// How soon events were found there, and how many alarms were false.
    #[serde(flatten)]
    pub figures: Figures,
}

impl CurvePoint {
    /// The share of events that were found; 0 without events.
    pub fn recall(&self) -> f64 {
        self.figures.detection.map_or(0.0, |found| found.recall)
    }
}

/// What `rule` does on `recordings` at each of `thresholds`, in their order; its release threshold keeps its share.
///
/// Latency against false alarms, and recall against them, are the columns of this. Fails on a threshold out of range.
pub fn curve(
    rule: &AlarmRule,
    thresholds: &[f64],
    recordings: &[Recording],
) -> Result<Vec<CurvePoint>, Error> {
    let levels: Vec<_> = recordings
        .iter()
        .map(|recording| Levels::new(rule, recording))
        .collect();
    curve_of(rule, thresholds, &levels)
}

/// The same for levels that are known already.
pub(super) fn curve_of(
    rule: &AlarmRule,
    thresholds: &[f64],
    levels: &[Levels],
) -> Result<Vec<CurvePoint>, Error> {
    let point = |&threshold: &f64| {
        let figures = tally(&rule.at(threshold)?, levels).figures();
        Ok(CurvePoint { threshold, figures })
    };
    thresholds.iter().map(point).collect()
}

/// The counts of all recordings under `rule`.
pub(super) fn tally(rule: &AlarmRule, levels: &[Levels]) -> Tally {
    let mut tally = Tally::default();
    for levels in levels {
        tally.add(rule, levels.recording(), &levels.alarm_times_s(rule));
    }
    tally
}

/// The point of `curve` with the highest recall among those with at most `per_day` false alarms a day; of equals the
/// one with the fewest, then the highest threshold.
pub fn recall_at(curve: &[CurvePoint], per_day: f64) -> Option<&CurvePoint> {
    let rate = |point: &CurvePoint| point.figures.false_alarms.map(|alarms| alarms.per_day);
    let merit = |point: &CurvePoint| {
        let rate = rate(point).unwrap_or(f64::INFINITY);
        [point.recall(), -rate, point.threshold]
    };
    curve
        .iter()
        .filter(|point| rate(point).is_some_and(|rate| rate <= per_day))
        .reduce(|best, point| {
            if merit(point) > merit(best) {
                point
            } else {
                best
            }
        })
}
