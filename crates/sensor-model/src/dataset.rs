//! Data files: labelled rows as Parquet or CSV, one file or a folder of them.
//!
//! A file has the features by name in any order and the label `fire_detected`, which only [`read_features`] can do
//! without.
//! `row_id` and `group` (whole numbers) are optional, and so is `episode_id` (any text), which
//! stands in for an absent `group`. `time_s` (seconds from the recording's start), `scenario` (text)
//! and `site` (a whole number) become the rows' metadata when all three are there. `recording`,
//! `sensor_id`, `source` and `timestamp` are ignored; any other column is refused, since a mistyped
//! feature must not be dropped in silence.
//!
//! Parquet goes through polars both ways, and CSV through polars on the way out. CSV is read
//! line by line here: polars fills a short line with nulls, as if the values were missing, and
//! cannot name the line of a bad cell.
//!
//! Limit: a Parquet file that was cut off or whose footer was altered is refused, but polars
//! trusts the pages between. Altered bytes there can give other values, or an allocation so large
//! that the process ends: files from strangers should come as CSV.

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

/// Name of the column with the identity of a row.
const ROW_ID: &str = "row_id";
/// Name of the column with the group of a row.
const GROUP: &str = "group";
/// Name of the column with the seconds since the recording's start.
const TIME: &str = "time_s";
/// Name of the column with the kind of recording.
const SCENARIO: &str = "scenario";
/// Name of the column with the number of the place.
const SITE: &str = "site";

/// The two file formats, by the extension of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Parquet,
    Csv,
}

impl Format {
    /// The format that the name of the file says.
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
/// Without `row_id` the rows are numbered from 0. Without `group` the group is that of
/// `episode_id`, and without both each row is a group of its own.
pub fn read_rows(path: &Path) -> Result<Rows, Error> {
    not_empty(append_all(&[path])?, path)
}

/// The features of the rows of a `.parquet` or `.csv` file, in the order of the file and row-major; labels may be
/// absent.
///
/// Labels that are there are checked as those of training data are.
pub fn read_features(path: &Path) -> Result<Vec<f32>, Error> {
    let mut rows = Rows::default();
    append(path, Labels::Optional, &mut rows)?;
    Ok(not_empty(rows, path)?.features)
}

/// The rows of several `.parquet` and `.csv` files, in the order given.
///
/// Numbers for absent ids run on from file to file, so that rows of different files share a group
/// only where the files say so. A file without rows is passed over if another has some.
///
/// Fails as [`read_rows`] does for the first file that cannot be read, and with [`Error::NoFiles`]
/// when none is given.
pub fn read_files(paths: &[PathBuf]) -> Result<Rows, Error> {
    let first = paths.first().ok_or(Error::NoFiles)?;
    not_empty(append_all(paths)?, first)
}

/// The rows of all `.parquet` and `.csv` files of a folder, in the order of the file names.
///
/// Other files and folders within are passed over.
/// Numbers for absent ids run on from file to file, as in [`read_files`].
pub fn read_channel(dir: &Path) -> Result<Rows, Error> {
    let rows = append_all(&data_files(dir)?)?;
    if rows.is_empty() {
        return Err(empty_channel(dir, "rows"));
    }
    Ok(rows)
}

/// The rows of all these files, which may have none.
fn append_all(paths: &[impl AsRef<Path>]) -> Result<Rows, Error> {
    let mut rows = Rows::default();
    for path in paths {
        append(path.as_ref(), Labels::Required, &mut rows)?;
    }
    Ok(rows)
}

/// Appends the rows of one file, which may have none.
fn append(path: &Path, labels: Labels, rows: &mut Rows) -> Result<(), Error> {
    match Format::of(path) {
        Some(Format::Parquet) => parquet::append(path, labels, rows),
        Some(Format::Csv) => csv::append(path, labels, rows),
        None => Err(Error::Extension {
            path: path.to_owned(),
        }),
    }
}

/// The data files of a folder by name; at least one.
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
    // The order of a listing differs between file systems; the order of rows must not.
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

/// The rows of the file, or of several that begin with it; at least one.
fn not_empty(rows: Rows, path: &Path) -> Result<Rows, Error> {
    if rows.is_empty() {
        return Err(Error::EmptyFile {
            path: path.to_owned(),
            what: "rows",
        });
    }
    Ok(rows)
}

/// A group number for a textual episode or the name of a recording: the first eight bytes of its SHA-256, so that it
/// is the same in every file and on every machine.
pub fn group_of_episode(episode: &str) -> u64 {
    let digest = Sha256::digest(episode.as_bytes());
    digest
        .iter()
        .take(8)
        .fold(0, |group, &byte| group << 8 | u64::from(byte))
}
