//! `CloudWatch` metrics of endpoints and jobs: `GetMetricData`, `GetMetricStatistics`, `ListMetrics`.
//!
//! Values are collected by the second (`series`) and aggregated over the period of the request. They are
//! kept for six hours, in memory and on disk (`journal`); a kill loses the last two seconds.

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
/// Namespace of the resource metrics of endpoints.
pub(crate) const ENDPOINT_MACHINES: &str = "/aws/sagemaker/Endpoints";
/// Namespace of the metrics of training jobs.
pub(crate) const TRAINING: &str = "/aws/sagemaker/TrainingJobs";

/// All metrics.
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
    /// The variant that was invoked.
    pub(crate) variant: &'a str,
    /// Number of instances of that variant.
    pub(crate) instances: usize,
    /// The HTTP status of the container's response, if there was one.
    pub(crate) status: Option<u16>,
    /// Time until the container responded.
    pub(crate) model: Duration,
    /// The rest of the time to handle the request.
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
    pub(crate) fn record_invocation(&self, invocation: &Invocation<'_>) {
        let micros = |time: Duration| time.as_micros() as f64;
        let count = |yes: bool| f64::from(u8::from(yes));
        let server = invocation.status.is_none_or(|status| status >= 500);
        let client = invocation
            .status
            .is_some_and(|status| (400..500).contains(&status));
        let now = Timestamp::now();
        for (name, unit, value) in [
            ("Invocations", "Count", 1.0),
            (
                "InvocationsPerInstance",
                "Count",
                1.0 / invocation.instances.max(1) as f64,
            ),
            ("Invocation4XXErrors", "Count", count(client)),
            ("Invocation5XXErrors", "Count", count(server)),
            ("InvocationModelErrors", "Count", count(client || server)),
            ("ModelLatency", "Microseconds", micros(invocation.model)),
            (
                "OverheadLatency",
                "Microseconds",
                micros(invocation.overhead),
            ),
        ] {
            let name = MetricId::new(
                ENDPOINT_CALLS,
                name,
                &[
                    ("EndpointName", invocation.endpoint),
                    ("VariantName", invocation.variant),
                ],
            );
            self.add(name, unit, value, now);
        }
    }

    /// Records that captured requests of a variant could not be stored, as `DataCaptureFailures`. AWS has no
    /// such metric.
    pub(crate) fn record_capture_failure(&self, endpoint: &str, variant: &str) {
        let dimensions = [("EndpointName", endpoint), ("VariantName", variant)];
        let name = MetricId::new(ENDPOINT_CALLS, "DataCaptureFailures", &dimensions);
        self.add(name, "Count", 1.0, Timestamp::now());
    }

    /// Records a value of one of a training job's metrics.
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

    /// Records the resource use of a process.
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

    /// Writes all values but those of the last two seconds to disk; at the `end`, all values.
    pub(crate) fn flush(&self, end: bool) {
        let now = Timestamp::now();
        // The current second and the one before may still receive values.
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
