//! Metrics on disk: a line for each second of a metric, appended.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::series::{Bucket, Name, Series};
use crate::clock::Stamp;
use crate::error::Error;
use crate::log;
use crate::store::locked;

/// How long the file becomes before it is written anew, in bytes.
const LONGEST: u64 = 32 << 20;

/// The file, and what is about to be written to it.
pub(super) struct Journal {
    /// `metrics.jsonl` of the state directory.
    path: PathBuf,
    /// Whole lines.
    lines: Mutex<Vec<u8>>,
    /// How long the file was when it was last written anew.
    rewritten: AtomicU64,
}

/// One line.
#[derive(Serialize, Deserialize)]
struct Line {
    /// The metric.
    name: Name,
    /// What its values are.
    unit: String,
    /// Seconds since the epoch.
    second: u64,
    /// The values.
    bucket: Bucket,
}

impl Journal {
    /// Reads what an earlier server left, and writes it anew without what is too old. A line
    /// that a kill has cut short is left out.
    pub(super) fn open(path: PathBuf, now: Stamp) -> Result<(Self, BTreeMap<Name, Series>), Error> {
        let mut all: BTreeMap<Name, Series> = BTreeMap::new();
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
            series.forget(now);
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

    /// Writes everything anew, so that what is too old is gone.
    pub(super) fn rewrite(&self, all: &BTreeMap<Name, Series>) -> Result<(), Error> {
        for (name, series) in all {
            for (second, bucket) in series.all() {
                self.add(name, series.unit(), second, bucket);
            }
        }
        let lines = std::mem::take(&mut *locked(&self.lines));
        self.rewritten.store(lines.len() as u64, Ordering::Relaxed);
        let draft = self.path.with_extension("draft");
        fs::write(&draft, lines).map_err(Error::io("write", &draft))?;
        fs::rename(&draft, &self.path).map_err(Error::io("replace", &self.path))
    }

    /// Whether it is worth writing it anew.
    pub(super) fn is_long(&self) -> bool {
        // Twice as long as what was kept last time: most of it may be gone by now.
        let limit = LONGEST.max(2 * self.rewritten.load(Ordering::Relaxed));
        fs::metadata(&self.path).is_ok_and(|file| file.len() > limit)
    }

    /// Adds a line, which [`Self::write`] writes.
    pub(super) fn add(&self, name: &Name, unit: &str, second: u64, bucket: &Bucket) {
        let line = Line {
            name: name.clone(),
            unit: unit.to_owned(),
            second,
            bucket: bucket.brief(),
        };
        let mut lines = locked(&self.lines);
        // Names and numbers are always JSON.
        if serde_json::to_writer(&mut *lines, &line).is_ok() {
            lines.push(b'\n');
        }
    }

    /// Appends what was added.
    pub(super) fn write(&self) {
        let lines = std::mem::take(&mut *locked(&self.lines));
        if lines.is_empty() {
            return;
        }
        let file = File::options().create(true).append(true).open(&self.path);
        if let Err(error) = file.and_then(|mut file| file.write_all(&lines)) {
            log::line(&format!("metrics are kept in memory only: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::series::Statistic;
    use super::*;

    #[test]
    fn what_was_written_is_there_again_but_for_a_cut_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.jsonl");
        let now = Stamp::from_millis(1_000_000_000);
        let (journal, series) = Journal::open(path.clone(), now).unwrap();
        assert!(series.is_empty());
        let name = Name::new("n", "m", &[("a", "b")]);
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
        assert_eq!(sums, [5.0], "what is too old is gone");
    }
}
