//! The CO2 concentration and its change.

use super::history::History;
use super::slope::slope;

/// How long a reading is used, in seconds: three of the sensor's periods of 5 s.
const HOLD_S: f64 = 15.0;
/// Time over which the change is computed, in seconds.
const DELTA_S: f64 = 60.0;
/// Window of the slope, in seconds.
const SLOPE_S: f64 = 30.0;

/// The valid readings of the last 75 s.
#[derive(Clone, Debug)]
pub(super) struct Gas {
    readings: History<f32>,
}

impl Gas {
    pub(super) fn new() -> Self {
        Self {
            readings: History::new(DELTA_S + HOLD_S),
        }
    }

    /// Adds a valid reading.
    pub(super) fn push(&mut self, time_s: f64, ppm: f32) {
        self.readings.push(time_s, ppm);
    }

    /// Concentration (ppm), change within 60 s (ppm) and slope over 30 s (ppm/s) at `time_s`.
    ///
    /// Each is NaN without the readings that it needs; all are NaN if the last reading is more than 15 s old.
    pub(super) fn features(&self, time_s: f64) -> [f64; 3] {
        let held = |time_s| {
            let reading = self.readings.held(time_s, HOLD_S);
            reading.map_or(f64::NAN, |(_, &ppm)| f64::from(ppm))
        };
        let value = held(time_s);
        if value.is_nan() {
            return [f64::NAN; 3];
        }
        let window = self.readings.between(time_s - SLOPE_S, time_s);
        let slope = slope(window.map(|(at, &ppm)| (at, f64::from(ppm))), SLOPE_S);
        [
            value,
            value - held(time_s - DELTA_S),
            slope.unwrap_or(f64::NAN),
        ]
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the expected values are exact")]
mod tests {
    use super::*;

    /// Readings every 5 s that rise by 2 ppm a second, but for those skipped.
    fn rising(skipped: std::ops::Range<u32>) -> Gas {
        let mut gas = Gas::new();
        for time in (0..=120).step_by(5).filter(|time| !skipped.contains(time)) {
            gas.push(f64::from(time), 400.0 + 2.0 * time as f32);
        }
        gas
    }

    #[test]
    fn a_steady_rise_has_its_change_and_its_slope() {
        let [value, delta, slope] = rising(0..0).features(123.0);
        assert_eq!([value, delta], [640.0, 120.0]);
        assert!((slope - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_reading_is_held_for_15_s_and_a_gap_is_missing() {
        let known = |gas: &Gas, time_s| gas.features(time_s).map(|value| !value.is_nan());
        let gas = rising(0..0);
        assert_eq!(known(&gas, 135.0), [true, true, true]);
        assert_eq!(known(&gas, 135.1), [false, false, false]);
        // A minute ago there was nothing to compare with; and too little is left for a slope.
        assert_eq!(known(&rising(36..75), 110.0), [true, false, true]);
        assert_eq!(known(&rising(36..110), 110.0), [true, false, false]);
    }

    #[test]
    fn there_is_no_change_within_the_first_minute() {
        let mut gas = Gas::new();
        for time in (0..=55).step_by(5) {
            gas.push(f64::from(time), 400.0);
        }
        assert!(gas.features(59.0)[1].is_nan());
        gas.push(60.0, 420.0);
        assert_eq!(gas.features(60.0)[1], 20.0);
    }
}
