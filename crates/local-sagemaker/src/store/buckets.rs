//! Buckets.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::attributes::Encryption;
use super::{Json, Store, StoreError, TagSet, json, to_json};
use crate::machine::clock::Timestamp;

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Its name.
    pub(crate) name: String,
    /// The region that it was created in.
    pub(crate) region: String,
    /// The time of its creation, in milliseconds since the epoch.
    pub(crate) created: i64,
    /// Its tags.
    pub(crate) tags: TagSet,
    /// The encryption of new objects that ask for none.
    pub(crate) encryption: Option<Encryption>,
}

impl Store {
    /// Creates a bucket. If there is one of this name, nothing is changed and it is returned.
    pub(crate) fn create_bucket(
        &self,
        name: &str,
        region: &str,
    ) -> Result<Option<Bucket>, StoreError> {
        self.database.write(|index| {
            let existing = bucket(index, name)?;
            if existing.is_none() {
                let created = Timestamp::now().millis() as i64;
                let sql =
                    "INSERT INTO buckets (name, region, created, tags) VALUES (?1, ?2, ?3, '[]')";
                index.execute(sql, params![name, region, created])?;
            }
            Ok(existing)
        })
    }

    /// One bucket.
    pub(crate) fn bucket(&self, name: &str) -> Result<Bucket, StoreError> {
        let found = self.database.read(|index| bucket(index, name))?;
        found.ok_or(StoreError::NoSuchBucket)
    }

    /// At most `limit` buckets whose names begin with `prefix` and come after `after`, by name.
    pub(crate) fn buckets(
        &self,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Bucket>, StoreError> {
        self.database.read(|index| {
            let sql = "SELECT * FROM buckets WHERE name > ?1 AND substr(name, 1, length(?2)) = ?2
                ORDER BY name LIMIT ?3";
            let mut statement = index.prepare_cached(sql)?;
            let rows = statement.query_map(params![after, prefix, limit], read_bucket)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Removes a bucket that contains no objects, with its unfinished uploads.
    pub(crate) fn delete_bucket(&self, name: &str) -> Result<(), StoreError> {
        let files = self.database.write(|index| {
            require_bucket(index, name)?;
            let sql = "SELECT EXISTS (SELECT 1 FROM objects WHERE bucket = ?1)";
            if index.query_row(sql, [name], |row| row.get(0))? {
                return Err(StoreError::BucketNotEmpty);
            }
            index.execute("DELETE FROM buckets WHERE name = ?1", [name])?;
            let sql = "SELECT file FROM parts JOIN uploads ON upload = id WHERE bucket = ?1";
            let files = index
                .prepare(sql)?
                .query_map([name], |row| row.get(0))?
                .collect::<Result<Vec<_>, _>>()?;
            let sql =
                "DELETE FROM parts WHERE upload IN (SELECT id FROM uploads WHERE bucket = ?1)";
            index.execute(sql, [name])?;
            index.execute("DELETE FROM uploads WHERE bucket = ?1", [name])?;
            super::unnamed(index, files)
        })?;
        self.contents.discard(&files);
        Ok(())
    }

    /// Replaces the tags of a bucket.
    pub(crate) fn set_bucket_tags(&self, name: &str, tags: &TagSet) -> Result<(), StoreError> {
        self.update_bucket(
            name,
            "UPDATE buckets SET tags = ?2 WHERE name = ?1",
            Some(&to_json(tags)?),
        )
    }

    /// Sets the encryption of new objects, or S3's own.
    pub(crate) fn set_bucket_encryption(
        &self,
        name: &str,
        encryption: Option<&Encryption>,
    ) -> Result<(), StoreError> {
        let json = encryption.map(to_json).transpose()?;
        self.update_bucket(
            name,
            "UPDATE buckets SET encryption = ?2 WHERE name = ?1",
            json.as_deref(),
        )
    }

    /// Executes an update of one bucket.
    fn update_bucket(&self, name: &str, sql: &str, json: Option<&str>) -> Result<(), StoreError> {
        self.database
            .write(|index| match index.execute(sql, params![name, json])? {
                0 => Err(StoreError::NoSuchBucket),
                _ => Ok(()),
            })
    }
}

/// Fails if the bucket does not exist.
pub(super) fn require_bucket(index: &Connection, name: &str) -> Result<(), StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM buckets WHERE name = ?1)";
    let exists = index
        .prepare_cached(sql)?
        .query_row([name], |row| row.get(0))?;
    if exists {
        Ok(())
    } else {
        Err(StoreError::NoSuchBucket)
    }
}

/// The bucket of this name.
fn bucket(index: &Connection, name: &str) -> Result<Option<Bucket>, StoreError> {
    let mut statement = index.prepare_cached("SELECT * FROM buckets WHERE name = ?1")?;
    Ok(statement.query_row([name], read_bucket).optional()?)
}

/// A row of `buckets`.
fn read_bucket(row: &Row<'_>) -> rusqlite::Result<Bucket> {
    let encryption: Option<Json<Encryption>> = row.get("encryption")?;
    Ok(Bucket {
        name: row.get("name")?,
        region: row.get("region")?,
        created: row.get("created")?,
        tags: json(row, "tags")?,
        encryption: encryption.map(|json| json.0),
    })
}
