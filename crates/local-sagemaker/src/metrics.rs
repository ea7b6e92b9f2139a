//! `CloudWatch`: `GetMetricData`, `GetMetricStatistics`, `ListMetrics`, over what the server has
//! measured of its endpoints and jobs.
//!
//! Values are gathered by the second (`series`) and summed up to the period that is asked for.
//! They are kept for six hours, and on disk (`journal`), where a kill costs the last two seconds.

mod ask;
mod data;
mod journal;
mod series;
mod usage;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::clock::Stamp;
use crate::error::{Error, chain};
use crate::log;
use crate::store::locked;
use crate::wire::{ApiError, Call, unknown_operation};
use journal::Journal;
use series::{Name, Series};

pub(crate) use usage::{Looks, Usage, Watched};

/// Metrics of invocations.
pub(crate) const ENDPOINT_CALLS: &str = "AWS/SageMaker";
/// Metrics of the machines behind endpoints.
pub(crate) const ENDPOINT_MACHINES: &str = "/aws/sagemaker/Endpoints";
/// Metrics of training jobs.
pub(crate) const TRAINING: &str = "/aws/sagemaker/TrainingJobs";

/// Everything that has been measured.
pub(crate) struct Metrics {
    /// What is kept of each metric.
    series: Mutex<BTreeMap<Name, Series>>,
    /// The same on disk.
    journal: Journal,
}

/// An invocation as it is measured.
pub(crate) struct Invocation<'a> {
    /// The endpoint's name.
    pub(crate) endpoint: &'a str,
    /// The variant that was asked.
    pub(crate) variant: &'a str,
    /// How many instances that variant has.
    pub(crate) instances: usize,
    /// The HTTP status of the container's answer; none if there was no answer.
    pub(crate) status: Option<u16>,
    /// The container's time.
    pub(crate) model: Duration,
    /// The time of everything else.
    pub(crate) overhead: Duration,
}

impl Metrics {
    /// Opens the metrics of a state directory.
    pub(crate) fn open(state_dir: &Path) -> Result<Arc<Self>, Error> {
        let (journal, series) = Journal::open(state_dir.join("metrics.jsonl"), Stamp::now())?;
        Ok(Arc::new(Self {
            series: Mutex::new(series),
            journal,
        }))
    }

    /// One call of the service.
    pub(crate) fn answer(&self, operation: &str, call: &Call) -> Result<Value, ApiError> {
        match operation {
            "GetMetricData" => self.data(call),
            "GetMetricStatistics" => self.statistics(call),
            "ListMetrics" => self.list(call),
            other => Err(unknown_operation(&format!(
                "GraniteServiceVersion20100801.{other}"
            ))),
        }
    }

    /// Measures an invocation.
    pub(crate) fn invocation(&self, seen: &Invocation<'_>) {
        let micros = |time: Duration| time.as_micros() as f64;
        let count = |yes: bool| f64::from(u8::from(yes));
        let server = seen.status.is_none_or(|status| status >= 500);
        let client = seen
            .status
            .is_some_and(|status| (400..500).contains(&status));
        let now = Stamp::now();
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
            let name = Name::new(
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

    /// A value of a training job's own metric.
    pub(crate) fn training(&self, job: &str, metric: &str, value: f64, at: Stamp) {
        let name = Name::new(TRAINING, metric, &[("TrainingJobName", job)]);
        self.add(name, "None", value, at);
    }

    /// What the processes use of the machine.
    pub(crate) fn usage(&self, watched: &Watched, usage: Usage) {
        let (namespace, dimensions) = match watched {
            Watched::Variant { endpoint, variant } => (
                ENDPOINT_MACHINES,
                vec![
                    ("EndpointName", endpoint.as_str()),
                    ("VariantName", variant),
                ],
            ),
            Watched::Job(host) => (TRAINING, vec![("Host", host.as_str())]),
        };
        let now = Stamp::now();
        for (metric, value) in [
            ("CPUUtilization", usage.cpu_percent),
            ("MemoryUtilization", Some(usage.memory_percent)),
        ] {
            if let Some(value) = value {
                self.add(
                    Name::new(namespace, metric, &dimensions),
                    "Percent",
                    value,
                    now,
                );
            }
        }
    }

    /// Puts what the last seconds have brought on disk; everything at the end.
    pub(crate) fn flush(&self, end: bool) {
        let now = Stamp::now();
        let closed = if end {
            u64::MAX
        } else {
            now.second().saturating_sub(1)
        };
        let mut series = locked(&self.series);
        for (name, series) in series.iter_mut() {
            for (second, bucket) in series.unsaved(closed) {
                self.journal.add(name, series.unit(), second, bucket);
            }
            series.saved(closed);
            series.forget(now);
        }
        series.retain(|_, series| !series.is_empty());
        self.journal.write();
        if self.journal.is_long()
            && let Err(error) = self.journal.rewrite(&series)
        {
            log::line(&format!("the metrics' file grows: {}", chain(&error)));
        }
    }

    /// Adds a value.
    fn add(&self, name: Name, unit: &str, value: f64, at: Stamp) {
        locked(&self.series)
            .entry(name)
            .or_insert_with(|| Series::new(unit))
            .add(at.second(), value);
    }
}
