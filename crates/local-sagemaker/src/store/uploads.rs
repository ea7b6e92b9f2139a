//! Uploads in parts.
//!
//! Parts are contents of their own, and the completed object consists of them, so completing an upload
//! copies no bytes. A completed upload stays known for a day: a client that lost the response asks again.

mod completion;
mod listing;

use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::attributes::{Attributes, Checksums};
use super::buckets::require_bucket;
use super::contents::{FileId, Written};
use super::{Object, Store, StoreError, TagSet, json, to_json, unnamed};
use crate::machine::clock::Timestamp;
use crate::protocol::names::S3Uri;

pub(crate) use completion::{ChosenPart, Completed, Completion};
pub(crate) use listing::UploadQuery;

/// How long a completed upload is known, in milliseconds.
const REMEMBERED: i64 = 24 * 3600 * 1000;

/// An upload to be begun.
#[derive(Debug)]
pub(crate) struct NewUpload {
    /// The storage class of the object.
    pub(crate) storage_class: String,
    /// Its attributes; the checksums name the algorithm and the kind.
    pub(crate) attributes: Attributes,
    /// Its tags.
    pub(crate) tags: TagSet,
}

/// An unfinished upload.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// Its id.
    pub(crate) id: String,
    /// The object's key.
    pub(crate) key: String,
    /// The time when it was begun, in milliseconds since the epoch.
    pub(crate) created: i64,
    /// The storage class of the object.
    pub(crate) storage_class: String,
    /// The attributes of the object.
    pub(crate) attributes: Attributes,
    /// Its tags.
    tags: TagSet,
    /// The response to the completion, if there was one.
    completed: Option<Completed>,
}

/// A stored part.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Its number, from 1 to 10,000.
    pub(crate) number: u32,
    /// Its length in bytes.
    pub(crate) size: u64,
    /// Its `ETag`, without quotes.
    pub(crate) etag: String,
    /// The time of its upload, in milliseconds since the epoch.
    pub(crate) modified: i64,
    /// Its checksums.
    pub(crate) checksums: Checksums,
    /// Its file.
    file: FileId,
}

/// The part of an upload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartName<'a> {
    /// The upload's id.
    pub(crate) id: &'a str,
    /// The part's number, from 1 to 10,000.
    pub(crate) number: u32,
}

impl Store {
    /// Begins an upload and returns its id.
    pub(crate) fn create_upload(
        &self,
        name: &S3Uri,
        new: &NewUpload,
    ) -> Result<String, StoreError> {
        let created = Timestamp::now().millis() as i64;
        // Unique by the number, and hard to guess only as far as it need be on one machine.
        let seed = format!(
            "{created} {} {}",
            self.contents.number(),
            std::process::id()
        );
        let id = format!("{created:012x}{}", &hex::encode(Sha256::digest(seed))[..36]);
        self.database.write(|index| {
            require_bucket(index, &name.bucket)?;
            let sql =
                "INSERT INTO uploads (id, bucket, key, created, storage_class, attributes, tags)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            index.execute(
                sql,
                params![
                    id,
                    name.bucket,
                    name.key,
                    created,
                    new.storage_class,
                    to_json(&new.attributes)?,
                    to_json(&new.tags)?
                ],
            )?;
            Ok(id.clone())
        })
    }

    /// An unfinished upload.
    pub(crate) fn upload(&self, name: &S3Uri, id: &str) -> Result<Upload, StoreError> {
        self.database.read(|index| unfinished(index, name, id))
    }

    /// Stores a part in place of the one with this number that there may be.
    pub(crate) fn put_part(
        &self,
        name: &S3Uri,
        part: &PartName<'_>,
        written: Written,
    ) -> Result<Part, StoreError> {
        let new = Part {
            number: part.number,
            size: written.size,
            etag: hex::encode(written.md5),
            modified: Timestamp::now().millis() as i64,
            file: written.draft.id,
            checksums: written.checksums,
        };
        let replaced = self
            .database
            .write(|index| insert_part(index, name, part.id, &new))?;
        written.draft.keep();
        self.contents.discard(&replaced);
        Ok(new)
    }

    /// Stores the content of an object that was uploaded in one piece as a part, without copying it;
    /// `checksums` are those of the content.
    pub(crate) fn share_as_part(
        &self,
        source: &Object,
        checksums: Checksums,
        name: &S3Uri,
        part: &PartName<'_>,
    ) -> Result<Part, StoreError> {
        let new = Part {
            number: part.number,
            size: source.size,
            etag: source.etag.clone(),
            modified: Timestamp::now().millis() as i64,
            file: source.content,
            checksums: Checksums {
                kind: None,
                ..checksums
            },
        };
        let replaced = self.database.write(|index| {
            // The source may have been removed in the meantime, and its file with it.
            if !super::is_named(index, new.file)? {
                return Err(StoreError::NoSuchKey);
            }
            insert_part(index, name, part.id, &new)
        })?;
        self.contents.discard(&replaced);
        Ok(new)
    }

    /// At most `limit` parts with numbers above `after`.
    pub(crate) fn parts(
        &self,
        name: &S3Uri,
        id: &str,
        after: u32,
        limit: usize,
    ) -> Result<(Upload, Vec<Part>), StoreError> {
        self.database.read(|index| {
            let upload = unfinished(index, name, id)?;
            let sql =
                "SELECT * FROM parts WHERE upload = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
            let mut statement = index.prepare_cached(sql)?;
            let rows = statement.query_map(params![id, after, limit], read_part)?;
            Ok((upload, rows.collect::<Result<_, _>>()?))
        })
    }

    /// Forgets an unfinished upload and removes its parts.
    pub(crate) fn abort(&self, name: &S3Uri, id: &str) -> Result<(), StoreError> {
        let files = self.database.write(|index| {
            unfinished(index, name, id)?;
            let files = stored_parts(index, id)?
                .iter()
                .map(|part| part.file)
                .collect();
            index.execute("DELETE FROM parts WHERE upload = ?1", [id])?;
            index.execute("DELETE FROM uploads WHERE id = ?1", [id])?;
            unnamed(index, files)
        })?;
        self.contents.discard(&files);
        Ok(())
    }

    /// Forgets the completed uploads whose clients have had time to ask again.
    pub(super) fn forget_completed_uploads(&self) -> Result<(), StoreError> {
        let before = Timestamp::now().millis() as i64 - REMEMBERED;
        self.database.write(|index| {
            let sql = "DELETE FROM uploads WHERE completed IS NOT NULL AND created < ?1";
            index.execute(sql, [before])?;
            Ok(())
        })
    }
}

/// The upload with this id, if it is one of this object.
fn upload(index: &Connection, name: &S3Uri, id: &str) -> Result<Option<Upload>, StoreError> {
    let sql = "SELECT * FROM uploads WHERE id = ?1 AND bucket = ?2 AND key = ?3";
    let mut statement = index.prepare_cached(sql)?;
    let row = statement.query_row([id, &name.bucket, &name.key], read_upload);
    Ok(row.optional()?)
}

/// The upload with this id, unless it has been completed.
fn unfinished(index: &Connection, name: &S3Uri, id: &str) -> Result<Upload, StoreError> {
    require_bucket(index, &name.bucket)?;
    upload(index, name, id)?
        .filter(|upload| upload.completed.is_none())
        .ok_or(StoreError::NoSuchUpload)
}

/// All parts of an upload, by number.
fn stored_parts(index: &Connection, id: &str) -> Result<Vec<Part>, StoreError> {
    let mut statement =
        index.prepare_cached("SELECT * FROM parts WHERE upload = ?1 ORDER BY number")?;
    let rows = statement.query_map([id], read_part)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Adds a part, and returns the files that nothing names any more.
fn insert_part(
    index: &Connection,
    name: &S3Uri,
    id: &str,
    part: &Part,
) -> Result<Vec<FileId>, StoreError> {
    unfinished(index, name, id)?;
    let sql = "SELECT file FROM parts WHERE upload = ?1 AND number = ?2";
    let mut statement = index.prepare_cached(sql)?;
    let old = statement
        .query_row(params![id, part.number], |row| row.get(0))
        .optional()?;
    let sql = "INSERT OR REPLACE INTO parts (upload, number, size, etag, modified, file, checksums)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    index.prepare_cached(sql)?.execute(params![
        id,
        part.number,
        part.size,
        part.etag,
        part.modified,
        part.file,
        to_json(&part.checksums)?,
    ])?;
    unnamed(index, old.into_iter().collect())
}

/// A row of `uploads`.
fn read_upload(row: &Row<'_>) -> rusqlite::Result<Upload> {
    let completed: Option<super::Json<Completed>> = row.get("completed")?;
    Ok(Upload {
        id: row.get("id")?,
        key: row.get("key")?,
        created: row.get("created")?,
        storage_class: row.get("storage_class")?,
        attributes: json(row, "attributes")?,
        tags: json(row, "tags")?,
        completed: completed.map(|json| json.0),
    })
}

/// A row of `parts`.
pub(super) fn read_part(row: &Row<'_>) -> rusqlite::Result<Part> {
    Ok(Part {
        number: row.get("number")?,
        size: row.get("size")?,
        etag: row.get("etag")?,
        modified: row.get("modified")?,
        checksums: json(row, "checksums")?,
        file: row.get("file")?,
    })
}
