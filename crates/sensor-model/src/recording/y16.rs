//! Raw Y16: unsigned 16-bit little-endian counts, image after image without headers (v4l2's `Y16 `).

use std::io::{self, Read};
use std::path::Path;

use crate::error::Error;
use crate::frame::{FRAME_WIDTH, ThermalFrame};
use crate::problem::Place;

use super::counts::{Assembler, counts_of};
use super::options::FrameOptions;
use super::problem::RecordingProblem;
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
    /// Reads from `input`; error messages name it `path`. The options must declare the scale, and a rate or telemetry
    /// lines.
    pub fn new(input: R, path: &Path, options: &FrameOptions) -> Result<Self, Error> {
        let source = Source::new(path);
        let assembler = Assembler::new(options).map_err(|problem| source.rejection(problem))?;
        let buffer = vec![0; assembler.lines() * FRAME_WIDTH * size_of::<u16>()];
        Ok(Self {
            input,
            source,
            assembler,
            buffer,
            frames: 0,
        })
    }

    fn read_frame(&mut self) -> Result<Option<ThermalFrame>, Error> {
        let place = Place::Frame(self.frames + 1);
        let unreadable = |error| self.source.unreadable_at(place, error);
        if !fill(&mut self.input, &mut self.buffer)
            .map_err(unreadable)?
            .is_whole(self.buffer.len())
            .map_err(|problem| self.source.rejection_at(place, problem))?
        {
            return Ok(None);
        }
        self.frames += 1;
        let frame = self.assembler.next(&counts_of(&self.buffer));
        frame
            .map(Some)
            .map_err(|problem| self.source.rejection_at(place, problem))
    }
}

impl<R: Read> Iterator for Y16Frames<R> {
    type Item = Result<ThermalFrame, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_frame().transpose()
    }
}

/// Number of bytes read into a buffer.
pub(super) struct Filled(usize);

impl Filled {
    /// True if a whole record was read, false at the end of the stream; part of a record is an error.
    pub(super) fn is_whole(&self, expected: usize) -> Result<bool, RecordingProblem> {
        match self.0 {
            0 => Ok(false),
            found if found < expected => Err(RecordingProblem::Cut { found, expected }),
            _ => Ok(true),
        }
    }
}

/// Fills the buffer, or reads the rest of the stream if that is shorter.
pub(super) fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<Filled> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Filled(filled))
}
