//! How an endpoint does, variant by variant, over a stretch of time (`CloudWatch`).
//!
//! The service publishes its figures once a minute, some minutes late. A figure that was not
//! published is absent: for counts of requests that means none, or none yet.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use serde::Serialize;

use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::names::{EndpointName, VariantName};

const OP: &str = "read the figures of the endpoint";

/// The service keeps figures by the minute.
const PERIOD_SECONDS: i32 = 60;

/// The time that figures are about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Seconds since 1970.
    pub until: f64,
    /// Whole minutes count.
    pub length: Duration,
}

/// One variant's figures over a window.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct VariantFigures {
    /// The variant.
    pub variant: String,
    /// Requests.
    pub invocations: Option<f64>,
    /// Requests that the container refused as wrong.
    pub errors_4xx: Option<f64>,
    /// Requests that failed.
    pub errors_5xx: Option<f64>,
    /// Time that the container took.
    pub model_latency: Latency,
    /// Time that the service added.
    pub overhead_latency: Latency,
    /// Use of processors, in percent of one, averaged; two busy ones are 200.
    pub cpu_percent: Option<f64>,
    /// Use of memory, in percent, averaged.
    pub memory_percent: Option<f64>,
}

/// How long requests took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Mean over all requests of the window.
    pub mean_ms: Option<f64>,
    /// What 99 of a hundred requests stay below, in the worst minute of the window: percentiles of
    /// minutes cannot be joined to one of the whole.
    pub p99_ms: Option<f64>,
}

/// A figure as the service knows it, and how the minutes are joined.
struct Figure {
    id: &'static str,
    namespace: &'static str,
    name: &'static str,
    statistic: &'static str,
    join: fn(&[f64]) -> f64,
}

const REQUESTS: &str = "AWS/SageMaker";
const MACHINES: &str = "/aws/sagemaker/Endpoints";

const FIGURES: [Figure; 11] = [
    figure("invocations", REQUESTS, "Invocations", "Sum", total),
    figure("errors_4xx", REQUESTS, "Invocation4XXErrors", "Sum", total),
    figure("errors_5xx", REQUESTS, "Invocation5XXErrors", "Sum", total),
    figure("model_sum", REQUESTS, "ModelLatency", "Sum", total),
    figure(
        "model_count",
        REQUESTS,
        "ModelLatency",
        "SampleCount",
        total,
    ),
    figure("model_p99", REQUESTS, "ModelLatency", "p99", highest),
    figure("overhead_sum", REQUESTS, "OverheadLatency", "Sum", total),
    figure(
        "overhead_count",
        REQUESTS,
        "OverheadLatency",
        "SampleCount",
        total,
    ),
    figure("overhead_p99", REQUESTS, "OverheadLatency", "p99", highest),
    figure("cpu", MACHINES, "CPUUtilization", "Average", mean),
    figure("memory", MACHINES, "MemoryUtilization", "Average", mean),
];

/// A row of the table above, in the order of its columns.
const fn figure(
    id: &'static str,
    namespace: &'static str,
    name: &'static str,
    statistic: &'static str,
    join: fn(&[f64]) -> f64,
) -> Figure {
    Figure {
        id,
        namespace,
        name,
        statistic,
        join,
    }
}

fn total(values: &[f64]) -> f64 {
    values.iter().sum()
}

fn highest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::MIN, f64::max)
}

fn mean(values: &[f64]) -> f64 {
    total(values) / values.len() as f64
}

/// The figures of the variants, in their order ([`GetMetricData`]).
///
/// Fails with [`ErrorKind::Unsupported`] on a server that keeps none.
///
/// [`GetMetricData`]:
/// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
pub async fn figures(
    clients: &Clients,
    endpoint: &EndpointName,
    variants: &[VariantName],
    window: Window,
) -> Result<Vec<VariantFigures>, Error> {
    let mut known = Vec::new();
    for variant in variants {
        let values = values_of(clients, endpoint, variant, window).await?;
        known.push(joined(variant, &values));
    }
    Ok(known)
}

/// What the service published of the variant, by the figures' ids, each minute once.
async fn values_of(
    clients: &Clients,
    endpoint: &EndpointName,
    variant: &VariantName,
    window: Window,
) -> Result<BTreeMap<String, Vec<f64>>, Error> {
    let minutes = (window.until / 60.0).ceil() * 60.0;
    let from = minutes - window.length.as_secs_f64().max(60.0);
    let queries = FIGURES
        .iter()
        .map(|figure| query(figure, endpoint, variant));
    let mut pages = clients
        .metrics
        .get_metric_data()
        .set_metric_data_queries(Some(queries.collect()))
        .start_time(DateTime::from_secs((from / 60.0).floor() as i64 * 60))
        .end_time(DateTime::from_secs(minutes as i64))
        .into_paginator()
        .send();
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| unsupported(Error::from_sdk(OP, endpoint, error)))?;
        for result in page.metric_data_results.unwrap_or_default() {
            let known = values.entry(result.id.unwrap_or_default()).or_default();
            known.extend(result.values.unwrap_or_default());
        }
    }
    Ok(values)
}

/// The service itself never answers "not found" here: only a server that does not know the path
/// does.
fn unsupported(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => error.of_kind(ErrorKind::Unsupported),
        _ => error,
    }
}

fn query(figure: &Figure, endpoint: &EndpointName, variant: &VariantName) -> MetricDataQuery {
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace(figure.namespace)
        .metric_name(figure.name)
        .dimensions(dimension("EndpointName", endpoint.as_str()))
        .dimensions(dimension("VariantName", variant.as_str()))
        .build();
    let statistic = MetricStat::builder()
        .metric(metric)
        .period(PERIOD_SECONDS)
        .stat(figure.statistic)
        .build();
    MetricDataQuery::builder()
        .id(figure.id)
        .metric_stat(statistic)
        .build()
}

fn joined(variant: &VariantName, values: &BTreeMap<String, Vec<f64>>) -> VariantFigures {
    let known = |id: &str| {
        let figure = FIGURES.iter().find(|figure| figure.id == id)?;
        let values = values.get(id).filter(|values| !values.is_empty())?;
        Some((figure.join)(values))
    };
    // The service counts microseconds.
    let latency = |sum: &str, count: &str, p99: &str| Latency {
        mean_ms: known(sum)
            .zip(known(count).filter(|count| *count > 0.0))
            .map(|(sum, count)| sum / count / 1000.0),
        p99_ms: known(p99).map(|microseconds| microseconds / 1000.0),
    };
    VariantFigures {
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
    use crate::scripted::{Answer, Scripted, cbor, ok};

    const WINDOW: Window = Window {
        until: 1_000_000.0,
        length: Duration::from_mins(5),
    };

    fn results(results: &[(&str, &[f64])], next: Option<&str>) -> Answer {
        let result = |(id, values): &(&str, &[f64])| {
            let times: Vec<Value> = values.iter().map(|_| json!({"$time": 999_960.0})).collect();
            json!({"Id": id, "Values": values, "Timestamps": times, "StatusCode": "Complete"})
        };
        let results: Vec<Value> = results.iter().map(result).collect();
        cbor(&json!({"MetricDataResults": results, "NextToken": next}))
    }

    async fn figures_of(script: Vec<Answer>) -> (Result<Vec<VariantFigures>, Error>, Scripted) {
        let server = Scripted::start(script).await;
        let variants = [VariantName::all_traffic()];
        let endpoint = "e".parse().unwrap();
        let found = figures(&server.clients(), &endpoint, &variants, WINDOW).await;
        (found, server)
    }

    #[tokio::test]
    async fn minutes_are_joined_as_each_figure_needs_over_all_pages() {
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
        let (found, server) = figures_of(vec![first, second]).await;
        let expected = VariantFigures {
            variant: "AllTraffic".to_owned(),
            invocations: Some(42.0),
            model_latency: Latency {
                mean_ms: Some(1.0),
                p99_ms: Some(9.0),
            },
            cpu_percent: Some(100.0),
            ..VariantFigures::default()
        };
        assert_eq!(found.unwrap(), [expected]);
        assert_eq!(server.operations(), ["GetMetricData"; 2]);
        assert_eq!(server.cbor(1)["NextToken"], "t");
    }

    #[tokio::test]
    async fn the_request_names_variant_statistic_and_whole_minutes() {
        let (_, server) = figures_of(vec![results(&[], None)]).await;
        let asked = server.cbor(0);
        let queries = asked["MetricDataQueries"].as_array().unwrap();
        assert_eq!(queries.len(), FIGURES.len());
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
        assert_eq!(asked["EndTime"], json!({"$time": 1_000_020.0}));
        assert_eq!(asked["StartTime"], json!({"$time": 999_720.0}));
    }

    #[tokio::test]
    async fn a_server_without_figures_is_told_from_one_that_fails() {
        for (answer, expected) in [
            (ok("<Error/>").status(404), ErrorKind::Unsupported),
            (ok("<Error/>").status(405), ErrorKind::Unsupported),
            (ok("<Error/>").status(501), ErrorKind::Unsupported),
            (ok("<Error/>").status(500), ErrorKind::Service),
        ] {
            let (found, _) = figures_of(vec![answer]).await;
            assert_eq!(found.unwrap_err().kind(), expected);
        }
    }
}
