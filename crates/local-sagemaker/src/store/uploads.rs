//! Uploads in parts.
//!
//! Parts are contents of their own, and the completed object consists of them, so completing an upload
//! copies no bytes. A completed upload stays known for a day: a client that lost the response asks again.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, checksum_combine};
use rusqlite::{Connection, OptionalExtension, Row, params};
use s3s::crypto::{Checksum as _, Md5};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::attributes::{Algorithm, Attributes, ChecksumKind, Checksums, hasher};
use super::buckets::require_bucket;
use super::contents::{FileId, Written};
use super::list::{next_key, successor};
use super::objects::{find, replace};
use super::{Object, Store, StoreError, TagSet, json, to_json, unnamed};
use crate::machine::clock::Timestamp;
use crate::protocol::names::S3Uri;

/// The least length in bytes of a part that is not the last one.
const MIN_PART: u64 = 5 << 20;
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

/// A part named by a completion.
#[derive(Clone, Debug)]
pub(crate) struct ChosenPart {
    /// The number.
    pub(crate) number: u32,
    /// The expected `ETag`, without quotes.
    pub(crate) etag: Option<String>,
    /// The expected checksums.
    pub(crate) checksums: Checksums,
}

/// What a completion says about the object.
#[derive(Debug, Default)]
pub(crate) struct Completion {
    /// The parts that it consists of, in ascending order.
    pub(crate) parts: Vec<ChosenPart>,
    /// Its length in bytes.
    pub(crate) size: Option<u64>,
    /// Its checksums.
    pub(crate) checksums: Checksums,
}

/// A completed upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Completed {
    /// The object's `ETag`, without quotes.
    pub(crate) etag: String,
    /// Its attributes.
    pub(crate) attributes: Attributes,
}

/// The page of a list of uploads that is wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct UploadQuery {
    /// Only keys that begin with this text.
    pub(crate) prefix: String,
    /// Keys that have this text after the prefix are grouped up to its end. Empty: no groups.
    pub(crate) delimiter: String,
    /// Only keys after this one, or uploads of this key after `after_id`.
    pub(crate) after: String,
    /// See `after`; empty for none.
    pub(crate) after_id: String,
    /// Most uploads and groups on the page.
    pub(crate) limit: usize,
}

/// A page of a list of uploads.
#[derive(Clone, Debug, Default)]
pub(crate) struct UploadPage {
    /// Uploads that belong to no group, by key and time.
    pub(crate) uploads: Vec<Upload>,
    /// Groups of keys.
    pub(crate) prefixes: Vec<String>,
    /// Whether there are more.
    pub(crate) more: bool,
    /// The key and the id that the next page follows; a group has no id.
    pub(crate) last: Option<(String, String)>,
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

    /// Makes an object of the chosen parts, unless `check` of the object in its place fails. An error
    /// leaves the upload as it is.
    pub(crate) fn complete(
        &self,
        name: &S3Uri,
        id: &str,
        completion: &Completion,
        check: impl FnOnce(Option<&Object>) -> Result<(), StoreError>,
    ) -> Result<Completed, StoreError> {
        let content = self.contents.number();
        let (completed, replaced) = self.database.write(|index| {
            require_bucket(index, &name.bucket)?;
            let upload = upload(index, name, id)?.ok_or(StoreError::NoSuchUpload)?;
            if let Some(completed) = upload.completed {
                return Ok((completed, Vec::new()));
            }
            let parts = choose(stored_parts(index, id)?, &completion.parts)?;
            let old = find(index, name)?;
            check(old.as_ref())?;
            let object = assemble(name, upload, &parts, content);
            completion.check(&object)?;
            let mut replaced = replace(index, &name.bucket, &object, old.as_ref())?;
            let completed = Completed {
                etag: object.etag,
                attributes: object.attributes,
            };
            replaced.extend(finish(index, id, &completed, &parts, content)?);
            Ok::<_, StoreError>((completed, replaced))
        })?;
        self.contents.discard(&replaced);
        Ok(completed)
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

    /// One page of the unfinished uploads of a bucket.
    pub(crate) fn uploads(
        &self,
        bucket: &str,
        query: &UploadQuery,
    ) -> Result<UploadPage, StoreError> {
        self.database.read(|index| {
            require_bucket(index, bucket)?;
            let mut page = UploadPage::default();
            let mut from = Some(query.start());
            while let Some(start) = from {
                from = query.fill(index, bucket, &start, &mut page)?;
            }
            Ok(page)
        })
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

impl UploadQuery {
    /// The key and the id from which the page begins; the id counts only for this key.
    fn start(&self) -> (String, String) {
        match (&self.after, &self.after_id) {
            (after, _) if after.is_empty() => (self.prefix.clone(), String::new()),
            (after, id) if id.is_empty() => {
                let group = self.group(after).and_then(successor);
                let next = group.unwrap_or_else(|| next_key(after));
                (next.max(self.prefix.clone()), String::new())
            }
            (after, id) => (after.clone(), next_key(id)),
        }
    }

    /// The group of a key, if it has one.
    fn group<'a>(&self, key: &'a str) -> Option<&'a str> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = key.strip_prefix(self.prefix.as_str())?;
        let end = rest.find(&self.delimiter)? + self.delimiter.len();
        Some(&key[..self.prefix.len() + end])
    }

    /// Adds the uploads from `start` on, up to and including the next group. Returns where to go on.
    fn fill(
        &self,
        index: &Connection,
        bucket: &str,
        start: &(String, String),
        page: &mut UploadPage,
    ) -> Result<Option<(String, String)>, StoreError> {
        let sql = "SELECT * FROM uploads WHERE bucket = ?1 AND (key, id) >= (?2, ?3)
            AND completed IS NULL ORDER BY key, id";
        let mut statement = index.prepare_cached(sql)?;
        let mut rows = statement.query(params![bucket, start.0, start.1])?;
        while let Some(row) = rows.next()? {
            let upload = read_upload(row)?;
            if !upload.key.starts_with(&self.prefix) {
                return Ok(None);
            }
            if page.uploads.len() + page.prefixes.len() == self.limit {
                page.more = true;
                return Ok(None);
            }
            if let Some(group) = self.group(&upload.key) {
                page.prefixes.push(group.to_owned());
                page.last = Some((group.to_owned(), String::new()));
                return Ok(successor(group).map(|next| (next, String::new())));
            }
            page.last = Some((upload.key.clone(), upload.id.clone()));
            page.uploads.push(upload);
        }
        Ok(None)
    }
}

impl Completion {
    /// Fails if the object is not what the client says.
    fn check(&self, object: &Object) -> Result<(), StoreError> {
        if self.size.is_some_and(|size| size != object.size) {
            return Err(StoreError::Mismatch { what: "size" });
        }
        let stored = &object.attributes.checksums;
        let differs = |(algorithm, expected): (&Algorithm, &String)| {
            stored.get(*algorithm).is_some_and(|sum| sum != expected)
        };
        if self.checksums.values.iter().any(differs) {
            Err(StoreError::Mismatch { what: "checksum" })
        } else {
            Ok(())
        }
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

/// The chosen parts of those that are stored.
fn choose(stored: Vec<Part>, chosen: &[ChosenPart]) -> Result<Vec<Part>, StoreError> {
    if chosen
        .windows(2)
        .any(|pair| pair[0].number >= pair[1].number)
    {
        return Err(StoreError::InvalidPartOrder);
    }
    let mut stored = stored.into_iter().peekable();
    let mut parts = Vec::with_capacity(chosen.len());
    for choice in chosen {
        let number = choice.number;
        while stored.next_if(|part| part.number < number).is_some() {}
        let part = stored.next_if(|part| part.number == number && choice.fits(part));
        parts.push(part.ok_or(StoreError::InvalidPart { number })?);
    }
    let small = |part: &&Part| part.size < MIN_PART;
    match parts.iter().rev().skip(1).rev().find(small) {
        Some(part) => Err(StoreError::PartTooSmall {
            number: part.number,
            size: part.size,
            minimum: MIN_PART,
        }),
        None => Ok(parts),
    }
}

impl ChosenPart {
    /// Whether a stored part is the one that is meant.
    fn fits(&self, part: &Part) -> bool {
        let etag = self.etag.as_ref().is_none_or(|etag| *etag == part.etag);
        let differs = |(algorithm, expected): (&Algorithm, &String)| {
            part.checksums
                .get(*algorithm)
                .is_some_and(|sum| sum != expected)
        };
        etag && !self.checksums.values.iter().any(differs)
    }
}

/// The object that consists of these parts.
fn assemble(name: &S3Uri, upload: Upload, parts: &[Part], content: FileId) -> Object {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(&hex::decode(&part.etag).unwrap_or_default());
    }
    let mut attributes = upload.attributes;
    let kind = attributes
        .checksums
        .kind
        .unwrap_or(ChecksumKind::FullObject);
    let algorithm = attributes
        .checksums
        .algorithm()
        .unwrap_or(Algorithm::Crc64Nvme);
    let sum = match kind {
        ChecksumKind::Composite => composite(algorithm, parts),
        ChecksumKind::FullObject => full(algorithm, parts),
    };
    attributes.checksums = Checksums {
        values: sum.map(|sum| (algorithm, sum)).into_iter().collect(),
        kind: Some(kind),
    };
    Object {
        key: name.key.clone(),
        size: parts.iter().map(|part| part.size).sum(),
        etag: format!("{}-{}", hex::encode(md5.finalize()), parts.len()),
        modified: Timestamp::now().millis() as i64,
        storage_class: upload.storage_class,
        parts: parts.len() as u32,
        attributes,
        tags: upload.tags,
        content,
    }
}

/// The checksum of the parts' checksums, followed by their number.
fn composite(algorithm: Algorithm, parts: &[Part]) -> Option<String> {
    let mut hasher = hasher(|wanted| wanted == algorithm);
    for part in parts {
        hasher.update(&STANDARD.decode(part.checksums.get(algorithm)?).ok()?);
    }
    let sums = Checksums::from(hasher.finalize());
    Some(format!("{}-{}", sums.get(algorithm)?, parts.len()))
}

/// The checksum of the whole content, combined from those of the parts. CRCs only.
fn full(algorithm: Algorithm, parts: &[Part]) -> Option<String> {
    let (crc, width) = match algorithm {
        Algorithm::Crc32 => (CrcAlgorithm::Crc32IsoHdlc, 4),
        Algorithm::Crc32C => (CrcAlgorithm::Crc32Iscsi, 4),
        Algorithm::Crc64Nvme => (CrcAlgorithm::Crc64Nvme, 8),
        Algorithm::Sha1 | Algorithm::Sha256 => return None,
    };
    let mut sum: Option<u64> = None;
    for part in parts {
        let bytes = STANDARD.decode(part.checksums.get(algorithm)?).ok()?;
        let value = bytes
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte));
        sum = Some(match sum {
            None => value,
            Some(sum) => checksum_combine(crc, sum, value, part.size),
        });
    }
    let bytes = sum?.to_be_bytes();
    Some(STANDARD.encode(&bytes[8 - width..]))
}

/// Makes the parts the pieces of a content, and returns the files of parts that were not chosen.
fn finish(
    index: &Connection,
    id: &str,
    completed: &Completed,
    parts: &[Part],
    content: FileId,
) -> Result<Vec<FileId>, StoreError> {
    let sql =
        "INSERT INTO pieces (content, number, size, file, checksums) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut insert = index.prepare_cached(sql)?;
    for part in parts {
        let checksums = to_json(&part.checksums)?;
        insert.execute(params![
            content,
            part.number,
            part.size,
            part.file,
            checksums
        ])?;
    }
    let files = stored_parts(index, id)?
        .iter()
        .map(|part| part.file)
        .collect();
    index.execute("DELETE FROM parts WHERE upload = ?1", [id])?;
    let sql = "UPDATE uploads SET completed = ?2 WHERE id = ?1";
    index.execute(sql, params![id, to_json(completed)?])?;
    unnamed(index, files)
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
