//! The error type of this crate.

use std::io;
use std::path::PathBuf;

#[cfg(feature = "files")]
use polars::error::PolarsError;

use crate::extract::ExtractError;
use crate::frame::FrameProblem;
use crate::problem::{CellProblem, ColumnProblem, Location, RecordingProblem};

/// An error of this crate. Messages name the file and the location in it, and say what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file or directory cannot be opened or read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Path of the file or directory.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
    /// The file cannot be created, written or renamed; no partial file is left.
    #[error("cannot write {}", path.display())]
    Write {
        /// Path of the file.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
    /// Rows without metadata were given to a file with metadata columns.
    #[error(
        "{} has the columns time_s, scenario and site, but some rows have no values for them; write these rows to another file",
        path.display()
    )]
    NoMetadata {
        /// Path of the file.
        path: PathBuf,
    },
    /// A Parquet file that polars cannot read.
    #[cfg(feature = "files")]
    #[error("{} cannot be read as a data file; it may be incomplete or have another format", path.display())]
    Format {
        /// Path of the file.
        path: PathBuf,
        /// The error from polars.
        #[source]
        source: PolarsError,
    },
    /// The content is neither CSV nor Parquet.
    #[error(
        "{} is {found}, not CSV or Parquet (plain or gzip); convert it, or leave it out if it has no rows",
        path.display()
    )]
    Content {
        /// Path of the file.
        path: PathBuf,
        /// What the first bytes look like.
        found: &'static str,
    },
    /// A gzip file that cannot be unpacked.
    #[error("{} cannot be unpacked; it may be incomplete or corrupt; copy it again", path.display())]
    Unpack {
        /// Path of the file.
        path: PathBuf,
        /// The error of the decoder or the operating system.
        #[source]
        source: io::Error,
    },
    /// A gzip file that unpacks to more than the limit.
    #[error(
        "{} unpacks to more than {} MiB; unpack it, or divide it into smaller files",
        path.display(),
        limit >> 20
    )]
    UnpackedSize {
        /// Path of the file.
        path: PathBuf,
        /// Maximum number of bytes.
        limit: u64,
    },
    /// The extension of a file to write is neither `.parquet` nor `.csv`.
    #[error("{} is neither .parquet nor .csv; rename or convert it", path.display())]
    Extension {
        /// Path of the file.
        path: PathBuf,
    },
    /// The columns are not those of a data file.
    #[error("{}: {problem}", path.display())]
    Columns {
        /// Path of the file.
        path: PathBuf,
        /// The column concerned, and what to do.
        problem: ColumnProblem,
    },
    /// A line has too few or too many cells.
    #[error("{}, line {line}: expected {expected} cells, one per column of the header, but found {found}", path.display())]
    Width {
        /// Path of the file.
        path: PathBuf,
        /// Line number; the header is line 1.
        line: u64,
        /// Number of cells in the line.
        found: usize,
        /// Number of columns in the header.
        expected: usize,
    },
    /// A value is invalid.
    #[error("{}, {location}, column {column}: `{value}` {problem}", path.display())]
    Cell {
        /// Path of the file.
        path: PathBuf,
        /// Line or row number.
        location: Location,
        /// Name of the column.
        column: String,
        /// The value as written.
        value: String,
        /// The problem, and what to do about it.
        problem: CellProblem,
    },
    /// The file has no rows, or not even a header.
    #[error("{} has no {what}; a data file needs at least one row", path.display())]
    EmptyFile {
        /// Path of the file.
        path: PathBuf,
        /// The missing part.
        what: &'static str,
    },
    /// The directory has no data files, or they have no rows.
    #[error("{} has no {what}; a channel needs at least one labelled row", path.display())]
    EmptyChannel {
        /// Path of the directory.
        path: PathBuf,
        /// The missing part.
        what: &'static str,
    },
    /// A recording of real sensors is invalid.
    #[error("{}: {problem}", path.display())]
    Recording {
        /// Path of the file.
        path: PathBuf,
        /// The problem, and what to do about it.
        problem: RecordingProblem,
    },
    /// One frame of a recording, or one line of a text file, is invalid.
    #[error("{}, {location}: {problem}", path.display())]
    RecordingPart {
        /// Path of the file.
        path: PathBuf,
        /// Frame or line number, from 1.
        location: Location,
        /// The problem, and what to do about it.
        problem: RecordingProblem,
    },
    /// One frame of a recording, or one line of a text file, cannot be read.
    #[error(
        "{}, {location} cannot be read; the file may be incomplete or corrupt; copy it again, or use the part before this",
        path.display()
    )]
    ReadPart {
        /// Path of the file.
        path: PathBuf,
        /// Frame or line number, from 1.
        location: Location,
        /// The error from the operating system or the decoder.
        #[source]
        source: io::Error,
    },
    /// The list of files is empty.
    #[error("no data file was given; name at least one .parquet or .csv file")]
    NoFiles,
    /// An unknown name of a generator profile or a scenario.
    #[error("unknown {what} `{given}`; expected one of {known}")]
    UnknownName {
        /// `profile` or `scenario`.
        what: &'static str,
        /// The given name.
        given: String,
        /// The known names.
        known: String,
    },
    /// A parameter of the episode generator is outside its range.
    #[error("episode parameter {name} is {value}; it must be {expected}")]
    EpisodeParameter {
        /// Name of the parameter.
        name: &'static str,
        /// The given value.
        value: String,
        /// The valid range or kind of value.
        expected: &'static str,
    },
    /// A thermal frame is invalid.
    #[error(transparent)]
    Frame(#[from] FrameProblem),
    /// Input or settings of the extractor are invalid.
    #[error(transparent)]
    Extract(#[from] ExtractError),
}

impl Error {
    /// The error for a name that is not one of `known`.
    pub(crate) fn unknown_name<T: ToString>(what: &'static str, given: &str, known: &[T]) -> Self {
        let known: Vec<_> = known.iter().map(ToString::to_string).collect();
        Self::UnknownName {
            what,
            given: given.to_owned(),
            known: known.join(", "),
        }
    }
}
