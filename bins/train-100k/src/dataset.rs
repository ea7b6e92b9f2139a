//! From a recipe to audited parts, whole or one shard of them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Instant;

use anyhow::anyhow;
use fire_cli::{Console, usage};
use sensor_model::Rows;
use sensor_model::episode::EpisodeSource;
use split::{Part, Ratios, RowKey};

use crate::divide::{self, Drawn, Prepared};
use crate::recipe::{Mixed, Recipe, Source};
use crate::shard::Shard;
use crate::simulation::Simulation;
use crate::summary::Timings;
use crate::{parts, rows};

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
    if let Source::Parts(folder) = &recipe.source {
        let found = parts::read(folder)?;
        timings.generate = Some(started.elapsed().as_secs_f64());
        return timed(&mut timings.split, || divide::joined(recipe, found));
    }
    let drawn = draw(recipe, console)?;
    timings.generate = Some(started.elapsed().as_secs_f64());
    timed(&mut timings.split, || divide::divide(recipe, drawn))
}

fn timed<T>(
    seconds: &mut Option<f64>,
    work: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let started = Instant::now();
    let done = work()?;
    *seconds = Some(started.elapsed().as_secs_f64());
    Ok(done)
}

fn draw(recipe: &Recipe, console: &Console<'_>) -> anyhow::Result<Drawn> {
    let seed = recipe.seed;
    let mut drawn = Drawn {
        rows: Rows::default(),
        expected: None,
        beside: Rows::default(),
        alarm: Vec::new(),
    };
    match &recipe.source {
        Source::Original { samples } => {
            let (rows, expected) = rows::original(seed, *samples, console);
            (drawn.rows, drawn.expected) = (rows, Some(expected));
        }
        Source::Episodes {
            samples,
            simulation,
        } => {
            let source = simulation.training(seed);
            let wanted = *samples as usize;
            let range = source.holding_rows(wanted);
            drawn.rows = rows::episodes(&source, range, "simulate", console)?.slice(0..wanted);
            drawn.alarm = alarm_sets(simulation, (seed, Shard::WHOLE), console)?;
        }
        Source::Files { files, mixed } => {
            drawn.rows = rows::given(files)?;
            if let Some(mixed) = mixed {
                // The rows are fewer once they are split; the share is that of the training part.
                let training = Ratios::default().share(Part::Train);
                let given = (drawn.rows.len() as f64 * training) as usize;
                drawn.beside = rows::beside(mixed, given, seed, console)?;
                drawn.alarm = alarm_beside(mixed, seed, console)?;
            }
        }
        Source::Parts(_) => return Err(anyhow!("parts that are divided already are not drawn")),
    }
    Ok(drawn)
}

/// The whole episodes of a shard, set by set.
fn alarm_sets(
    simulation: &Simulation,
    (seed, shard): (u64, Shard),
    console: &Console<'_>,
) -> anyhow::Result<Vec<(&'static str, Rows)>> {
    let hours = simulation.alarm_hours();
    let sets = simulation.alarm_sets(seed).into_iter();
    sets.map(|(name, source)| {
        let range = shard.piece(&source.lasting_hours(hours));
        Ok((name, rows::episodes(&source, range, name, console)?))
    })
    .collect()
}

fn alarm_beside(
    mixed: &Mixed,
    seed: u64,
    console: &Console<'_>,
) -> anyhow::Result<Vec<(&'static str, Rows)>> {
    let sets = alarm_sets(&mixed.simulation, (seed, Shard::WHOLE), console)?;
    Ok(sets
        .into_iter()
        .map(|(name, rows)| (name, rows::apart(rows)))
        .collect())
}

/// The parts that a shard contributes, named like their channels.
///
/// Which site goes to which part follows from the headers of all episodes, so that every shard knows it without
/// rendering the others' episodes. The audit needs all rows and is made when the shards are joined.
pub(crate) fn shard(
    recipe: &Recipe,
    shard: Shard,
    console: &Console<'_>,
) -> anyhow::Result<BTreeMap<String, Rows>> {
    let Source::Episodes {
        samples,
        simulation,
    } = &recipe.source
    else {
        return Err(usage(anyhow!(
            "--shard is for simulated episodes; give --profile episode, or leave it out"
        )));
    };
    let source = simulation.training(recipe.seed);
    let range = source.holding_rows(*samples as usize);
    let (part_of, own) = plan(&source, &range, (*samples as usize, shard), recipe.seed)?;
    let rows = rows::episodes(&source, shard.piece(&range), "simulate", console)?;
    let rows = rows.slice(0..own.len());
    let mut parts = BTreeMap::new();
    for part in Part::ALL {
        let taken: Vec<usize> = (0..rows.len())
            .filter(|&i| part_of[own.start + i] == part)
            .collect();
        parts.insert(part.to_string(), rows.select(&taken));
    }
    let alarm = alarm_sets(simulation, (recipe.seed, shard), console)?;
    parts.extend(
        alarm
            .into_iter()
            .map(|(name, rows)| (name.to_owned(), rows)),
    );
    Ok(parts)
}

/// The part of every row of all shards, and which of these rows are the shard's own.
fn plan(
    source: &EpisodeSource,
    range: &Range<u64>,
    (samples, shard): (usize, Shard),
    seed: u64,
) -> anyhow::Result<(Vec<Part>, Range<usize>)> {
    let own_episodes = shard.piece(range);
    let mut keys: Vec<RowKey> = Vec::with_capacity(samples);
    let mut own = 0..0;
    for (episode, header) in range.clone().zip(rows::headers(source, range.clone())) {
        if episode == own_episodes.start {
            own.start = keys.len();
        }
        let group = header.site;
        keys.extend(header.labels().map(|label| RowKey { group, label }));
        if episode < own_episodes.end {
            own.end = keys.len().min(samples);
        }
    }
    keys.truncate(samples);
    let assignment = divide::dealt(&keys, seed)?;
    own.start = own.start.min(own.end);
    Ok((assignment.part_of, own))
}

#[cfg(test)]
mod tests;
