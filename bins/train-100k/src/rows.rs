//! Generates or reads the rows, before they are split.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;
use std::thread;

use anyhow::{anyhow, bail};
use fire_cli::{Console, failed, usage};
use fire_run::Channel;
use sensor_model::episode::EpisodeSource;
use sensor_model::{Rows, original};
use split::{Part, Ratios};

use crate::plan::Plan;
use crate::shard::Shard;
use crate::simulation::Simulation;
use crate::source::{Mixed, Source};

/// Rows generated between two updates of the progress bar.
const ROWS_PER_UPDATE: u64 = 50_000;
/// Episodes simulated between two updates of the progress bar: about 2,000 rows.
const EPISODES_PER_UPDATE: usize = 64;
/// Bit set in the row, group and site numbers of simulated rows that are mixed with rows from files,
/// to keep the numbers distinct.
const SIMULATED: u64 = 1 << 63;

/// Rows to be split, and rows to be added after the split.
#[derive(Default)]
pub(crate) struct SourceRows {
    pub(crate) rows: Rows,
    /// E\[p|x\] of each row, if the generator knows it.
    pub(crate) expected: Option<Vec<f64>>,
    /// Simulated rows for the training partition only.
    pub(crate) training_only: Rows,
    /// Sets of whole episodes, by channel.
    pub(crate) alarm: Vec<(Channel, Rows)>,
}

/// Generates or reads the rows of a plan.
///
/// # Errors
/// A file that cannot be read as rows (exit code 2).
pub(crate) fn draw(plan: &Plan, console: &Console<'_>) -> anyhow::Result<SourceRows> {
    let mut drawn = SourceRows::default();
    match &plan.source {
        Source::Original { samples } => {
            let (rows, expected) = original(plan.seed, *samples, console);
            (drawn.rows, drawn.expected) = (rows, Some(expected));
        }
        Source::Episodes {
            samples,
            simulation,
        } => {
            let source = simulation.training(plan.seed);
            drawn.rows = first_rows(&source, *samples as usize, console)?;
            drawn.alarm = alarm_sets(simulation, plan.seed, Shard::WHOLE, console)?;
        }
        Source::Files { files, mixed } => {
            drawn.rows = read(files)?;
            if let Some(mixed) = mixed {
                // `share` refers to the training partition, which gets this many rows from the files.
                let share = Ratios::default().share(Part::Train);
                let training = (drawn.rows.len() as f64 * share) as usize;
                drawn.training_only = simulated(mixed, training, plan.seed, console)?;
                let sets = alarm_sets(&mixed.simulation, plan.seed, Shard::WHOLE, console)?;
                drawn.alarm = sets
                    .into_iter()
                    .map(|(channel, rows)| (channel, mark_as_simulated(rows)))
                    .collect();
            }
        }
        Source::Directory(_) => bail!("the rows of a directory are already split"),
    }
    Ok(drawn)
}

/// The whole episodes of a shard, by channel.
pub(crate) fn alarm_sets(
    simulation: &Simulation,
    seed: u64,
    shard: Shard,
    console: &Console<'_>,
) -> anyhow::Result<Vec<(Channel, Rows)>> {
    let hours = simulation.alarm_hours();
    let sets = simulation.alarm_sets(seed).into_iter();
    sets.map(|(channel, source)| {
        let range = shard.piece(&source.lasting_hours(hours));
        let rows = episodes(&source, range, channel.as_str(), console)?;
        Ok((channel, rows))
    })
    .collect()
}

/// The rows of these episodes.
pub(crate) fn episodes(
    source: &EpisodeSource,
    range: Range<u64>,
    label: &'static str,
    console: &Console<'_>,
) -> anyhow::Result<Rows> {
    let bar = console.bar(label, range.end - range.start);
    let mut rows = Rows::default();
    for first in range.clone().step_by(EPISODES_PER_UPDATE) {
        let piece = first..range.end.min(first + EPISODES_PER_UPDATE as u64);
        bar.set_position(piece.end - range.start);
        rows.extend(source.generate(piece, threads()).map_err(failed)?.into());
    }
    bar.finish_and_clear();
    Ok(rows)
}

/// The first rows of a source.
fn first_rows(source: &EpisodeSource, rows: usize, console: &Console<'_>) -> anyhow::Result<Rows> {
    let range = source.holding_rows(rows);
    Ok(episodes(source, range, "simulate", console)?.slice(0..rows))
}

/// Independent draws, and E[p|x] of each.
fn original(seed: u64, samples: u64, console: &Console<'_>) -> (Rows, Vec<f64>) {
    let bar = console.bar("generate", samples);
    let (mut rows, mut expected) = (Rows::default(), Vec::new());
    let mut first = 0;
    while first < samples {
        let last = samples.min(first + ROWS_PER_UPDATE);
        let piece = original::generate(seed, first..last, threads());
        rows.extend(piece.rows);
        expected.extend(piece.expected);
        bar.set_position(last);
        first = last;
    }
    bar.finish_and_clear();
    (rows, expected)
}

/// Reads rows from files.
///
/// # Errors
/// Exit code 2 for a file that cannot be read as rows, or a recording at several sites.
fn read(files: &[PathBuf]) -> anyhow::Result<Rows> {
    let rows = sensor_model::read_files(files).map_err(usage)?;
    check_one_site_per_group(&rows).map_err(usage)?;
    Ok(rows)
}

/// Simulates the rows to be added to `others` training rows from files.
fn simulated(
    mixed: &Mixed,
    others: usize,
    seed: u64,
    console: &Console<'_>,
) -> anyhow::Result<Rows> {
    let source = mixed.simulation.training(seed);
    let rows = first_rows(&source, mixed.simulated_rows(others), console)?;
    Ok(mark_as_simulated(rows))
}

/// The same rows with row, group and site numbers from 2^63 on.
fn mark_as_simulated(mut rows: Rows) -> Rows {
    let sites = rows
        .metadata
        .iter_mut()
        .flat_map(|metadata| &mut metadata.sites);
    let numbers = rows.ids.iter_mut().chain(&mut rows.groups).chain(sites);
    numbers.for_each(|number| *number |= SIMULATED);
    rows
}

/// A recording at two sites would link them: neither a split by site nor one by recording could keep
/// all related rows together.
fn check_one_site_per_group(rows: &Rows) -> anyhow::Result<()> {
    let Some(metadata) = &rows.metadata else {
        return Ok(());
    };
    let mut pairs: Vec<(u64, u64)> = std::iter::zip(&rows.groups, &metadata.sites)
        .map(|(&group, &site)| (group, site))
        .collect();
    // Sorted by group: two sites of a group become neighbours.
    pairs.sort_unstable();
    pairs.dedup();
    match pairs.windows(2).find(|two| two[0].0 == two[1].0) {
        None => Ok(()),
        Some(two) => Err(anyhow!(
            "group {} has rows at site {} and at site {}; a recording has one site, so use a \
             separate group for each site or correct the column `site`",
            two[0].0,
            two[0].1,
            two[1].1
        )),
    }
}

fn threads() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests {
    use sensor_model::RowMetadata;

    use super::*;

    #[test]
    fn a_recording_at_two_sites_is_rejected_with_both() {
        let rows = |sites: &[u64]| Rows {
            groups: vec![5, 5, 6],
            metadata: Some(RowMetadata {
                sites: sites.to_vec(),
                ..RowMetadata::default()
            }),
            ..Rows::default()
        };
        assert!(check_one_site_per_group(&rows(&[1, 1, 1])).is_ok());
        let error = check_one_site_per_group(&rows(&[1, 2, 2])).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("group 5 has rows at site 1 and at site 2;"),
            "{text}"
        );
    }
}
