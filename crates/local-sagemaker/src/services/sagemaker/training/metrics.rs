//! Extracts a job's metrics from its output, using its metric definitions.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::request::Metric;
use crate::machine::clock::Timestamp;

/// The latest value of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reading {
    /// The value.
    pub(crate) value: f64,
    /// When it was read.
    pub(crate) at: Timestamp,
}

/// The latest value of each metric, by name.
pub(crate) type Readings = BTreeMap<String, Reading>;

/// Searches one line of output for every metric. The value is the first capture group; the last match
/// that is a finite number counts. Returns the values found.
pub(crate) fn scan<'a>(
    line: &str,
    metrics: &'a [Metric],
    at: Timestamp,
    readings: &mut Readings,
) -> Vec<(&'a str, f64)> {
    let mut found = Vec::new();
    for metric in metrics {
        let matches = metric
            .regex
            .captures_iter(line)
            .filter_map(|captures| captures.get(1)?.as_str().trim().parse().ok());
        if let Some(value) = matches.filter(|value: &f64| value.is_finite()).last() {
            readings.insert(metric.name.clone(), Reading { value, at });
            found.push((metric.name.as_str(), value));
        }
    }
    found
}

/// `FinalMetricDataList`. The values are 32-bit floats, as in the service's model.
pub(crate) fn wire(readings: &Readings) -> Value {
    let entry = |(name, reading): (&String, &Reading)| json!({"MetricName": name, "Value": reading.value as f32, "Timestamp": reading.at.wire()});
    readings.iter().map(entry).collect()
}

/// Follows a growing log file line by line.
pub(crate) struct Tail {
    /// The log, positioned at the end of what has been read.
    file: File,
    /// The beginning of an incomplete line.
    partial: Vec<u8>,
}

impl Tail {
    /// Starts at the beginning of the file.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: File::open(path)?,
            partial: Vec::new(),
        })
    }

    /// The lines completed since the last call. Invalid UTF-8 is replaced.
    pub(crate) fn lines(&mut self) -> io::Result<Vec<String>> {
        self.file.read_to_end(&mut self.partial)?;
        let Some(end) = self.partial.iter().rposition(|&byte| byte == b'\n') else {
            return Ok(Vec::new());
        };
        let rest = self.partial.split_off(end + 1);
        let complete = std::mem::replace(&mut self.partial, rest);
        Ok(String::from_utf8_lossy(&complete)
            .lines()
            .map(str::to_owned)
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use regex::Regex;

    use super::*;

    fn read(lines: &[&str]) -> Vec<(String, f64)> {
        let metrics = [
            ("auc", "validation:auc=([0-9.eE+-]+);"),
            ("word", "word=(.*?);"),
            ("bare", "bare=[0-9]+"),
        ]
        .map(|(name, regex)| Metric {
            name: name.into(),
            regex: Regex::new(regex).unwrap(),
        });
        let mut readings = Readings::new();
        for line in lines {
            scan(line, &metrics, Timestamp::now(), &mut readings);
        }
        readings
            .into_iter()
            .map(|(name, reading)| (name, reading.value))
            .collect()
    }

    #[test]
    fn the_last_number_in_the_first_group_counts() {
        for (lines, expected) in [
            (
                vec!["validation:auc=0.5;", "validation:auc=0.75;"],
                vec![("auc".to_owned(), 0.75)],
            ),
            (
                vec!["validation:auc=0.5; validation:auc=7e-1;"],
                vec![("auc".to_owned(), 0.7)],
            ),
            (vec!["word=fire;", "bare=3"], vec![]),
            (vec!["word=12;"], vec![("word".to_owned(), 12.0)]),
            (vec!["word=nan;", "train:auc=0.9;"], vec![]),
        ] {
            assert_eq!(read(&lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_line_is_read_once_and_only_when_complete() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut tail = Tail::open(file.path()).unwrap();
        for (written, expected) in [
            ("a\nb", vec!["a"]),
            ("c\n\n", vec!["bc", ""]),
            ("", vec![]),
            ("end", vec![]),
        ] {
            file.write_all(written.as_bytes()).unwrap();
            assert_eq!(tail.lines().unwrap(), expected, "after {written:?}");
        }
    }
}
