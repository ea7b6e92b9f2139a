//! Rows, generated or read, before they are dealt to parts.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;
use std::thread;

use anyhow::anyhow;
use fire_cli::{Console, failed, usage};
use sensor_model::episode::{EpisodeSource, Header};
use sensor_model::{Rows, original};

use crate::recipe::Mixed;

/// Rows generated between two steps of the bar.
const STEP: u64 = 50_000;
/// Episodes simulated between two steps of the bar: about 2,000 rows.
const EPISODES: usize = 64;
/// Set in the numbers of simulated rows, episodes and sites that stand beside rows of somebody else, so that they
/// cannot be taken for theirs.
const SIMULATED: u64 = 1 << 63;

/// Independent draws, and E[p|x] of each.
pub(crate) fn original(seed: u64, samples: u64, console: &Console<'_>) -> (Rows, Vec<f64>) {
    let bar = console.bar("generate", samples);
    let (mut rows, mut expected) = (Rows::default(), Vec::new());
    let mut first = 0;
    while first < samples {
        let last = samples.min(first + STEP);
        let piece = original::generate(seed, first..last, threads());
        rows.extend(piece.rows);
        expected.extend(piece.expected);
        bar.set_position(last);
        first = last;
    }
    bar.finish_and_clear();
    (rows, expected)
}

/// The rows of these episodes.
pub(crate) fn episodes(
    source: &EpisodeSource,
    range: Range<u64>,
    what: &'static str,
    console: &Console<'_>,
) -> anyhow::Result<Rows> {
    let bar = console.bar(what, range.end - range.start);
    let mut rows = Rows::default();
    for first in range.clone().step_by(EPISODES) {
        let piece = first..range.end.min(first + EPISODES as u64);
        bar.set_position(piece.end - range.start);
        rows.extend(source.generate(piece, threads()).map_err(failed)?.into());
    }
    bar.finish_and_clear();
    Ok(rows)
}

/// The rows of files that somebody else made.
///
/// # Errors
/// A file that cannot be read as rows, or a recording that moves from one site to another.
pub(crate) fn given(files: &[PathBuf]) -> anyhow::Result<Rows> {
    let rows = sensor_model::read_files(files).map_err(usage)?;
    one_site_a_recording(&rows).map_err(usage)?;
    Ok(rows)
}

/// Simulated rows beside `given` others, with numbers that none of those has.
pub(crate) fn beside(
    mixed: &Mixed,
    given: usize,
    seed: u64,
    console: &Console<'_>,
) -> anyhow::Result<Rows> {
    let wanted = mixed.rows_beside(given);
    let source = mixed.simulation.training(seed);
    let rows = episodes(&source, source.holding_rows(wanted), "simulate", console)?;
    Ok(apart(rows.slice(0..wanted)))
}

/// The same rows with numbers from 2^63 on.
pub(crate) fn apart(mut rows: Rows) -> Rows {
    let sites = rows
        .metadata
        .iter_mut()
        .flat_map(|metadata| &mut metadata.sites);
    let numbers = rows.ids.iter_mut().chain(&mut rows.groups).chain(sites);
    numbers.for_each(|number| *number |= SIMULATED);
    rows
}

/// Headers of episodes, which tell site and labels without any rendering.
pub(crate) fn headers(source: &EpisodeSource, range: Range<u64>) -> impl Iterator<Item = Header> {
    range.map(|episode| source.header(episode))
}

/// Neither a split by site nor one by recording would keep such a recording apart from its neighbours.
fn one_site_a_recording(rows: &Rows) -> anyhow::Result<()> {
    let Some(metadata) = &rows.metadata else {
        return Ok(());
    };
    let mut places: Vec<(u64, u64)> = std::iter::zip(&rows.groups, &metadata.sites)
        .map(|(&group, &site)| (group, site))
        .collect();
    places.sort_unstable();
    places.dedup();
    match places.windows(2).find(|two| two[0].0 == two[1].0) {
        None => Ok(()),
        Some(two) => Err(anyhow!(
            "group {} has rows at site {} and at site {}; a recording is made at one site, so give each place a group \
             of its own or correct the column `site`",
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
    fn a_recording_at_two_sites_is_refused_with_both() {
        let rows = |sites: &[u64]| Rows {
            groups: vec![5, 5, 6],
            metadata: Some(RowMetadata {
                sites: sites.to_vec(),
                ..RowMetadata::default()
            }),
            ..Rows::default()
        };
        assert!(one_site_a_recording(&rows(&[1, 1, 1])).is_ok());
        let error = one_site_a_recording(&rows(&[1, 2, 2])).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("group 5 has rows at site 1 and at site 2;"),
            "{text}"
        );
    }
}
