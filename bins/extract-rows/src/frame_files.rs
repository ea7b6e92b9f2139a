//! Reads several files of frames as one recording.

use std::path::PathBuf;
use std::vec;

use fire_cli::usage;
use sensor_model::ThermalFrame;
use sensor_model::recording::{FrameOptions, FrameReader, open_frames};

use crate::by_kind;

/// The frames of all files, with times since the first frame of the first file.
///
/// The gap between two files is kept if both have start times. Otherwise a file continues one frame after the end of
/// the previous one.
pub(crate) struct FrameFiles {
    paths: vec::IntoIter<PathBuf>,
    options: FrameOptions,
    current: Option<FrameReader>,
    start_unix_s: Option<f64>,
    offset_s: f64,
    last_s: f64,
    step_s: f64,
}

impl FrameFiles {
    /// Opens the first file, if there is one.
    pub(crate) fn open(paths: Vec<PathBuf>, options: FrameOptions) -> anyhow::Result<Self> {
        let mut paths = paths.into_iter();
        let first = paths.next().map(|path| open_frames(&path, &options));
        let first = first.transpose().map_err(by_kind)?;
        Ok(Self {
            paths,
            options,
            start_unix_s: first.as_ref().and_then(FrameReader::start_unix_s),
            current: first,
            offset_s: 0.0,
            last_s: 0.0,
            step_s: 0.0,
        })
    }

    /// Unix time of the first frame in seconds, if its file has one.
    pub(crate) fn start_unix_s(&self) -> Option<f64> {
        self.start_unix_s
    }

    fn read(&mut self) -> anyhow::Result<Option<ThermalFrame>> {
        while let Some(reader) = &mut self.current {
            if let Some(frame) = reader.next() {
                return self.shift(frame.map_err(by_kind)?).map(Some);
            }
            self.current = None;
            if let Some(path) = self.paths.next() {
                let reader = open_frames(&path, &self.options).map_err(by_kind)?;
                self.offset_s = match (self.start_unix_s, reader.start_unix_s()) {
                    (Some(first), Some(this)) => this - first,
                    _ => self.last_s + self.step_s,
                };
                self.current = Some(reader);
            }
        }
        Ok(None)
    }

    /// Converts the frame's time to the clock of the whole recording.
    fn shift(&mut self, frame: ThermalFrame) -> anyhow::Result<ThermalFrame> {
        let time_s = frame.time_s() + self.offset_s;
        // The last interval is the best guess for the gap before the next file.
        self.step_s = time_s - self.last_s;
        self.last_s = time_s;
        let shutter_closed = frame.shutter_was_closed();
        let frame = ThermalFrame::new(time_s, frame.into_celsius()).map_err(usage)?;
        Ok(if shutter_closed {
            frame.with_closed_shutter()
        } else {
            frame
        })
    }
}

impl Iterator for FrameFiles {
    type Item = anyhow::Result<ThermalFrame>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}
