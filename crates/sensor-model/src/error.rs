//! What can go wrong, told so that the person at the keyboard can put it right.

use std::io;
use std::path::PathBuf;

#[cfg(feature = "files")]
use polars::error::PolarsError;

use crate::extract::ExtractError;
use crate::frame::FrameProblem;
use crate::problem::{CellProblem, ColumnProblem, Place};
use crate::recording::RecordingProblem;

/// An error of this crate. Messages name the file, the place in it, and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file or folder cannot be opened or read.
    #[error("cannot read {}", path.display())]
    Read {
        /// File or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The file cannot be created, written or renamed; nothing half-written stays behind.
    #[error("cannot write {}", path.display())]
    Write {
        /// File.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// Rows without metadata for a file that has the columns.
    #[error(
        "{} has the columns time_s, scenario and site, but some rows lack them; write such rows to a file of their own",
        path.display()
    )]
    NoMetadata {
        /// File.
        path: PathBuf,
    },
    /// The bytes are not what the file's name says.
    #[cfg(feature = "files")]
    #[error("{} cannot be processed as a data file; it may be cut off or of another format", path.display())]
    Format {
        /// File.
        path: PathBuf,
        /// The reason given by polars.
        #[source]
        source: PolarsError,
    },
    /// The name ends in neither `.parquet` nor `.csv`.
    #[error("{} is neither .parquet nor .csv; rename or convert it", path.display())]
    Extension {
        /// File.
        path: PathBuf,
    },
    /// The columns are not those of a data file.
    #[error("{}: {problem}", path.display())]
    Columns {
        /// File.
        path: PathBuf,
        /// Which column, and what to do.
        problem: ColumnProblem,
    },
    /// A line has too few or too many cells.
    #[error("{}, line {line}: {found} cells, but the header has {expected}; give each row one cell per column", path.display())]
    Width {
        /// File.
        path: PathBuf,
        /// Line in the file, the header being 1.
        line: u64,
        /// Cells in the line.
        found: usize,
        /// Columns of the header.
        expected: usize,
    },
    /// A value cannot be accepted.
    #[error("{}, {place}, column {column}: `{value}` {problem}", path.display())]
    Cell {
        /// File.
        path: PathBuf,
        /// Line or row.
        place: Place,
        /// Column by name.
        column: String,
        /// The value as written.
        value: String,
        /// What is wrong, and what to do.
        problem: CellProblem,
    },
    /// The file has no rows, or not even a header.
    #[error("{} holds no {what}; a data file needs at least one row", path.display())]
    EmptyFile {
        /// File.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// The folder has no data files, or they have no rows.
    #[error("{} holds no {what}; a channel needs at least one labelled row", path.display())]
    EmptyChannel {
        /// Folder.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// A recording of real sensors cannot be read as one.
    #[error("{}: {problem}", path.display())]
    Recording {
        /// File.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: RecordingProblem,
    },
    /// One frame or line of a recording cannot be accepted.
    #[error("{}, {place}: {problem}", path.display())]
    RecordingPart {
        /// File.
        path: PathBuf,
        /// Frame or line, the first being 1.
        place: Place,
        /// What is wrong, and what to do.
        problem: RecordingProblem,
    },
    /// The bytes of one frame or line of a recording cannot be had.
    #[error(
        "{}, {place} cannot be read; the file may be cut off or damaged: copy it again, or use what is before",
        path.display()
    )]
    ReadPart {
        /// File.
        path: PathBuf,
        /// Frame or line, the first being 1.
        place: Place,
        /// The reason, from the system or the decoder.
        #[source]
        source: io::Error,
    },
    /// An empty list of files was given to read.
    #[error("no data file was given; name at least one .parquet or .csv file")]
    NoFiles,
    /// No generator profile has that name.
    #[error("unknown profile `{given}`, known profiles: {known}")]
    UnknownProfile {
        /// The name as given.
        given: String,
        /// The known names.
        known: String,
    },
    /// No scenario of the episode generator has that name.
    #[error("unknown scenario `{given}`, known scenarios: {known}")]
    UnknownScenario {
        /// The name as given.
        given: String,
        /// The known names.
        known: String,
    },
    /// A parameter of the episode generator is outside its range.
    #[error("episode parameter {name} is {value}, but must be {expected}")]
    EpisodeParameter {
        /// The parameter.
        name: &'static str,
        /// The value as given.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// Values that do not make an image of the thermal camera.
    #[error(transparent)]
    Frame(#[from] FrameProblem),
    /// What an extractor cannot take.
    #[error(transparent)]
    Extract(#[from] ExtractError),
}
