//! Sensor faults.

use crate::co2::Co2Reading;
use crate::frame::{FRAME_HEIGHT, FRAME_PIXELS, FRAME_WIDTH};

use super::background::LARGEST_SHIFT;
use super::draw::{Draw, Wobble, bits, hashed};

/// A fault of camera or CO2 sensor during an episode.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// A flat-field correction that the telemetry does not report: the level jumps.
    FfcJump { at_s: f64, kelvin: f64 },
    /// Pixels of one row that read too high or too low, as in the real recording.
    BadPixels { seed: u64, count: u32, row: usize },
    /// A wrong calibration, up to the datasheet's 5 C.
    Offset { kelvin: f64 },
    /// The camera is knocked: it shakes, then points elsewhere.
    Bump {
        at_s: f64,
        shift: (i32, i32),
        shaking: Wobble,
    },
    /// The automatic self-calibration has shifted the baseline.
    Co2Bias { ppm: f64 },
    /// The sensor restarts: no readings for a while, then a different offset.
    Co2Restart { at_s: f64, ppm: f64 },
    /// Measurements fail: the sensor sends 0.
    Co2Lost { from_s: f64, to_s: f64 },
}

/// How long a knocked camera shakes, s.
const SHAKING_S: f64 = 1.5;
/// How long a restarted sensor is silent, s.
const RESTART_S: f64 = 12.0;

impl Fault {
    pub(super) fn draw(duration_s: f64, draw: &mut Draw) -> Self {
        let at_s = duration_s * draw.uniform(0.05, 0.95);
        let pixels = |draw: &mut Draw| draw.uniform(-7.0, 7.0) as i32;
        match draw.below(7) {
            0 => Self::FfcJump {
                at_s,
                kelvin: draw.normal(0.0, 1.2),
            },
            1 => Self::BadPixels {
                seed: draw.seed(),
                count: 1 + draw.below(25) as u32,
                row: draw.below(FRAME_HEIGHT as u64) as usize,
            },
            2 => Self::Offset {
                kelvin: draw.uniform(-5.0, 5.0),
            },
            3 => Self::Bump {
                at_s,
                shift: (pixels(draw), pixels(draw)),
                shaking: Wobble::new(draw.seed(), 6.0),
            },
            // A real SCD41 was found 100 to 180 ppm low.
            4 => Self::Co2Bias {
                ppm: draw.normal(-60.0, 100.0),
            },
            5 => Self::Co2Restart {
                at_s,
                ppm: draw.normal(0.0, 60.0),
            },
            _ => Self::Co2Lost {
                from_s: at_s,
                to_s: at_s + draw.log_uniform(10.0, 200.0),
            },
        }
    }

    /// When it begins; `None` for a fault that is always present.
    #[cfg(test)]
    pub(super) fn begins_s(&self) -> Option<f64> {
        match *self {
            Self::FfcJump { at_s, .. }
            | Self::Bump { at_s, .. }
            | Self::Co2Restart { at_s, .. }
            | Self::Co2Lost { from_s: at_s, .. } => Some(at_s),
            Self::BadPixels { .. } | Self::Offset { .. } | Self::Co2Bias { .. } => None,
        }
    }

    /// Its offset on every pixel, K.
    pub(super) fn offset_k(&self, time_s: f64) -> f64 {
        match *self {
            Self::Offset { kelvin } => kelvin,
            Self::FfcJump { at_s, kelvin } if time_s >= at_s => kelvin,
            _ => 0.0,
        }
    }

    /// Displacement of the image, in pixels.
    pub(super) fn shift(&self, time_s: f64) -> (i32, i32) {
        let Self::Bump {
            at_s,
            shift,
            shaking,
        } = *self
        else {
            return (0, 0);
        };
        if time_s < at_s {
            return (0, 0);
        }
        let shake = if time_s < at_s + SHAKING_S { 5.0 } else { 0.0 };
        let moved = |by: i32, phase: f64| {
            let by = by + (shake * shaking.at(time_s + phase)) as i32;
            by.clamp(-LARGEST_SHIFT, LARGEST_SHIFT)
        };
        (moved(shift.0, 0.0), moved(shift.1, 50.0))
    }

    /// Changes the bad pixels of an image from a camera that reports up to `highest_c`.
    pub(super) fn add_bad_pixels(&self, celsius: &mut [f32], highest_c: f32) {
        let Self::BadPixels { seed, count, row } = *self else {
            return;
        };
        for pixel in 0..i64::from(count) {
            let column = bits(seed, pixel) as usize % FRAME_WIDTH;
            // Those of the real recording are 4 to 11 C too high.
            let kelvin = 3.0 + 8.0 * hashed(seed, pixel + 100).abs();
            let sign = if bits(seed, pixel + 200).is_multiple_of(4) {
                -1.0
            } else {
                1.0
            };
            let pixel = &mut celsius[(row * FRAME_WIDTH + column) % FRAME_PIXELS];
            *pixel = (*pixel + (sign * kelvin) as f32).min(highest_c);
        }
    }

    /// A CO2 reading with this fault; `None` if the sensor sends none.
    pub(super) fn reading(&self, reading: Co2Reading) -> Option<Co2Reading> {
        let Co2Reading { time_s, ppm } = reading;
        let ppm = match *self {
            Self::Co2Bias { ppm: bias } => ppm + bias as f32,
            Self::Co2Restart { at_s, .. } if (at_s..at_s + RESTART_S).contains(&time_s) => {
                return None;
            }
            Self::Co2Restart { at_s, ppm: bias } if time_s >= at_s => ppm + bias as f32,
            Self::Co2Lost { from_s, to_s } if (from_s..to_s).contains(&time_s) => 0.0,
            _ => return Some(reading),
        };
        Some(Co2Reading {
            time_s,
            ppm: ppm.max(0.0).round(),
        })
    }
}
