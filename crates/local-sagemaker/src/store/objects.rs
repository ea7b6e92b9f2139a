//! Objects: storing, reading, copying and deleting them.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::attributes::Attributes;
use super::buckets::require_bucket;
use super::contents::{ContentReader, ContentWriter, FileId, Piece, Pinned, Written};
use super::{Object, Store, StoreError, TagSet, json, to_json, unnamed};
use crate::machine::clock::Timestamp;
use crate::protocol::names::S3Uri;
use s3s::checksum::ChecksumHasher;

/// An object to be stored.
#[derive(Debug)]
pub(crate) struct NewObject {
    /// The content.
    pub(crate) written: Written,
    /// The storage class.
    pub(crate) storage_class: String,
    /// The attributes, with the checksums of the content.
    pub(crate) attributes: Attributes,
    /// The tags.
    pub(crate) tags: TagSet,
}

/// An object whose content can be read for as long as this exists.
pub(crate) struct Opened {
    /// The index entry.
    pub(crate) object: Object,
    /// The files of the content.
    pub(crate) pieces: Vec<Piece>,
    /// Keeps the files.
    pinned: Pinned,
}

impl Opened {
    /// Reads `length` bytes from `start` on.
    pub(crate) fn reader(self, start: u64, length: u64) -> ContentReader {
        ContentReader::new(self.pinned, self.pieces, start, length)
    }
}

impl Store {
    /// Begins a content, over which `hasher` is computed.
    pub(crate) fn create_content(
        &self,
        hasher: ChecksumHasher,
    ) -> Result<ContentWriter, StoreError> {
        Ok(self.contents.create(hasher)?)
    }

    /// Stores an object in place of the one that there may be, unless `check` of that one fails.
    pub(crate) fn put(
        &self,
        name: &S3Uri,
        new: NewObject,
        check: impl FnOnce(Option<&Object>) -> Result<(), StoreError>,
    ) -> Result<Object, StoreError> {
        let object = Object {
            key: name.key.clone(),
            size: new.written.size,
            etag: hex::encode(new.written.md5),
            modified: Timestamp::now().millis() as i64,
            storage_class: new.storage_class,
            parts: 0,
            attributes: new.attributes,
            tags: new.tags,
            content: new.written.draft.id,
        };
        let replaced = self.database.write(|index| {
            require_bucket(index, &name.bucket)?;
            let old = find(index, name)?;
            check(old.as_ref())?;
            replace(index, &name.bucket, &object, old.as_ref())
        })?;
        new.written.draft.keep();
        self.contents.discard(&replaced);
        Ok(object)
    }

    /// The index entry of an object.
    pub(crate) fn head(&self, name: &S3Uri) -> Result<Object, StoreError> {
        self.database.read(|index| {
            require_bucket(index, &name.bucket)?;
            find(index, name)?.ok_or(StoreError::NoSuchKey)
        })
    }

    /// Opens an object for reading.
    pub(crate) fn open_object(&self, name: &S3Uri) -> Result<Opened, StoreError> {
        loop {
            let (object, pieces) = self.database.read(|index| {
                require_bucket(index, &name.bucket)?;
                let object = find(index, name)?.ok_or(StoreError::NoSuchKey)?;
                let pieces = pieces(index, &object)?;
                Ok::<_, StoreError>((object, pieces))
            })?;
            let pinned = self
                .contents
                .pin(pieces.iter().map(|piece| piece.file).collect());
            // The object may have been replaced, and its files removed, before they were pinned.
            if self.content_of(name)? == Some(object.content) {
                return Ok(Opened {
                    object,
                    pieces,
                    pinned,
                });
            }
        }
    }

    /// The number of an object's content.
    fn content_of(&self, name: &S3Uri) -> Result<Option<FileId>, StoreError> {
        self.database.read(|index| {
            let sql = "SELECT content FROM objects WHERE bucket = ?1 AND key = ?2";
            let mut statement = index.prepare_cached(sql)?;
            let row = statement.query_row([&name.bucket, &name.key], |row| row.get(0));
            Ok(row.optional()?)
        })
    }

    /// The pieces of an object that was uploaded in parts, with their checksums.
    pub(crate) fn object_parts(&self, object: &Object) -> Result<Vec<super::Part>, StoreError> {
        self.database.read(|index| {
            let sql = "SELECT number, size, '' AS etag, 0 AS modified, file, checksums FROM pieces
                WHERE content = ?1 ORDER BY number";
            let mut statement = index.prepare_cached(sql)?;
            let rows = statement.query_map([object.content], super::uploads::read_part)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Stores an object with the content of `source` at `target`. `change` receives the source and the
    /// object at the target, and returns the new entry, of which size, parts and `ETag` are ignored.
    pub(crate) fn copy(
        &self,
        source: &S3Uri,
        target: &S3Uri,
        change: impl FnOnce(&Object, Option<&Object>) -> Result<Object, StoreError>,
    ) -> Result<Object, StoreError> {
        let (object, replaced) = self.database.write(|index| {
            require_bucket(index, &source.bucket)?;
            let original = find(index, source)?.ok_or(StoreError::NoSuchKey)?;
            require_bucket(index, &target.bucket)?;
            let old = find(index, target)?;
            let changed = change(&original, old.as_ref())?;
            let object = Object {
                key: target.key.clone(),
                modified: Timestamp::now().millis() as i64,
                size: original.size,
                etag: original.etag,
                parts: original.parts,
                content: original.content,
                ..changed
            };
            let replaced = replace(index, &target.bucket, &object, old.as_ref())?;
            Ok::<_, StoreError>((object, replaced))
        })?;
        self.contents.discard(&replaced);
        Ok(object)
    }

    /// Removes an object, unless `check` of it fails. Returns whether there was one.
    pub(crate) fn delete(
        &self,
        name: &S3Uri,
        check: impl FnOnce(Option<&Object>) -> Result<(), StoreError>,
    ) -> Result<bool, StoreError> {
        let removed = self.database.write(|index| {
            require_bucket(index, &name.bucket)?;
            let old = find(index, name)?;
            check(old.as_ref())?;
            let Some(old) = old else {
                return Ok(None);
            };
            let sql = "DELETE FROM objects WHERE bucket = ?1 AND key = ?2";
            index
                .prepare_cached(sql)?
                .execute([&name.bucket, &name.key])?;
            release(index, &old).map(Some)
        })?;
        self.contents
            .discard(removed.as_deref().unwrap_or_default());
        Ok(removed.is_some())
    }

    /// Replaces the tags of an object.
    pub(crate) fn set_object_tags(&self, name: &S3Uri, tags: &TagSet) -> Result<(), StoreError> {
        self.database.write(|index| {
            require_bucket(index, &name.bucket)?;
            let sql = "UPDATE objects SET tags = ?3 WHERE bucket = ?1 AND key = ?2";
            match index.execute(sql, params![name.bucket, name.key, to_json(tags)?])? {
                0 => Err(StoreError::NoSuchKey),
                _ => Ok(()),
            }
        })
    }
}

/// The object of this name.
pub(super) fn find(index: &Connection, name: &S3Uri) -> Result<Option<Object>, StoreError> {
    let sql = "SELECT * FROM objects WHERE bucket = ?1 AND key = ?2";
    let mut statement = index.prepare_cached(sql)?;
    let row = statement.query_row([&name.bucket, &name.key], read_object);
    Ok(row.optional()?)
}

/// Makes `object` the entry of its key, and returns the files that nothing names any more.
pub(super) fn replace(
    index: &Connection,
    bucket: &str,
    object: &Object,
    old: Option<&Object>,
) -> Result<Vec<FileId>, StoreError> {
    let sql = "INSERT OR REPLACE INTO objects
        (bucket, key, size, etag, modified, storage_class, content, parts, attributes, tags)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    index.prepare_cached(sql)?.execute(params![
        bucket,
        object.key,
        object.size,
        object.etag,
        object.modified,
        object.storage_class,
        object.content,
        object.parts,
        to_json(&object.attributes)?,
        to_json(&object.tags)?,
    ])?;
    old.map_or(Ok(Vec::new()), |old| release(index, old))
}

/// The files of an entry that has been removed or replaced, unless another entry names them.
fn release(index: &Connection, old: &Object) -> Result<Vec<FileId>, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM objects WHERE content = ?1)";
    let shared = index
        .prepare_cached(sql)?
        .query_row([old.content], |row| row.get(0))?;
    if shared {
        return Ok(Vec::new());
    }
    let files = pieces(index, old)?.iter().map(|piece| piece.file).collect();
    if old.parts > 0 {
        let sql = "DELETE FROM pieces WHERE content = ?1";
        index.prepare_cached(sql)?.execute([old.content])?;
    }
    unnamed(index, files)
}

/// The files of an object's content, in order.
fn pieces(index: &Connection, object: &Object) -> Result<Vec<Piece>, StoreError> {
    if object.parts == 0 {
        return Ok(vec![Piece {
            number: 1,
            size: object.size,
            file: object.content,
        }]);
    }
    let sql = "SELECT number, size, file FROM pieces WHERE content = ?1 ORDER BY number";
    let mut statement = index.prepare_cached(sql)?;
    let rows = statement.query_map([object.content], |row| {
        Ok(Piece {
            number: row.get(0)?,
            size: row.get(1)?,
            file: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A row of `objects`.
fn read_object(row: &Row<'_>) -> rusqlite::Result<Object> {
    Ok(Object {
        key: row.get("key")?,
        size: row.get("size")?,
        etag: row.get("etag")?,
        modified: row.get("modified")?,
        storage_class: row.get("storage_class")?,
        parts: row.get("parts")?,
        attributes: json(row, "attributes")?,
        tags: json(row, "tags")?,
        content: row.get("content")?,
    })
}
