//! The readings of an SCD41 in simulated air.

use crate::co2::Co2Reading;

use super::draw::{Wobble, bits, hashed};

/// Time to reach 63 % of a step, s (datasheet).
const RESPONSE_S: f64 = 60.0;
/// Time between readings in periodic measurement, s (datasheet).
pub(super) const PERIOD_S: f64 = 5.0;

/// The sensor's hidden state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scd41 {
    /// The concentration at the sensing element, which lags behind the air, ppm.
    lagged_ppm: f64,
    pub(super) noise_ppm: f64,
    pub(super) offset_ppm: f64,
    /// Slow change of the offset, up to 15 ppm in either direction (an assumption).
    pub(super) drift: Wobble,
    pub(super) seed: u64,
}

impl Scd41 {
    pub(super) fn new(air_ppm: f64, noise_ppm: f64, offset_ppm: f64, seed: u64) -> Self {
        Self {
            lagged_ppm: air_ppm,
            noise_ppm,
            offset_ppm,
            drift: Wobble::new(seed ^ 1, 0.002),
            seed,
        }
    }

    /// Follows the air for `step_s` seconds.
    pub(super) fn follow(&mut self, air_ppm: f64, step_s: f64) {
        self.lagged_ppm += (air_ppm - self.lagged_ppm) * (1.0 - libm::exp(-step_s / RESPONSE_S));
    }

    /// A reading, in whole ppm as the sensor sends it.
    pub(super) fn read(&self, time_s: f64) -> Co2Reading {
        let ppm =
            self.lagged_ppm + self.offset_ppm + 15.0 * self.drift.at(time_s) + self.noise(time_s);
        Co2Reading {
            time_s,
            ppm: libm::round(ppm.clamp(1.0, f64::from(Co2Reading::MAX_PPM))) as f32,
        }
    }

    /// Approximately normal noise: the sum of twelve uniform draws.
    fn noise(&self, time_s: f64) -> f64 {
        let reading = bits(self.seed, libm::round(time_s * 10.0) as i64);
        let sum: f64 = (0..12).map(|n| hashed(reading, n)).sum();
        // A draw from -1 to 1 has the variance 1/3.
        self.noise_ppm * sum / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sensor(noise_ppm: f64) -> Scd41 {
        Scd41::new(500.0, noise_ppm, 0.0, 7)
    }

    #[test]
    fn a_step_is_followed_to_63_percent_within_a_minute() {
        let mut sensor = sensor(0.0);
        for _ in 0..60 {
            sensor.follow(1_500.0, 1.0);
        }
        assert!(
            (sensor.lagged_ppm - 1_132.0).abs() < 1.0,
            "{}",
            sensor.lagged_ppm
        );
    }

    #[test]
    fn readings_have_the_specified_noise() {
        let sensor = sensor(10.0);
        let scatter: Vec<f64> = (0..4_000)
            .map(|n| f64::from(n) * PERIOD_S)
            .map(|time| f64::from(sensor.read(time).ppm) - 500.0 - 15.0 * sensor.drift.at(time))
            .collect();
        let variance = scatter.iter().map(|x| x * x).sum::<f64>() / 4_000.0;
        assert!((variance.sqrt() - 10.0).abs() < 0.5, "{variance}");
    }
}
