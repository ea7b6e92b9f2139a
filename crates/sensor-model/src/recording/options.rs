//! Properties of a recording that are not in the file, so the caller must specify them.

use std::str::FromStr;

use crate::frame::Scale;
use crate::problem::RecordingProblem;

/// Properties that a file of frames does not contain. They are never guessed: a wrong guess gives plausible
/// temperatures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FrameOptions {
    /// Kelvin per count. Required for raw Y16 and TIFF; if the file states it, both must agree.
    pub scale: Option<Scale>,
    /// Frames per second. Required for raw Y16 and TIFF unless they have telemetry lines, which contain the time.
    pub rate: Option<FrameRate>,
    /// Position of the two telemetry lines that each image in raw Y16 and TIFF may have.
    pub telemetry: TelemetryLines,
}

impl FromStr for Scale {
    type Err = RecordingProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim_end_matches('K').trim_end() {
            "0.01" => Ok(Self::HundredthKelvin),
            "0.1" => Ok(Self::TenthKelvin),
            _ => Err(RecordingProblem::UnknownScale {
                given: text.to_owned(),
            }),
        }
    }
}

/// Frames per second, above 0 and at most 1,000.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameRate(f64);

impl FrameRate {
    /// A constant rate in Hz; a Lepton 3.5 delivers 8.7 frames per second.
    pub fn new(hz: f64) -> Result<Self, RecordingProblem> {
        // Written so that NaN is rejected too.
        if hz > 0.0 && hz <= 1_000.0 {
            Ok(Self(hz))
        } else {
            Err(RecordingProblem::UnknownRate {
                given: hz.to_string(),
            })
        }
    }

    /// Time of a frame in seconds since frame 0.
    pub fn time_s(self, frame: u64) -> f64 {
        frame as f64 / self.0
    }
}

impl FromStr for FrameRate {
    type Err = RecordingProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hz = text.parse().map_err(|_| RecordingProblem::UnknownRate {
            given: text.to_owned(),
        })?;
        Self::new(hz)
    }
}

impl FrameOptions {
    /// Rejects a frame rate and telemetry lines, for formats that store the times themselves.
    pub(super) fn expect_scale_only(&self) -> Result<(), RecordingProblem> {
        let what = if self.rate.is_some() {
            "a frame rate"
        } else if self.telemetry != TelemetryLines::None {
            "telemetry lines"
        } else {
            return Ok(());
        };
        Err(RecordingProblem::UnsupportedOption { what })
    }
}

/// Position of the telemetry in each image: two lines of 160 words, so 122 lines are stored instead of 120.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TelemetryLines {
    /// No telemetry: 120 lines.
    #[default]
    None,
    /// Above the image ("header").
    Header,
    /// Below the image ("footer").
    Footer,
}

impl FromStr for TelemetryLines {
    type Err = RecordingProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            "header" => Ok(Self::Header),
            "footer" => Ok(Self::Footer),
            _ => Err(RecordingProblem::UnknownTelemetry {
                given: text.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_converted_with_the_scale() {
        for (scale, count, celsius) in [
            (Scale::HundredthKelvin, 29_591, 22.76),
            (Scale::HundredthKelvin, u16::MAX, 382.2),
            (Scale::TenthKelvin, 2_959, 22.75),
            (Scale::TenthKelvin, 0, -273.15),
        ] {
            assert!(
                (scale.celsius(count) - celsius).abs() < 1e-4,
                "{scale} {count}"
            );
        }
    }

    #[test]
    fn options_are_parsed() {
        for (text, scale) in [
            ("0.01K", Scale::HundredthKelvin),
            ("0.01 K", Scale::HundredthKelvin),
            ("0.1", Scale::TenthKelvin),
        ] {
            assert_eq!(text.parse::<Scale>().unwrap(), scale, "{text}");
        }
        for (text, lines) in [
            ("none", TelemetryLines::None),
            ("header", TelemetryLines::Header),
            ("footer", TelemetryLines::Footer),
        ] {
            assert_eq!(text.parse::<TelemetryLines>().unwrap(), lines, "{text}");
        }
        assert!((FrameRate::from_str("8.7").unwrap().time_s(87) - 10.0).abs() < 1e-12);
    }

    #[test]
    fn errors_for_invalid_options_list_the_choices() {
        let message = |text: &str, error: RecordingProblem| {
            let error = error.to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
            error
        };
        for text in ["", "1K", "K", "0.01C"] {
            let error = message(text, text.parse::<Scale>().unwrap_err());
            assert!(
                error.contains("0.01 K") && error.contains("0.1 K"),
                "{error}"
            );
        }
        for text in ["0", "-9", "NaN", "inf", "1001", "fast"] {
            let error = message(text, text.parse::<FrameRate>().unwrap_err());
            assert!(error.contains("8.7"), "{error}");
        }
        let error = message("top", "top".parse::<TelemetryLines>().unwrap_err());
        assert!(error.contains("none, header or footer"), "{error}");
    }
}
