//! tCam images and videos: JSON objects with base64 fields. In a video (`.tmjsn`), each object is terminated by an ETX byte (3).
//!
//! An object has `radiometric` (19,200 counts) and `telemetry` (240 words), both little-endian. The telemetry contains
//! the scale and the time, so the caller does not have to specify them.

use std::io::{BufRead, Read as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use crate::error::Error;
use crate::frame::{FRAME_HEIGHT, FRAME_PIXELS, FRAME_WIDTH, Scale, ThermalFrame};
use crate::problem::{Location, RecordingProblem};

use super::counts::{counts_of, frame, stated_scale};
use super::options::FrameOptions;
use super::source::Source;
use super::telemetry::{CameraClock, Telemetry};

/// The byte that ends an object in a video.
const END_OF_OBJECT: u8 = 3;
/// Maximum length of an object in bytes: four times the 53 kB of an image, to allow for metadata and whitespace.
const LONGEST_OBJECT: u64 = 212_000;

/// The fields needed to read frames.
#[derive(Deserialize)]
struct Record {
    /// Absent in the last object of a video.
    radiometric: Option<String>,
    telemetry: Option<String>,
}

/// The frames of an image or a video.
pub(super) struct TcamFrames<R> {
    input: R,
    source: Source,
    given_scale: Option<Scale>,
    clock: CameraClock,
    frames: u64,
}

impl<R: BufRead> TcamFrames<R> {
    /// A specified scale must match the telemetry; the other options are not accepted.
    pub(super) fn open(input: R, source: Source, options: &FrameOptions) -> Result<Self, Error> {
        let checked = options.expect_scale_only();
        checked.map_err(|problem| source.rejection(problem))?;
        Ok(Self {
            input,
            source,
            given_scale: options.scale,
            clock: CameraClock::default(),
            frames: 0,
        })
    }

    fn read_frame(&mut self) -> Result<Option<ThermalFrame>, Error> {
        loop {
            let location = Location::Frame(self.frames + 1);
            let mut bytes = Vec::new();
            let mut limited = (&mut self.input).take(LONGEST_OBJECT);
            let read = limited.read_until(END_OF_OBJECT, &mut bytes);
            if read.map_err(|error| self.source.unreadable_at(location, error))? == 0 {
                return Ok(None);
            }
            if bytes.last() == Some(&END_OF_OBJECT) {
                bytes.pop();
            }
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            let record = serde_json::from_slice(&bytes)
                .map_err(|_| RecordingProblem::Invalid { what: "its JSON" });
            let frame = record.and_then(|record| self.frame(record));
            if let Some(frame) =
                frame.map_err(|problem| self.source.rejection_at(location, problem))?
            {
                self.frames += 1;
                return Ok(Some(frame));
            }
        }
    }

    /// The frame in an object; `None` if the object is not an image.
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
        let scale = stated_scale(self.given_scale, telemetry.scale)?;
        let frame = frame(self.clock.time_s(telemetry.clock_ms)?, &counts, scale)?;
        Ok(Some(if telemetry.shutter_closed {
            frame.with_closed_shutter()
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

/// Decodes 16-bit words from base64.
fn words(base64: &str, what: &'static str) -> Result<Vec<u16>, RecordingProblem> {
    let bytes = BASE64_STANDARD.decode(base64);
    bytes
        .map(|bytes| counts_of(&bytes))
        .map_err(|_| RecordingProblem::Invalid { what })
}
