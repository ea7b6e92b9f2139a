//! A reading of the CO2 sensor.

/// A value reported by the SCD41, and its time.
///
/// Any value is accepted, because the sensor itself reports impossible ones: 0 ppm means "no measurement" (Sensirion's
/// driver, issue 28). [`is_valid`](Self::is_valid) is true for measurements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Co2Reading {
    /// Seconds since the recording's start, on the clock of the frames.
    pub time_s: f64,
    /// CO2 concentration in parts per million.
    pub ppm: f32,
}

impl Co2Reading {
    /// The highest output of the SCD41, in ppm.
    pub const MAX_PPM: f32 = 40_000.0;

    /// True for a measurement: above 0 and at most [`MAX_PPM`](Self::MAX_PPM).
    ///
    /// Values below the specified minimum of 400 ppm are valid: a sensor with a shifted baseline reads 100 to 200 ppm
    /// too low for weeks, but still shows a rise.
    pub fn is_valid(&self) -> bool {
        self.ppm > 0.0 && self.ppm <= Self::MAX_PPM
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_measurable_concentrations_are_valid() {
        let cases = [
            (f32::NAN, false),
            (-1.0, false),
            (0.0, false),
            (236.0, true),
            (400.0, true),
            (40_000.0, true),
            (40_001.0, false),
            (f32::INFINITY, false),
        ];
        for (ppm, expected) in cases {
            assert_eq!(
                Co2Reading { time_s: 0.0, ppm }.is_valid(),
                expected,
                "{ppm}"
            );
        }
    }
}
