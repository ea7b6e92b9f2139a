//! 16-bit greyscale TIFF, one page per frame.

use std::io::{self, Read, Seek};

use ::tiff::decoder::{Decoder, DecodingResult, Limits};
use ::tiff::{ColorType, TiffError};

use crate::error::Error;
use crate::frame::{FRAME_WIDTH, ThermalFrame};
use crate::problem::{Location, RecordingProblem};

use super::counts::Assembler;
use super::options::FrameOptions;
use super::source::Source;

/// Maximum size of a buffer in bytes. A page has 39,040 bytes; the margin allows for strips that compress badly.
const LARGEST_BUFFER: usize = 1024 * 1024;

/// The frames of a TIFF, page by page.
pub(super) struct TiffFrames<R: Read + Seek> {
    pages: Pages<R>,
    source: Source,
    assembler: Assembler,
    frames: u64,
}

impl<R: Read + Seek> TiffFrames<R> {
    /// Reads the first directory. The options must specify the scale, and a rate or telemetry lines.
    pub(super) fn open(input: R, source: Source, options: &FrameOptions) -> Result<Self, Error> {
        let assembler = Assembler::new(options).map_err(|problem| source.rejection(problem))?;
        let pages =
            Pages::open(input).map_err(|error| source.unreadable_at(Location::Frame(1), error))?;
        Ok(Self {
            pages,
            source,
            assembler,
            frames: 0,
        })
    }

    fn read_frame(&mut self) -> Result<Option<ThermalFrame>, Error> {
        let location = Location::Frame(self.frames + 1);
        let unreadable = |error| self.source.unreadable_at(location, error);
        if !self.pages.advance().map_err(unreadable)? {
            return Ok(None);
        }
        self.frames += 1;
        let (width, height, colors) = self.pages.layout().map_err(unreadable)?;
        let lines = self.assembler.lines();
        check_layout(width, height, colors, lines)
            .map_err(|problem| self.source.rejection_at(location, problem))?;
        let counts = self.pages.decode().map_err(unreadable)?;
        let counts = counts.filter(|counts| counts.len() == FRAME_WIDTH * lines);
        let frame = match counts {
            Some(counts) => self.assembler.next(&counts),
            None => Err(RecordingProblem::Pixels {
                found: "signed, or stored in several planes".to_owned(),
            }),
        };
        frame
            .map(Some)
            .map_err(|problem| self.source.rejection_at(location, problem))
    }
}

impl<R: Read + Seek> Iterator for TiffFrames<R> {
    type Item = Result<ThermalFrame, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_frame().transpose()
    }
}

/// The pages of a file, decoded one at a time.
struct Pages<R: Read + Seek> {
    decoder: Decoder<R>,
    /// True if the decoder's current page was not returned yet; opening a file already moves to the first page.
    on_fresh_page: bool,
}

impl<R: Read + Seek> Pages<R> {
    fn open(input: R) -> io::Result<Self> {
        let mut limits = Limits::default();
        limits.decoding_buffer_size = LARGEST_BUFFER;
        limits.intermediate_buffer_size = LARGEST_BUFFER;
        let decoder = Decoder::new(input).map_err(into_io)?.with_limits(limits);
        Ok(Self {
            decoder,
            on_fresh_page: true,
        })
    }

    /// Moves to the next page; false at the end.
    fn advance(&mut self) -> io::Result<bool> {
        if std::mem::take(&mut self.on_fresh_page) {
            return Ok(true);
        }
        if !self.decoder.more_images() {
            return Ok(false);
        }
        self.decoder.next_image().map_err(into_io)?;
        Ok(true)
    }

    /// Width, height and colour type of the page.
    fn layout(&mut self) -> io::Result<(u32, u32, ColorType)> {
        let (width, height) = self.decoder.dimensions().map_err(into_io)?;
        let colors = self.decoder.colortype().map_err(into_io)?;
        Ok((width, height, colors))
    }

    /// The values of the page, if they are unsigned 16-bit.
    fn decode(&mut self) -> io::Result<Option<Vec<u16>>> {
        let mut values = DecodingResult::U16(Vec::new());
        self.decoder
            .read_image_to_buffer(&mut values)
            .map_err(into_io)?;
        Ok(match values {
            DecodingResult::U16(counts) => Some(counts),
            _ => None,
        })
    }
}

/// Checks that a page is an image from the camera before decoding it, because a file can claim any size.
fn check_layout(
    width: u32,
    height: u32,
    colors: ColorType,
    lines: usize,
) -> Result<(), RecordingProblem> {
    match colors {
        ColorType::Gray(16) => {}
        ColorType::Gray(..=8) | ColorType::RGB(8) | ColorType::RGBA(8) | ColorType::Palette(_) => {
            return Err(RecordingProblem::EightBit);
        }
        colors => {
            return Err(RecordingProblem::Pixels {
                found: format!("{colors:?}"),
            });
        }
    }
    let (expected_width, expected_height) = (FRAME_WIDTH as u32, lines as u32);
    if (width, height) == (expected_width, expected_height) {
        return Ok(());
    }
    Err(RecordingProblem::Size {
        width,
        height,
        expected_width,
        expected_height,
    })
}

fn into_io(error: TiffError) -> io::Error {
    match error {
        TiffError::IoError(error) => error,
        error => io::Error::other(error),
    }
}
