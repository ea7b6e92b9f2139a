//! An image from the thermal camera, in degrees Celsius.

use std::fmt;

/// Width of a Lepton 3.5 image in pixels.
pub const FRAME_WIDTH: usize = 160;
/// Height of a Lepton 3.5 image in pixels.
pub const FRAME_HEIGHT: usize = 120;
/// Number of pixels in an image.
pub const FRAME_PIXELS: usize = FRAME_WIDTH * FRAME_HEIGHT;

/// A radiometric image: 120 rows of 160 pixels, each a finite temperature.
#[derive(Clone, Debug, PartialEq)]
pub struct ThermalFrame {
    time_s: f64,
    celsius: Vec<f32>,
    shutter_closed: bool,
}

impl ThermalFrame {
    /// An image taken `time_s` seconds after the recording's start; `celsius` has its pixels row by row.
    ///
    /// A pixel that is not finite is an error instead of being repaired: a radiometric camera never sends one, so the
    /// conversion must be wrong.
    pub fn new(time_s: f64, celsius: Vec<f32>) -> Result<Self, FrameProblem> {
        if !time_s.is_finite() {
            return Err(FrameProblem::Time { time_s });
        }
        if celsius.len() != FRAME_PIXELS {
            return Err(FrameProblem::Size {
                time_s,
                found: celsius.len(),
            });
        }
        // A loop without branches is fast for valid images; the slower search only serves the error message.
        let wrong = |value: &f32| !value.is_finite();
        if celsius.iter().fold(false, |any, value| any | wrong(value))
            && let Some(at) = celsius.iter().position(wrong)
        {
            return Err(FrameProblem::Pixel {
                time_s,
                x: at % FRAME_WIDTH,
                y: at / FRAME_WIDTH,
                value: celsius[at],
            });
        }
        Ok(Self {
            time_s,
            celsius,
            shutter_closed: false,
        })
    }

    /// Marks the image as taken with the shutter closed for a flat-field correction: it does not show the scene.
    #[must_use]
    pub fn with_closed_shutter(self) -> Self {
        Self {
            shutter_closed: true,
            ..self
        }
    }

    /// Seconds since the recording's start.
    pub fn time_s(&self) -> f64 {
        self.time_s
    }

    /// The [`FRAME_PIXELS`] temperatures, row by row.
    pub fn celsius(&self) -> &[f32] {
        &self.celsius
    }

    /// True if the shutter was closed.
    pub fn shutter_was_closed(&self) -> bool {
        self.shutter_closed
    }

    /// The temperatures, without a copy.
    pub fn into_celsius(self) -> Vec<f32> {
        self.celsius
    }
}

/// Kelvin per count of a radiometric Lepton (its `TLinear` resolution).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// 0.01 K, the factory setting, for scenes up to 382 C.
    HundredthKelvin,
    /// 0.1 K, for scenes above 382 C.
    TenthKelvin,
}

impl Scale {
    /// Converts a count to degrees Celsius.
    pub fn celsius(self, count: u16) -> f32 {
        (f64::from(count) / self.counts_per_kelvin() - 273.15) as f32
    }

    /// The other scale.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::HundredthKelvin => Self::TenthKelvin,
            Self::TenthKelvin => Self::HundredthKelvin,
        }
    }

    fn counts_per_kelvin(self) -> f64 {
        match self {
            Self::HundredthKelvin => 100.0,
            Self::TenthKelvin => 10.0,
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HundredthKelvin => "0.01 K",
            Self::TenthKelvin => "0.1 K",
        })
    }
}

/// The reason why values are not a valid [`ThermalFrame`].
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameProblem {
    /// The time is not finite.
    #[error(
        "the time of a frame is {time_s} s; it must be the seconds since the recording's start"
    )]
    Time {
        /// The given time.
        time_s: f64,
    },
    /// The image has the wrong size.
    #[error(
        "the frame at {time_s} s has {found} pixels, but a Lepton 3.5 gives {FRAME_PIXELS} \
         ({FRAME_WIDTH} x {FRAME_HEIGHT}); leave out telemetry lines, and do not scale the image"
    )]
    Size {
        /// Time of the frame, in seconds.
        time_s: f64,
        /// Pixels found.
        found: usize,
    },
    /// A pixel has no finite temperature.
    #[error(
        "the frame at {time_s} s has {value} at x {x}, y {y}; each pixel must be a temperature in degrees Celsius"
    )]
    Pixel {
        /// Time of the frame, in seconds.
        time_s: f64,
        /// Column from the left, 0 to 159.
        x: usize,
        /// Row from the top, 0 to 119.
        y: usize,
        /// The value found.
        value: f32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(time_s: f64, celsius: Vec<f32>) -> String {
        ThermalFrame::new(time_s, celsius).unwrap_err().to_string()
    }

    #[test]
    fn invalid_images_are_rejected_with_time_and_position() {
        let mut holed = vec![20.0; FRAME_PIXELS];
        holed[3 * FRAME_WIDTH + 7] = f32::NAN;
        assert_eq!(
            message(2.5, holed),
            "the frame at 2.5 s has NaN at x 7, y 3; each pixel must be a temperature in degrees Celsius"
        );
        assert_eq!(
            message(2.5, vec![20.0; 122 * FRAME_WIDTH]),
            "the frame at 2.5 s has 19520 pixels, but a Lepton 3.5 gives 19200 (160 x 120); \
             leave out telemetry lines, and do not scale the image"
        );
        assert_eq!(
            message(f64::NAN, vec![20.0; FRAME_PIXELS]),
            "the time of a frame is NaN s; it must be the seconds since the recording's start"
        );
    }

    #[test]
    fn a_frame_taken_with_a_closed_shutter_keeps_its_image() {
        let frame = ThermalFrame::new(1.0, vec![20.0; FRAME_PIXELS]).unwrap();
        let closed = frame.clone().with_closed_shutter();
        assert!(closed.shutter_was_closed() && !frame.shutter_was_closed());
        assert_eq!(closed.celsius(), frame.celsius());
    }
}
