//! Captured lines on their way to S3.
//!
//! Each line is appended to a file at once, so that it survives the server. The files are stored as objects
//! about every second, and when their endpoint or the server stops. What cannot be stored, for instance for
//! lack of the bucket, is logged, counted by the metric `DataCaptureFailures`, and tried again, also after
//! the endpoint is deleted.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::{object, uuid};
use crate::error::chain;
use crate::machine::clock::Timestamp;
use crate::machine::log;
use crate::machine::table::lock;
use crate::protocol::names::S3Uri;
use crate::services::metrics::Metrics;
use crate::services::s3::Storage;

/// The folder of an endpoint's waiting files.
const FOLDER: &str = "captures";
/// The pause after the first failed attempt; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_mins(1);

/// The captured lines of all endpoints that are not in S3 yet.
pub(crate) struct CaptureQueue {
    /// `serving/` in the state directory, with a folder for each endpoint.
    serving: PathBuf,
    /// The store that receives the lines.
    storage: Storage,
    /// Counts failures.
    metrics: Arc<Metrics>,
    /// Held while a line is written and while a file is set aside for storing, so that each line is in one
    /// file or the next.
    writing: Mutex<()>,
    /// The endpoints whose last attempt failed. Held while files are stored, so that only one task does it.
    retries: tokio::sync::Mutex<BTreeMap<String, Retry>>,
}

/// When to try again.
#[derive(Clone, Copy)]
struct Retry {
    /// The time of the next attempt.
    at: Instant,
    /// The pause before it.
    pause: Duration,
}

impl CaptureQueue {
    /// The queue in `serving/`, with the lines that an earlier server left there.
    pub(crate) fn open(serving: PathBuf, storage: Storage, metrics: Arc<Metrics>) -> Self {
        Self {
            serving,
            storage,
            metrics,
            writing: Mutex::default(),
            retries: tokio::sync::Mutex::default(),
        }
    }

    /// Adds a line for an object below `prefix`.
    pub(crate) fn append(&self, endpoint: &str, variant: &str, prefix: &S3Uri, line: &str) {
        // The prefix is part of the name because an update of the endpoint may change it.
        let prefix = prefix.to_string();
        let name = format!("{variant}.{}.jsonl", &uuid(&prefix)[..8]);
        if let Err(error) = self.write(&self.folder(endpoint), &name, &prefix, line) {
            log(&format!(
                "a captured request of endpoint {endpoint}, variant {variant}, is lost: {error}"
            ));
            self.metrics.record_capture_failure(endpoint, variant);
        }
    }

    /// Appends a line to a file, whose first line is the prefix.
    fn write(&self, folder: &Path, name: &str, prefix: &str, line: &str) -> io::Result<()> {
        let path = folder.join(name);
        let _writing = lock(&self.writing);
        fs::create_dir_all(folder)?;
        let mut text = format!("{line}\n");
        if !path.exists() {
            text.insert_str(0, &format!("{prefix}\n"));
        }
        File::options()
            .create(true)
            .append(true)
            .open(path)?
            .write_all(text.as_bytes())
    }

    /// Stores everything that waits, except of endpoints whose last attempt failed a moment ago.
    pub(crate) async fn store_due(&self) {
        let mut retries = self.retries.lock().await;
        for endpoint in self.waiting() {
            let now = Instant::now();
            if retries.get(&endpoint).is_none_or(|retry| retry.at <= now) {
                self.store(&endpoint, &mut retries).await;
            }
        }
    }

    /// Stores everything that waits, because the server stops.
    pub(crate) async fn store_all(&self) {
        let mut retries = self.retries.lock().await;
        for endpoint in self.waiting() {
            self.store(&endpoint, &mut retries).await;
        }
    }

    /// Stores everything that waits of an endpoint, because it stops.
    pub(crate) async fn store_endpoint(&self, endpoint: &str) {
        let mut retries = self.retries.lock().await;
        self.store(endpoint, &mut retries).await;
    }

    /// Removes the files of a deleted endpoint, except captured lines that could not be stored yet.
    pub(crate) fn remove_endpoint(&self, endpoint: &str) {
        let folder = self.serving.join(endpoint);
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_name() != FOLDER) {
            let _ = fs::remove_dir_all(entry.path());
        }
        // Fails if lines are waiting.
        let _ = fs::remove_dir(folder);
    }

    /// The folder of an endpoint's waiting files.
    fn folder(&self, endpoint: &str) -> PathBuf {
        self.serving.join(endpoint).join(FOLDER)
    }

    /// The endpoints with waiting lines, including deleted ones.
    fn waiting(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.serving).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|endpoint| self.folder(endpoint).is_dir())
            .collect()
    }

    /// Stores the files of an endpoint.
    async fn store(&self, endpoint: &str, retries: &mut BTreeMap<String, Retry>) {
        let folder = self.folder(endpoint);
        let mut failure = None;
        for path in files_in(&folder) {
            if let Err(error) = self.store_file(&path).await {
                let variant = variant_of(&path);
                self.metrics.record_capture_failure(endpoint, &variant);
                failure.get_or_insert((variant, error));
            }
        }
        let Some((variant, error)) = failure else {
            retries.remove(endpoint);
            let _writing = lock(&self.writing);
            // Fails if a line was added in the meantime.
            let _ = fs::remove_dir(folder);
            return;
        };
        let before = retries.get(endpoint).map(|retry| retry.pause);
        let pause = before.map_or(FIRST_PAUSE, |pause| MAX_PAUSE.min(pause * 2));
        let at = Instant::now() + pause;
        retries.insert(endpoint.to_owned(), Retry { at, pause });
        log(&format!(
            "captured requests of endpoint {endpoint}, variant {variant}, wait in {} and are stored later, because: {}",
            folder.display(),
            chain(&error)
        ));
    }

    /// Stores one file. It is renamed first and removed only after it is stored. The object's name is
    /// derived from the file's name and content, so storing a file twice creates only one object.
    async fn store_file(&self, path: &Path) -> io::Result<()> {
        let extension = path
            .extension()
            .and_then(|text| text.to_str())
            .unwrap_or_default();
        let ready = match extension {
            "jsonl" => {
                let ready = path.with_extension(format!("{}-ready", Timestamp::now().millis()));
                let _writing = lock(&self.writing);
                fs::rename(path, &ready)?;
                ready
            }
            // Left over from a failed attempt; its source file is still there and is stored instead.
            "body" => return Ok(()),
            _ => path.to_owned(),
        };
        let millis = ready.extension().and_then(|text| text.to_str());
        let millis = millis.and_then(|text| text.strip_suffix("-ready")?.parse().ok());
        let at = Timestamp::from_millis(millis.unwrap_or_default());
        let text = fs::read_to_string(&ready)?;
        let (prefix, lines) = text.split_once('\n').unwrap_or_default();
        let body = ready.with_extension("body");
        if let Some(prefix) = S3Uri::parse(prefix) {
            fs::write(&body, lines)?;
            let target = object(&prefix, at, lines);
            self.storage.put(&target, &body).await?;
        }
        // The source last: a file without a source would never be stored or removed.
        match fs::remove_file(&body) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::remove_file(ready)
    }
}

/// The files in a folder, oldest first where their names tell.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// The variant in a file's name; names of variants have no dots.
fn variant_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A queue without a bucket in its store.
    fn queue(dir: &Path) -> CaptureQueue {
        let storage = Storage::for_test(dir);
        CaptureQueue::open(dir.join("serving"), storage, Metrics::open(dir).unwrap())
    }

    fn add_bucket(dir: &Path) {
        Storage::for_test(dir).create_bucket("bucket");
    }

    fn append(queue: &CaptureQueue, prefix: &str, line: &str) {
        let prefix = S3Uri::parse(prefix).unwrap();
        queue.append("e", "v", &prefix, line);
    }

    /// The contents of all objects below a prefix, sorted.
    fn texts(queue: &CaptureQueue, prefix: &str) -> Vec<String> {
        let storage = &queue.storage;
        let objects = storage.objects(&S3Uri::parse(prefix).unwrap());
        let mut texts: Vec<_> = objects
            .unwrap()
            .iter()
            .map(|object| io::read_to_string(storage.reader(&object.uri).unwrap()).unwrap())
            .collect();
        texts.sort();
        texts
    }

    #[tokio::test]
    async fn waiting_lines_are_stored_exactly_once_after_a_kill() {
        let dir = tempfile::tempdir().unwrap();
        let queue = queue(dir.path());
        add_bucket(dir.path());
        append(&queue, "s3://bucket/capture/e/v", "one");
        // The state after a server was killed between renaming and removing.
        let file = files_in(&queue.folder("e")).remove(0);
        fs::rename(&file, file.with_extension("1-ready")).unwrap();
        append(&queue, "s3://bucket/capture/e/v", "two");
        append(&queue, "s3://bucket/capture/e/v", "three");
        append(&queue, "s3://bucket/elsewhere/e/v", "four");
        queue.store_due().await;
        queue.store_due().await;
        let found = texts(&queue, "s3://bucket/capture/e/v/");
        assert_eq!(found, ["one\n", "two\nthree\n"]);
        assert_eq!(texts(&queue, "s3://bucket/elsewhere/e/v/"), ["four\n"]);
        assert!(!queue.folder("e").exists());
    }

    #[tokio::test]
    async fn lines_wait_until_they_can_be_stored_even_if_their_endpoint_is_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let queue = queue(dir.path());
        fs::create_dir_all(dir.path().join("serving/e/0/v/opt/ml")).unwrap();
        append(&queue, "s3://bucket/c/e/v", "one");
        queue.store_endpoint("e").await;
        queue.remove_endpoint("e");
        assert!(!dir.path().join("serving/e/0").exists());
        add_bucket(dir.path());
        // Not at once, since the last attempt failed.
        queue.store_due().await;
        assert_eq!(texts(&queue, "s3://bucket/c/").len(), 0);
        queue.store_all().await;
        assert_eq!(texts(&queue, "s3://bucket/c/"), ["one\n"]);
        queue.remove_endpoint("e");
        assert!(!dir.path().join("serving/e").exists());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_line_is_lost_while_others_are_stored() {
        let dir = tempfile::tempdir().unwrap();
        let queue = Arc::new(queue(dir.path()));
        add_bucket(dir.path());
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let queue = queue.clone();
                std::thread::spawn(move || {
                    for number in 0..200 {
                        append(&queue, "s3://bucket/c/e/v", &format!("{writer}-{number}"));
                    }
                })
            })
            .collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            queue.store_due().await;
        }
        queue.store_all().await;
        let all = texts(&queue, "s3://bucket/c/").concat();
        let lines: std::collections::BTreeSet<_> = all.lines().collect();
        assert_eq!((all.lines().count(), lines.len()), (800, 800));
    }
}
