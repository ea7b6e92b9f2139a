//! The store against a simple model of S3 in memory, under random operations with kills in between, and
//! the states that a kill can leave inside an operation.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use s3s::checksum::ChecksumHasher;

use super::*;
use crate::machine::database::Database;
use crate::protocol::names::S3Uri;

/// Keys that paths would mix up, and a few that share prefixes.
const KEYS: [&str; 12] = [
    "a", "a/b", "a//b", "/a", "a/", "b+c d", "b%2Bc", "ü/ü", "a/b/c", "..", "b\u{1}", "\u{ffff}",
];
/// Delimiters: none, the usual one, several characters, non-ASCII.
const DELIMITERS: [&str; 5] = ["", "/", "//", "ü", "b"];

/// One step of a client, or the end of a server.
#[derive(Clone, Debug)]
enum Step {
    Put(usize, Vec<u8>),
    PutIfAbsent(usize, Vec<u8>),
    Copy(usize, usize),
    Delete(usize),
    Read(usize, u64, u64),
    List {
        prefix: String,
        delimiter: usize,
        after: usize,
        limit: usize,
    },
    Upload(usize, Vec<Vec<u8>>),
    Abort(usize, Vec<u8>),
    Kill,
}

/// Steps in the proportions of their interest.
fn step() -> impl Strategy<Value = Step> {
    let key = || 0..KEYS.len();
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        4 => (key(), bytes()).prop_map(|(key, bytes)| Step::Put(key, bytes)),
        2 => (key(), bytes()).prop_map(|(key, bytes)| Step::PutIfAbsent(key, bytes)),
        2 => (key(), key()).prop_map(|(from, to)| Step::Copy(from, to)),
        2 => key().prop_map(Step::Delete),
        3 => (key(), 0..50_u64, 0..50_u64).prop_map(|(key, start, length)| Step::Read(key, start, length)),
        4 => (prop::sample::select(vec!["", "a", "a/", "b", "zz"]), 0..DELIMITERS.len(), 0..=KEYS.len(), 1..6_usize)
            .prop_map(|(prefix, delimiter, after, limit)| Step::List { prefix: prefix.into(), delimiter, after, limit }),
        2 => (key(), prop::collection::vec(bytes(), 1..2)).prop_map(|(key, parts)| Step::Upload(key, parts)),
        1 => (key(), bytes()).prop_map(|(key, bytes)| Step::Abort(key, bytes)),
        1 => Just(Step::Kill),
    ]
}

pub(super) fn open(dir: &Path) -> Store {
    let database = Database::open(dir.join("state.db"), &[SCHEMA]).unwrap();
    Store::open(dir, Arc::new(database)).unwrap()
}

fn new_store(dir: &Path) -> Store {
    let store = open(dir);
    store.create_bucket("b", "us-east-1").unwrap();
    store
}

pub(super) fn uri(key: &str) -> S3Uri {
    S3Uri {
        bucket: "b".into(),
        key: key.into(),
    }
}

fn content(store: &Store, bytes: &[u8]) -> NewObject {
    let mut writer = store.create_content(ChecksumHasher::default()).unwrap();
    writer.write(bytes).unwrap();
    NewObject {
        written: writer.finish(),
        storage_class: "STANDARD".into(),
        attributes: Attributes::default(),
        tags: TagSet::new(),
    }
}

pub(super) fn put(store: &Store, key: &str, bytes: &[u8]) {
    store
        .put(&uri(key), content(store, bytes), |_| Ok(()))
        .unwrap();
}

pub(super) fn read(store: &Store, key: &str) -> Option<Vec<u8>> {
    let opened = match store.open_object(&uri(key)) {
        Err(StoreError::NoSuchKey) => return None,
        opened => opened.unwrap(),
    };
    let size = opened.object.size;
    let mut bytes = Vec::new();
    opened.reader(0, size).read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

/// Fails if there is an object already.
fn absent(old: Option<&Object>) -> Result<(), StoreError> {
    match old {
        Some(_) => Err(StoreError::PreconditionFailed("If-None-Match")),
        None => Ok(()),
    }
}

fn upload(store: &Store, key: &str, parts: &[Vec<u8>]) -> String {
    let new = NewUpload {
        storage_class: "STANDARD".into(),
        attributes: Attributes::default(),
        tags: TagSet::new(),
    };
    let id = store.create_upload(&uri(key), &new).unwrap();
    for (number, bytes) in (1..).zip(parts) {
        let written = content(store, bytes).written;
        let part = PartName { id: &id, number };
        store.put_part(&uri(key), &part, written).unwrap();
    }
    id
}

fn completion(parts: usize) -> Completion {
    let part = |number| ChosenPart {
        number: number as u32,
        etag: None,
        checksums: attributes::Checksums::default(),
    };
    Completion {
        parts: (1..=parts).map(part).collect(),
        ..Completion::default()
    }
}

/// All entries of a list, page by page: keys and groups in order.
fn pages(store: &Store, query: &ListQuery) -> Vec<String> {
    let mut query = query.clone();
    let mut found = Vec::new();
    loop {
        let page = store.list("b", &query).unwrap();
        assert!(page.objects.len() + page.prefixes.len() <= query.limit);
        let mut entries: Vec<_> = page.objects.into_iter().map(|listed| listed.key).collect();
        entries.extend(page.prefixes);
        entries.sort();
        assert_eq!(entries.last(), page.last.as_ref());
        found.extend(entries);
        match page.next {
            None => return found,
            next => query.token = next,
        }
    }
}

/// What a list contains, by S3's documentation.
fn expected_list(keys: &BTreeMap<String, Vec<u8>>, query: &ListQuery) -> Vec<String> {
    let mut entries = BTreeSet::new();
    for key in keys.keys().filter(|key| key.starts_with(&query.prefix)) {
        let rest = &key[query.prefix.len()..];
        let group = match rest.find(&query.delimiter) {
            Some(at) if !query.delimiter.is_empty() => {
                Some(&key[..query.prefix.len() + at + query.delimiter.len()])
            }
            _ => None,
        };
        match group {
            Some(group) if *key > query.after && !query.after.starts_with(group) => {
                entries.insert(group.to_owned());
            }
            None if *key > query.after => {
                entries.insert(key.clone());
            }
            _ => {}
        }
    }
    entries.into_iter().collect()
}

/// The numbers of files in the contents.
pub(super) fn files(store: &Store) -> BTreeSet<u64> {
    let found = std::sync::Mutex::new(BTreeSet::new());
    // Every file counts as named, so nothing is removed.
    store
        .contents
        .collect(|file| {
            found.lock().unwrap().insert(file);
            Ok(true)
        })
        .unwrap();
    found.into_inner().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_store_behaves_like_a_map_of_keys(steps in prop::collection::vec(step(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = new_store(dir.path());
        let mut model: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Put(key, bytes) => {
                    put(&store, KEYS[key], &bytes);
                    model.insert(KEYS[key].into(), bytes);
                }
                Step::PutIfAbsent(key, bytes) => {
                    let stored = store.put(&uri(KEYS[key]), content(&store, &bytes), absent);
                    prop_assert_eq!(stored.is_ok(), !model.contains_key(KEYS[key]));
                    model.entry(KEYS[key].into()).or_insert(bytes);
                }
                Step::Copy(from, to) => {
                    let change = |original: &Object, _: Option<&Object>| Ok(original.clone());
                    let copied = store.copy(&uri(KEYS[from]), &uri(KEYS[to]), change);
                    prop_assert_eq!(copied.is_ok(), model.contains_key(KEYS[from]));
                    if let Some(bytes) = model.get(KEYS[from]).cloned() {
                        model.insert(KEYS[to].into(), bytes);
                    }
                }
                Step::Delete(key) => {
                    let deleted = store.delete(&uri(KEYS[key]), |_| Ok(())).unwrap();
                    prop_assert_eq!(deleted, model.remove(KEYS[key]).is_some());
                }
                Step::Read(key, start, length) => {
                    let Some(bytes) = model.get(KEYS[key]) else {
                        prop_assert!(store.open_object(&uri(KEYS[key])).is_err());
                        continue;
                    };
                    let start = start.min(bytes.len() as u64);
                    let length = length.min(bytes.len() as u64 - start);
                    let mut found = Vec::new();
                    let opened = store.open_object(&uri(KEYS[key])).unwrap();
                    opened.reader(start, length).read_to_end(&mut found).unwrap();
                    prop_assert_eq!(&found[..], &bytes[start as usize..(start + length) as usize]);
                }
                Step::List { prefix, delimiter, after, limit } => {
                    let after = KEYS.get(after).copied().unwrap_or_default();
                    let query = ListQuery {
                        prefix,
                        delimiter: DELIMITERS[delimiter].into(),
                        after: after.into(),
                        token: None,
                        limit,
                    };
                    prop_assert_eq!(pages(&store, &query), expected_list(&model, &query));
                }
                Step::Upload(key, parts) => {
                    let id = upload(&store, KEYS[key], &parts);
                    let done = completion(parts.len());
                    store.complete(&uri(KEYS[key]), &id, &done, |_| Ok(())).unwrap();
                    model.insert(KEYS[key].into(), parts.concat());
                }
                Step::Abort(key, bytes) => {
                    let id = upload(&store, KEYS[key], &[bytes]);
                    store.abort(&uri(KEYS[key]), &id).unwrap();
                }
                Step::Kill => {
                    // What a kill leaves of an upload that was in progress.
                    std::mem::forget(content(&store, b"unfinished"));
                    drop(store);
                    store = open(dir.path());
                    store.collect();
                }
            }
        }
        for key in KEYS {
            let stored = read(&store, key);
            prop_assert_eq!(stored.as_ref(), model.get(key), "{}", key);
        }
        // No content is left over, and none is missing.
        let store = open(dir.path());
        store.collect();
        let named = model.len();
        prop_assert!(files(&store).len() <= named, "{:?} for {} objects", files(&store), named);
    }
}

#[test]
fn of_many_creators_of_one_key_one_succeeds() {
    let dir = tempfile::tempdir().unwrap();
    let store = new_store(dir.path());
    for round in 0..200 {
        let key = format!("key-{round}");
        let winners = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for writer in 0..8_u8 {
                let (store, key, winners) = (&store, &key, &winners);
                scope.spawn(move || {
                    let new = content(store, &[writer]);
                    if store.put(&uri(key), new, absent).is_ok() {
                        winners.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(winners.into_inner(), 1);
    }
}

#[test]
fn readers_see_whole_objects_while_writers_replace_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = new_store(dir.path());
    put(&store, "k", &[0; 1000]);
    std::thread::scope(|scope| {
        for writer in 1..5_u8 {
            let store = &store;
            scope.spawn(move || {
                for round in 0..100 {
                    put(store, "k", &vec![writer; 1000 + round]);
                }
            });
        }
        for _ in 0..2 {
            let store = &store;
            scope.spawn(move || {
                for _ in 0..200 {
                    let bytes = read(store, "k").unwrap();
                    assert!(bytes.iter().all(|byte| *byte == bytes[0]), "a mixture");
                }
            });
        }
    });
    // Only the last content is left.
    let store = open(dir.path());
    assert_eq!(files(&store).len(), 1);
}

#[test]
fn a_kill_inside_a_write_loses_nothing_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = new_store(dir.path());
    put(&store, "k", b"old");
    let old = store.head(&uri("k")).unwrap().content;
    let old_path = store.contents.path(old);
    let saved = dir.path().join("saved");
    fs::hard_link(&old_path, &saved).unwrap();
    // After the content, before the commit.
    std::mem::forget(content(&store, b"new"));
    let store = open(dir.path());
    store.collect();
    assert_eq!(read(&store, "k").unwrap(), b"old");
    assert_eq!(files(&store).len(), 1);
    // After the commit, before the old content is removed.
    put(&store, "k", b"new");
    fs::rename(&saved, &old_path).unwrap();
    let store = open(dir.path());
    store.collect();
    assert_eq!(read(&store, "k").unwrap(), b"new");
    assert_eq!(files(&store).len(), 1);
}

#[test]
fn a_rejected_completion_loses_nothing_and_a_repeated_one_succeeds() {
    let dir = tempfile::tempdir().unwrap();
    let store = new_store(dir.path());
    let parts = [vec![1; 5 << 20], b"end".to_vec()];
    let id = upload(&store, "k", &parts);
    let wrong = [
        completion(3),
        Completion {
            size: Some(1),
            ..completion(2)
        },
        Completion {
            parts: completion(2).parts.into_iter().rev().collect(),
            ..Completion::default()
        },
    ];
    for completion in &wrong {
        assert!(
            store
                .complete(&uri("k"), &id, completion, |_| Ok(()))
                .is_err()
        );
    }
    assert!(
        store
            .complete(&uri("k"), &id, &completion(2), |_| Err(
                StoreError::NoSuchKey
            ))
            .is_err()
    );
    // A killed server knows the upload, and a completed one too.
    let store = open(dir.path());
    let first = store
        .complete(&uri("k"), &id, &completion(2), |_| Ok(()))
        .unwrap();
    let store = open(dir.path());
    let again = store
        .complete(&uri("k"), &id, &completion(2), |_| Ok(()))
        .unwrap();
    assert_eq!(
        (first.etag.as_str(), read(&store, "k").unwrap()),
        (again.etag.as_str(), parts.concat())
    );
    assert!(first.etag.ends_with("-2"));
    assert!(store.abort(&uri("k"), &id).is_err());
}
