//! Raw Y16: unsigned 16-bit little-endian counts, image after image without headers (v4l2's `Y16 `).

use std::io::Read;
use std::path::Path;

use crate::error::Error;
use crate::frame::{FRAME_WIDTH, ThermalFrame};
use crate::problem::Location;

use super::counts::{Assembler, counts_of};
use super::options::FrameOptions;
use super::source::Source;

/// The frames of a raw Y16 stream: a file, standard input, or a file that is still growing.
///
/// Only one frame is in memory at a time. The stream can end after any whole frame; an end within a frame is an error.
#[derive(Debug)]
pub struct Y16Frames<R> {
    input: R,
    source: Source,
    assembler: Assembler,
    buffer: Vec<u8>,
    frames: u64,
}

impl<R: Read> Y16Frames<R> {
    /// Reads from `input`; error messages name it `path`. The options must specify the scale, and a rate or telemetry
    /// lines.
    pub fn new(input: R, path: &Path, options: &FrameOptions) -> Result<Self, Error> {
        let source = Source::new(path);
        let assembler = Assembler::new(options).map_err(|problem| source.rejection(problem))?;
        Ok(Self {
            input,
            source,
            assembler,
            buffer: Vec::new(),
            frames: 0,
        })
    }

    fn read_frame(&mut self) -> Result<Option<ThermalFrame>, Error> {
        let location = Location::Frame(self.frames + 1);
        let length = self.assembler.lines() * FRAME_WIDTH * size_of::<u16>();
        if !self
            .source
            .read_record(location, &mut self.input, &mut self.buffer, length)?
        {
            return Ok(None);
        }
        self.frames += 1;
        let frame = self.assembler.next(&counts_of(&self.buffer));
        frame
            .map(Some)
            .map_err(|problem| self.source.rejection_at(location, problem))
    }
}

impl<R: Read> Iterator for Y16Frames<R> {
    type Item = Result<ThermalFrame, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_frame().transpose()
    }
}
