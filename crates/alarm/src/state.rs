//! Streaming application of a rule.

use crate::recording::Recording;
use crate::rule::AlarmRule;
use crate::window::{CLOSEST_S, Window};

/// A raised alarm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alarm {
    /// The time of the row that raised it.
    pub time_s: f64,
}

/// The streaming state of a rule; always less than 50 kB.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmState {
    rule: AlarmRule,
    window: Window,
    trigger: Trigger,
    newest_s: f64,
}

impl AlarmState {
    /// The state before the first row.
    pub fn new(rule: AlarmRule) -> Self {
        Self {
            rule,
            window: Window::new(rule.params().k, rule.params().n),
            trigger: Trigger::default(),
            newest_s: f64::NEG_INFINITY,
        }
    }

    /// Processes a row, with its time in seconds from any fixed origin, and returns the alarm that it raises, if any.
    ///
    /// Rows should arrive once a second. A row is ignored if it is less than half a second from the previous one, if
    /// its time is not finite, or if its probability is outside 0..=1. If time jumps back, as when a clock is set, the
    /// window is cleared: otherwise the detector would be silent until the old time is reached again.
    pub fn push(&mut self, time_s: f64, probability: f64) -> Option<Alarm> {
        let usable = time_s.is_finite() && (0.0..=1.0).contains(&probability);
        if !usable || (time_s - self.newest_s).abs() < CLOSEST_S {
            return None;
        }
        if time_s < self.newest_s {
            self.window.clear();
        }
        self.newest_s = time_s;
        let level = self.window.push(time_s, probability);
        let begins = self.trigger.step(&self.rule, level);
        begins.then_some(Alarm { time_s })
    }

    /// Ends the alarm, latched or not, and forgets the rows that led to it.
    pub fn reset(&mut self) {
        self.trigger = Trigger::default();
        self.window.clear();
    }
}

impl AlarmRule {
    /// All alarms of a recording, in time order.
    pub fn alarms(&self, recording: &Recording) -> Vec<Alarm> {
        let mut state = AlarmState::new(*self);
        let rows = recording.rows();
        rows.filter_map(|(time_s, p)| state.push(time_s, p))
            .collect()
    }
}

/// The hysteresis between the two thresholds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Trigger {
    sounding: bool,
}

impl Trigger {
    /// Processes the next level and returns whether an alarm begins.
    pub(crate) fn step(&mut self, rule: &AlarmRule, level: f64) -> bool {
        let was_sounding = self.sounding;
        self.sounding = if was_sounding {
            rule.params().latch || level >= rule.params().release
        } else {
            level >= rule.params().threshold
        };
        self.sounding && !was_sounding
    }

    /// Whether the state is unchanged by any levels from `lowest` to `highest`.
    pub(crate) fn holds(&self, rule: &AlarmRule, [lowest, highest]: [f64; 2]) -> bool {
        if self.sounding {
            rule.params().latch || lowest >= rule.params().release
        } else {
            highest < rule.params().threshold
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AlarmParams;

    /// Threshold 0.8, release 0.4, 2 of 3 seconds.
    fn params() -> AlarmParams {
        AlarmParams::new(0.8, 2, 3)
    }

    fn check(params: AlarmParams, rows: &[(f64, f64)], expected: &[f64]) {
        let mut state = AlarmState::new(params.check().unwrap());
        let alarms = rows.iter().filter_map(|&(time, p)| state.push(time, p));
        let times: Vec<f64> = alarms.map(|alarm| alarm.time_s).collect();
        assert_eq!(times, expected, "{rows:?}");
    }

    fn seconds(probabilities: &[f64]) -> Vec<(f64, f64)> {
        (0..)
            .zip(probabilities)
            .map(|(second, &p)| (f64::from(second), p))
            .collect()
    }

    #[test]
    fn k_of_n_rows_raise_an_alarm() {
        check(params(), &seconds(&[0.9, 0.1, 0.8]), &[2.0]);
        check(params(), &seconds(&[0.9, 0.1, 0.1, 0.9]), &[]);
        check(params(), &seconds(&[0.79, 0.79, 0.79]), &[]);
        check(AlarmParams::new(0.8, 1, 1), &seconds(&[0.1, 0.8]), &[1.0]);
    }

    #[test]
    fn an_alarm_ends_below_the_release_threshold() {
        let wavering = [0.9, 0.9, 0.5, 0.5, 0.5, 0.9, 0.9];
        check(params(), &seconds(&wavering), &[1.0]);
        let ended = [0.9, 0.9, 0.3, 0.3, 0.9, 0.9];
        check(params(), &seconds(&ended), &[1.0, 5.0]);
        let latching = AlarmParams {
            latch: true,
            ..params()
        };
        check(latching, &seconds(&ended), &[1.0]);
    }

    #[test]
    fn a_missing_second_counts_as_below_the_threshold() {
        check(params(), &[(0.0, 0.9), (2.0, 0.9)], &[2.0]);
        check(params(), &[(0.0, 0.9), (3.0, 0.9)], &[]);
        // The alarm of second 1 ends in the gap.
        let gap = [(0.0, 0.9), (1.0, 0.9), (60.0, 0.9), (61.0, 0.9)];
        check(params(), &gap, &[1.0, 61.0]);
    }

    #[test]
    fn jitter_in_the_times_changes_nothing() {
        check(
            params(),
            &[(0.2, 0.9), (1.0, 0.1), (1.8, 0.9), (3.1, 0.1)],
            &[1.8],
        );
        check(params(), &[(0.0, 0.9), (0.9, 0.1), (2.4, 0.9)], &[2.4]);
        check(params(), &[(0.0, 0.9), (1.4, 0.1), (2.6, 0.9)], &[]);
    }

    #[test]
    fn unusable_rows_are_ignored() {
        check(params(), &[(0.0, 0.9), (0.4, 0.9), (-0.4, 0.9)], &[]);
        let unusable = [
            (0.0, 0.9),
            (f64::NAN, 0.9),
            (f64::INFINITY, 0.9),
            (1.0, f64::NAN),
        ];
        check(params(), &unusable, &[]);
        check(params(), &[&unusable[..], &[(2.0, 0.9)]].concat(), &[2.0]);
    }

    #[test]
    fn a_clock_that_is_set_back_empties_the_window() {
        let rows = [(1e9, 0.9), (10.0, 0.9), (11.0, 0.9), (12.0, 0.9)];
        check(params(), &rows, &[11.0]);
    }

    #[test]
    fn a_reset_ends_a_latched_alarm() {
        let latching = AlarmParams {
            latch: true,
            ..params()
        };
        let mut state = AlarmState::new(latching.check().unwrap());
        assert!(state.push(0.0, 0.9).is_none() && state.push(1.0, 0.9).is_some());
        assert!(state.push(2.0, 0.0).is_none() && state.trigger.sounding);
        state.reset();
        assert!(!state.trigger.sounding);
        assert!(state.push(3.0, 0.9).is_none() && state.push(4.0, 0.9).is_some());
    }
}
