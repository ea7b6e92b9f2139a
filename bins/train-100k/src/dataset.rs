//! From a recipe to three audited parts.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use ensemble::metrics::{self, Confusion};
use fire_cli::{Ceiling, Console, DataManifest, PartEntry, RunName, failed, usage};
use sensor_model::{FEATURE_COUNT, Profile, Rows};
use split::{Assignment, Audit, AuditInput, Part, Ratios, RowKey};

use crate::summary::Timings;

/// Rows generated between two steps of the bar.
const STEP: u64 = 50_000;

/// Which rows, and the seed of everything random about them.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    pub(crate) run: RunName,
    pub(crate) source: Source,
    pub(crate) seed: u64,
}

/// Where rows come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Generated { profile: Profile, samples: u64 },
    Files(Vec<PathBuf>),
}

impl Source {
    /// The profile as the manifest names it.
    pub(crate) fn name(&self) -> String {
        match self {
            Source::Generated { profile, .. } => profile.to_string(),
            Source::Files(_) => "data".to_owned(),
        }
    }
}

/// A dataset in memory, split and audited.
pub(crate) struct Prepared {
    pub(crate) manifest: DataManifest,
    pub(crate) parts: BTreeMap<Part, Rows>,
}

/// Generates or reads the rows, splits them and audits the split.
///
/// # Errors
/// A file that cannot be read as rows, too few rows to split, or a split that fails
/// its audit (nothing may be trained on it).
pub(crate) fn prepare(
    recipe: &Recipe,
    timings: &mut Timings,
    console: &Console<'_>,
) -> anyhow::Result<Prepared> {
    let started = Instant::now();
    let (rows, expected) = match &recipe.source {
        Source::Generated { samples, .. } => {
            let (rows, expected) = generate(recipe.seed, *samples, console);
            (rows, Some(expected))
        }
        Source::Files(files) => (read(files)?, None),
    };
    timings.generate = Some(started.elapsed().as_secs_f64());
    let started = Instant::now();
    let prepared = divide(recipe, &rows, expected.as_deref())?;
    timings.split = Some(started.elapsed().as_secs_f64());
    Ok(prepared)
}

/// The rows, and E[p|x] of each.
fn generate(seed: u64, samples: u64, console: &Console<'_>) -> (Rows, Vec<f64>) {
    let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let bar = console.bar("generate", samples);
    let (mut rows, mut expected) = (Rows::default(), Vec::new());
    let mut first = 0;
    while first < samples {
        let last = samples.min(first + STEP);
        let piece = sensor_model::original::generate(seed, first..last, threads);
        rows.extend(piece.rows);
        expected.extend(piece.expected);
        bar.set_position(last);
        first = last;
    }
    bar.finish_and_clear();
    (rows, expected)
}

fn read(files: &[PathBuf]) -> anyhow::Result<Rows> {
    let mut rows = Rows::default();
    for file in files {
        rows.extend(sensor_model::read_rows(file).map_err(usage)?);
    }
    Ok(rows)
}

fn divide(recipe: &Recipe, rows: &Rows, expected: Option<&[f64]>) -> anyhow::Result<Prepared> {
    both_classes(rows).map_err(usage)?;
    let keys: Vec<RowKey> = std::iter::zip(&rows.groups, &rows.labels)
        .map(|(&group, &label)| RowKey { group, label })
        .collect();
    let assignment = split::split(&keys, Ratios::default(), recipe.seed)
        .context("these rows cannot be split")
        .map_err(usage)?;
    let mut manifest = DataManifest {
        format: 1,
        run: recipe.run.clone(),
        profile: recipe.source.name(),
        seed: recipe.seed,
        samples: rows.len() as u64,
        groups: assignment.report.groups as u64,
        schema: sensor_model::fingerprint().to_owned(),
        parts: BTreeMap::new(),
        split_deviation: assignment.report.largest_deviation,
        audit: audited(rows, &assignment)?,
    };
    let mut parts = BTreeMap::new();
    for part in Part::ALL {
        let (taken, entry) = take(rows, &assignment, part, expected);
        manifest.parts.insert(part.to_string(), entry);
        parts.insert(part, taken);
    }
    Ok(Prepared { manifest, parts })
}

/// The audit of the split, if it passed.
fn audited(rows: &Rows, assignment: &Assignment) -> anyhow::Result<Audit> {
    let audit = split::audit(&AuditInput {
        features: &rows.features,
        columns: FEATURE_COUNT,
        labels: &rows.labels,
        groups: &rows.groups,
        part_of: &assignment.part_of,
    })
    .map_err(failed)?;
    if audit.passed {
        return Ok(audit);
    }
    let failures = audit.checks.iter().filter(|check| !check.passed);
    let failures = failures.map(|check| format!("{}: {}", check.name, check.detail));
    Err(failed(anyhow!(
        "the split fails its audit, so nothing is trained on it: {}; \
         rows that repeat each other need one value in the `group` column",
        failures.collect::<Vec<_>>().join("; ")
    )))
}

fn both_classes(rows: &Rows) -> anyhow::Result<()> {
    let fires = rows
        .labels
        .iter()
        .map(|&label| usize::from(label))
        .sum::<usize>();
    if fires > 0 && fires < rows.len() {
        return Ok(());
    }
    Err(anyhow!(
        "{fires} of {} rows have fire_detected = 1; to tell fires from the rest, rows of both \
         kinds are needed",
        rows.len()
    ))
}

fn take(
    rows: &Rows,
    assignment: &Assignment,
    part: Part,
    expected: Option<&[f64]>,
) -> (Rows, PartEntry) {
    let indices = assignment.rows(part);
    let taken = rows.select(&indices);
    let entry = PartEntry {
        rows: taken.len() as u64,
        positives: taken.labels.iter().map(|&label| u64::from(label)).sum(),
        fingerprint: sensor_model::data_fingerprint(&taken),
        ceiling: expected.and_then(|expected| {
            let expected: Vec<f64> = indices.iter().map(|&index| expected[index]).collect();
            ceiling(&taken.labels, &expected)
        }),
    };
    (taken, entry)
}

/// What the best possible classifier, E[p|x], reaches on these labels.
fn ceiling(labels: &[u8], expected: &[f64]) -> Option<Ceiling> {
    // The rule is "more likely than not", so a tie at exactly 1/2 is no fire.
    let above_half = Confusion::at(0.5f64.next_up(), labels, expected);
    let best = Confusion::at(
        metrics::best_f1_threshold(labels, expected),
        labels,
        expected,
    );
    Some(Ceiling {
        auc: metrics::roc_auc(labels, expected)?,
        accuracy: above_half.accuracy(),
        f1: best.f1(),
    })
}
