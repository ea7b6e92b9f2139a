//! `GetMetricData`: several metrics at once.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Metrics;
use super::ask::{Dimension, check_period, full_name, invalid, parse, span};
use crate::store::locked;
use crate::wire::{ApiError, Call};

/// The most questions of one call.
const MOST_QUERIES: usize = 500;
/// The most points of one answer, of all metrics together.
const MOST_POINTS: usize = 100_800;

/// `GetMetricDataInput`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    /// One for each metric.
    metric_data_queries: Vec<Query>,
    /// Seconds since the epoch.
    start_time: f64,
    /// Seconds since the epoch.
    end_time: f64,
    /// `TimestampDescending` unless it says otherwise.
    scan_by: Option<String>,
    /// All answers fit on one page.
    next_token: Option<String>,
}

/// `MetricDataQuery`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Query {
    /// What the answer is told from others by.
    id: String,
    /// The metric.
    metric_stat: Option<MetricStat>,
    /// What is calculated from others, which is refused.
    expression: Option<String>,
    /// What the answer is called.
    label: Option<String>,
    /// Whether it is in the answer.
    return_data: Option<bool>,
}

/// `MetricStat`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricStat {
    /// The metric.
    metric: Metric,
    /// Seconds.
    period: u64,
    /// The statistic.
    stat: String,
    /// Only values of this unit.
    unit: Option<String>,
}

/// `Metric`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    /// The namespace.
    namespace: String,
    /// The metric's name.
    #[serde(rename = "MetricName")]
    name: String,
    /// All of its dimensions.
    #[serde(default)]
    dimensions: Vec<Dimension>,
}

impl Metrics {
    /// `GetMetricData`.
    pub(super) fn data(&self, call: &Call) -> Result<Value, ApiError> {
        let request: Request = call.read()?;
        let ascending = match request.scan_by.as_deref() {
            None | Some("TimestampDescending") => false,
            Some("TimestampAscending") => true,
            Some(other) => return Err(invalid(&format!("ScanBy cannot be {other}."))),
        };
        if let Some(token) = &request.next_token {
            return Err(invalid(&format!("NextToken {token} is not valid.")));
        }
        if request.metric_data_queries.len() > MOST_QUERIES {
            return Err(invalid(
                "The collection MetricDataQueries must have at most 500 members.",
            ));
        }
        let span = span(request.start_time, request.end_time)?;
        let mut results = Vec::new();
        let mut room = MOST_POINTS;
        for query in &request.metric_data_queries {
            let mut points = self.points(query, span)?;
            if query.return_data == Some(false) {
                continue;
            }
            if !ascending {
                points.reverse();
            }
            let whole = points.len() <= room;
            points.truncate(room);
            room -= points.len();
            let label = query
                .metric_stat
                .as_ref()
                .map(|stat| stat.metric.name.as_str());
            results.push(json!({
                "Id": query.id,
                "Label": query.label.as_deref().or(label),
                "Timestamps": points.iter().map(|(at, _)| *at).collect::<Value>(),
                "Values": points.iter().map(|(_, value)| *value).collect::<Value>(),
                "StatusCode": if whole { "Complete" } else { "PartialData" },
            }));
        }
        Ok(json!({"MetricDataResults": results, "Messages": []}))
    }

    /// The points of one question, in the order of time.
    fn points(&self, query: &Query, (start, end): (u64, u64)) -> Result<Vec<(u64, f64)>, ApiError> {
        let asked = match (&query.metric_stat, &query.expression) {
            (Some(asked), None) => asked,
            (None, Some(expression)) => {
                return Err(invalid(&format!(
                    "The local server does not calculate expressions ({expression}); ask for the metrics themselves."
                )));
            }
            _ => {
                return Err(ApiError::new(
                    "InvalidParameterCombinationException",
                    format!(
                        "Query {} must have either MetricStat or Expression.",
                        query.id
                    ),
                ));
            }
        };
        check_period(asked.period)?;
        let statistic = parse(&asked.stat)?;
        let metric = &asked.metric;
        let name = full_name(&metric.namespace, &metric.name, &metric.dimensions)?;
        let series = locked(&self.series).get(&name).cloned();
        let series = series.filter(|series| {
            asked
                .unit
                .as_deref()
                .is_none_or(|unit| unit == series.unit())
        });
        let periods = series.map(|series| series.periods(start, end, asked.period));
        let point =
            |(begin, bucket): (u64, super::series::Bucket)| (begin, bucket.statistic(statistic));
        Ok(periods.into_iter().flatten().map(point).collect())
    }
}
