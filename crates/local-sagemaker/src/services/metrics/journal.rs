//! Metrics on disk: an append-only file with one line for each metric and second.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::series::{Bucket, MetricId, Series};
use crate::error::Error;
use crate::machine::clock::Timestamp;
use crate::machine::log;
use crate::machine::table::lock;

/// The length in bytes at which the file is rewritten.
const MAX_LENGTH: u64 = 32 << 20;

/// The file, and the lines queued for it.
pub(super) struct Journal {
    /// `metrics.jsonl` of the state directory.
    path: PathBuf,
    /// Complete lines.
    lines: Mutex<Vec<u8>>,
    /// Length of the file after it was last rewritten, in bytes.
    rewritten: AtomicU64,
}

/// One line.
#[derive(Serialize, Deserialize)]
struct Line {
    /// The metric.
    name: MetricId,
    /// The unit of the values.
    unit: String,
    /// Seconds since the epoch.
    second: u64,
    /// The values.
    bucket: Bucket,
}

impl Journal {
    /// Reads an earlier server's file, and rewrites it without expired values. Skips a line that was
    /// truncated by a kill.
    pub(super) fn open(
        path: PathBuf,
        now: Timestamp,
    ) -> Result<(Self, BTreeMap<MetricId, Series>), Error> {
        let mut all: BTreeMap<MetricId, Series> = BTreeMap::new();
        if path.is_file() {
            let file = File::open(&path).map_err(Error::io("open", &path))?;
            for line in BufReader::new(file).split(b'\n') {
                let line = line.map_err(Error::io("read", &path))?;
                if let Ok(line) = serde_json::from_slice::<Line>(&line) {
                    let series = all
                        .entry(line.name)
                        .or_insert_with(|| Series::new(&line.unit));
                    series.restore(line.second, &line.bucket);
                }
            }
        }
        for series in all.values_mut() {
            series.drop_expired(now);
        }
        all.retain(|_, series| !series.is_empty());
        let journal = Self {
            path,
            lines: Mutex::default(),
            rewritten: AtomicU64::new(0),
        };
        journal.rewrite(&all)?;
        Ok((journal, all))
    }

    /// Rewrites the file without expired values.
    pub(super) fn rewrite(&self, all: &BTreeMap<MetricId, Series>) -> Result<(), Error> {
        for (name, series) in all {
            for (second, bucket) in series.all() {
                self.add(name, series.unit(), second, bucket);
            }
        }
        let lines = std::mem::take(&mut *lock(&self.lines));
        self.rewritten.store(lines.len() as u64, Ordering::Relaxed);
        // Replaced atomically, so that a kill leaves either the old or the new file.
        let draft = self.path.with_extension("draft");
        fs::write(&draft, lines).map_err(Error::io("write", &draft))?;
        fs::rename(&draft, &self.path).map_err(Error::io("replace", &self.path))
    }

    /// Whether the file is long enough to be rewritten.
    pub(super) fn is_long(&self) -> bool {
        // At twice the length after the last rewrite, much of it may have expired.
        let limit = MAX_LENGTH.max(2 * self.rewritten.load(Ordering::Relaxed));
        fs::metadata(&self.path).is_ok_and(|file| file.len() > limit)
    }

    /// Queues a line, which [`Self::write`] writes.
    pub(super) fn add(&self, name: &MetricId, unit: &str, second: u64, bucket: &Bucket) {
        let line = Line {
            name: name.clone(),
            unit: unit.to_owned(),
            second,
            bucket: bucket.compact(),
        };
        let mut lines = lock(&self.lines);
        // Names and numbers can always be serialized.
        if serde_json::to_writer(&mut *lines, &line).is_ok() {
            lines.push(b'\n');
        }
    }

    /// Appends the queued lines.
    pub(super) fn write(&self) {
        let lines = std::mem::take(&mut *lock(&self.lines));
        if lines.is_empty() {
            return;
        }
        let file = File::options().create(true).append(true).open(&self.path);
        if let Err(error) = file.and_then(|mut file| file.write_all(&lines)) {
            log(&format!("cannot write metrics to disk: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::series::Statistic;
    use super::*;

    #[test]
    fn values_survive_reopening_except_in_a_truncated_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.jsonl");
        let now = Timestamp::from_millis(1_000_000_000);
        let (journal, series) = Journal::open(path.clone(), now).unwrap();
        assert!(series.is_empty());
        let name = MetricId::new("n", "m", &[("a", "b")]);
        let mut series = Series::new("Count");
        for (second, value) in [(1, 1.0), (999_990, 2.0), (999_990, 3.0)] {
            series.add(second, value);
        }
        for (second, bucket) in series.unsaved(u64::MAX) {
            journal.add(&name, "Count", second, bucket);
        }
        journal.write();
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"{\"name\":{\"names").unwrap();
        let (_, restored) = Journal::open(path, now).unwrap();
        let periods = restored[&name].periods(0, 1_000_000, 60);
        let sums: Vec<_> = periods
            .values()
            .map(|bucket| bucket.statistic(Statistic::Sum))
            .collect();
        assert_eq!(sums, [5.0], "expired values are gone");
    }
}
