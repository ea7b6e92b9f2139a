//! Makes an object of the parts of an upload.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, checksum_combine};
use rusqlite::{Connection, params};
use s3s::crypto::{Checksum as _, Md5};
use serde::{Deserialize, Serialize};

use super::{Part, Upload, stored_parts, upload};
use crate::machine::clock::Timestamp;
use crate::protocol::names::S3Uri;
use crate::store::attributes::{Algorithm, Attributes, ChecksumKind, Checksums, hasher};
use crate::store::buckets::require_bucket;
use crate::store::contents::FileId;
use crate::store::objects::{find, replace};
use crate::store::{Object, Store, StoreError, to_json, unnamed};

/// The least length in bytes of a part that is not the last one.
const MIN_PART: u64 = 5 << 20;

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

impl Store {
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
