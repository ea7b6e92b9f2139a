//! The gzip container of `purethermal-y16-recorder` (liflabuc, format version 1).
//!
//! Uncompressed content, all little-endian: the magic number `PTY16V1\n`, the length of the header (u32), the header
//! (JSON), then for each frame its index (u64), its Unix time in seconds (f64) and in milliseconds (i64), and 19,200
//! counts (u16).

use std::io::Read;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use crate::error::Error;
use crate::frame::{FRAME_HEIGHT, FRAME_PIXELS, FRAME_WIDTH, Scale, ThermalFrame};
use crate::problem::{Location, RecordingProblem};

use super::counts::{counts_of, frame, stated_scale};
use super::options::FrameOptions;
use super::source::Source;

const MAGIC: [u8; 8] = *b"PTY16V1\n";
/// First bytes of a CPTV recording, which is also compressed with gzip.
const CPTV: [u8; 4] = *b"CPTV";
/// Maximum length of a header. Real ones have about 400 bytes; an invalid length must not cause a huge allocation.
const LONGEST_HEADER: u32 = 64 * 1024;
/// Bytes of the index and the two times.
const STAMP: usize = 24;
/// Bytes of a frame.
const RECORD: usize = STAMP + FRAME_PIXELS * size_of::<u16>();
/// Maximum difference between the two times of a frame, which is caused only by rounding to milliseconds.
const LARGEST_DISAGREEMENT_MS: f64 = 1.5;

/// The header entries needed to read frames.
#[derive(Deserialize)]
struct Header {
    version: u32,
    width: usize,
    height: usize,
    dtype: String,
    endianness: String,
    raw_unit: String,
}

/// The frames of a container.
pub(super) struct PureThermalFrames<R> {
    input: MultiGzDecoder<R>,
    source: Source,
    scale: Scale,
    buffer: Vec<u8>,
    frames: u64,
    start: Option<f64>,
    last: f64,
}

impl<R: Read> PureThermalFrames<R> {
    /// Reads the header. The container states scale and times; a specified scale must match.
    pub(super) fn open(input: R, source: Source, options: &FrameOptions) -> Result<Self, Error> {
        let reject = |problem| source.rejection(problem);
        let unreadable = |error| source.unreadable_at(Location::Frame(1), error);
        let mut input = MultiGzDecoder::new(input);
        let mut magic = MAGIC;
        input.read_exact(&mut magic).map_err(unreadable)?;
        if magic.starts_with(&CPTV) {
            return Err(reject(RecordingProblem::CPTV));
        }
        if magic != MAGIC {
            return Err(reject(RecordingProblem::UnknownFormat));
        }
        let mut length = [0; 4];
        input.read_exact(&mut length).map_err(unreadable)?;
        let length = u32::from_le_bytes(length);
        let invalid = RecordingProblem::Invalid { what: "the header" };
        if length > LONGEST_HEADER {
            return Err(reject(invalid));
        }
        let mut header = vec![0; length as usize];
        input.read_exact(&mut header).map_err(unreadable)?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| reject(invalid))?;
        let scale = header.scale(options).map_err(reject)?;
        Ok(Self {
            input,
            source,
            scale,
            buffer: Vec::with_capacity(RECORD),
            frames: 0,
            start: None,
            last: f64::NEG_INFINITY,
        })
    }

    /// Unix time of the first frame in seconds, once that frame has been read.
    pub(super) fn start_unix_s(&self) -> Option<f64> {
        self.start
    }

    fn read_frame(&mut self) -> Result<Option<ThermalFrame>, Error> {
        let location = Location::Frame(self.frames + 1);
        if !self
            .source
            .read_record(location, &mut self.input, &mut self.buffer, RECORD)?
        {
            return Ok(None);
        }
        let reject = |problem| self.source.rejection_at(location, problem);
        self.frames += 1;
        let (stamp, image) = self.buffer.split_at(STAMP);
        let unix_s = unix_time(stamp).map_err(reject)?;
        if unix_s < self.last {
            return Err(reject(RecordingProblem::TimeBackwards {
                before_s: self.last,
                now_s: unix_s,
            }));
        }
        self.last = unix_s;
        let time_s = unix_s - *self.start.get_or_insert(unix_s);
        let frame = frame(time_s, &counts_of(image), self.scale);
        frame.map(Some).map_err(reject)
    }
}

impl<R: Read> Iterator for PureThermalFrames<R> {
    type Item = Result<ThermalFrame, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_frame().transpose()
    }
}

impl Header {
    /// Checks the header against the supported format and the options, and returns the scale.
    fn scale(&self, options: &FrameOptions) -> Result<Scale, RecordingProblem> {
        options.expect_scale_only()?;
        let entries = [
            ("version", self.version.to_string(), "1"),
            ("dtype", self.dtype.clone(), "uint16"),
            ("endianness", self.endianness.clone(), "little"),
            // "if" because the recorder does not know whether TLinear is on. With TLinear off, counts are out of range.
            (
                "raw_unit",
                self.raw_unit.clone(),
                "kelvin_x100_if_radiometric_tlinear",
            ),
        ];
        for (key, found, expected) in entries {
            if found != expected {
                return Err(RecordingProblem::Header {
                    key,
                    found,
                    expected,
                });
            }
        }
        if (self.width, self.height) != (FRAME_WIDTH, FRAME_HEIGHT) {
            return Err(RecordingProblem::Size {
                width: u32::try_from(self.width).unwrap_or(u32::MAX),
                height: u32::try_from(self.height).unwrap_or(u32::MAX),
                expected_width: FRAME_WIDTH as u32,
                expected_height: FRAME_HEIGHT as u32,
            });
        }
        stated_scale(options.scale, Scale::HundredthKelvin)
    }
}

/// The Unix time of a frame, in seconds. It is stored twice; a mismatch means that the file is corrupt.
fn unix_time(stamp: &[u8]) -> Result<f64, RecordingProblem> {
    let (words, _) = stamp.as_chunks::<8>();
    let [_, seconds, millis] = words else {
        return Err(RecordingProblem::Invalid { what: "the time" });
    };
    let unix_s = f64::from_le_bytes(*seconds);
    let disagreement = unix_s * 1000.0 - i64::from_le_bytes(*millis) as f64;
    // Written so that NaN is rejected too.
    if disagreement.abs() <= LARGEST_DISAGREEMENT_MS {
        Ok(unix_s)
    } else {
        Err(RecordingProblem::Invalid { what: "the time" })
    }
}
