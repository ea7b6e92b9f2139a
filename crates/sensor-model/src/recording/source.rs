//! The input that is being read, and errors that name it.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::problem::Place;

use super::problem::RecordingProblem;

/// The name of an input, which need not be a file.
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

    /// The file is invalid.
    pub(crate) fn rejection(&self, problem: RecordingProblem) -> Error {
        Error::Recording {
            path: self.path.clone(),
            problem,
        }
    }

    /// One frame or line is invalid.
    pub(crate) fn rejection_at(&self, place: Place, problem: RecordingProblem) -> Error {
        Error::RecordingPart {
            path: self.path.clone(),
            place,
            problem,
        }
    }

    /// The file cannot be opened or read.
    pub(crate) fn unreadable(&self, source: io::Error) -> Error {
        Error::Read {
            path: self.path.clone(),
            source,
        }
    }

    /// One frame or line cannot be read.
    pub(crate) fn unreadable_at(&self, place: Place, source: io::Error) -> Error {
        Error::ReadPart {
            path: self.path.clone(),
            place,
            source,
        }
    }
}
