//! Data files: labelled rows as Parquet or CSV, in one file or a directory tree of files.
//!
//! The content of a file determines how it is read, not its name. Both formats may be packed with gzip.
//!
//! A file has one column per feature, in any order, and the label `fire_detected`, which is optional only for
//! [`read_features`]. `row_id` and `group` (whole numbers) are optional, and so is `episode_id` (any text), which
//! determines the group if there is no `group` column. `time_s` (seconds since the recording's start), `scenario`
//! (text) and `site` (a whole number) become the rows' metadata if all three are present. `recording`, `sensor_id`,
//! `source` and `timestamp` are ignored. Any other column is an error, because a misspelt feature must not be dropped
//! silently.
//!
//! Parquet is read and written with polars; CSV is written with polars too, but read line by line with the `csv` crate:
//! polars fills a short line with nulls, as if the values were missing, and cannot name the line of an invalid cell.
//!
//! Known limitation: a truncated Parquet file or an altered footer is an error, but polars trusts the data pages.
//! Altered bytes there can change values, or cause an allocation so large that the process is killed. Use CSV for
//! untrusted files.

mod columns;
mod content;
mod csv;
mod parquet;
mod tree;
mod write;

use std::io::Cursor;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::rows::Rows;
use columns::Labels;
use content::Content;
use tree::Tree;

pub use tree::{SkipReason, Skipped};
pub use write::{RowWriter, write_rows};

/// Column with the ID of a row.
const ROW_ID: &str = "row_id";
/// Column with the group of a row.
const GROUP: &str = "group";
/// Column with the time in seconds since the recording's start.
const TIME: &str = "time_s";
/// Column with the kind of recording.
const SCENARIO: &str = "scenario";
/// Column with the number of the site.
const SITE: &str = "site";

/// The formats for writing, chosen by the file name's extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Parquet,
    Csv,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "parquet" => Some(Self::Parquet),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// The rows of a Parquet or CSV file, in the order of the file.
///
/// Without `row_id`, rows are numbered from 0. Without `group`, the group is derived from `episode_id`; without both,
/// each row forms its own group.
pub fn read_rows(path: &Path) -> Result<Rows, Error> {
    not_empty(append_all(&[path])?, path)
}

/// The features in a Parquet or CSV file, row by row in the order of the file; labels are optional.
///
/// Labels that are present are checked as in training data.
pub fn read_features(path: &Path) -> Result<Vec<f32>, Error> {
    let mut rows = Rows::default();
    append_filled(path, Labels::Optional, &mut rows)?;
    Ok(not_empty(rows, path)?.features)
}

/// The rows of several Parquet and CSV files, in the order given.
///
/// Generated IDs continue from file to file, so rows of different files share a group only if the files specify the
/// same group. Files without rows are skipped if another file has rows.
///
/// # Errors
/// The error of [`read_rows`] for the first file that cannot be read, or [`Error::NoFiles`] if `paths` is empty.
pub fn read_files(paths: &[PathBuf]) -> Result<Rows, Error> {
    let first = paths.first().ok_or(Error::NoFiles)?;
    not_empty(append_all(paths)?, first)
}

/// The rows of a channel and their origin.
#[derive(Clone, Debug)]
pub struct ChannelRows {
    /// The rows of all files.
    pub rows: Rows,
    /// The files, as paths below the channel's directory, in the order of their rows.
    pub files: Vec<PathBuf>,
    /// What was not read, in order of the reasons and paths.
    pub skipped: Vec<Skipped>,
}

/// The rows of all files in a directory and its subdirectories, in the order of their paths.
///
/// Hidden, empty and unfinished files are skipped (see [`SkipReason`]); everything else must be a data file. Generated
/// IDs continue from file to file, as in [`read_files`].
///
/// # Errors
/// The error of [`read_rows`] for the first file that cannot be read, or [`Error::EmptyChannel`] without files or rows.
pub fn read_channel(dir: &Path) -> Result<ChannelRows, Error> {
    let tree = Tree::below(dir)?;
    let (mut rows, mut files, mut skipped) = (Rows::default(), Vec::new(), tree.skipped);
    for path in tree.files {
        if append(&dir.join(&path), Labels::Required, &mut rows)? {
            files.push(path);
        } else {
            // Spark writes a packed file without content for each partition without rows.
            let reason = SkipReason::Empty;
            skipped.push(Skipped { reason, path });
        }
    }
    skipped.sort();
    if files.is_empty() && skipped.is_empty() {
        return Err(empty_channel(dir, "file"));
    }
    if files.is_empty() {
        return Err(empty_channel(
            dir,
            "file except hidden, empty and unfinished ones",
        ));
    }
    if rows.is_empty() {
        return Err(empty_channel(dir, "rows"));
    }
    Ok(ChannelRows {
        rows,
        files,
        skipped,
    })
}

/// The rows of all files, possibly none.
fn append_all(paths: &[impl AsRef<Path>]) -> Result<Rows, Error> {
    let mut rows = Rows::default();
    for path in paths {
        append_filled(path.as_ref(), Labels::Required, &mut rows)?;
    }
    Ok(rows)
}

/// Appends the rows of one file, which must have a header.
fn append_filled(path: &Path, labels: Labels, rows: &mut Rows) -> Result<(), Error> {
    if append(path, labels, rows)? {
        return Ok(());
    }
    Err(Error::EmptyFile {
        path: path.to_owned(),
        what: "header line",
    })
}

/// Appends the rows of one file, possibly none; false if the file has no content.
fn append(path: &Path, labels: Labels, rows: &mut Rows) -> Result<bool, Error> {
    match content::open(path)? {
        Content::Empty => return Ok(false),
        Content::Csv(input) => {
            csv::append(path, input, labels, rows).map_err(content::unpacking)?;
        }
        Content::Parquet(file) => parquet::append(path, file, labels, rows)?,
        Content::UnpackedParquet(bytes) => {
            parquet::append(path, Cursor::new(bytes), labels, rows)?;
        }
    }
    Ok(true)
}

fn empty_channel(dir: &Path, what: &'static str) -> Error {
    Error::EmptyChannel {
        path: dir.to_owned(),
        what,
    }
}

/// Checks that there is at least one row; `path` is the (first) file.
fn not_empty(rows: Rows, path: &Path) -> Result<Rows, Error> {
    if rows.is_empty() {
        return Err(Error::EmptyFile {
            path: path.to_owned(),
            what: "rows",
        });
    }
    Ok(rows)
}

/// The group of an episode or recording, derived from its name: the first eight bytes of the name's SHA-256. It is the
/// same in every file and on every machine.
pub fn group_of_episode(episode: &str) -> u64 {
    let digest = Sha256::digest(episode.as_bytes());
    digest
        .iter()
        .take(8)
        .fold(0, |group, &byte| group << 8 | u64::from(byte))
}
