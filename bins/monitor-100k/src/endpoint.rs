//! Shows an endpoint: its status, and the requests, errors, latency and load of every variant.

use std::time::{Duration, Instant};

use anyhow::anyhow;
use fire_cli::{Console, Exit, log_command, now, usage};
use sagemaker_ops::endpoint::{Endpoint, EndpointStatus, describe, explain_failure};
use sagemaker_ops::logs::LogSource;
use sagemaker_ops::metrics::{self, Latency, VariantMetrics, Window};
use sagemaker_ops::{Clients, EndpointName, ErrorKind, Pace, VariantName, if_found};
use serde::Serialize;

use crate::Args;
use crate::logs::Logs;
use crate::output::{Screen, emit};
use crate::table::{NONE, align};
use crate::watch::next_poll;

/// Number of log lines shown for a failed endpoint.
const LOG_LINES: usize = 20;

/// The endpoint with its metrics; this is the JSON result.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct View {
    endpoint: Endpoint,
    /// Minutes covered by the metrics.
    window_minutes: u64,
    /// The metrics of every variant; empty if the server has none.
    #[serde(rename = "figures")]
    metrics: Vec<VariantMetrics>,
    /// Details of a failed deployment or update.
    failure: Option<Failure>,
}

/// A failed start, with the command that shows the whole log.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Failure {
    reason: Option<String>,
    log: Vec<String>,
    log_command: String,
    last_ping: Option<u16>,
}

impl From<sagemaker_ops::endpoint::Failure> for Failure {
    fn from(failure: sagemaker_ops::endpoint::Failure) -> Self {
        Self {
            log_command: log_command(&failure.log_location),
            reason: failure.reason,
            log: failure.log,
            last_ping: failure.last_ping,
        }
    }
}

/// Shows the endpoint now, until it is ready (`--wait`), or until interrupted (`--follow`).
pub(crate) async fn run(
    args: &Args,
    name: &EndpointName,
    clients: &Clients,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let keeps_watching = args.wait || args.follow;
    let mut logs = Logs::of(args.logs, [LogSource::Endpoint(name.clone())]);
    let mut view = first_view(clients, name, args.window).await?;
    console
        .notice()
        .set(format!("The endpoint {name} continues to serve."));
    let started = Instant::now();
    let mut screen = Screen::new(console, keeps_watching);
    logs.show(clients, &mut screen).await?;
    while args.follow || (args.wait && !view.endpoint.status.is_settled()) {
        screen.draw(view.lines());
        screen.emit("endpoint", &view)?;
        screen.say_unless_drawn(view.lines())?;
        let pace = args.pace(clients.kind()).after(started.elapsed());
        view = next_change(clients, &view, pace, &mut screen).await?;
        logs.show(clients, &mut screen).await?;
    }
    logs.finish(clients, &mut screen).await?;
    drop(screen);
    if has_failed(&view.endpoint.status) {
        let since = view.endpoint.created.unwrap_or_default();
        let failure = explain_failure(clients, &view.endpoint, LOG_LINES, since).await;
        view.failure = Some(failure.into());
    }
    view.say(console)?;
    if keeps_watching {
        emit(console, "result", &view)?;
    } else {
        console.json(&view)?;
    }
    Ok(match view.failure {
        Some(_) => Exit::WorkFailed,
        None => Exit::Done,
    })
}

fn has_failed(status: &EndpointStatus) -> bool {
    matches!(
        status,
        EndpointStatus::Failed | EndpointStatus::UpdateRollbackFailed
    )
}

async fn first_view(clients: &Clients, name: &EndpointName, minutes: u64) -> anyhow::Result<View> {
    let found = if_found(view(clients, name, minutes).await)?;
    found.ok_or_else(|| {
        usage(anyhow!(
            "endpoint {name} does not exist ({}); `deploy-100k` creates one",
            clients.describe()
        ))
    })
}

/// Waits until the endpoint or its metrics have changed.
async fn next_change(
    clients: &Clients,
    before: &View,
    pace: Pace,
    screen: &mut Screen<'_, '_>,
) -> Result<View, sagemaker_ops::Error> {
    let started = Instant::now();
    let (name, minutes) = (&before.endpoint.name, before.window_minutes);
    let label = format!("endpoint {name}");
    loop {
        let pace = pace.after(started.elapsed());
        let next = next_poll(pace, &label, async || view(clients, name, minutes).await).await?;
        screen.draw(next.lines());
        if next != *before {
            return Ok(next);
        }
    }
}

/// The endpoint and its metrics at this moment.
async fn view(
    clients: &Clients,
    name: &EndpointName,
    minutes: u64,
) -> Result<View, sagemaker_ops::Error> {
    let endpoint = describe(clients, name).await?;
    let variants = endpoint.variants.iter();
    let variants: Vec<VariantName> = variants
        .filter_map(|variant| variant.name.parse().ok())
        .collect();
    let window = Window {
        until: now(),
        length: Duration::from_mins(minutes),
    };
    let metrics = match metrics::fetch(clients, name, &variants, window).await {
        // The endpoint's status is useful even without metrics.
        Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Denied) => {
            Vec::new()
        }
        metrics => metrics?,
    };
    Ok(View {
        endpoint,
        window_minutes: minutes,
        metrics,
        failure: None,
    })
}

impl View {
    fn say(&self, console: &mut Console<'_>) -> std::io::Result<()> {
        console.say_all(self.lines())?;
        let Some(failure) = &self.failure else {
            return Ok(());
        };
        if let Some(status) = failure.last_ping {
            console.say(format!("\nthe last health check returned {status}"))?;
        }
        if failure.log.is_empty() {
            return console.say(format!("\nits log: {}", failure.log_command));
        }
        let log = failure.log.join("\n  ");
        console.say(format!("\nthe end of its log:\n  {log}"))
    }

    /// The status, a header, and one line per variant.
    fn lines(&self) -> Vec<String> {
        let endpoint = &self.endpoint;
        let reason = endpoint.failure_reason.as_ref();
        let reason = reason.map_or(String::new(), |reason| format!(": {reason}"));
        let mut lines = vec![format!(
            "{}  {}{reason}  (metrics of the last {} min)",
            endpoint.name, endpoint.status, self.window_minutes
        )];
        let header =
            "VARIANT|WEIGHT|INSTANCES|REQUESTS|4XX|5XX|MODEL MS|P99|OVERHEAD MS|P99|CPU %|MEMORY %";
        let mut rows = vec![header.split('|').map(str::to_owned).collect()];
        let none = VariantMetrics::default();
        for (index, variant) in endpoint.variants.iter().enumerate() {
            let named = |metrics: &&VariantMetrics| metrics.variant == variant.name;
            let metrics = self.metrics.iter().find(named).unwrap_or(&none);
            let weight = variant
                .weight
                .map_or(NONE.to_owned(), |weight| weight.to_string());
            let mut row = vec![variant.name.clone(), weight, self.instances(index)];
            row.extend(cells(metrics));
            rows.push(row);
        }
        lines.extend(align(&rows));
        lines
    }

    /// The number of instances, and the desired number if it differs.
    fn instances(&self, variant: usize) -> String {
        let variant = &self.endpoint.variants[variant];
        match (variant.instances, variant.desired_instances) {
            (Some(now), Some(desired)) if now != desired => format!("{now} of {desired}"),
            (Some(now), _) => now.to_string(),
            (None, desired) => desired.map_or(NONE.to_owned(), |desired| format!("0 of {desired}")),
        }
    }
}

fn cells(metrics: &VariantMetrics) -> Vec<String> {
    let number = |value: Option<f64>, digits: usize| {
        value.map_or(NONE.to_owned(), |value| format!("{value:.digits$}"))
    };
    let latency = |latency: Latency| [number(latency.mean_ms, 1), number(latency.p99_ms, 1)];
    let counts = [metrics.invocations, metrics.errors_4xx, metrics.errors_5xx];
    let loads = [metrics.cpu_percent, metrics.memory_percent];
    let mut cells: Vec<String> = counts.into_iter().map(|count| number(count, 0)).collect();
    cells.extend(latency(metrics.model_latency));
    cells.extend(latency(metrics.overhead_latency));
    cells.extend(loads.into_iter().map(|load| number(load, 1)));
    cells
}

#[cfg(test)]
mod tests {
    use sagemaker_ops::endpoint::Variant;

    use super::*;

    fn variant(name: &str, instances: Option<u32>, desired: Option<u32>) -> Variant {
        Variant {
            name: name.to_owned(),
            weight: Some(0.75),
            instances,
            desired_instances: desired,
        }
    }

    #[test]
    fn every_variant_has_a_line_with_dashes_for_unknown_values() {
        let metrics = VariantMetrics {
            variant: "old".to_owned(),
            invocations: Some(42.0),
            errors_5xx: Some(1.0),
            model_latency: Latency {
                mean_ms: Some(1.26),
                p99_ms: None,
            },
            cpu_percent: Some(150.0),
            ..VariantMetrics::default()
        };
        let view = View {
            endpoint: Endpoint {
                name: "e".parse().unwrap(),
                status: EndpointStatus::Updating,
                failure_reason: None,
                config: None,
                variants: vec![variant("old", Some(1), Some(2)), variant("new", None, None)],
                created: None,
                modified: None,
            },
            window_minutes: 5,
            metrics: vec![metrics],
            failure: None,
        };
        let lines = view.lines();
        assert_eq!(lines[0], "e  Updating  (metrics of the last 5 min)");
        let cells = |line: &str| -> Vec<String> {
            let cells = line
                .split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty());
            cells.map(str::to_owned).collect()
        };
        let old = [
            "old", "0.75", "1 of 2", "42", "-", "1", "1.3", "-", "-", "-", "150.0", "-",
        ];
        assert_eq!(cells(&lines[2]), old);
        assert_eq!(cells(&lines[3])[..3], ["new", "0.75", "-"]);
        assert_eq!(lines.len(), 4);
    }
}
