//! The hotspot proxy: the smoothed mean of the hottest tenth of the image, and its change.

use super::history::History;
use super::slope::slope;

/// Time constant of the smoothing, in seconds: longer than the flicker of a flame (1 to 4 Hz), shorter than its growth.
const TIME_CONSTANT_S: f64 = 2.0;
/// Time over which the change is computed, in seconds.
const DELTA_S: f64 = 60.0;
/// The minimum of that time while there is less history, in seconds.
const MIN_DELTA_S: f64 = 30.0;
/// Window of the slope, in seconds.
const SLOPE_S: f64 = 10.0;

/// The proxy's values of the last minute.
#[derive(Clone, Debug)]
pub(super) struct Hotspot {
    values: History<f64>,
    newest: Option<(f64, f64)>,
}

impl Hotspot {
    pub(super) fn new() -> Self {
        Self {
            values: History::new(DELTA_S),
            newest: None,
        }
    }

    /// Adds the mean of an image's hottest tenth, in Celsius.
    pub(super) fn push(&mut self, time_s: f64, hottest_c: f64) {
        let value = match self.newest {
            None => hottest_c,
            // Weighted by the time since the last image, so that lost images and other rates make no difference.
            Some((before_s, value)) => {
                let weight = -libm::expm1(-(time_s - before_s) / TIME_CONSTANT_S);
                value + weight * (hottest_c - value)
            }
        };
        self.newest = Some((time_s, value));
        self.values.push(time_s, value);
    }

    /// Value (C), change within 60 s (C) and slope over 10 s (C/s) at `time_s`.
    ///
    /// Each is NaN without the history that it needs; all are NaN if the newest image is older than `hold_s`.
    pub(super) fn features(&self, time_s: f64, hold_s: f64) -> [f64; 3] {
        let Some((_, &value)) = self.values.held(time_s, hold_s) else {
            return [f64::NAN; 3];
        };
        let earlier = self
            .values
            .between(time_s - DELTA_S, time_s - MIN_DELTA_S)
            .next();
        let delta = earlier.map_or(f64::NAN, |(_, earlier)| value - earlier);
        let window = self.values.between(time_s - SLOPE_S, time_s);
        let slope = slope(window.map(|(at, &value)| (at, value)), SLOPE_S);
        [value, delta, slope.unwrap_or(f64::NAN)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(rate_hz: u32, seconds: u32, course: impl Fn(f64) -> f64) -> Hotspot {
        let mut hotspot = Hotspot::new();
        for k in 0..=rate_hz * seconds {
            let time_s = f64::from(k) / f64::from(rate_hz);
            hotspot.push(time_s, course(time_s));
        }
        hotspot
    }

    #[test]
    fn a_step_is_smoothed_with_the_time_constant_at_any_rate() {
        for rate_hz in [1, 9, 25] {
            let hotspot = ramp(rate_hz, 12, |time_s| if time_s > 0.0 { 10.0 } else { 0.0 });
            let [value, ..] = hotspot.features(2.0, 2.0);
            let expected = 10.0 * (1.0 - (-1.0_f64).exp());
            assert!((value - expected).abs() < 1e-9, "{rate_hz} Hz: {value}");
        }
    }

    #[test]
    fn a_steady_rise_has_its_slope_and_its_change() {
        let [value, delta, slope] = ramp(9, 90, |time_s| 20.0 + 0.1 * time_s).features(90.0, 2.0);
        assert!((value - 28.8).abs() < 0.02, "it lags by 2 s: {value}");
        assert!((delta - 6.0).abs() < 0.01, "{delta}");
        assert!((slope - 0.1).abs() < 1e-6, "{slope}");
    }

    #[test]
    fn features_that_need_history_are_missing_until_it_exists() {
        let hotspot = ramp(1, 60, |_| 20.0);
        let known = |time_s| hotspot.features(time_s, 2.0).map(|value| !value.is_nan());
        assert_eq!(known(-1.0), [false, false, false]);
        assert_eq!(known(0.0), [true, false, false]);
        assert_eq!(known(4.0), [true, false, false]);
        assert_eq!(known(5.0), [true, false, true]);
        assert_eq!(known(29.0), [true, false, true]);
        assert_eq!(known(30.0), [true, true, true]);
        assert_eq!(known(62.0), [true, true, true]);
        assert_eq!(known(62.1), [false, false, false]);
    }
}
