//! The name of an input, and errors that contain it.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::problem::Place;

use super::problem::RecordingProblem;

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

    /// The error for an invalid file.
    pub(crate) fn rejection(&self, problem: RecordingProblem) -> Error {
        Error::Recording {
            path: self.path.clone(),
            problem,
        }
    }

    /// The error for an invalid frame or line.
    pub(crate) fn rejection_at(&self, place: Place, problem: RecordingProblem) -> Error {
        Error::RecordingPart {
            path: self.path.clone(),
            place,
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
    pub(crate) fn unreadable_at(&self, place: Place, source: io::Error) -> Error {
        Error::ReadPart {
            path: self.path.clone(),
            place,
            source,
        }
    }
}
