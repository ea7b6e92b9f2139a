//! `ListMetrics` and `GetMetricStatistics`, and what all questions have in common.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Metrics;
use super::series::{Name, Statistic};
use crate::clock::Stamp;
use crate::store::locked;
use crate::wire::{ApiError, Call};

/// Metrics on a page of `ListMetrics`.
const PAGE: usize = 500;
/// What `RecentlyActive` means by `PT3H`.
const RECENT_SECONDS: u64 = 3 * 3600;
/// The most points of one answer.
const MOST_POINTS: u64 = 1440;

/// `Dimension`; in `ListMetrics` the value may be absent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Dimension {
    /// The name.
    name: String,
    /// The value.
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
    /// What its dimensions must hold.
    #[serde(default)]
    dimensions: Vec<Dimension>,
    /// Where the page begins.
    next_token: Option<String>,
    /// `PT3H`: only what has had values in the last three hours.
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
    /// Seconds since the epoch.
    start_time: f64,
    /// Seconds since the epoch.
    end_time: f64,
    /// Seconds.
    period: u64,
    /// Plain statistics.
    #[serde(default)]
    statistics: Vec<String>,
    /// Percentiles.
    #[serde(default)]
    extended_statistics: Vec<String>,
    /// Only values of this unit.
    unit: Option<String>,
}

impl Metrics {
    /// `ListMetrics`.
    pub(super) fn list(&self, call: &Call) -> Result<Value, ApiError> {
        let request: ListRequest = call.read()?;
        let recent = Stamp::now().second().saturating_sub(RECENT_SECONDS);
        let active = request.recently_active.is_some();
        let names: Vec<Name> = locked(&self.series)
            .iter()
            .filter(|(_, series)| !active || series.last().is_some_and(|last| last >= recent))
            .filter(|(name, _)| request.wants(name))
            .map(|(name, _)| name.clone())
            .collect();
        let start = match &request.next_token {
            None => 0,
            Some(token) => token
                .parse()
                .map_err(|_| invalid("NextToken is not valid"))?,
        };
        let page = names.iter().skip(start).take(PAGE);
        let mut answer = json!({"Metrics": page.map(Name::wire).collect::<Value>()});
        if start + PAGE < names.len() {
            answer["NextToken"] = (start + PAGE).to_string().into();
        }
        Ok(answer)
    }

    /// `GetMetricStatistics`.
    pub(super) fn statistics(&self, call: &Call) -> Result<Value, ApiError> {
        let request: StatisticsRequest = call.read()?;
        let (start, end) = span(request.start_time, request.end_time)?;
        check_period(request.period)?;
        if (end - start) / request.period > MOST_POINTS {
            return Err(ApiError::new(
                "InvalidParameterCombinationException",
                format!(
                    "You have requested up to {} datapoints, which exceeds the limit of {MOST_POINTS}. \
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
        let series = locked(&self.series).get(&name).cloned();
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
    /// Whether a metric is asked for.
    fn wants(&self, name: &Name) -> bool {
        let same = |wanted: &Option<String>, own: &str| wanted.as_deref().is_none_or(|w| w == own);
        same(&self.namespace, &name.namespace)
            && same(&self.metric_name, &name.metric)
            && self.dimensions.iter().all(|wanted| {
                let own = name.dimensions.get(&wanted.name);
                own.is_some_and(|own| wanted.value.as_ref().is_none_or(|value| value == own))
            })
    }
}

/// The metric that a question names.
pub(super) fn full_name(
    namespace: &str,
    metric: &str,
    dimensions: &[Dimension],
) -> Result<Name, ApiError> {
    let pairs: Option<Vec<_>> = dimensions
        .iter()
        .map(|dimension| Some((dimension.name.as_str(), dimension.value.as_deref()?)))
        .collect();
    let pairs = pairs.ok_or_else(|| {
        let text = "The parameter Dimensions.member.1.Value is required.";
        ApiError::new("MissingRequiredParameterException", text)
    })?;
    Ok(Name::new(namespace, metric, &pairs))
}

/// The seconds of a question.
pub(super) fn span(start: f64, end: f64) -> Result<(u64, u64), ApiError> {
    if start >= end {
        return Err(ApiError::new(
            "InvalidParameterValueException",
            "The parameter StartTime must be less than the parameter EndTime.",
        ));
    }
    Ok((start.max(0.0) as u64, end.max(0.0).ceil() as u64))
}

/// Which periods the service knows.
pub(super) fn check_period(period: u64) -> Result<(), ApiError> {
    if [1, 5, 10, 20, 30].contains(&period) || (period > 0 && period.is_multiple_of(60)) {
        return Ok(());
    }
    Err(invalid(
        "The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.",
    ))
}

/// A statistic by its name.
pub(super) fn parse(name: &str) -> Result<Statistic, ApiError> {
    Statistic::parse(name).ok_or_else(|| {
        invalid(&format!(
            "The local server does not know the statistic {name}; it knows SampleCount, Average, Sum, Minimum, \
             Maximum and percentiles such as p99."
        ))
    })
}

/// Statistics with their names.
fn parse_all(names: &[String]) -> Result<Vec<(String, Statistic)>, ApiError> {
    names
        .iter()
        .map(|name| Ok((name.clone(), parse(name)?)))
        .collect()
}

/// The refusal of a value.
pub(super) fn invalid(message: &str) -> ApiError {
    ApiError::new("InvalidParameterValueException", message.to_owned())
}
