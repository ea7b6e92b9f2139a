//! Alarm counts and metrics.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::poisson::poisson_interval;
use crate::recording::Recording;
use crate::rule::AlarmRule;

const SECONDS_PER_DAY: f64 = 86_400.0;

/// A rule's metrics on a set of recordings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmMetrics {
    /// The number of recordings.
    pub recordings: u64,
    /// Detection of events; `None` without events.
    pub detection: Option<Detection>,
    /// False alarms; `None` without event-free time.
    pub false_alarms: Option<FalseAlarms>,
}

/// The number of events found, and their latencies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// The number of events, at most one per recording.
    pub events: u64,
    /// Events with an alarm that began at or after their start.
    pub found: u64,
    /// Events without such an alarm.
    pub missed: u64,
    /// The share of events found.
    pub recall: f64,
    /// The share of events found within 30 s of their start.
    pub within_30_s: f64,
    /// The share of events found within 60 s of their start.
    pub within_60_s: f64,
    /// The share of events found within 120 s of their start.
    pub within_120_s: f64,
    /// Median seconds from an event's start to its alarm; `None` if fewer than half of the events were found.
    pub latency_p50_s: Option<f64>,
    /// The 90 % quantile of that latency; `None` if fewer than nine in ten events were found.
    pub latency_p90_s: Option<f64>,
}

/// False alarms: those raised without an event.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FalseAlarms {
    /// The number of false alarms.
    pub count: u64,
    /// Event-free time, in days.
    pub days: f64,
    /// False alarms per day of event-free time.
    pub per_day: f64,
    /// The 95 % confidence interval of `per_day`, exact if alarms are independent ([`poisson_interval`]).
    pub per_day_interval: [f64; 2],
}

impl fmt::Display for FalseAlarms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [low, high] = self.per_day_interval;
        let per_day = self.per_day;
        write!(
            f,
            "{per_day:.1} false alarms a day (95 %: {low:.1} to {high:.1})"
        )
    }
}

/// Counts over recordings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    recordings: u64,
    events: u64,
    /// One per event found.
    latencies_s: Vec<f64>,
    false_alarms: u64,
    event_free_rows: usize,
}

impl Tally {
    /// Adds a recording on which `rule` raised alarms at `alarm_times_s`.
    pub(crate) fn add(&mut self, rule: &AlarmRule, recording: &Recording, alarm_times_s: &[f64]) {
        let start_s = recording.event_start_s().unwrap_or(f64::INFINITY);
        let early = alarm_times_s.partition_point(|&time_s| time_s < start_s);
        let (early, late) = alarm_times_s.split_at(early);
        self.recordings += 1;
        self.events += u64::from(recording.event_start_s().is_some());
        self.latencies_s
            .extend(late.first().map(|time_s| time_s - start_s));
        self.false_alarms += early.len() as u64;
        self.event_free_rows += match early.first() {
            // No other alarm can be raised after a latched one.
            Some(alarm_s) if rule.params().latch => {
                let times_s = recording.times_s();
                times_s.partition_point(|time_s| time_s <= alarm_s)
            }
            _ => recording.event_free_rows(),
        };
    }

    /// The number of events found within `seconds` of their start.
    pub(crate) fn found_within(&self, seconds: f64) -> usize {
        let latencies = self.latencies_s.iter();
        latencies.filter(|&&latency| latency <= seconds).count()
    }

    /// The median latency over all events; infinite if fewer than half are found.
    pub(crate) fn median_latency_s(&self) -> f64 {
        self.latency_s(50).unwrap_or(f64::INFINITY)
    }

    /// False alarms per day of event-free time; infinite without such time.
    pub(crate) fn false_alarms_per_day(&self) -> f64 {
        if self.event_free_rows == 0 {
            f64::INFINITY
        } else {
            self.false_alarms as f64 / self.event_free_days()
        }
    }

    /// The metrics of these counts.
    pub(crate) fn metrics(&self) -> AlarmMetrics {
        AlarmMetrics {
            recordings: self.recordings,
            detection: (self.events > 0).then(|| self.detection()),
            false_alarms: (self.event_free_rows > 0).then(|| self.rate()),
        }
    }

    fn detection(&self) -> Detection {
        let found = self.latencies_s.len() as u64;
        let share = |count: usize| count as f64 / self.events as f64;
        Detection {
            events: self.events,
            found,
            missed: self.events - found,
            recall: share(self.latencies_s.len()),
            within_30_s: share(self.found_within(30.0)),
            within_60_s: share(self.found_within(60.0)),
            within_120_s: share(self.found_within(120.0)),
            latency_p50_s: self.latency_s(50),
            latency_p90_s: self.latency_s(90),
        }
    }

    /// The latency that `percent` of all events do not exceed; missed events have infinite latency.
    fn latency_s(&self, percent: u64) -> Option<f64> {
        let rank = (self.events * percent).div_ceil(100).checked_sub(1)? as usize;
        if rank >= self.latencies_s.len() {
            return None;
        }
        let mut latencies = self.latencies_s.clone();
        let (_, at_rank, _) = latencies.select_nth_unstable_by(rank, f64::total_cmp);
        Some(*at_rank)
    }

    fn rate(&self) -> FalseAlarms {
        let days = self.event_free_days();
        FalseAlarms {
            count: self.false_alarms,
            days,
            per_day: self.false_alarms_per_day(),
            per_day_interval: poisson_interval(self.false_alarms).map(|mean| mean / days),
        }
    }

    fn event_free_days(&self) -> f64 {
        self.event_free_rows as f64 / SECONDS_PER_DAY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AlarmParams;

    /// Recordings of 100 s, each with the start of its event and the times of its alarms.
    fn tally(rule: &AlarmRule, recordings: &[(Option<f64>, &[f64])]) -> Tally {
        let times: Vec<f64> = (0..100).map(f64::from).collect();
        let mut tally = Tally::default();
        for &(event, alarms) in recordings {
            let recording = Recording::new(&times, &[0.0; 100], event, "k").unwrap();
            tally.add(rule, &recording, alarms);
        }
        tally
    }

    fn rule(latch: bool) -> AlarmRule {
        let params = AlarmParams {
            latch,
            ..AlarmParams::new(0.5, 1, 1)
        };
        params.check().unwrap()
    }

    #[test]
    fn events_are_found_by_the_first_alarm_at_or_after_their_start() {
        let recordings: [(_, &[f64]); 5] = [
            (Some(20.0), &[20.0]),
            (Some(20.0), &[5.0, 30.0, 40.0]),
            (Some(20.5), &[55.5]),
            (Some(-3.0), &[90.0]),
            (Some(20.0), &[19.0]),
        ];
        let found = tally(&rule(false), &recordings).metrics();
        let expected = Detection {
            events: 5,
            found: 4,
            missed: 1,
            recall: 0.8,
            within_30_s: 0.4,
            within_60_s: 0.6,
            within_120_s: 0.8,
            latency_p50_s: Some(35.0),
            latency_p90_s: None,
        };
        assert_eq!(found.detection, Some(expected));
    }

    #[test]
    fn missed_events_count_in_the_quantiles() {
        let check = |found: usize, missed: usize, expected: [Option<f64>; 2]| {
            let alarms: Vec<f64> = (0..found).map(|late| 10.0 + late as f64).collect();
            let mut recordings: Vec<_> = alarms
                .iter()
                .map(|alarm| (Some(10.0), std::slice::from_ref(alarm)))
                .collect();
            recordings.extend(vec![(Some(10.0), &[][..]); missed]);
            let detection = tally(&rule(false), &recordings)
                .metrics()
                .detection
                .unwrap();
            let quantiles = [detection.latency_p50_s, detection.latency_p90_s];
            assert_eq!(quantiles, expected, "{found} of {}", found + missed);
        };
        check(1, 0, [Some(0.0), Some(0.0)]);
        check(10, 0, [Some(4.0), Some(8.0)]);
        check(9, 1, [Some(4.0), Some(8.0)]);
        check(8, 2, [Some(4.0), None]);
        check(1, 1, [Some(0.0), None]);
        check(1, 2, [None, None]);
    }

    #[test]
    fn false_alarms_are_counted_per_event_free_time() {
        let recordings: [(_, &[f64]); 3] = [
            (None, &[10.0, 20.0, 30.0]),
            (Some(40.0), &[39.0, 41.0]),
            (Some(0.0), &[50.0]),
        ];
        let check = |latch, count, seconds: f64| {
            let rate = tally(&rule(latch), &recordings)
                .metrics()
                .false_alarms
                .unwrap();
            let days = seconds / 86_400.0;
            assert_eq!((rate.count, rate.days), (count, days));
            assert_eq!(rate.per_day, count as f64 / days);
            let [lower, upper] = poisson_interval(count);
            assert_eq!(rate.per_day_interval, [lower / days, upper / days]);
        };
        check(false, 4, 140.0);
        // A latching rule raises only the first alarm, so time counts only up to it: 11 and 40 seconds.
        let latched: [(_, &[f64]); 3] =
            [(None, &[10.0]), (Some(40.0), &[39.0]), (Some(0.0), &[50.0])];
        let rate = tally(&rule(true), &latched).metrics().false_alarms.unwrap();
        assert_eq!((rate.count, rate.days), (2, 51.0 / 86_400.0));
    }

    #[test]
    fn there_are_no_metrics_without_events_or_event_free_time() {
        let only_events = tally(&rule(false), &[(Some(0.0), &[])]).metrics();
        assert_eq!(only_events.false_alarms, None);
        let none = tally(&rule(false), &[(None, &[])]).metrics();
        assert_eq!(none.detection, None);
        assert_eq!(none.false_alarms.unwrap().count, 0);
    }
}
