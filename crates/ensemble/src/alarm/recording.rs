//! What alarms are judged on.

use super::window::CLOSEST_S;
use crate::error::DataError;
use crate::metrics::check_probabilities;

/// The probabilities of one stretch of time, and what happened in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recording<'a> {
    times_s: &'a [f64],
    probabilities: &'a [f64],
    event_start_s: Option<f64>,
    kind: &'a str,
}

impl<'a> Recording<'a> {
    /// Rows of `times_s` (seconds, from any start, one row a second where none is missing) and their probabilities.
    ///
    /// `event_start_s` is the time at which the event starts that is to be found, if there is one; it may lie before
    /// the first row but not after the last. `kind` is what figures are grouped by.
    ///
    /// Fails without rows, on different lengths, on numbers that are no probabilities, and on times that are not
    /// finite or less than half a second after the one before.
    pub fn new(
        times_s: &'a [f64],
        probabilities: &'a [f64],
        event_start_s: Option<f64>,
        kind: &'a str,
    ) -> Result<Self, DataError> {
        if times_s.len() != probabilities.len() {
            return Err(DataError::Lengths {
                rows: times_s.len(),
                others: probabilities.len(),
                what: "probabilities",
            });
        }
        check_probabilities(probabilities)?;
        let last_s = check_times(times_s)?;
        match event_start_s {
            Some(start_s) if !start_s.is_finite() || start_s > last_s => {
                Err(DataError::EventStart { start_s, last_s })
            }
            _ => Ok(Self {
                times_s,
                probabilities,
                event_start_s,
                kind,
            }),
        }
    }

    /// Times and probabilities, in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = (f64, f64)> {
        self.times_s
            .iter()
            .copied()
            .zip(self.probabilities.iter().copied())
    }

    /// The times alone.
    pub(super) fn times_s(&self) -> &'a [f64] {
        self.times_s
    }

    /// When the event starts, if there is one.
    pub(super) fn event_start_s(&self) -> Option<f64> {
        self.event_start_s
    }

    /// What figures are grouped by.
    pub(super) fn kind(&self) -> &'a str {
        self.kind
    }

    /// The number of rows before the event; all of them where there is none.
    pub(super) fn event_free_rows(&self) -> usize {
        let before = |start_s| self.times_s.partition_point(|&time_s| time_s < start_s);
        self.event_start_s.map_or(self.times_s.len(), before)
    }
}

/// The last of `times_s`, if they go forward by enough.
fn check_times(times_s: &[f64]) -> Result<f64, DataError> {
    let mut last_s = None;
    for (row, &time_s) in times_s.iter().enumerate() {
        let forward = last_s.is_none_or(|last_s| time_s - last_s >= CLOSEST_S);
        if !time_s.is_finite() || !forward {
            return Err(DataError::Time { row, time_s });
        }
        last_s = Some(time_s);
    }
    last_s.ok_or(DataError::Empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_recording_is_refused() {
        let check = |times: &[f64], p: &[f64], event, expected: &str| {
            let refused = Recording::new(times, p, event, "k").unwrap_err();
            assert_eq!(refused.to_string(), expected);
        };
        let halves = [0.5; 3];
        check(&[], &[], None, "there are no rows");
        check(&[0.0, 1.0], &halves, None, "2 rows, but 3 probabilities");
        check(
            &[0.0, 1.0],
            &[0.5, -0.1],
            None,
            "row 1: -0.1 is no probability",
        );
        let expected = "it must be finite and half a second or more after the row before";
        for time in [0.9, 1.4, f64::NAN, f64::INFINITY] {
            let expected = format!("row 2: time {time} s; {expected}");
            check(&[0.0, 1.0, time], &halves, None, &expected);
        }
        check(
            &[0.0, 1.0, 2.0],
            &halves,
            Some(2.5),
            "the event starts at 2.5 s, but the last row is that of 2 s",
        );
        assert!(Recording::new(&[0.0], &[0.5], Some(f64::NAN), "k").is_err());
    }

    #[test]
    fn rows_before_the_event_are_free_of_it() {
        let times = [0.0, 1.0, 2.0];
        let check = |event, expected| {
            let recording = Recording::new(&times, &[0.0; 3], event, "k").unwrap();
            assert_eq!(recording.event_free_rows(), expected);
        };
        check(None, 3);
        check(Some(-5.0), 0);
        check(Some(1.0), 1);
        check(Some(1.5), 2);
    }
}
