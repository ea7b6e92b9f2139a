//! Converts the layout of earlier versions: `s3/BUCKET/KEY` as files, with attributes in files named
//! `.bucket-BASE64.object-BASE64.metadata.json` and checksums in `….internal.json` next to the buckets.
//!
//! Contents are linked, not copied. All index entries are made in one transaction, which also records that
//! the layout has been converted; the old files are removed after it. So a conversion that is killed
//! either begins again or only removes what is left.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{Transaction, params};
use s3s::crypto::{Checksum as _, Md5};
use serde_json::{Map, Value};

use super::attributes::{Algorithm, Attributes, ChecksumKind, Checksums};
use super::contents::Draft;
use super::objects::replace;
use super::{Object, Store, StoreError};
use crate::machine::clock::Timestamp;
use crate::machine::log;
use crate::protocol::names::DEFAULT_REGION;

/// The name of the layout in the table of conversions.
const LAYOUT: &str = "s3 files";

/// Converts the files below `root`, if there are any, and removes them.
pub(super) fn convert(store: &Store, root: &Path) -> Result<(), StoreError> {
    if !root.is_dir() {
        return Ok(());
    }
    let drafts = store.database.write(|index| {
        let sql = "INSERT OR IGNORE INTO conversions (layout) VALUES (?1)";
        match index.execute(sql, [LAYOUT])? {
            // A killed server converted it and did not get to remove the files.
            0 => Ok(Vec::new()),
            _ => convert_buckets(store, index, root),
        }
    })?;
    if !drafts.is_empty() {
        log(&format!(
            "converted {} objects to the new layout of the object store",
            drafts.len()
        ));
    }
    drafts.into_iter().for_each(Draft::keep);
    Ok(fs::remove_dir_all(root)?)
}

/// Makes index entries for all buckets and their objects.
fn convert_buckets(
    store: &Store,
    index: &Transaction<'_>,
    root: &Path,
) -> Result<Vec<Draft>, StoreError> {
    let mut drafts = Vec::new();
    let mut parts = 0;
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if !entry.file_type()?.is_dir() {
            parts += usize::from(name.starts_with(".upload_id-"));
            continue;
        }
        let created = Timestamp::of(entry.metadata()?.modified()?).millis() as i64;
        let sql = "INSERT INTO buckets (name, region, created, tags) VALUES (?1, ?2, ?3, '[]')";
        index.execute(sql, params![name, DEFAULT_REGION, created])?;
        for (key, path) in files(&entry.path())? {
            let draft = store.contents.adopt(&path)?;
            let object = object(root, &name, key, &path, draft.id)?;
            replace(index, &name, &object, None)?;
            drafts.push(draft);
        }
    }
    if parts > 0 {
        log(&format!(
            "{parts} parts of unfinished uploads were not converted; upload these objects again"
        ));
    }
    Ok(drafts)
}

/// The files below a bucket's directory, with their keys. Keys are UTF-8, so other names are not objects.
fn files(bucket: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    let mut directories = vec![String::new()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(bucket.join(&directory))? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let key = format!("{directory}{name}");
            if entry.file_type()?.is_dir() {
                directories.push(format!("{key}/"));
            } else {
                files.push((key, entry.path()));
            }
        }
    }
    Ok(files)
}

/// The index entry of a file.
fn object(
    root: &Path,
    bucket: &str,
    key: String,
    path: &Path,
    content: u64,
) -> Result<Object, StoreError> {
    let base = format!(
        ".bucket-{}.object-{}",
        URL_SAFE_NO_PAD.encode(bucket),
        URL_SAFE_NO_PAD.encode(&key)
    );
    let metadata = fs::metadata(path)?;
    let mut attributes = attributes(&side_file(&root.join(format!("{base}.metadata.json")))?);
    attributes.checksums = checksums(&side_file(&root.join(format!("{base}.internal.json")))?);
    Ok(Object {
        key,
        size: metadata.len(),
        etag: md5(path)?,
        modified: Timestamp::of(metadata.modified()?).millis() as i64,
        storage_class: "STANDARD".to_owned(),
        parts: 0,
        attributes,
        tags: Vec::new(),
        content,
    })
}

/// The content of a side file; empty if there is none, or if it is not valid: the object counts more.
fn side_file(path: &Path) -> io::Result<Map<String, Value>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Map::new()),
        text => Ok(serde_json::from_slice(&text?).unwrap_or_default()),
    }
}

/// The attributes in a side file.
fn attributes(file: &Map<String, Value>) -> Attributes {
    let text = |name: &str| file.get(name).and_then(Value::as_str).map(str::to_owned);
    let metadata = file.get("user_metadata").and_then(Value::as_object);
    let pairs = metadata.into_iter().flatten().filter_map(|(name, value)| {
        let value = value.as_str()?;
        Some((name.clone(), value.to_owned()))
    });
    Attributes {
        content_type: text("content_type"),
        content_encoding: text("content_encoding"),
        content_disposition: text("content_disposition"),
        content_language: text("content_language"),
        cache_control: text("cache_control"),
        redirect: text("website_redirect_location"),
        metadata: pairs.collect::<BTreeMap<_, _>>(),
        ..Attributes::default()
    }
}

/// The checksums in a side file.
fn checksums(file: &Map<String, Value>) -> Checksums {
    let value = |algorithm: Algorithm| {
        let name = format!("checksum_{}", algorithm.name().to_lowercase());
        Some((algorithm, file.get(&name)?.as_str()?.to_owned()))
    };
    Checksums {
        values: Algorithm::ALL.into_iter().filter_map(value).collect(),
        kind: Some(ChecksumKind::FullObject),
    }
}

/// The MD5 of a file, in hexadecimal digits.
fn md5(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut md5 = Md5::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(md5.finalize())),
            count => md5.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::model_tests::{files, open, put, read, uri};

    /// Writes the layout of earlier versions.
    fn write_earlier_layout(root: &Path) {
        fs::create_dir_all(root.join("b/a")).unwrap();
        fs::write(root.join("b/a/x"), "content").unwrap();
        fs::write(root.join("b/top"), "").unwrap();
        let side = |name: &str, text: &str| {
            let name = format!(".bucket-Yg.object-YS94.{name}.json");
            fs::write(root.join(name), text).unwrap();
        };
        side(
            "metadata",
            r#"{"user_metadata":{"colour":"red"},"content_type":"text/csv"}"#,
        );
        side("internal", r#"{"checksum_crc32":"AAAAAA=="}"#);
        fs::write(root.join(".upload_id-u.part-1"), "part").unwrap();
    }

    #[test]
    fn the_layout_of_earlier_versions_is_converted_once() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("s3");
        write_earlier_layout(&root);
        // A conversion that was killed before its commit has left links.
        fs::create_dir_all(dir.path().join("contents/0")).unwrap();
        fs::hard_link(root.join("b/a/x"), dir.path().join("contents/0/1")).unwrap();
        let store = open(dir.path());
        assert!(!root.exists());
        let object = store.head(&uri("a/x")).unwrap();
        assert_eq!(object.etag, "9a0364b9e99bb480dd25e1f0284c8555");
        assert_eq!(object.attributes.content_type.as_deref(), Some("text/csv"));
        assert_eq!(object.attributes.metadata["colour"], "red");
        let sum = object.attributes.checksums.get(Algorithm::Crc32);
        assert_eq!(sum.map(String::as_str), Some("AAAAAA=="));
        assert_eq!(read(&store, "a/x").unwrap(), b"content");
        put(&store, "a/x", b"newer");
        // One that was killed after its commit has left the files, which must not come back.
        write_earlier_layout(&root);
        let store = open(dir.path());
        store.collect();
        assert!(!root.exists());
        assert_eq!(read(&store, "a/x").unwrap(), b"newer");
        assert_eq!(files(&store).len(), 2);
    }
}
