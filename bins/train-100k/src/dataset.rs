//! From a recipe to three audited parts.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use ensemble::metrics::{self, Confusion};
use fire_cli::{Ceiling, Console, DataManifest, PartEntry, RunName, failed, usage};
use sensor_model::episode::{EpisodeParams, EpisodeSource, Purpose};
use sensor_model::{FEATURE_COUNT, Profile, Rows};
use split::{Assignment, Audit, AuditInput, Part, Ratios, RowKey};

use crate::summary::Timings;

/// Rows generated between two steps of the bar.
const STEP: u64 = 50_000;
/// Episodes simulated between two steps of the bar: about 2,000 rows.
const EPISODES: usize = 64;

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
        Source::Generated { profile, samples } => match profile {
            Profile::Original => {
                let (rows, expected) = generate(recipe.seed, *samples, console);
                (rows, Some(expected))
            }
            Profile::Episode => (episodes(recipe.seed, *samples, console)?, None),
        },
        Source::Files(files) => (sensor_model::read_files(files).map_err(usage)?, None),
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

/// Rows of simulated episodes, the last one cut where there are enough rows.
fn episodes(seed: u64, samples: u64, console: &Console<'_>) -> anyhow::Result<Rows> {
    let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let params = EpisodeParams::default().check().map_err(failed)?;
    let source = EpisodeSource::new(params, seed, Purpose::Training);
    let wanted = samples as usize;
    let bar = console.bar("simulate", samples);
    let mut rows = Rows::default();
    let all = source.holding_rows(wanted);
    for first in all.clone().step_by(EPISODES) {
        let piece = first..all.end.min(first + EPISODES as u64);
        rows.extend(source.generate(piece, threads).map_err(failed)?.into());
        bar.set_position(rows.len() as u64);
    }
    bar.finish_and_clear();
    Ok(rows.slice(0..wanted))
}

/// What must not be parted: a site with all its episodes where rows are simulated, since a room looks the same in
/// every episode; otherwise what the data calls a group.
fn inseparable<'a>(recipe: &Recipe, rows: &'a Rows) -> &'a [u64] {
    match (&recipe.source, &rows.metadata) {
        (Source::Generated { .. }, Some(metadata)) => &metadata.sites,
        _ => &rows.groups,
    }
}

fn divide(recipe: &Recipe, rows: &Rows, expected: Option<&[f64]>) -> anyhow::Result<Prepared> {
    both_classes(rows).map_err(usage)?;
    let groups = inseparable(recipe, rows);
    let keys: Vec<RowKey> = std::iter::zip(groups, &rows.labels)
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
        audit: audited(rows, groups, &assignment)?,
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
fn audited(rows: &Rows, groups: &[u64], assignment: &Assignment) -> anyhow::Result<Audit> {
    let audit = split::audit(&AuditInput {
        features: &rows.features,
        columns: FEATURE_COUNT,
        labels: &rows.labels,
        groups,
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

#[cfg(test)]
mod tests {
    use fire_cli::Style;

    use super::*;

    fn prepared(source: Source, seed: u64) -> anyhow::Result<Prepared> {
        let run = "test".parse().unwrap();
        let recipe = Recipe { run, source, seed };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let console = Console::new(&mut out, &mut err, Style::default());
        prepare(&recipe, &mut Timings::default(), &console)
    }

    fn generated(samples: u64, seed: u64) -> Prepared {
        let profile = Profile::Original;
        prepared(Source::Generated { profile, samples }, seed).unwrap()
    }

    #[test]
    fn the_parts_hold_every_row_once_in_the_documented_shares() {
        let prepared = generated(2_000, 1);
        let sizes: Vec<usize> = Part::ALL.map(|part| prepared.parts[&part].len()).into();
        assert_eq!(sizes, [1_400, 300, 300]);
        let mut ids: Vec<u64> = prepared
            .parts
            .values()
            .flat_map(|rows| rows.ids.clone())
            .collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..2_000).collect::<Vec<u64>>());
        for (part, rows) in &prepared.parts {
            let entry = &prepared.manifest.parts[&part.to_string()];
            assert_eq!(entry.rows, rows.len() as u64);
            assert_eq!(entry.fingerprint, sensor_model::data_fingerprint(rows));
        }
    }

    #[test]
    fn no_site_of_simulated_rows_is_in_two_parts() {
        let profile = Profile::Episode;
        let samples = 1_500;
        let prepared = prepared(Source::Generated { profile, samples }, 7).unwrap();
        let mut part_of = BTreeMap::new();
        for (part, rows) in &prepared.parts {
            assert!(!rows.is_empty(), "{part}");
            for site in &rows.metadata.as_ref().unwrap().sites {
                assert_eq!(part_of.insert(*site, *part).unwrap_or(*part), *part);
            }
        }
        let rows: usize = prepared.parts.values().map(Rows::len).sum();
        assert_eq!(
            (rows, prepared.manifest.groups),
            (1_500, part_of.len() as u64)
        );
        assert!(prepared.manifest.parts["test"].ceiling.is_none());
    }

    #[test]
    fn a_seed_decides_everything_in_the_manifest() {
        assert_eq!(generated(500, 3).manifest, generated(500, 3).manifest);
        assert_ne!(
            generated(500, 3).manifest.parts,
            generated(500, 4).manifest.parts
        );
    }

    #[test]
    fn the_ceiling_is_that_of_the_expected_probability() {
        let labels = [0, 0, 1, 1, 1];
        let expected = [0.1, 0.6, 0.5, 0.7, 0.9];
        let ceiling = ceiling(&labels, &expected).unwrap();
        // Five of six pairs are in order; at more than one half, the second and third are wrong.
        assert!((ceiling.auc - 5.0 / 6.0).abs() < 1e-12);
        assert!((ceiling.accuracy - 3.0 / 5.0).abs() < 1e-12);
        // At one half and above: three fires found, one false alarm.
        assert!((ceiling.f1 - 6.0 / 7.0).abs() < 1e-12);
        assert!(super::ceiling(&[1, 1], &[0.5, 0.6]).is_none());
    }

    #[test]
    fn rows_that_stand_in_two_parts_are_not_trained_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("twice.parquet");
        let mut rows = generated(400, 5).parts.remove(&Part::Train).unwrap();
        let copies = rows.select(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let fresh = 1_000_000..1_000_010;
        rows.extend(Rows {
            ids: fresh.clone().collect(),
            groups: fresh.collect(),
            ..copies
        });
        sensor_model::write_rows(&path, &rows).unwrap();
        let error = prepared(Source::Files(vec![path]), 5).err().unwrap();
        let text = format!("{error:#}");
        assert!(
            text.contains("exact_duplicates") && text.contains("`group` column"),
            "{text}"
        );
    }
}
