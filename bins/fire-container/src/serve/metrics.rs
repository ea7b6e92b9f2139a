//! Counters and the histogram of `GET /metrics`, in the Prometheus text format (version 0.0.4).
//!
//! The format is written by hand: eleven metrics with one fixed label take a hundred lines, and each count is a single
//! atomic addition, whereas a metrics library would look up dynamic labels in a registry on every request.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Statuses counted individually; the last entry counts all others.
const STATUSES: [u16; 11] = [200, 400, 404, 405, 406, 408, 413, 415, 500, 503, 0];
/// Upper bounds of the histogram's buckets in microseconds.
const BOUNDS: [u64; 15] = [
    25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000,
    1_000_000, 10_000_000,
];

/// Totals since the server started.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    statuses: [AtomicU64; STATUSES.len()],
    rows: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    durations: [AtomicU64; BOUNDS.len() + 1],
    microseconds: AtomicU64,
    connections: AtomicU64,
    connections_rejected: AtomicU64,
}

/// One `POST /invocations` and its response.
pub(super) struct Invocation {
    pub(super) status: u16,
    pub(super) rows: usize,
    pub(super) bytes_in: usize,
    pub(super) bytes_out: usize,
    pub(super) duration: Duration,
}

/// Current values, maintained elsewhere.
pub(super) struct Gauges {
    pub(super) open_connections: usize,
    pub(super) memory_bytes: usize,
    pub(super) members: usize,
}

fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

impl Metrics {
    /// Counts one invocation, whatever its status.
    pub(super) fn record(&self, invocation: &Invocation) {
        let status = STATUSES
            .iter()
            .position(|&known| known == invocation.status);
        let other = STATUSES.len() - 1;
        add(&self.statuses[status.unwrap_or(other)], 1);
        add(&self.rows, invocation.rows as u64);
        add(&self.bytes_in, invocation.bytes_in as u64);
        add(&self.bytes_out, invocation.bytes_out as u64);
        let microseconds = invocation.duration.as_micros() as u64;
        // A bucket includes its upper bound (`le`); the last one has none.
        let bucket = BOUNDS.partition_point(|&bound| bound < microseconds);
        add(&self.durations[bucket], 1);
        add(&self.microseconds, microseconds);
    }

    /// Counts a connection that was accepted or rejected.
    pub(super) fn count_connection(&self, accepted: bool) {
        add(&self.connections, u64::from(accepted));
        add(&self.connections_rejected, u64::from(!accepted));
    }

    /// Renders the response to a scrape.
    pub(super) fn render(&self, gauges: &Gauges) -> String {
        let mut text = Text(String::new());
        self.render_statuses(&mut text);
        self.render_durations(&mut text);
        for (name, help, counter) in [
            ("rows_total", "Rows predicted.", &self.rows),
            (
                "body_bytes_total",
                "Bytes of request bodies.",
                &self.bytes_in,
            ),
            // The names are a documented interface, which dashboards use.
            ("answer_bytes_total", "Bytes of responses.", &self.bytes_out),
            (
                "connections_total",
                "Connections accepted.",
                &self.connections,
            ),
            (
                "connections_refused_total",
                "Connections rejected with 503.",
                &self.connections_rejected,
            ),
        ] {
            text.begin(name, "counter", help);
            text.put(format_args!("{name} {}", read(counter)));
        }
        for (name, help, value) in [
            ("connections", "Open connections.", gauges.open_connections),
            (
                "held_bytes",
                "Bytes of request and response bodies in memory.",
                gauges.memory_bytes,
            ),
            ("model_members", "Members of the model.", gauges.members),
        ] {
            text.begin(name, "gauge", help);
            text.put(format_args!("{name} {value}"));
        }
        text.0
    }

    fn render_statuses(&self, text: &mut Text) {
        let name = "invocations_total";
        text.begin(name, "counter", "POST /invocations by response status.");
        for (status, count) in STATUSES.iter().zip(&self.statuses) {
            let status = match status {
                0 => "other".to_owned(),
                status => status.to_string(),
            };
            let count = read(count);
            text.put(format_args!("{name}{{status=\"{status}\"}} {count}"));
        }
    }

    fn render_durations(&self, text: &mut Text) {
        let name = "invocation_seconds";
        text.begin(name, "histogram", "From request head to response.");
        let bounds = BOUNDS.iter().map(|&bound| (bound as f64 / 1e6).to_string());
        let mut sum = 0;
        for (count, bound) in self.durations.iter().zip(bounds.chain(["+Inf".to_owned()])) {
            sum += read(count);
            text.put(format_args!("{name}_bucket{{le=\"{bound}\"}} {sum}"));
        }
        let seconds = read(&self.microseconds) as f64 / 1e6;
        text.put(format_args!("{name}_sum {seconds}"));
        text.put(format_args!("{name}_count {sum}"));
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// The text being written; every name gets the prefix `fire_`.
struct Text(String);

impl Text {
    fn begin(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            self.0,
            "# HELP fire_{name} {help}\n# TYPE fire_{name} {kind}"
        );
    }

    fn put(&mut self, line: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.0, "fire_{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histogram_buckets_are_cumulative() {
        let metrics = Metrics::default();
        for (status, microseconds) in [(200, 20), (200, 25), (400, 26), (500, 99_000_000), (418, 0)]
        {
            metrics.record(&Invocation {
                status,
                rows: 2,
                bytes_in: 10,
                bytes_out: 20,
                duration: Duration::from_micros(microseconds),
            });
        }
        metrics.count_connection(true);
        let text = metrics.render(&Gauges {
            open_connections: 1,
            memory_bytes: 7,
            members: 3,
        });
        for line in [
            "fire_invocations_total{status=\"200\"} 2",
            "fire_invocations_total{status=\"400\"} 1",
            "fire_invocations_total{status=\"other\"} 1",
            "fire_invocation_seconds_bucket{le=\"0.000025\"} 3",
            "fire_invocation_seconds_bucket{le=\"0.00005\"} 4",
            "fire_invocation_seconds_bucket{le=\"10\"} 4",
            "fire_invocation_seconds_bucket{le=\"+Inf\"} 5",
            "fire_invocation_seconds_count 5",
            "fire_rows_total 10",
            "fire_connections_total 1",
            "fire_connections_refused_total 0",
            "fire_held_bytes 7",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is not in\n{text}"
            );
        }
        for line in text.lines() {
            assert!(
                line.starts_with("# ") || line.split(' ').count() == 2,
                "{line}"
            );
        }
    }
}
