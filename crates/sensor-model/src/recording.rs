//! Recordings of real sensors: thermal frames, CO2 logs and the times of fires.
//!
//! ```text
//! raw Y16 ─────────────┐
//! PureThermal (.gz) ───┤
//! 16-bit TIFF ─────────┼─ FrameReader ── ThermalFrame
//! tCam (.tjsn/.tmjsn) ─┘
//! delimited text ──────── Co2Log ─────── Co2Reading
//! delimited text ──────── FireIntervals
//! ```
//!
//! Frames and readings are read one at a time, so a recording of several days needs only the memory for one frame.
//! Properties that are not in the file are specified in [`FrameOptions`] and never guessed: counts with the wrong scale
//! can look like temperatures. For the same reason, each frame is checked. Values that cannot be temperatures
//! (automatic gain control, `TLinear` off, a camera without radiometry, values outside the sensor's range) are an error
//! that names the frame and says what to do. One case cannot be detected: raw 14-bit counts without telemetry, read at
//! 0.1 K, give -8 to 45 C. Record with telemetry lines if the camera's settings are in doubt.
//!
//! Input can be any bytes: a reader returns an error instead of panicking, and keeps at most a frame, a line or the
//! directory of a TIFF (1 MiB) in memory.

mod co2_log;
mod counts;
mod fire_intervals;
pub(crate) mod lines;
mod options;
mod purethermal;
pub(crate) mod source;
mod table;
mod tcam;
mod telemetry;
mod tiff;
mod y16;

use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::path::Path;

use crate::error::Error;
use crate::frame::ThermalFrame;

use source::Source;

pub use crate::frame::Scale;
pub use crate::problem::RecordingProblem;
pub use co2_log::{Co2Columns, Co2Log, TimeFormat};
pub use fire_intervals::FireIntervals;
pub use options::{FrameOptions, FrameRate, TelemetryLines};
pub use y16::Y16Frames;

/// Opens a recording of thermal frames.
///
/// `.y16` and `.raw` are raw Y16, which has no magic number; other formats are recognised by their first bytes. The first
/// frame is read immediately, so wrong options are reported before any work is done.
pub fn open_frames(path: &Path, options: &FrameOptions) -> Result<FrameReader, Error> {
    FrameReader::new(BufReader::new(open(path)?), path, options)
}

/// Reads the times of fire in a recording.
pub fn read_labels(path: &Path) -> Result<FireIntervals, Error> {
    FireIntervals::read(BufReader::new(open(path)?), path)
}

fn open(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|error| Source::new(path).unreadable(error))
}

/// The frames of a recording in any supported format, in chronological order.
///
/// The iterator ends after an error, because the position of the frame after an invalid one is unknown.
pub struct FrameReader {
    first: Option<ThermalFrame>,
    rest: Option<Frames>,
    start_unix_s: Option<f64>,
}

type Frames = Box<dyn Iterator<Item = Result<ThermalFrame, Error>> + Send>;

impl FrameReader {
    /// Like [`open_frames`], for any input; error messages name it `path`.
    pub fn new(
        mut input: impl BufRead + Seek + Send + 'static,
        path: &Path,
        options: &FrameOptions,
    ) -> Result<Self, Error> {
        let source = Source::new(path);
        let start = input.fill_buf().map_err(|error| source.unreadable(error))?;
        let format = Format::of(path, start)
            .ok_or_else(|| source.rejection(RecordingProblem::UnknownFormat))?;
        match format {
            Format::Y16 => Self::begin(&source, Y16Frames::new(input, path, options)?, |_| None),
            Format::Gzip => {
                let frames = purethermal::PureThermalFrames::open(input, source.clone(), options)?;
                Self::begin(
                    &source,
                    frames,
                    purethermal::PureThermalFrames::start_unix_s,
                )
            }
            Format::Tiff => {
                let frames = tiff::TiffFrames::open(input, source.clone(), options)?;
                Self::begin(&source, frames, |_| None)
            }
            Format::Tcam => {
                let frames = tcam::TcamFrames::open(input, source.clone(), options)?;
                Self::begin(&source, frames, |_| None)
            }
            Format::Cptv => Err(source.rejection(RecordingProblem::CPTV)),
        }
    }

    /// Unix time of the first frame in seconds, if the format stores it.
    pub fn start_unix_s(&self) -> Option<f64> {
        self.start_unix_s
    }

    /// Reads the first frame; only then is the start time known.
    fn begin<I>(
        source: &Source,
        mut frames: I,
        start_unix_s: impl Fn(&I) -> Option<f64>,
    ) -> Result<Self, Error>
    where
        I: Iterator<Item = Result<ThermalFrame, Error>> + Send + 'static,
    {
        let empty = || source.rejection(RecordingProblem::Empty { what: "frame" });
        let first = frames.next().ok_or_else(empty)??;
        Ok(Self {
            first: Some(first),
            start_unix_s: start_unix_s(&frames),
            rest: Some(Box::new(frames)),
        })
    }
}

impl Iterator for FrameReader {
    type Item = Result<ThermalFrame, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        let next = self.rest.as_mut()?.next();
        if !matches!(next, Some(Ok(_))) {
            self.rest = None;
        }
        next
    }
}

/// The formats of thermal recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Y16,
    Gzip,
    Tiff,
    Tcam,
    Cptv,
}

impl Format {
    /// Determines the format from the file name, otherwise from the first bytes.
    fn of(path: &Path, start: &[u8]) -> Option<Self> {
        const MAGICS: [(&[u8], Format); 7] = [
            (b"\x1f\x8b", Format::Gzip),
            (b"II*\0", Format::Tiff),
            (b"MM\0*", Format::Tiff),
            // BigTIFF, with 64-bit offsets.
            (b"II+\0", Format::Tiff),
            (b"MM\0+", Format::Tiff),
            (b"{", Format::Tcam),
            (b"CPTV", Format::Cptv),
        ];
        let extension = path.extension().unwrap_or_default();
        if extension.eq_ignore_ascii_case("y16") || extension.eq_ignore_ascii_case("raw") {
            return Some(Self::Y16);
        }
        let found = MAGICS.iter().find(|(magic, _)| start.starts_with(magic));
        found.map(|&(_, format)| format)
    }
}
