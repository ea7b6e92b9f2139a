//! The object store behind S3: an index in the database, and contents in files that no key names.
//!
//! A write stores the content first. Then one transaction checks its conditions and replaces the index
//! entry, with content and attributes together; so a reader sees the old object or the new one, and of
//! several writers one is last. Contents that are no longer named are removed after the commit.
//!
//! What a killed server has acknowledged is in the index of the next one. Contents are not synced to
//! disk: a power failure may cost the writes of its last seconds (`machine::database`), and an object of
//! these seconds may be named but incomplete, which a read reports.
//!
//! Modules in reading order: `attributes` is what an object has besides its content, `contents` keeps
//! files, `buckets`, `objects`, `list` and `uploads` are the operations, and `convert` reads the
//! layout of earlier versions. All functions block.

pub(crate) mod attributes;
mod buckets;
pub(crate) mod contents;
mod convert;
mod list;
#[cfg(test)]
mod model_tests;
mod objects;
mod uploads;

use std::io;
use std::path::Path;
use std::sync::Arc;

use rusqlite::types::{FromSql, FromSqlError};
use rusqlite::{Connection, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, chain};
use crate::machine::database::{Database, is_full};
use crate::machine::log;
use attributes::Attributes;
use contents::{Contents, FileId};

pub(crate) use buckets::Bucket;
pub(crate) use list::{ListQuery, Listed, Page};
pub(crate) use objects::{NewObject, Opened};
pub(crate) use uploads::{ChosenPart, Completion, NewUpload, Part, PartName, Upload, UploadQuery};

/// The tables of the store.
pub(crate) const SCHEMA: &str = include_str!("store/schema.sql");

/// Tags of an object or a bucket, in the order in which they were set.
pub(crate) type TagSet = Vec<(String, String)>;

/// The store.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    /// The index.
    database: Arc<Database>,
    /// The contents.
    contents: Arc<Contents>,
}

/// An object's entry in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    /// The key.
    pub(crate) key: String,
    /// Its length in bytes.
    pub(crate) size: u64,
    /// The `ETag`, without quotes.
    pub(crate) etag: String,
    /// `LastModified`, in milliseconds since the epoch.
    pub(crate) modified: i64,
    /// The storage class.
    pub(crate) storage_class: String,
    /// The number of parts that it was uploaded in; 0 if in one piece.
    pub(crate) parts: u32,
    /// Everything else that clients see.
    pub(crate) attributes: Attributes,
    /// Its tags.
    pub(crate) tags: TagSet,
    /// The number of its content.
    content: FileId,
}

/// Why an operation of the store has not been carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The bucket does not exist.
    #[error("the bucket does not exist")]
    NoSuchBucket,
    /// The bucket contains objects.
    #[error("the bucket is not empty")]
    BucketNotEmpty,
    /// The object does not exist.
    #[error("the key does not exist")]
    NoSuchKey,
    /// The upload does not exist, or has been completed or aborted.
    #[error("the upload does not exist")]
    NoSuchUpload,
    /// A part of a completion does not exist or has another `ETag`.
    #[error("part {number} has not been uploaded with this ETag or checksum")]
    InvalidPart {
        /// The part's number.
        number: u32,
    },
    /// The parts of a completion are not in ascending order.
    #[error("the parts are not in ascending order")]
    InvalidPartOrder,
    /// A part that is not the last one is too small.
    #[error("part {number} has {size} bytes, less than the minimum of {minimum}")]
    PartTooSmall {
        /// The part's number.
        number: u32,
        /// Its length in bytes.
        size: u64,
        /// The least length in bytes.
        minimum: u64,
    },
    /// The checksum or the size sent with a completion is not that of the parts.
    #[error("the {what} of the completed upload does not match")]
    Mismatch {
        /// What does not match.
        what: &'static str,
    },
    /// A condition of the request does not hold.
    #[error("at least one of the preconditions did not hold: {0}")]
    PreconditionFailed(&'static str),
    /// The client has this version of the object.
    #[error("the object has not been modified")]
    NotModified,
    /// A continuation token was not made by this store.
    #[error("the continuation token is invalid")]
    InvalidToken,
    /// The disk is full.
    #[error("no space is left on the server's disk; free some and try again")]
    Full,
    /// The database failed.
    #[error("the database failed")]
    Database(#[source] rusqlite::Error),
    /// A file could not be read or written.
    #[error("a file could not be read or written")]
    Io(#[source] io::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        if is_full(&error) {
            Self::Full
        } else {
            Self::Database(error)
        }
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::StorageFull {
            Self::Full
        } else {
            Self::Io(error)
        }
    }
}

impl Store {
    /// Opens the store in a state directory, converts the layout of earlier versions, and removes what a
    /// killed server has left, which happens in the background.
    pub(crate) fn open(state_dir: &Path, database: Arc<Database>) -> Result<Self, Error> {
        let failed = |source: StoreError| Error::Store {
            path: state_dir.to_owned(),
            source: Box::new(source),
        };
        let used = database.read(highest_number).map_err(failed)?;
        let contents = Contents::open(state_dir.join("contents"), used)?;
        let store = Self {
            database,
            contents: Arc::new(contents),
        };
        convert::convert(&store, &state_dir.join("s3")).map_err(failed)?;
        store.forget_completed_uploads().map_err(failed)?;
        let collector = store.clone();
        std::thread::spawn(move || collector.collect());
        Ok(store)
    }

    /// Removes contents that the index does not name.
    fn collect(&self) {
        let is_named = |file| {
            let named = self.database.read(|index| is_named(index, file));
            named.map_err(|error: StoreError| io::Error::other(error))
        };
        match self.contents.collect(is_named) {
            Ok(0) => {}
            Ok(count) => log(&format!(
                "removed {count} unfinished uploads of a killed server"
            )),
            Err(error) => log(&format!(
                "cannot remove unfinished uploads: {}",
                chain(&error)
            )),
        }
    }
}

/// The highest number of a content in the index.
fn highest_number(index: &Connection) -> Result<FileId, StoreError> {
    let mut highest = 0;
    for column in [
        "content) FROM objects",
        "file) FROM pieces",
        "file) FROM parts",
        "content) FROM pieces",
    ] {
        let number: Option<FileId> =
            index.query_row(&format!("SELECT max({column}"), [], |row| row.get(0))?;
        highest = highest.max(number.unwrap_or(0));
    }
    Ok(highest)
}

/// Whether the index names a file.
fn is_named(index: &Connection, file: FileId) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM objects WHERE content = ?1 AND parts = 0)
        OR EXISTS (SELECT 1 FROM pieces WHERE file = ?1)
        OR EXISTS (SELECT 1 FROM parts WHERE file = ?1)";
    Ok(index
        .prepare_cached(sql)?
        .query_row([file], |row| row.get(0))?)
}

/// Of `files`, those that the index does not name any more.
fn unnamed(index: &Connection, files: Vec<FileId>) -> Result<Vec<FileId>, StoreError> {
    let mut unnamed = Vec::new();
    for file in files {
        if !is_named(index, file)? {
            unnamed.push(file);
        }
    }
    Ok(unnamed)
}

/// A value as JSON for a column.
fn to_json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// A JSON column.
struct Json<T>(T);

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?)
            .map(Json)
            .map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

/// The value of a JSON column.
fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    row.get::<_, Json<T>>(column).map(|json| json.0)
}
