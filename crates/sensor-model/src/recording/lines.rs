//! Numbered lines of a text file. Their length is limited so that no file can exhaust memory.

use std::io::{BufRead, Read as _};

use crate::error::Error;
use crate::problem::{CellProblem, Location, RecordingProblem};

use super::source::Source;

/// The longest line accepted, in bytes.
const LONGEST_LINE: usize = 64 * 1024;

/// The lines of a stream, with the number of the current one.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    pub(super) source: Source,
    number: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R, source: Source) -> Self {
        Self {
            input,
            source,
            number: 0,
            buffer: Vec::new(),
        }
    }

    /// Number of the current line, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    fn location(&self) -> Location {
        Location::Line(self.number)
    }

    /// The next line that is not blank, without its newline.
    pub(crate) fn next_filled(&mut self) -> Result<Option<&str>, Error> {
        loop {
            self.buffer.clear();
            self.number += 1;
            let mut limited = self.input.by_ref().take(LONGEST_LINE as u64 + 1);
            // Read as bytes, because a line that is not UTF-8 must be counted before the error can name it.
            let read = limited.read_until(b'\n', &mut self.buffer);
            if read.map_err(|error| self.source.unreadable_at(self.location(), error))? == 0 {
                // If the log is still growing, reading continues with this line.
                self.number -= 1;
                return Ok(None);
            }
            if self.buffer.len() > LONGEST_LINE {
                let limit = LONGEST_LINE;
                return Err(self.rejection(RecordingProblem::LongLine { limit }));
            }
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        let text = std::str::from_utf8(&self.buffer);
        let text = text.map_err(|_| self.rejection(RecordingProblem::NotText))?;
        Ok(Some(text.trim_end_matches(['\n', '\r'])))
    }

    /// The error for an invalid current line.
    pub(super) fn rejection(&self, problem: RecordingProblem) -> Error {
        self.source.rejection_at(self.location(), problem)
    }

    /// The error for an invalid cell in the current line.
    pub(crate) fn cell_rejection(&self, column: &str, value: &str, problem: CellProblem) -> Error {
        Error::Cell {
            path: self.source.path.clone(),
            location: self.location(),
            column: column.to_owned(),
            value: value.to_owned(),
            problem,
        }
    }

    /// The error for a wrong number of cells in the current line.
    pub(crate) fn width_rejection(&self, found: usize, expected: usize) -> Error {
        Error::Width {
            path: self.source.path.clone(),
            line: self.number,
            found,
            expected,
        }
    }
}
