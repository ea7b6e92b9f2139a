//! The two telemetry lines that a Lepton sends with each image.
//!
//! They consist of rows A, B, C and a reserved row, with 80 words each; 32-bit values have the low word first. Offsets
//! are from FLIR's "Lepton Engineering Datasheet" (rev. 203, telemetry modes) and tCam's `lepton_utilities.h`.

use crate::frame::Scale;
use crate::problem::RecordingProblem;

/// Number of words in rows A to C, the part that tCam stores.
pub(super) const TELEMETRY_WORDS: usize = 240;

/// Row A: milliseconds since the camera started, low word first.
const CLOCK: usize = 1;
/// Row A: status bits, low word.
const STATUS: usize = 3;
/// Status bits 4 and 5: state of the flat-field correction.
const FFC_STATE: u16 = 0b11 << 4;
/// State in which the correction is running, so the shutter is closed.
const FFC_RUNNING: u16 = 0b10 << 4;
/// Status bit 12: automatic gain control is on.
const AGC: u16 = 1 << 12;
/// Row C: 1 if counts are linear in temperature, otherwise 0.
const TLINEAR: usize = 208;
/// Row C: 0 for 0.1 K per count, 1 for 0.01 K.
const TLINEAR_RESOLUTION: usize = 209;

/// The telemetry of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Telemetry {
    /// Milliseconds since the camera started; wraps to 0 after 49.7 days.
    pub(super) clock_ms: u32,
    /// True if the shutter was closed, so that the image does not show the scene.
    pub(super) shutter_closed: bool,
    /// Kelvin per count.
    pub(super) scale: Scale,
}

impl Telemetry {
    /// Parses rows A to C. Telemetry of an image without temperatures is an error.
    pub(super) fn parse(words: &[u16]) -> Result<Self, RecordingProblem> {
        if words.len() < TELEMETRY_WORDS {
            return Err(RecordingProblem::Invalid {
                what: "the telemetry",
            });
        }
        match words[TLINEAR] {
            1 => {}
            0 => return Err(RecordingProblem::TLinearOff),
            word => return Err(RecordingProblem::NoTelemetry { word }),
        }
        let status = words[STATUS];
        if status & AGC != 0 {
            return Err(RecordingProblem::GainControl);
        }
        Ok(Self {
            clock_ms: u32::from(words[CLOCK]) | u32::from(words[CLOCK + 1]) << 16,
            shutter_closed: status & FFC_STATE == FFC_RUNNING,
            scale: if words[TLINEAR_RESOLUTION] == 0 {
                Scale::TenthKelvin
            } else {
                Scale::HundredthKelvin
            },
        })
    }
}

/// Converts the camera's clock to seconds since the first frame.
#[derive(Debug, Default)]
pub(super) struct CameraClock {
    last_ms: Option<u32>,
    elapsed_ms: u64,
}

impl CameraClock {
    /// The time of the next frame. The counter wraps every 49.7 days; any other step back means that the camera
    /// restarted.
    pub(super) fn time_s(&mut self, now_ms: u32) -> Result<f64, RecordingProblem> {
        let step = now_ms.wrapping_sub(self.last_ms.unwrap_or(now_ms));
        if step > u32::MAX / 2 {
            return Err(RecordingProblem::TimeBackwards {
                before_s: f64::from(self.last_ms.unwrap_or(now_ms)) / 1000.0,
                now_s: f64::from(now_ms) / 1000.0,
            });
        }
        self.last_ms = Some(now_ms);
        self.elapsed_ms += u64::from(step);
        Ok(self.elapsed_ms as f64 / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(edit: impl Fn(&mut [u16])) -> Vec<u16> {
        let mut words = vec![0; 320];
        words[TLINEAR] = 1;
        words[TLINEAR_RESOLUTION] = 1;
        edit(&mut words);
        words
    }

    #[test]
    fn shutter_state_clock_and_scale_are_parsed() {
        for (bits, closed) in [(0b00, false), (0b01, false), (0b10, true), (0b11, false)] {
            let words = words(|words| words[STATUS] = bits << 4);
            assert_eq!(
                Telemetry::parse(&words).unwrap().shutter_closed,
                closed,
                "{bits:b}"
            );
        }
        let late = Telemetry::parse(&words(|words| (words[1], words[2]) = (5, 1))).unwrap();
        assert_eq!(
            (late.clock_ms, late.scale),
            (65_541, Scale::HundredthKelvin)
        );
        let coarse = Telemetry::parse(&words(|words| words[TLINEAR_RESOLUTION] = 0)).unwrap();
        assert_eq!(coarse.scale, Scale::TenthKelvin);
    }

    #[test]
    fn an_image_without_temperatures_is_rejected() {
        for (at, word, problem) in [
            (TLINEAR, 0, RecordingProblem::TLinearOff),
            (
                TLINEAR,
                29_500,
                RecordingProblem::NoTelemetry { word: 29_500 },
            ),
            (STATUS, AGC, RecordingProblem::GainControl),
        ] {
            let words = words(|words| words[at] = word);
            assert_eq!(Telemetry::parse(&words), Err(problem));
        }
        assert!(Telemetry::parse(&words(|_| {})[..100]).is_err());
    }

    #[test]
    fn the_clock_wraps_but_never_goes_back() {
        let mut clock = CameraClock::default();
        for (now_ms, time_s) in [(u32::MAX - 999, 0.0), (u32::MAX, 0.999), (500, 1.5)] {
            assert!(
                (clock.time_s(now_ms).unwrap() - time_s).abs() < 1e-9,
                "{now_ms}"
            );
        }
        let restarted = clock.time_s(400);
        assert!(
            matches!(restarted, Err(RecordingProblem::TimeBackwards { .. })),
            "{restarted:?}"
        );
    }
}
