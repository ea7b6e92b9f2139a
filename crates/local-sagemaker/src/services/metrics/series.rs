//! A metric over time: the values of each second, and statistics over a period.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::machine::clock::Timestamp;

/// Retention of values: six hours.
const KEPT_SECONDS: u64 = 6 * 3600;
/// Maximum number of values per second that are kept individually, for percentiles.
const SAMPLE: usize = 50;

/// Identifies a metric.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct MetricId {
    /// The namespace.
    pub(super) namespace: String,
    /// The metric's name.
    pub(super) metric: String,
    /// The dimensions' values, by name.
    pub(super) dimensions: BTreeMap<String, String>,
}

/// The values of one second, or of a longer period.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Bucket {
    /// Number of values.
    count: f64,
    /// Sum of the values.
    sum: f64,
    /// The smallest value.
    least: f64,
    /// The largest value.
    most: f64,
    /// The first values, individually.
    sample: Vec<f64>,
}

/// One metric over time.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// The unit of the values.
    unit: String,
    /// Values by second since the epoch.
    seconds: BTreeMap<u64, Bucket>,
    /// The first second not yet on disk.
    unsaved: u64,
}

/// A statistic over the values of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Statistic {
    /// Number of values.
    SampleCount,
    /// Sum divided by count.
    Average,
    /// Sum of the values.
    Sum,
    /// The smallest value.
    Minimum,
    /// The largest value.
    Maximum,
    /// The value that this percentage of the values does not exceed.
    Percentile(f64),
}

impl MetricId {
    /// The metric with this namespace, name and dimensions.
    pub(super) fn new(namespace: &str, metric: &str, dimensions: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            namespace: namespace.to_owned(),
            metric: metric.to_owned(),
            dimensions: dimensions.iter().map(own).collect(),
        }
    }

    /// `Metric` on the wire.
    pub(super) fn wire(&self) -> Value {
        let dimension = |(name, value): (&String, &String)| json!({"Name": name, "Value": value});
        json!({
            "Namespace": self.namespace,
            "MetricName": self.metric,
            "Dimensions": self.dimensions.iter().map(dimension).collect::<Value>(),
        })
    }
}

impl Bucket {
    /// Adds one value.
    fn add(&mut self, value: f64) {
        let one = Self {
            count: 1.0,
            sum: value,
            least: value,
            most: value,
            sample: vec![value],
        };
        self.merge(&one, SAMPLE);
    }

    /// Adds the values of another bucket; at most `sample` values are kept individually.
    fn merge(&mut self, other: &Self, sample: usize) {
        let first = self.count == 0.0;
        self.least = if first {
            other.least
        } else {
            self.least.min(other.least)
        };
        self.most = if first {
            other.most
        } else {
            self.most.max(other.most)
        };
        self.count += other.count;
        self.sum += other.sum;
        let room = sample.saturating_sub(self.sample.len());
        self.sample.extend(other.sample.iter().take(room));
    }

    /// A copy for the disk, without the individual values if they are all equal.
    pub(super) fn compact(&self) -> Self {
        let mut compact = self.clone();
        if self.least.total_cmp(&self.most).is_eq() {
            compact.sample.clear();
        }
        compact
    }

    /// Computes a statistic.
    pub(super) fn statistic(&self, statistic: Statistic) -> f64 {
        match statistic {
            Statistic::SampleCount => self.count,
            Statistic::Average => self.sum / self.count,
            Statistic::Sum => self.sum,
            Statistic::Minimum => self.least,
            Statistic::Maximum => self.most,
            Statistic::Percentile(percent) => {
                if self.sample.is_empty() {
                    return self.least;
                }
                let mut values = self.sample.clone();
                values.sort_by(f64::total_cmp);
                let rank = (percent / 100.0 * values.len() as f64).ceil() as usize;
                values
                    .get(rank.clamp(1, values.len().max(1)) - 1)
                    .copied()
                    .unwrap_or_default()
            }
        }
    }
}

impl Statistic {
    /// Parses a statistic's name; `p99` and `p99.9` are percentiles.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "SampleCount" => Self::SampleCount,
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            _ => {
                let percent: f64 = text.strip_prefix('p')?.parse().ok()?;
                (0.0..=100.0)
                    .contains(&percent)
                    .then_some(Self::Percentile(percent))?
            }
        })
    }
}

impl Series {
    /// A series without values.
    pub(super) fn new(unit: &str) -> Self {
        Self {
            unit: unit.to_owned(),
            seconds: BTreeMap::new(),
            unsaved: 0,
        }
    }

    /// The unit of the values.
    pub(super) fn unit(&self) -> &str {
        &self.unit
    }

    /// Whether there are no values left.
    pub(super) fn is_empty(&self) -> bool {
        self.seconds.is_empty()
    }

    /// All values, by second.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, &Bucket)> {
        self.seconds
            .iter()
            .map(|(second, bucket)| (*second, bucket))
    }

    /// The last second with a value.
    pub(super) fn last(&self) -> Option<u64> {
        self.seconds.keys().next_back().copied()
    }

    /// Adds one value.
    pub(super) fn add(&mut self, second: u64, value: f64) {
        self.seconds.entry(second).or_default().add(value);
    }

    /// Adds values that were read from disk.
    pub(super) fn restore(&mut self, second: u64, bucket: &Bucket) {
        self.seconds
            .entry(second)
            .or_default()
            .merge(bucket, SAMPLE);
        // Values from disk need not be written again.
        self.unsaved = self.unsaved.max(second + 1);
    }

    /// The seconds before `closed` that are not yet on disk.
    pub(super) fn unsaved(&self, closed: u64) -> impl Iterator<Item = (u64, &Bucket)> {
        let from = self.unsaved.min(closed);
        self.seconds
            .range(from..closed)
            .map(|(second, bucket)| (*second, bucket))
    }

    /// Marks the seconds before `closed` as stored on disk.
    pub(super) fn mark_saved(&mut self, closed: u64) {
        self.unsaved = self.unsaved.max(closed);
    }

    /// Drops expired values.
    pub(super) fn drop_expired(&mut self, now: Timestamp) {
        let oldest = now.second().saturating_sub(KEPT_SECONDS);
        self.seconds = self.seconds.split_off(&oldest);
    }

    /// The values from `start` up to, but not including, `end`, by the start of their period. Empty
    /// periods are omitted.
    pub(super) fn periods(&self, start: u64, end: u64, period: u64) -> BTreeMap<u64, Bucket> {
        let mut periods: BTreeMap<u64, Bucket> = BTreeMap::new();
        // The service rounds the start down to a whole period.
        let start = start - start % period;
        for (second, bucket) in self.seconds.range(start..end.max(start)) {
            let begin = second - second % period;
            periods.entry(begin).or_default().merge(bucket, usize::MAX);
        }
        periods
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[(u64, f64)]) -> Series {
        let mut series = Series::new("Count");
        for (second, value) in values {
            series.add(*second, *value);
        }
        series
    }

    #[test]
    fn values_are_summed_by_period() {
        let series = series(&[(59, 1.0), (60, 2.0), (61, 4.0), (61, 6.0), (125, 8.0)]);
        for (start, end, period, expected) in [
            (0, 200, 60, vec![(0, 1.0), (60, 12.0), (120, 8.0)]),
            (61, 120, 60, vec![(60, 12.0)]),
            (60, 62, 1, vec![(60, 2.0), (61, 10.0)]),
            (200, 100, 60, vec![]),
        ] {
            let found: Vec<_> = series
                .periods(start, end, period)
                .iter()
                .map(|(begin, bucket)| (*begin, bucket.statistic(Statistic::Sum)))
                .collect();
            assert_eq!(found, expected, "{start}..{end} by {period}");
        }
    }

    #[test]
    fn statistics_match_their_names() {
        let values: Vec<_> = (1..=100)
            .map(|value: u32| (u64::from(value % 10), f64::from(value)))
            .collect();
        let bucket = &series(&values).periods(0, 10, 60)[&0];
        for (name, expected) in [
            ("SampleCount", 100.0),
            ("Average", 50.5),
            ("Sum", 5050.0),
            ("Minimum", 1.0),
            ("Maximum", 100.0),
            ("p50", 50.0),
            ("p99", 99.0),
            ("p100", 100.0),
            ("p0", 1.0),
        ] {
            let statistic = Statistic::parse(name).unwrap();
            assert!(
                (bucket.statistic(statistic) - expected).abs() < 1e-9,
                "{name}"
            );
        }
        for name in ["Median", "p101", "p", "tm90"] {
            assert_eq!(Statistic::parse(name), None, "{name}");
        }
    }

    #[test]
    fn each_second_is_written_to_disk_once() {
        let mut series = series(&[(10, 1.0), (11, 2.0)]);
        assert_eq!(series.unsaved(11).count(), 1);
        series.mark_saved(11);
        assert_eq!(series.unsaved(11).count(), 0);
        assert_eq!(series.unsaved(u64::MAX).count(), 1);
        series.restore(20, &Bucket::default());
        assert_eq!(series.unsaved(u64::MAX).count(), 0);
    }
}
