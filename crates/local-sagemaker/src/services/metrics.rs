//! `CloudWatch` over what the server measures of its endpoints and jobs: `GetMetricData`,
//! `GetMetricStatistics`, `ListMetrics`.
//!
//! Values are collected by the second (`series`) and summed over the period of the request. They are
//! kept for six hours, and also on disk (`journal`), where a kill costs the last two seconds.

mod journal;
mod queries;
mod series;
mod usage;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::error::{Error, chain};
use crate::machine::clock::Timestamp;
use crate::machine::log;
use crate::machine::table::lock;
use crate::protocol::{ApiError, Call};
use journal::Journal;
use series::{MetricId, Series};

pub(crate) use usage::{ProcessOwner, Usage, UsageSampler};

/// Namespace of invocation metrics.
pub(crate) const ENDPOINT_CALLS: &str = "AWS/SageMaker";
/// Namespace of the metrics of the machines behind endpoints.
pub(crate) const ENDPOINT_MACHINES: &str = "/aws/sagemaker/Endpoints";
/// Namespace of the metrics of training jobs.
pub(crate) const TRAINING: &str = "/aws/sagemaker/TrainingJobs";

/// Everything that was measured.
pub(crate) struct Metrics {
    /// The values of each metric.
    series: Mutex<BTreeMap<MetricId, Series>>,
    /// The copy on disk.
    journal: Journal,
}

/// A measured invocation.
pub(crate) struct Invocation<'a> {
    /// The endpoint's name.
    pub(crate) endpoint: &'a str,
    /// The variant that answered.
    pub(crate) variant: &'a str,
    /// Number of instances of that variant.
    pub(crate) instances: usize,
    /// The HTTP status of the container's response, if there was one.
    pub(crate) status: Option<u16>,
    /// Time taken by the container.
    pub(crate) model: Duration,
    /// Time taken by everything else.
    pub(crate) overhead: Duration,
}

impl Metrics {
    /// Opens the metrics of a state directory.
    pub(crate) fn open(state_dir: &Path) -> Result<Arc<Self>, Error> {
        let (journal, series) = Journal::open(state_dir.join("metrics.jsonl"), Timestamp::now())?;
        Ok(Arc::new(Self {
            series: Mutex::new(series),
            journal,
        }))
    }

    /// Handles one call to the service.
    pub(crate) fn handle(&self, operation: &str, call: &Call) -> Result<Value, ApiError> {
        match operation {
            "GetMetricData" => self.data(call),
            "GetMetricStatistics" => self.statistics(call),
            "ListMetrics" => self.list(call),
            other => Err(ApiError::unknown_operation(&format!(
                "GraniteServiceVersion20100801.{other}"
            ))),
        }
    }

    /// Records an invocation.
    pub(crate) fn record_invocation(&self, seen: &Invocation<'_>) {
        let micros = |time: Duration| time.as_micros() as f64;
        let count = |yes: bool| f64::from(u8::from(yes));
        let server = seen.status.is_none_or(|status| status >= 500);
        let client = seen
            .status
            .is_some_and(|status| (400..500).contains(&status));
        let now = Timestamp::now();
        for (name, unit, value) in [
            ("Invocations", "Count", 1.0),
            (
                "InvocationsPerInstance",
                "Count",
                1.0 / seen.instances.max(1) as f64,
            ),
            ("Invocation4XXErrors", "Count", count(client)),
            ("Invocation5XXErrors", "Count", count(server)),
            ("InvocationModelErrors", "Count", count(client || server)),
            ("ModelLatency", "Microseconds", micros(seen.model)),
            ("OverheadLatency", "Microseconds", micros(seen.overhead)),
        ] {
            let name = MetricId::new(
                ENDPOINT_CALLS,
                name,
                &[
                    ("EndpointName", seen.endpoint),
                    ("VariantName", seen.variant),
                ],
            );
            self.add(name, unit, value, now);
        }
    }

    /// Records a value of a training job's own metric.
    pub(crate) fn record_training_metric(
        &self,
        job: &str,
        metric: &str,
        value: f64,
        at: Timestamp,
    ) {
        let name = MetricId::new(TRAINING, metric, &[("TrainingJobName", job)]);
        self.add(name, "None", value, at);
    }

    /// Records what a process uses of the machine.
    pub(crate) fn record_usage(&self, owner: &ProcessOwner, usage: Usage) {
        let (namespace, dimensions) = match owner {
            ProcessOwner::Variant { endpoint, variant } => (
                ENDPOINT_MACHINES,
                vec![
                    ("EndpointName", endpoint.as_str()),
                    ("VariantName", variant),
                ],
            ),
            ProcessOwner::Job(host) => (TRAINING, vec![("Host", host.as_str())]),
        };
        let now = Timestamp::now();
        for (metric, value) in [
            ("CPUUtilization", usage.cpu_percent),
            ("MemoryUtilization", Some(usage.memory_percent)),
        ] {
            if let Some(value) = value {
                self.add(
                    MetricId::new(namespace, metric, &dimensions),
                    "Percent",
                    value,
                    now,
                );
            }
        }
    }

    /// Writes the seconds that are over to disk; at the `end`, everything.
    pub(crate) fn flush(&self, end: bool) {
        let now = Timestamp::now();
        // The present second and the one before may still get values.
        let closed = if end {
            u64::MAX
        } else {
            now.second().saturating_sub(1)
        };
        let mut series = lock(&self.series);
        for (name, series) in series.iter_mut() {
            for (second, bucket) in series.unsaved(closed) {
                self.journal.add(name, series.unit(), second, bucket);
            }
            series.mark_saved(closed);
            series.drop_expired(now);
        }
        series.retain(|_, series| !series.is_empty());
        self.journal.write();
        if self.journal.is_long()
            && let Err(error) = self.journal.rewrite(&series)
        {
            log(&format!(
                "cannot shorten the metrics file: {}",
                chain(&error)
            ));
        }
    }

    /// Adds a value.
    fn add(&self, name: MetricId, unit: &str, value: f64, at: Timestamp) {
        lock(&self.series)
            .entry(name)
            .or_insert_with(|| Series::new(unit))
            .add(at.second(), value);
    }
}
