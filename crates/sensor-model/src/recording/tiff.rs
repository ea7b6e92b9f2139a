//! 16-bit grey TIFF, one page per frame.

use std::io::{self, Read, Seek};

use ::tiff::decoder::{Decoder, DecodingResult, Limits};
use ::tiff::{ColorType, TiffError};

use crate::error::Error;
use crate::frame::{FRAME_WIDTH, ThermalFrame};
use crate::problem::Place;

use super::counts::Assembler;
use super::options::FrameOptions;
use super::problem::RecordingProblem;
use super::source::Source;

/// The largest page that is decoded, in bytes: 2048 x 2048 counts, so that larger cameras are refused by their size
/// and not by this.
const LARGEST_PAGE: usize = 8 * 1024 * 1024;

/// The frames of a TIFF, page by page.
pub(super) struct TiffFrames<R: Read + Seek> {
    pages: Pages<R>,
    source: Source,
    assembler: Assembler,
    frames: u64,
}

impl<R: Read + Seek> TiffFrames<R> {
    /// Reads the first directory. The scale must be declared, and a rate or telemetry lines.
    pub(super) fn open(input: R, source: Source, options: &FrameOptions) -> Result<Self, Error> {
        let assembler = Assembler::new(options).map_err(|problem| source.refused(problem))?;
        let pages = Pages::open(input).map_err(|error| source.unreadable(error))?;
        Ok(Self {
            pages,
            source,
            assembler,
            frames: 0,
        })
    }

    fn read_frame(&mut self) -> Result<Option<ThermalFrame>, Error> {
        let place = Place::Frame(self.frames + 1);
        let page = self.pages.next();
        let Some(page) = page.map_err(|error| self.source.unreadable_at(place, error))? else {
            return Ok(None);
        };
        self.frames += 1;
        let frame = page
            .counts(self.assembler.lines())
            .and_then(|counts| self.assembler.next(&counts));
        frame
            .map(Some)
            .map_err(|problem| self.source.refused_at(place, problem))
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
    /// The decoder stands on a page that was not yet given out: opening it reads the first one.
    on_fresh_page: bool,
}

/// A decoded page.
#[derive(Debug)]
struct Page {
    width: u32,
    height: u32,
    colors: ColorType,
    values: DecodingResult,
}

impl<R: Read + Seek> Pages<R> {
    fn open(input: R) -> io::Result<Self> {
        let mut limits = Limits::default();
        limits.decoding_buffer_size = LARGEST_PAGE;
        limits.intermediate_buffer_size = LARGEST_PAGE;
        let decoder = Decoder::new(input).map_err(into_io)?.with_limits(limits);
        Ok(Self {
            decoder,
            on_fresh_page: true,
        })
    }

    fn next(&mut self) -> io::Result<Option<Page>> {
        if !std::mem::take(&mut self.on_fresh_page) {
            if !self.decoder.more_images() {
                return Ok(None);
            }
            self.decoder.next_image().map_err(into_io)?;
        }
        let (width, height) = self.decoder.dimensions().map_err(into_io)?;
        let colors = self.decoder.colortype().map_err(into_io)?;
        let mut values = DecodingResult::U16(Vec::new());
        self.decoder
            .read_image_to_buffer(&mut values)
            .map_err(into_io)?;
        Ok(Some(Page {
            width,
            height,
            colors,
            values,
        }))
    }
}

impl Page {
    /// The counts, if this is one image of the camera with that many lines.
    fn counts(self, lines: usize) -> Result<Vec<u16>, RecordingProblem> {
        match (self.colors, self.values) {
            (
                ColorType::Gray(1..=8)
                | ColorType::RGB(8)
                | ColorType::RGBA(8)
                | ColorType::Palette(_),
                _,
            ) => Err(RecordingProblem::EightBit),
            (ColorType::Gray(16), DecodingResult::U16(counts)) => {
                let (expected_width, expected_height) = (FRAME_WIDTH as u32, lines as u32);
                let whole = counts.len() == FRAME_WIDTH * lines;
                if whole && (self.width, self.height) == (expected_width, expected_height) {
                    return Ok(counts);
                }
                Err(RecordingProblem::Size {
                    width: self.width,
                    height: self.height,
                    expected_width,
                    expected_height,
                })
            }
            (colors, _) => Err(RecordingProblem::Pixels {
                found: format!("{colors:?}"),
            }),
        }
    }
}

fn into_io(error: TiffError) -> io::Error {
    match error {
        TiffError::IoError(error) => error,
        error => io::Error::other(error),
    }
}
