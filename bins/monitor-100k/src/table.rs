//! Formats jobs as tables of text.

use std::collections::BTreeMap;

use fire_run::Channel;
use sagemaker_ops::training::{Job, JobSummary};

/// Shown for a value that is not known (yet).
pub(crate) const NONE: &str = "-";

/// The metrics of a partition, in the order of their columns.
const METRICS: [(&str, &str); 7] = [
    ("auc", "AUC"),
    ("accuracy", "ACCURACY"),
    ("f1", "F1"),
    ("precision", "PRECISION"),
    ("recall", "RECALL"),
    ("logloss", "LOGLOSS"),
    ("brier", "BRIER"),
];

/// A header and one line per job.
pub(crate) fn jobs(jobs: &[Job], now: f64) -> Vec<String> {
    let header = [
        "JOB",
        "STATUS",
        "STEP",
        "ELAPSED",
        "TRAINING",
        "BILLABLE",
        "INSTANCES",
        "USD",
        "METRICS",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(jobs.iter().map(|job| job_row(job, now)));
    if jobs.iter().any(|job| job.spot) {
        // Inserted before the metrics, which are the widest column.
        let saved = std::iter::once("SPOT SAVED".to_owned()).chain(jobs.iter().map(savings));
        for (row, cell) in rows.iter_mut().zip(saved) {
            row.insert(header.len() - 1, cell);
        }
    }
    align(&rows)
}

/// The share of the price saved by spot instances, once known.
fn savings(job: &Job) -> String {
    match job.spot_savings() {
        Some(share) => format!("{:.0} %", share * 100.0),
        None => NONE.to_owned(),
    }
}

fn job_row(job: &Job, now: f64) -> Vec<String> {
    let optional = |seconds: Option<f64>| seconds.map_or(NONE.to_owned(), duration);
    vec![
        job.name.to_string(),
        job.status.to_string(),
        step(job).to_owned(),
        duration(job.elapsed_seconds(now)),
        optional(job.training_seconds),
        optional(job.billable_seconds),
        instances(job),
        job.cost_usd(now)
            .map_or(NONE.to_owned(), |usd| format!("{usd:.4}")),
        main_metrics(&job.metrics),
    ]
}

/// The secondary status, or a dash.
fn step(job: &Job) -> &str {
    if job.secondary_status.is_empty() {
        NONE
    } else {
        &job.secondary_status
    }
}

fn instances(job: &Job) -> String {
    match (&job.instance_type, job.instance_count) {
        (Some(name), Some(count)) => format!("{name} x {count}"),
        (Some(name), None) => name.clone(),
        _ => NONE.to_owned(),
    }
}

/// The most important validation metrics, if known.
fn main_metrics(found: &BTreeMap<String, f64>) -> String {
    let known = METRICS[..3].iter().filter_map(|(name, title)| {
        let value = found.get(&fire_run::metrics::name(Channel::Validation, name))?;
        Some(format!("{title} {value:.4}"))
    });
    let known: Vec<String> = known.collect();
    if known.is_empty() {
        NONE.to_owned()
    } else {
        known.join("  ")
    }
}

/// A line with the new status of a job.
pub(crate) fn change(job: &Job, now: f64) -> String {
    let elapsed = duration(job.elapsed_seconds(now));
    format!(
        "{}  {}  {}  after {elapsed}",
        job.name,
        job.status,
        step(job)
    )
}

/// One line for each job of a list.
pub(crate) fn listing(jobs: &[JobSummary], now: f64) -> Vec<String> {
    let ago = |created| format!("{} ago", duration(now - created));
    let rows = jobs.iter().map(|job| {
        let age = job.created.map_or(NONE.to_owned(), ago);
        vec![job.name.to_string(), job.status.to_string(), age]
    });
    align(&rows.collect::<Vec<_>>())
}

/// A header, and a line of metrics for each job and each partition it reports.
pub(crate) fn metrics(jobs: &[Job]) -> Vec<String> {
    let mut header = vec!["JOB", "PARTITION"];
    header.extend(METRICS.map(|(_, title)| title));
    let mut rows: Vec<Vec<String>> = vec![header.into_iter().map(str::to_owned).collect()];
    let cell = |value: Option<&f64>| value.map_or(NONE.to_owned(), |value| format!("{value:.4}"));
    for job in jobs {
        for channel in [Channel::Validation, Channel::Test] {
            let reported = |name| job.metrics.get(&fire_run::metrics::name(channel, name));
            let values = METRICS.map(|(name, _)| reported(name));
            if values.iter().any(Option::is_some) {
                let mut row = vec![job.name.to_string(), channel.to_string()];
                row.extend(values.map(cell));
                rows.push(row);
            }
        }
    }
    align(&rows)
}

/// Rows as lines with aligned columns.
pub(crate) fn align(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(String::len)
            .max()
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or_default())
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A readable form of a duration in seconds.
fn duration(seconds: f64) -> String {
    let all = seconds.max(0.0).round() as u64;
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min {seconds:02} s"),
        _ => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use sagemaker_ops::training::JobStatus;

    use super::*;

    /// A job that was just created, at Unix time 1000.
    fn accepted(name: &str) -> Job {
        Job {
            name: name.parse().unwrap(),
            status: JobStatus::InProgress,
            secondary_status: "Starting".to_owned(),
            transitions: Vec::new(),
            failure_reason: None,
            instance_type: None,
            instance_count: None,
            spot: false,
            checkpoints: None,
            max_runtime_seconds: None,
            created: 1000.0,
            started: None,
            ended: None,
            training_seconds: None,
            billable_seconds: None,
            metrics: BTreeMap::new(),
            model_uri: None,
            output_uri: None,
            hyperparameters: BTreeMap::new(),
            channels: Vec::new(),
        }
    }

    fn with_metrics(job: Job, metrics: &[(&str, f64)]) -> Job {
        let metrics = metrics
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect();
        Job { metrics, ..job }
    }

    #[test]
    fn unknown_values_are_dashes_and_columns_line_up() {
        let done = Job {
            status: JobStatus::Completed,
            secondary_status: "Completed".to_owned(),
            instance_type: Some("ml.m5.4xlarge".to_owned()),
            instance_count: Some(1),
            started: Some(1010.0),
            ended: Some(1075.0),
            training_seconds: Some(65.0),
            billable_seconds: Some(60.0),
            ..with_metrics(
                accepted("long-name"),
                &[("validation:auc", 0.75), ("test:auc", 0.5)],
            )
        };
        let lines = jobs(&[accepted("a"), done], 1007.0);
        let cells = |line: &str| -> Vec<String> {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(
            cells(&lines[1]),
            [
                "a",
                "InProgress",
                "Starting",
                "7 s",
                "-",
                "-",
                "-",
                "-",
                "-"
            ]
        );
        let expected = [
            "long-name",
            "Completed",
            "Completed",
            "1 min 15 s",
            "1 min 05 s",
            "1 min 00 s",
            "ml.m5.4xlarge x 1",
            "0.0154",
            "AUC 0.7500",
        ];
        assert_eq!(cells(&lines[2]), expected);
        for line in &lines {
            assert_eq!(
                line.as_bytes()[lines[0].find("USD").unwrap() - 1],
                b' ',
                "{line}"
            );
        }
    }

    #[test]
    fn spot_savings_have_a_column_if_a_job_used_spot_instances() {
        let spot = Job {
            spot: true,
            training_seconds: Some(100.0),
            billable_seconds: Some(30.0),
            ..accepted("a")
        };
        let lines = jobs(&[spot, accepted("b")], 1000.0);
        let column = lines[0].find("SPOT SAVED").unwrap();
        assert!(lines[1][column..].starts_with("70 %"), "{lines:?}");
        assert!(lines[2][column..].starts_with('-'), "{lines:?}");
        assert!(!jobs(&[accepted("b")], 1000.0)[0].contains("SPOT"));
    }

    #[test]
    fn a_change_names_the_job_its_status_and_the_elapsed_time() {
        assert_eq!(
            change(&accepted("a"), 1062.0),
            "a  InProgress  Starting  after 1 min 02 s"
        );
        let silent = Job {
            secondary_status: String::new(),
            ..accepted("a")
        };
        assert_eq!(change(&silent, 1000.0), "a  InProgress  -  after 0 s");
    }

    #[test]
    fn every_reported_partition_has_a_line_with_all_metrics() {
        let reported = with_metrics(accepted("a"), &[("validation:auc", 0.75), ("test:f1", 0.5)]);
        let lines = metrics(&[reported, accepted("b")]);
        assert_eq!(
            lines,
            [
                "JOB  PARTITION   AUC     ACCURACY  F1      PRECISION  RECALL  LOGLOSS  BRIER",
                "a    validation  0.7500  -         -       -          -       -        -",
                "a    test        -       -         0.5000  -          -       -        -",
            ]
        );
    }

    #[test]
    fn durations_are_readable() {
        let check = |seconds, expected| assert_eq!(duration(seconds), expected);
        check(-1.0, "0 s");
        check(0.4, "0 s");
        check(59.4, "59 s");
        check(59.6, "1 min 00 s");
        check(3599.0, "59 min 59 s");
        check(3600.0, "1 h 00 min");
        check(90_061.0, "25 h 01 min");
    }

    #[test]
    fn a_list_shows_the_age_of_each_job() {
        let job = |created| JobSummary {
            name: "a".parse().unwrap(),
            status: JobStatus::Failed,
            created,
            ended: None,
        };
        let lines = listing(&[job(Some(1000.0)), job(None)], 1030.0);
        assert_eq!(lines, ["a  Failed  30 s ago", "a  Failed  -"]);
    }
}
