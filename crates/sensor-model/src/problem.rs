//! Details of an [`Error`](crate::Error) in a file: the location, the problem, and what to do.

mod recording;

use std::fmt;

use crate::schema::{LABEL, REQUIRED_COUNT};

pub use recording::RecordingProblem;

/// A location in a file. Lines, rows and frames are numbered from 1; the header is a line, but not a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// Line of a CSV file.
    Line(u64),
    /// Row of a Parquet file.
    Row(u64),
    /// Frame of a recording.
    Frame(u64),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
            Self::Frame(frame) => write!(f, "frame {frame}"),
        }
    }
}

/// A problem with the columns of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnProblem {
    /// A required column is absent.
    #[error("column {0} is missing; a data file has the {REQUIRED_COUNT} features and {LABEL}")]
    Missing(String),
    /// Not one known column: the file has no header, or other content than rows. The field is the first name.
    #[error(
        "none of its columns is known, and the first is `{0}`; add a header with the names of the features, or leave \
         the file out if it has no rows"
    )]
    NoneKnown(String),
    /// A column that is not a feature, the label or known metadata.
    #[error("column `{0}` is unknown; remove it, or rename it if it is a feature")]
    Unknown(String),
    /// A column appears twice.
    #[error("column `{0}` appears twice; remove one of them")]
    Duplicate(String),
    /// A column has a type that cannot be converted.
    #[error("column {column} has the type {found}; it must contain numbers")]
    Type {
        /// Name of the column.
        column: String,
        /// Type of the column.
        found: String,
    },
}

/// A problem with one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CellProblem {
    /// Text instead of a number.
    #[error("is not a number; write a decimal number, or leave the cell empty for a missing value")]
    NotANumber,
    /// Infinite, or beyond the range of 32-bit floats.
    #[error("is not finite; leave the cell empty for a missing value")]
    NotFinite,
    /// A label other than 0 and 1.
    #[error("is not a label; use 1 for fire and 0 for none")]
    NotALabel,
    /// An identifier that is not a whole number.
    #[error("is not a whole number from 0 to 2^64 - 1")]
    NotAnId,
    /// A time in a recording that is not a finite number.
    #[error("is not a number of seconds; write the time since the recording's start")]
    NotSeconds,
    /// Text that is not a time in the expected format, which the field describes.
    #[error("is not {0}; correct it, or specify another time format")]
    NotATime(&'static str),
    /// A quotation mark that is never closed.
    #[error("has an unclosed quotation mark; close it on the same line")]
    Unclosed,
}
