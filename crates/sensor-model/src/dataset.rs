//! Data files: labelled rows as Parquet or CSV, in one file or a directory of files.
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
mod csv;
mod parquet;
mod write;

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::rows::Rows;
use columns::Labels;

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

/// The file formats, chosen by the file name's extension.
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

/// The rows of a `.parquet` or `.csv` file, in the order of the file.
///
/// Without `row_id`, rows are numbered from 0. Without `group`, the group is derived from `episode_id`; without both,
/// each row forms its own group.
pub fn read_rows(path: &Path) -> Result<Rows, Error> {
    not_empty(append_all(&[path])?, path)
}

/// The features in a `.parquet` or `.csv` file, row by row in the order of the file; labels are optional.
///
/// Labels that are present are checked as in training data.
pub fn read_features(path: &Path) -> Result<Vec<f32>, Error> {
    let mut rows = Rows::default();
    append(path, Labels::Optional, &mut rows)?;
    Ok(not_empty(rows, path)?.features)
}

/// The rows of several `.parquet` and `.csv` files, in the order given.
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

/// The rows of all `.parquet` and `.csv` files in a directory, in the order of the file names.
///
/// Other files and subdirectories are ignored. Generated IDs continue from file to file, as in [`read_files`].
pub fn read_channel(dir: &Path) -> Result<Rows, Error> {
    let rows = append_all(&data_files(dir)?)?;
    if rows.is_empty() {
        return Err(empty_channel(dir, "rows"));
    }
    Ok(rows)
}

/// The rows of all files, possibly none.
fn append_all(paths: &[impl AsRef<Path>]) -> Result<Rows, Error> {
    let mut rows = Rows::default();
    for path in paths {
        append(path.as_ref(), Labels::Required, &mut rows)?;
    }
    Ok(rows)
}

/// Appends the rows of one file, possibly none.
fn append(path: &Path, labels: Labels, rows: &mut Rows) -> Result<(), Error> {
    match Format::of(path) {
        Some(Format::Parquet) => parquet::append(path, labels, rows),
        Some(Format::Csv) => csv::append(path, labels, rows),
        None => Err(Error::Extension {
            path: path.to_owned(),
        }),
    }
}

/// The data files in a directory, sorted by name; at least one.
fn data_files(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = |source| Error::Read {
        path: dir.to_owned(),
        source,
    };
    let entries = fs::read_dir(dir).map_err(read)?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(read)?.path();
        if Format::of(&path).is_some() && path.is_file() {
            paths.push(path);
        }
    }
    // The order of rows must not depend on the file system, as that of a directory listing does.
    paths.sort();
    if paths.is_empty() {
        return Err(empty_channel(dir, ".parquet or .csv file"));
    }
    Ok(paths)
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
