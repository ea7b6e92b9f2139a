//! Images and videos of tCam: JSON with base64 inside; in a video (`.tmjsn`) the byte 3 ends each object.
//!
//! An object has `radiometric` (19,200 counts) and `telemetry` (240 words), both little-endian. The telemetry tells
//! scale and time, so nothing need be declared.

use std::io::{BufRead, Read as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use crate::error::Error;
use crate::frame::{FRAME_HEIGHT, FRAME_PIXELS, FRAME_WIDTH, ThermalFrame};
use crate::problem::Place;

use super::counts::{agreed_scale, counts_of, frame};
use super::options::{FrameOptions, Scale, TelemetryLines};
use super::problem::RecordingProblem;
use super::source::Source;
use super::telemetry::{CameraClock, Telemetry};

/// Ends an object of a video.
const END_OF_OBJECT: u8 = 3;
/// An image takes 53 kB; four times as much leaves room for metadata and blanks.
const LONGEST_OBJECT: u64 = 212_000;

/// The entries that are read.
#[derive(Deserialize)]
struct Record {
    /// Absent in the object with which a video ends.
    radiometric: Option<String>,
    telemetry: Option<String>,
}

/// The frames of an image or a video.
pub(super) struct TcamFrames<R> {
    input: R,
    source: Source,
    declared: Option<Scale>,
    clock: CameraClock,
    frames: u64,
}

impl<R: BufRead> TcamFrames<R> {
    /// A declared scale must agree with the telemetry; a rate or telemetry lines cannot be declared.
    pub(super) fn open(input: R, source: Source, options: &FrameOptions) -> Result<Self, Error> {
        let refused = |what| Err(source.refused(RecordingProblem::NotDeclarable { what }));
        if options.rate.is_some() {
            return refused("a frame rate");
        }
        if options.telemetry != TelemetryLines::None {
            return refused("telemetry");
        }
        Ok(Self {
            input,
            source,
            declared: options.scale,
            clock: CameraClock::default(),
            frames: 0,
        })
    }

    fn read_frame(&mut self) -> Result<Option<ThermalFrame>, Error> {
        loop {
            let place = Place::Frame(self.frames + 1);
            let mut bytes = Vec::new();
            let mut limited = (&mut self.input).take(LONGEST_OBJECT);
            let read = limited.read_until(END_OF_OBJECT, &mut bytes);
            if read.map_err(|error| self.source.unreadable_at(place, error))? == 0 {
                return Ok(None);
            }
            if bytes.last() == Some(&END_OF_OBJECT) {
                bytes.pop();
            }
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            let record = serde_json::from_slice(&bytes)
                .map_err(|_| RecordingProblem::Damaged { what: "its JSON" });
            let frame = record.and_then(|record| self.frame(record));
            if let Some(frame) = frame.map_err(|problem| self.source.refused_at(place, problem))? {
                self.frames += 1;
                return Ok(Some(frame));
            }
        }
    }

    /// The frame of an object, if it is one of an image.
    fn frame(&mut self, record: Record) -> Result<Option<ThermalFrame>, RecordingProblem> {
        let Some(image) = record.radiometric else {
            return Ok(None);
        };
        let counts = words(&image, "its image")?;
        if counts.len() != FRAME_PIXELS {
            return Err(RecordingProblem::Size {
                width: FRAME_WIDTH as u32,
                height: (counts.len() / FRAME_WIDTH) as u32,
                expected_width: FRAME_WIDTH as u32,
                expected_height: FRAME_HEIGHT as u32,
            });
        }
        let telemetry = words(&record.telemetry.unwrap_or_default(), "the telemetry")?;
        let telemetry = Telemetry::parse(&telemetry)?;
        let scale = agreed_scale(self.declared, telemetry.scale)?;
        let frame = frame(self.clock.time_s(telemetry.clock_ms)?, &counts, scale)?;
        Ok(Some(if telemetry.shutter_closed {
            frame.frozen()
        } else {
            frame
        }))
    }
}

impl<R: BufRead> Iterator for TcamFrames<R> {
    type Item = Result<ThermalFrame, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_frame().transpose()
    }
}

/// The 16-bit words of a base64 text.
fn words(base64: &str, what: &'static str) -> Result<Vec<u16>, RecordingProblem> {
    let bytes = BASE64_STANDARD.decode(base64);
    bytes
        .map(|bytes| counts_of(&bytes))
        .map_err(|_| RecordingProblem::Damaged { what })
}
