//! Converts the counts of an image to temperatures and performs the checks common to all formats.

use crate::frame::{FRAME_HEIGHT, FRAME_PIXELS, FRAME_WIDTH, Scale, ThermalFrame};
use crate::problem::RecordingProblem;

use super::options::{FrameOptions, FrameRate, TelemetryLines};
use super::telemetry::{CameraClock, Telemetry};

/// Number of telemetry lines in an image that has them.
const TELEMETRY_LINES: usize = 2;
/// The range accepted from a Lepton 3.5 in degrees Celsius: its low-gain range with a margin.
const COLDEST: f32 = -40.0;
const HOTTEST: f32 = 450.0;

/// Converts counts to a frame; `time_s` is in seconds since the recording's start.
pub(super) fn frame(
    time_s: f64,
    counts: &[u16],
    scale: Scale,
) -> Result<ThermalFrame, RecordingProblem> {
    if counts.iter().all(|&count| count <= 0xff) {
        return Err(RecordingProblem::EightBit);
    }
    let celsius: Vec<f32> = counts.iter().map(|&count| scale.celsius(count)).collect();
    if let Some(at) = celsius
        .iter()
        .position(|value| !(COLDEST..=HOTTEST).contains(value))
    {
        return Err(RecordingProblem::OutOfRange {
            x: at % FRAME_WIDTH,
            y: at / FRAME_WIDTH,
            celsius: celsius[at],
            scale,
        });
    }
    ThermalFrame::new(time_s, celsius).map_err(|_| RecordingProblem::Invalid { what: "the image" })
}

/// The scale stated by the file; an error if the caller specified another one.
pub(super) fn stated_scale(given: Option<Scale>, stated: Scale) -> Result<Scale, RecordingProblem> {
    match given {
        Some(given) if given != stated => Err(RecordingProblem::ScaleMismatch { given, stated }),
        _ => Ok(stated),
    }
}

/// Converts images to frames for formats without metadata, using the specified options.
#[derive(Debug)]
pub(super) struct Assembler {
    scale: Scale,
    rate: Option<FrameRate>,
    telemetry: TelemetryLines,
    clock: CameraClock,
    frames: u64,
}

impl Assembler {
    /// Fails if the options do not determine both scale and times.
    pub(super) fn new(options: &FrameOptions) -> Result<Self, RecordingProblem> {
        let scale = options.scale.ok_or(RecordingProblem::ScaleMissing)?;
        if options.rate.is_none() && options.telemetry == TelemetryLines::None {
            return Err(RecordingProblem::RateMissing);
        }
        Ok(Self {
            scale,
            rate: options.rate,
            telemetry: options.telemetry,
            clock: CameraClock::default(),
            frames: 0,
        })
    }

    /// Number of lines in a stored image, including telemetry.
    pub(super) fn lines(&self) -> usize {
        match self.telemetry {
            TelemetryLines::None => FRAME_HEIGHT,
            TelemetryLines::Header | TelemetryLines::Footer => FRAME_HEIGHT + TELEMETRY_LINES,
        }
    }

    /// The next frame, from the counts of [`lines`](Self::lines) lines.
    pub(super) fn next(&mut self, counts: &[u16]) -> Result<ThermalFrame, RecordingProblem> {
        let (image, telemetry) = match self.telemetry {
            TelemetryLines::None => (counts, None),
            TelemetryLines::Header => {
                let (telemetry, image) = counts.split_at(TELEMETRY_LINES * FRAME_WIDTH);
                (image, Some(telemetry))
            }
            TelemetryLines::Footer => {
                let (image, telemetry) = counts.split_at(FRAME_PIXELS);
                (image, Some(telemetry))
            }
        };
        let telemetry = telemetry.map(Telemetry::parse).transpose()?;
        let time_s = self.time_s(telemetry)?;
        self.frames += 1;
        if let Some(telemetry) = telemetry {
            stated_scale(Some(self.scale), telemetry.scale)?;
        }
        let frame = frame(time_s, image, self.scale)?;
        let closed = telemetry.is_some_and(|telemetry| telemetry.shutter_closed);
        Ok(if closed {
            frame.with_closed_shutter()
        } else {
            frame
        })
    }

    /// The time of the next frame. A specified rate takes precedence over telemetry, because the camera's clock jitters.
    fn time_s(&mut self, telemetry: Option<Telemetry>) -> Result<f64, RecordingProblem> {
        match (self.rate, telemetry) {
            (Some(rate), _) => Ok(rate.time_s(self.frames)),
            (None, Some(telemetry)) => self.clock.time_s(telemetry.clock_ms),
            (None, None) => Err(RecordingProblem::RateMissing),
        }
    }
}

/// Converts little-endian bytes to counts.
pub(super) fn counts_of(bytes: &[u8]) -> Vec<u16> {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().map(|&pair| u16::from_le_bytes(pair)).collect()
}
