//! The lines of a text file, numbered, and none so long that it would fill the memory.

use std::io::{BufRead, Read as _};

use crate::error::Error;
use crate::problem::Place;

use super::problem::RecordingProblem;
use super::source::Source;

/// The longest line of a log, in bytes.
const LONGEST_LINE: usize = 64 * 1024;

/// The lines of a stream, with the number of the last one given out.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    pub(super) source: Source,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R, source: Source) -> Self {
        Self {
            input,
            source,
            number: 0,
        }
    }

    /// Number of the last line given out; the first line of a file is 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Its place.
    pub(super) fn place(&self) -> Place {
        Place::Line(self.number)
    }

    /// The next line that is not blank, without its line end.
    pub(super) fn next_filled(&mut self) -> Result<Option<String>, Error> {
        loop {
            // Bytes first: a line that is not text must still be counted, to be named.
            let mut bytes = Vec::new();
            self.number += 1;
            let mut limited = (&mut self.input).take(LONGEST_LINE as u64 + 1);
            let read = limited.read_until(b'\n', &mut bytes);
            if read.map_err(|error| self.source.unreadable_at(self.place(), error))? == 0 {
                // A log that is still being written goes on with this very line.
                self.number -= 1;
                return Ok(None);
            }
            let text = self.text(bytes)?;
            if !text.trim().is_empty() {
                return Ok(Some(text));
            }
        }
    }

    fn text(&self, bytes: Vec<u8>) -> Result<String, Error> {
        let refused = |problem| self.source.refused_at(self.place(), problem);
        if bytes.len() > LONGEST_LINE {
            let limit = LONGEST_LINE;
            return Err(refused(RecordingProblem::LongLine { limit }));
        }
        let text = String::from_utf8(bytes).map_err(|_| refused(RecordingProblem::NotText))?;
        Ok(text.trim_end_matches(['\n', '\r']).to_owned())
    }
}
