//! The file that is being read, as errors name it.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::problem::Place;

use super::problem::RecordingProblem;

/// Name of a recording or log; standard input has one too.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
}

impl Source {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// The whole file is refused.
    pub(super) fn refused(&self, problem: RecordingProblem) -> Error {
        Error::Recording {
            path: self.path.clone(),
            problem,
        }
    }

    /// One frame or line is refused.
    pub(super) fn refused_at(&self, place: Place, problem: RecordingProblem) -> Error {
        Error::RecordingPart {
            path: self.path.clone(),
            place,
            problem,
        }
    }

    /// The file cannot be opened.
    pub(super) fn unreadable(&self, source: io::Error) -> Error {
        Error::Read {
            path: self.path.clone(),
            source,
        }
    }

    /// The bytes of one frame or line cannot be had.
    pub(super) fn unreadable_at(&self, place: Place, source: io::Error) -> Error {
        Error::ReadPart {
            path: self.path.clone(),
            place,
            source,
        }
    }
}
