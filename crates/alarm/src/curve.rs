//! A rule's metrics as a function of the threshold.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::levels::Levels;
use crate::metrics::{AlarmMetrics, Tally};
use crate::recording::Recording;
use crate::rule::AlarmRule;

/// A rule's metrics at one threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The threshold, above 0 and at most 1.
    pub threshold: f64,
    /// Detection and false alarms at this threshold.
    #[serde(flatten)]
    pub metrics: AlarmMetrics,
}

impl CurvePoint {
    /// The share of events found; 0 without events.
    pub fn recall(&self) -> f64 {
        self.metrics.detection.map_or(0.0, |found| found.recall)
    }
}

/// The metrics of `rule` on `recordings` at each of `thresholds`, in that order. The release threshold keeps its ratio
/// to the threshold.
///
/// Useful for plotting latency or recall against false alarms. Fails on a threshold out of range.
pub fn curve(
    rule: &AlarmRule,
    thresholds: &[f64],
    recordings: &[Recording],
) -> Result<Vec<CurvePoint>, Error> {
    curve_of(rule, thresholds, &Levels::of_all(rule, recordings))
}

/// [`curve()`] for precomputed levels.
pub(crate) fn curve_of(
    rule: &AlarmRule,
    thresholds: &[f64],
    levels: &[Levels],
) -> Result<Vec<CurvePoint>, Error> {
    let point = |&threshold: &f64| {
        let metrics = tally(&rule.at(threshold)?, levels).metrics();
        Ok(CurvePoint { threshold, metrics })
    };
    thresholds.iter().map(point).collect()
}

/// The counts of all recordings under `rule`.
pub(crate) fn tally(rule: &AlarmRule, levels: &[Levels]) -> Tally {
    let mut tally = Tally::default();
    for levels in levels {
        tally.add(rule, levels.recording(), &levels.alarm_times_s(rule));
    }
    tally
}

/// The point of `curve` with the highest recall among those with at most `per_day` false alarms per day. Ties go to the
/// fewest false alarms, then to the highest threshold.
pub fn recall_at(curve: &[CurvePoint], per_day: f64) -> Option<&CurvePoint> {
    let rate = |point: &CurvePoint| point.metrics.false_alarms.map(|alarms| alarms.per_day);
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
