//! The metrics of an endpoint's variants over a time window (`CloudWatch`).
//!
//! The service publishes metrics once a minute, with a delay of a few minutes. A metric that was not
//! published is absent; for the number of requests, this means that there were none or that they have
//! not been published yet.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use serde::Serialize;

use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::names::{EndpointName, VariantName};

const OP: &str = "read the metrics of the endpoint";

/// The resolution of the service's metrics.
const PERIOD_SECONDS: i32 = 60;

/// A time window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Its end, in seconds since 1970.
    pub until: f64,
    /// Its length; the window is extended to whole minutes.
    pub length: Duration,
}

/// The metrics of a variant over a time window.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct VariantMetrics {
    /// The variant's name.
    pub variant: String,
    /// The number of requests.
    pub invocations: Option<f64>,
    /// Requests with a 4xx response.
    pub errors_4xx: Option<f64>,
    /// Requests with a 5xx response.
    pub errors_5xx: Option<f64>,
    /// The time spent in the container.
    pub model_latency: Latency,
    /// The time added by the service.
    pub overhead_latency: Latency,
    /// Mean CPU utilization, in percent of one CPU: two fully used CPUs are 200.
    pub cpu_percent: Option<f64>,
    /// Mean memory utilization, in percent.
    pub memory_percent: Option<f64>,
}

/// The latency of requests, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Latency {
    /// The mean over all requests in the window.
    pub mean_ms: Option<f64>,
    /// The highest 99th percentile of any minute in the window; percentiles of minutes cannot be
    /// combined into one for the whole window.
    pub p99_ms: Option<f64>,
}

const REQUESTS: &str = "AWS/SageMaker";
const MACHINES: &str = "/aws/sagemaker/Endpoints";

/// The id of each metric in our requests, its namespace and name, and the statistic of each minute.
const SERIES: [[&str; 4]; 11] = [
    ["invocations", REQUESTS, "Invocations", "Sum"],
    ["errors_4xx", REQUESTS, "Invocation4XXErrors", "Sum"],
    ["errors_5xx", REQUESTS, "Invocation5XXErrors", "Sum"],
    ["model_sum", REQUESTS, "ModelLatency", "Sum"],
    ["model_count", REQUESTS, "ModelLatency", "SampleCount"],
    ["model_p99", REQUESTS, "ModelLatency", "p99"],
    ["overhead_sum", REQUESTS, "OverheadLatency", "Sum"],
    ["overhead_count", REQUESTS, "OverheadLatency", "SampleCount"],
    ["overhead_p99", REQUESTS, "OverheadLatency", "p99"],
    ["cpu", MACHINES, "CPUUtilization", "Average"],
    ["memory", MACHINES, "MemoryUtilization", "Average"],
];

/// Fetches the metrics of the variants, in the given order ([`GetMetricData`]).
///
/// Fails with [`ErrorKind::Unsupported`] on a server that keeps no metrics.
///
/// [`GetMetricData`]:
/// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
pub async fn fetch(
    clients: &Clients,
    endpoint: &EndpointName,
    variants: &[VariantName],
    window: Window,
) -> Result<Vec<VariantMetrics>, Error> {
    let mut metrics = Vec::new();
    for variant in variants {
        let values = values_of(clients, endpoint, variant, window).await?;
        metrics.push(combine(variant, &values));
    }
    Ok(metrics)
}

/// The published values of the variant, one per minute, by the ids of [`SERIES`].
async fn values_of(
    clients: &Clients,
    endpoint: &EndpointName,
    variant: &VariantName,
    window: Window,
) -> Result<BTreeMap<String, Vec<f64>>, Error> {
    // Both ends are rounded outward, or a window within one minute would miss that minute.
    let until = (window.until / 60.0).ceil() * 60.0;
    let from = until - window.length.as_secs_f64().max(60.0);
    let queries = SERIES.iter().map(|series| query(series, endpoint, variant));
    let mut pages = clients
        .metrics
        .get_metric_data()
        .set_metric_data_queries(Some(queries.collect()))
        .start_time(DateTime::from_secs((from / 60.0).floor() as i64 * 60))
        .end_time(DateTime::from_secs(until as i64))
        .into_paginator()
        .send();
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| unsupported(Error::from_sdk(OP, endpoint, error)))?;
        // The values of one metric can be spread over several pages.
        for result in page.metric_data_results.unwrap_or_default() {
            let known = values.entry(result.id.unwrap_or_default()).or_default();
            known.extend(result.values.unwrap_or_default());
        }
    }
    Ok(values)
}

/// `CloudWatch` never returns "not found" here, so this must be a different server, one that
/// does not implement the path.
fn unsupported(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => error.of_kind(ErrorKind::Unsupported),
        _ => error,
    }
}

fn query(series: &[&str; 4], endpoint: &EndpointName, variant: &VariantName) -> MetricDataQuery {
    let [id, namespace, name, statistic] = *series;
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace(namespace)
        .metric_name(name)
        .dimensions(dimension("EndpointName", endpoint.as_str()))
        .dimensions(dimension("VariantName", variant.as_str()))
        .build();
    let statistic = MetricStat::builder()
        .metric(metric)
        .period(PERIOD_SECONDS)
        .stat(statistic)
        .build();
    MetricDataQuery::builder()
        .id(id)
        .metric_stat(statistic)
        .build()
}

fn combine(variant: &VariantName, values: &BTreeMap<String, Vec<f64>>) -> VariantMetrics {
    let known = |id: &str| {
        let [.., statistic] = *SERIES.iter().find(|series| series[0] == id)?;
        let values = values.get(id).filter(|values| !values.is_empty())?;
        let total: f64 = values.iter().sum();
        Some(match statistic {
            "p99" => values.iter().copied().fold(f64::MIN, f64::max),
            "Average" => total / values.len() as f64,
            _ => total,
        })
    };
    // The service measures latency in microseconds.
    let latency = |sum: &str, count: &str, p99: &str| Latency {
        mean_ms: known(sum)
            .zip(known(count).filter(|count| *count > 0.0))
            .map(|(sum, count)| sum / count / 1000.0),
        p99_ms: known(p99).map(|microseconds| microseconds / 1000.0),
    };
    VariantMetrics {
        variant: variant.to_string(),
        invocations: known("invocations"),
        errors_4xx: known("errors_4xx"),
        errors_5xx: known("errors_5xx"),
        model_latency: latency("model_sum", "model_count", "model_p99"),
        overhead_latency: latency("overhead_sum", "overhead_count", "overhead_p99"),
        cpu_percent: known("cpu"),
        memory_percent: known("memory"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::scripted::{Reply, Scripted, cbor, ok};

    const WINDOW: Window = Window {
        until: 1_000_000.0,
        length: Duration::from_mins(5),
    };

    fn results(results: &[(&str, &[f64])], next: Option<&str>) -> Reply {
        let result = |(id, values): &(&str, &[f64])| {
            let times: Vec<Value> = values.iter().map(|_| json!({"$time": 999_960.0})).collect();
            json!({"Id": id, "Values": values, "Timestamps": times, "StatusCode": "Complete"})
        };
        let results: Vec<Value> = results.iter().map(result).collect();
        cbor(&json!({"MetricDataResults": results, "NextToken": next}))
    }

    async fn fetched(script: Vec<Reply>) -> (Result<Vec<VariantMetrics>, Error>, Scripted) {
        let server = Scripted::start(script).await;
        let variants = [VariantName::all_traffic()];
        let endpoint = "e".parse().unwrap();
        let found = fetch(&server.clients(), &endpoint, &variants, WINDOW).await;
        (found, server)
    }

    #[tokio::test]
    async fn values_from_all_pages_are_combined_using_each_metrics_statistic() {
        let first = results(
            &[
                ("invocations", &[10.0, 30.0]),
                ("model_sum", &[20_000.0, 20_000.0]),
                ("model_count", &[10.0, 30.0]),
                ("model_p99", &[9000.0, 4000.0]),
                ("cpu", &[150.0, 50.0]),
                ("errors_4xx", &[]),
            ],
            Some("t"),
        );
        let second = results(&[("invocations", &[2.0]), ("overhead_sum", &[5.0])], None);
        let (found, server) = fetched(vec![first, second]).await;
        let expected = VariantMetrics {
            variant: "AllTraffic".to_owned(),
            invocations: Some(42.0),
            model_latency: Latency {
                mean_ms: Some(1.0),
                p99_ms: Some(9.0),
            },
            cpu_percent: Some(100.0),
            ..VariantMetrics::default()
        };
        assert_eq!(found.unwrap(), [expected]);
        assert_eq!(server.operations(), ["GetMetricData"; 2]);
        assert_eq!(server.cbor(1)["NextToken"], "t");
    }

    #[tokio::test]
    async fn the_request_names_the_variant_the_statistic_and_whole_minutes() {
        let (_, server) = fetched(vec![results(&[], None)]).await;
        let request = server.cbor(0);
        let queries = request["MetricDataQueries"].as_array().unwrap();
        assert_eq!(queries.len(), SERIES.len());
        let metric = json!({
            "Namespace": "AWS/SageMaker", "MetricName": "ModelLatency",
            "Dimensions": [
                {"Name": "EndpointName", "Value": "e"},
                {"Name": "VariantName", "Value": "AllTraffic"},
            ],
        });
        assert_eq!(queries[5]["MetricStat"]["Metric"], metric);
        assert_eq!(queries[5]["MetricStat"]["Stat"], "p99");
        assert_eq!(queries[9]["MetricStat"]["Metric"]["Namespace"], MACHINES);
        assert_eq!(request["EndTime"], json!({"$time": 1_000_020.0}));
        assert_eq!(request["StartTime"], json!({"$time": 999_720.0}));
    }

    #[tokio::test]
    async fn a_server_without_metrics_is_distinguished_from_a_failing_one() {
        for (reply, expected) in [
            (ok("<Error/>").status(404), ErrorKind::Unsupported),
            (ok("<Error/>").status(405), ErrorKind::Unsupported),
            (ok("<Error/>").status(501), ErrorKind::Unsupported),
            (ok("<Error/>").status(500), ErrorKind::Service),
        ] {
            let (found, _) = fetched(vec![reply]).await;
            assert_eq!(found.unwrap_err().kind(), expected);
        }
    }
}
