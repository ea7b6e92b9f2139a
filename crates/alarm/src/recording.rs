//! A recording, the unit on which a rule is evaluated.

use crate::error::Error;
use crate::window::CLOSEST_S;

/// Probabilities over a period of time, with its event, if any.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recording<'a> {
    times_s: &'a [f64],
    probabilities: &'a [f64],
    event_start_s: Option<f64>,
    kind: &'a str,
}

impl<'a> Recording<'a> {
    /// A recording of rows with times in seconds (from any origin, one row per second, gaps allowed) and probabilities.
    ///
    /// `event_start_s` is the start of the event to be found, if any; it may be before the first row but not after the
    /// last. Metrics are grouped by `kind`.
    ///
    /// Fails on empty input, different lengths, probabilities outside 0..=1, and times that are not finite or less than
    /// half a second after the previous row's.
    pub fn new(
        times_s: &'a [f64],
        probabilities: &'a [f64],
        event_start_s: Option<f64>,
        kind: &'a str,
    ) -> Result<Self, Error> {
        if times_s.len() != probabilities.len() {
            return Err(Error::Lengths {
                rows: times_s.len(),
                others: probabilities.len(),
                what: "probabilities",
            });
        }
        check_probabilities(probabilities)?;
        let last_s = check_times(times_s)?;
        match event_start_s {
            Some(start_s) if !start_s.is_finite() || start_s > last_s => {
                Err(Error::EventStart { start_s, last_s })
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
    pub(crate) fn rows(&self) -> impl Iterator<Item = (f64, f64)> {
        self.times_s
            .iter()
            .copied()
            .zip(self.probabilities.iter().copied())
    }

    /// The times in seconds, ascending.
    pub(crate) fn times_s(&self) -> &'a [f64] {
        self.times_s
    }

    /// The start of the event, if any.
    pub(crate) fn event_start_s(&self) -> Option<f64> {
        self.event_start_s
    }

    /// The kind, by which metrics are grouped.
    pub(crate) fn kind(&self) -> &'a str {
        self.kind
    }

    /// The number of rows before the event; all rows if there is no event.
    pub(crate) fn event_free_rows(&self) -> usize {
        let before = |start_s| self.times_s.partition_point(|&time_s| time_s < start_s);
        self.event_start_s.map_or(self.times_s.len(), before)
    }
}

/// Rejects values outside 0..=1.
fn check_probabilities(probabilities: &[f64]) -> Result<(), Error> {
    let invalid = |(_, p): &(usize, &f64)| !(0.0..=1.0).contains(*p);
    match probabilities.iter().enumerate().find(invalid) {
        Some((row, &value)) => Err(Error::Probability { row, value }),
        None => Ok(()),
    }
}

/// Returns the last time; fails unless each time is at least [`CLOSEST_S`] after the previous one.
fn check_times(times_s: &[f64]) -> Result<f64, Error> {
    let mut last_s = None;
    for (row, &time_s) in times_s.iter().enumerate() {
        let forward = last_s.is_none_or(|last_s| time_s - last_s >= CLOSEST_S);
        if !time_s.is_finite() || !forward {
            return Err(Error::Time { row, time_s });
        }
        last_s = Some(time_s);
    }
    last_s.ok_or(Error::Empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_rows_are_rejected() {
        let check = |times: &[f64], p: &[f64], event, expected: &str| {
            let error = Recording::new(times, p, event, "k").unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        let halves = [0.5; 3];
        check(&[], &[], None, "there are no rows");
        check(&[0.0, 1.0], &halves, None, "2 rows, but 3 probabilities");
        check(
            &[0.0, 1.0],
            &[0.5, -0.1],
            None,
            "row 1: -0.1 is not a probability",
        );
        let expected = "it must be finite and at least half a second after the previous row";
        for time in [0.9, 1.4, f64::NAN, f64::INFINITY] {
            let expected = format!("row 2: time {time} s; {expected}");
            check(&[0.0, 1.0, time], &halves, None, &expected);
        }
        check(
            &[0.0, 1.0, 2.0],
            &halves,
            Some(2.5),
            "the event starts at 2.5 s, but the last row is at 2 s",
        );
        assert!(Recording::new(&[0.0], &[0.5], Some(f64::NAN), "k").is_err());
    }

    #[test]
    fn only_rows_before_the_event_are_event_free() {
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
