//! Jobs as lines of text.

use std::collections::BTreeMap;

use sagemaker_ops::training::{Job, JobSummary};

/// Stands for a value that is not known, or not yet.
const NONE: &str = "-";

/// The figures of a part, in the order in which they are shown.
const FIGURES: [(&str, &str); 7] = [
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
        "FIGURES",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(jobs.iter().map(|job| job_row(job, now)));
    aligned(&rows)
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
        figures(&job.metrics),
    ]
}

/// What the job does within its state.
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

/// The figures on validation rows that say most, as far as they are known.
fn figures(metrics: &BTreeMap<String, f64>) -> String {
    let known = FIGURES[..3].iter().filter_map(|(name, title)| {
        let value = metrics.get(&format!("validation:{name}"))?;
        Some(format!("{title} {value:.4}"))
    });
    let known: Vec<String> = known.collect();
    if known.is_empty() {
        NONE.to_owned()
    } else {
        known.join("  ")
    }
}

/// A change of one job, as a sentence that stands alone.
pub(crate) fn change(job: &Job, now: f64) -> String {
    let elapsed = duration(job.elapsed_seconds(now));
    format!(
        "{}  {}  {}  after {elapsed}",
        job.name,
        job.status,
        step(job)
    )
}

/// The jobs of a list, newest first.
pub(crate) fn listing(jobs: &[JobSummary], now: f64) -> Vec<String> {
    let rows = jobs.iter().map(|job| {
        let age = job
            .created
            .map_or(NONE.to_owned(), |created| duration(now - created));
        vec![
            job.name.to_string(),
            job.status.to_string(),
            format!("{age} ago"),
        ]
    });
    aligned(&rows.collect::<Vec<_>>())
}

/// A header and, for every part that a job reports, one line with all its figures.
pub(crate) fn metrics(jobs: &[Job]) -> Vec<String> {
    let titles = FIGURES.iter().map(|(_, title)| (*title).to_owned());
    let mut rows = vec![
        ["JOB", "PART"]
            .map(str::to_owned)
            .into_iter()
            .chain(titles)
            .collect(),
    ];
    for job in jobs {
        for part in ["validation", "test"] {
            let values: Vec<Option<f64>> = FIGURES
                .iter()
                .map(|(name, _)| job.metrics.get(&format!("{part}:{name}")).copied())
                .collect();
            if values.iter().all(Option::is_none) {
                continue;
            }
            let values = values
                .into_iter()
                .map(|value| value.map_or(NONE.to_owned(), |value| format!("{value:.4}")));
            rows.push(
                [job.name.to_string(), part.to_owned()]
                    .into_iter()
                    .chain(values)
                    .collect(),
            );
        }
    }
    aligned(&rows)
}

/// Lines whose columns start below each other.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
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

/// Seconds as people say them.
fn duration(seconds: f64) -> String {
    let all = seconds.max(0.0).round() as u64;
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min {seconds:02} s"),
        _ => format!("{hours} h {minutes:02} min"),
    }
}
