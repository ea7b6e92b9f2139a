//! The name of an input, and errors that contain it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::problem::{Location, RecordingProblem};

/// The name of an input, which is not necessarily a file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
}

impl Source {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Reads a record of `length` bytes into `buffer`; false at the end of the stream.
    pub(super) fn read_record(
        &self,
        location: Location,
        input: impl Read,
        buffer: &mut Vec<u8>,
        length: usize,
    ) -> Result<bool, Error> {
        buffer.clear();
        let read = input.take(length as u64).read_to_end(buffer);
        let found = read.map_err(|error| self.unreadable_at(location, error))?;
        if found > 0 && found < length {
            let expected = length;
            let problem = RecordingProblem::Truncated { found, expected };
            return Err(self.rejection_at(location, problem));
        }
        Ok(found > 0)
    }

    /// The error for an invalid file.
    pub(crate) fn rejection(&self, problem: RecordingProblem) -> Error {
        Error::Recording {
            path: self.path.clone(),
            problem,
        }
    }

    /// The error for an invalid frame or line.
    pub(crate) fn rejection_at(&self, location: Location, problem: RecordingProblem) -> Error {
        Error::RecordingPart {
            path: self.path.clone(),
            location,
            problem,
        }
    }

    /// The error for a file that cannot be opened or read.
    pub(crate) fn unreadable(&self, source: io::Error) -> Error {
        Error::Read {
            path: self.path.clone(),
            source,
        }
    }

    /// The error for a frame or line that cannot be read.
    pub(crate) fn unreadable_at(&self, location: Location, source: io::Error) -> Error {
        Error::ReadPart {
            path: self.path.clone(),
            location,
            source,
        }
    }
}
