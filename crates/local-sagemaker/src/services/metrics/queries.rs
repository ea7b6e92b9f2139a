//! `ListMetrics`, `GetMetricStatistics`, and `GetMetricData`, which takes several queries per call.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Metrics;
use super::series::{Bucket, MetricId, Statistic};
use crate::machine::clock::Timestamp;
use crate::machine::table::lock;
use crate::protocol::{ApiError, Call};

/// Number of metrics per page of `ListMetrics`.
const PAGE: usize = 500;
/// The only value of `RecentlyActive`, `PT3H`, in seconds.
const RECENT_SECONDS: u64 = 3 * 3600;
/// Maximum number of points in a response of `GetMetricStatistics`.
const MAX_POINTS: u64 = 1440;

/// Maximum number of queries in a call.
const MAX_QUERIES: usize = 500;
/// Maximum number of points in a response of `GetMetricData`, over all metrics.
const MAX_DATA_POINTS: usize = 100_800;

/// `Dimension`; in `ListMetrics` the value may be absent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Dimension {
    /// The dimension's name.
    name: String,
    /// The dimension's value.
    value: Option<String>,
}

/// `ListMetricsInput`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListRequest {
    /// The namespace.
    namespace: Option<String>,
    /// The metric's name.
    metric_name: Option<String>,
    /// The dimensions that the metric must have.
    #[serde(default)]
    dimensions: Vec<Dimension>,
    /// The token from the previous page.
    next_token: Option<String>,
    /// `PT3H`: only metrics with values in the last three hours.
    recently_active: Option<String>,
}

/// `GetMetricStatisticsInput`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StatisticsRequest {
    /// The namespace.
    namespace: String,
    /// The metric's name.
    metric_name: String,
    /// All of its dimensions.
    #[serde(default)]
    dimensions: Vec<Dimension>,
    /// Start of the interval, in seconds since the epoch.
    start_time: f64,
    /// End of the interval, in seconds since the epoch.
    end_time: f64,
    /// Length of a period in seconds.
    period: u64,
    /// Statistics other than percentiles.
    #[serde(default)]
    statistics: Vec<String>,
    /// Percentiles.
    #[serde(default)]
    extended_statistics: Vec<String>,
    /// Only values with this unit.
    unit: Option<String>,
}

impl Metrics {
    /// `ListMetrics`.
    pub(super) fn list(&self, call: &Call) -> Result<Value, ApiError> {
        let request: ListRequest = call.read()?;
        let recent = Timestamp::now().second().saturating_sub(RECENT_SECONDS);
        let active = request.recently_active.is_some();
        let names: Vec<MetricId> = lock(&self.series)
            .iter()
            .filter(|(_, series)| !active || series.last().is_some_and(|last| last >= recent))
            .filter(|(name, _)| request.selects(name))
            .map(|(name, _)| name.clone())
            .collect();
        let start = match &request.next_token {
            None => 0,
            Some(token) => token
                .parse()
                .map_err(|_| invalid("NextToken is not valid"))?,
        };
        let page = names.iter().skip(start).take(PAGE);
        let mut response = json!({"Metrics": page.map(MetricId::wire).collect::<Value>()});
        if start + PAGE < names.len() {
            response["NextToken"] = (start + PAGE).to_string().into();
        }
        Ok(response)
    }

    /// `GetMetricStatistics`.
    pub(super) fn statistics(&self, call: &Call) -> Result<Value, ApiError> {
        let request: StatisticsRequest = call.read()?;
        let (start, end) = interval(request.start_time, request.end_time)?;
        check_period(request.period)?;
        if (end - start) / request.period > MAX_POINTS {
            return Err(ApiError::new(
                "InvalidParameterCombinationException",
                format!(
                    "You have requested up to {} datapoints, which exceeds the limit of {MAX_POINTS}. \
                     You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
                    (end - start) / request.period
                ),
            ));
        }
        let plain = parse_all(&request.statistics)?;
        let extended = parse_all(&request.extended_statistics)?;
        if plain.is_empty() && extended.is_empty() {
            return Err(ApiError::new(
                "InvalidParameterCombinationException",
                "At least one of the parameters Statistics and ExtendedStatistics must be specified",
            ));
        }
        let name = full_name(
            &request.namespace,
            &request.metric_name,
            &request.dimensions,
        )?;
        let series = lock(&self.series).get(&name).cloned();
        let series = series.filter(|series| {
            request
                .unit
                .as_deref()
                .is_none_or(|unit| unit == series.unit())
        });
        let mut points = Vec::new();
        if let Some(series) = series {
            for (begin, bucket) in series.periods(start, end, request.period) {
                let mut point = json!({"Timestamp": begin, "Unit": series.unit()});
                for (name, statistic) in &plain {
                    point[name] = bucket.statistic(*statistic).into();
                }
                let extended = extended.iter().map(|(name, statistic)| {
                    (name.clone(), Value::from(bucket.statistic(*statistic)))
                });
                let extended: Map<String, Value> = extended.collect();
                if !extended.is_empty() {
                    point["ExtendedStatistics"] = extended.into();
                }
                points.push(point);
            }
        }
        Ok(json!({"Label": request.metric_name, "Datapoints": points}))
    }
}

impl ListRequest {
    /// Whether the request matches a metric.
    fn selects(&self, name: &MetricId) -> bool {
        let same = |filter: &Option<String>, own: &str| filter.as_deref().is_none_or(|f| f == own);
        same(&self.namespace, &name.namespace)
            && same(&self.metric_name, &name.metric)
            && self.dimensions.iter().all(|filter| {
                let own = name.dimensions.get(&filter.name);
                own.is_some_and(|own| filter.value.as_ref().is_none_or(|value| value == own))
            })
    }
}

/// The metric named in a query.
fn full_name(
    namespace: &str,
    metric: &str,
    dimensions: &[Dimension],
) -> Result<MetricId, ApiError> {
    let pairs: Option<Vec<_>> = dimensions
        .iter()
        .map(|dimension| Some((dimension.name.as_str(), dimension.value.as_deref()?)))
        .collect();
    let pairs = pairs.ok_or_else(|| {
        let text = "The parameter Dimensions.member.1.Value is required.";
        ApiError::new("MissingRequiredParameterException", text)
    })?;
    Ok(MetricId::new(namespace, metric, &pairs))
}

/// The interval of a query in whole seconds.
fn interval(start: f64, end: f64) -> Result<(u64, u64), ApiError> {
    if start >= end {
        return Err(ApiError::new(
            "InvalidParameterValueException",
            "The parameter StartTime must be less than the parameter EndTime.",
        ));
    }
    Ok((start.max(0.0) as u64, end.max(0.0).ceil() as u64))
}

/// Rejects periods that the service does not support.
fn check_period(period: u64) -> Result<(), ApiError> {
    if [1, 5, 10, 20, 30].contains(&period) || (period > 0 && period.is_multiple_of(60)) {
        return Ok(());
    }
    Err(invalid(
        "The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.",
    ))
}

/// Parses the name of a statistic.
fn parse_statistic(name: &str) -> Result<Statistic, ApiError> {
    Statistic::parse(name).ok_or_else(|| {
        invalid(&format!(
            "The local server does not support the statistic {name}; use SampleCount, Average, Sum, Minimum, \
             Maximum or a percentile such as p99."
        ))
    })
}

/// Parses several statistics, keeping their names.
fn parse_all(names: &[String]) -> Result<Vec<(String, Statistic)>, ApiError> {
    names
        .iter()
        .map(|name| Ok((name.clone(), parse_statistic(name)?)))
        .collect()
}

/// The error for an invalid value.
fn invalid(message: &str) -> ApiError {
    ApiError::new("InvalidParameterValueException", message.to_owned())
}

/// `GetMetricDataInput`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DataRequest {
    /// The queries, one per metric.
    metric_data_queries: Vec<Query>,
    /// Start of the interval, in seconds since the epoch.
    start_time: f64,
    /// End of the interval, in seconds since the epoch.
    end_time: f64,
    /// `TimestampDescending` by default.
    scan_by: Option<String>,
    /// Always rejected: there is only one page.
    next_token: Option<String>,
}

/// `MetricDataQuery`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Query {
    /// The id of the result.
    id: String,
    /// The metric.
    metric_stat: Option<MetricStat>,
    /// A metric math expression; not supported.
    expression: Option<String>,
    /// The label of the result.
    label: Option<String>,
    /// Whether the result is returned.
    return_data: Option<bool>,
}

/// `MetricStat`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricStat {
    /// The metric.
    metric: Metric,
    /// Length of a period in seconds.
    period: u64,
    /// The statistic.
    stat: String,
    /// Only values with this unit.
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
        let request: DataRequest = call.read()?;
        let ascending = match request.scan_by.as_deref() {
            None | Some("TimestampDescending") => false,
            Some("TimestampAscending") => true,
            Some(other) => return Err(invalid(&format!("ScanBy cannot be {other}."))),
        };
        if let Some(token) = &request.next_token {
            return Err(invalid(&format!("NextToken {token} is not valid.")));
        }
        if request.metric_data_queries.len() > MAX_QUERIES {
            return Err(invalid(
                "The collection MetricDataQueries must have at most 500 members.",
            ));
        }
        let (start, end) = interval(request.start_time, request.end_time)?;
        let mut results = Vec::new();
        let mut room = MAX_DATA_POINTS;
        for query in &request.metric_data_queries {
            let mut points = self.points(query, start, end)?;
            if query.return_data == Some(false) {
                continue;
            }
            if !ascending {
                points.reverse();
            }
            let complete = points.len() <= room;
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
                "StatusCode": if complete { "Complete" } else { "PartialData" },
            }));
        }
        Ok(json!({"MetricDataResults": results, "Messages": []}))
    }

    /// The points of one query, in chronological order.
    fn points(&self, query: &Query, start: u64, end: u64) -> Result<Vec<(u64, f64)>, ApiError> {
        let metric_stat = match (&query.metric_stat, &query.expression) {
            (Some(metric_stat), None) => metric_stat,
            (None, Some(expression)) => {
                return Err(invalid(&format!(
                    "The local server does not evaluate expressions ({expression}); query the metrics themselves."
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
        check_period(metric_stat.period)?;
        let statistic = parse_statistic(&metric_stat.stat)?;
        let metric = &metric_stat.metric;
        let name = full_name(&metric.namespace, &metric.name, &metric.dimensions)?;
        let series = lock(&self.series).get(&name).cloned();
        let series = series.filter(|series| {
            metric_stat
                .unit
                .as_deref()
                .is_none_or(|unit| unit == series.unit())
        });
        let periods = series.map(|series| series.periods(start, end, metric_stat.period));
        let point = |(begin, bucket): (u64, Bucket)| (begin, bucket.statistic(statistic));
        Ok(periods.into_iter().flatten().map(point).collect())
    }
}
