//! What can go wrong, told so that the person at the keyboard can put it right.

use std::fmt;
use std::io;
use std::path::PathBuf;

use polars::error::PolarsError;

use crate::schema::{FEATURE_COUNT, LABEL};

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
    /// The bytes are not what the file's name says.
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
    /// The file has a header but no rows, or the folder no data files.
    #[error("{} holds no {what}; a channel needs at least one labelled row", path.display())]
    Empty {
        /// File or folder.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// No generator profile has that name.
    #[error("unknown profile `{given}`, known profiles: {known}")]
    UnknownProfile {
        /// The name as given.
        given: String,
        /// The known names.
        known: String,
    },
}

/// Where in a file: lines of a text file count from 1 with the header, rows of a table from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Line of a CSV file.
    Line(u64),
    /// Row of a Parquet file.
    Row(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// What is wrong with the columns of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnProblem {
    /// One of the required columns is absent.
    #[error("column {0} is missing; a data file has the {FEATURE_COUNT} features and {LABEL}")]
    Missing(String),
    /// A column that is no feature, label or known metadata.
    #[error("column `{0}` is unknown; remove it, or rename it if it is a feature")]
    Unknown(String),
    /// A column appears twice.
    #[error("column `{0}` appears twice; remove one of them")]
    Duplicate(String),
    /// A column holds values of a kind that cannot be converted.
    #[error("column {column} holds {found}; numbers are needed")]
    Type {
        /// Column by name.
        column: String,
        /// The type found.
        found: String,
    },
}

/// What is wrong with one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CellProblem {
    /// Text where a number belongs.
    #[error("is not a number; give a decimal number, or leave the cell empty if it is missing")]
    NotANumber,
    /// Infinite, or beyond the range of 32-bit floating point.
    #[error("is not finite; leave the cell empty if the value is missing")]
    NotFinite,
    /// A label other than the two.
    #[error("is not a label; use 1 for fire and 0 for none")]
    NotALabel,
    /// An identifier that is not a whole number.
    #[error("is not a whole number from 0 to 2^64 - 1")]
    NotAnId,
    /// A quotation mark that is never closed.
    #[error("has an unclosed quotation mark; close it on the same line")]
    Unclosed,
}
