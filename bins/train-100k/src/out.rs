//! `--out`: writes a dataset, or one shard of it, to a directory without a backend.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use anyhow::anyhow;
use fire_cli::{Console, Exit, usage};
use fire_run::Channel;
use fire_run::records::TrainTimings;
use sensor_model::Rows;
use sensor_model::episode::EpisodeSource;
use split::{Part, RowKey};

use crate::plan::Plan;
use crate::shard::Shard;
use crate::source::Source;
use crate::{dataset, dataset_dir, download, partition, rows, summary};

/// Writes the dataset of a plan, or a shard of it, to a directory.
pub(crate) fn write(
    plan: &Plan,
    shard: Option<Shard>,
    dir: &Path,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    download::reject_remote(plan)?;
    if let Some(shard) = shard {
        let rows = shard_rows(plan, shard, console)?;
        let record = dataset_dir::write_shard(plan, shard, &rows, dir)?;
        let count: usize = rows.values().map(Rows::len).sum();
        console.say(format!(
            "shard {shard}: {count} rows written to {}; when all {} are in one directory, train on them with --parts",
            dir.display(),
            shard.count()
        ))?;
        console.json(&record)?;
        return Ok(Exit::Done);
    }
    let made = dataset::make_in_memory(plan, &mut TrainTimings::default(), console)?;
    dataset_dir::write(&made, dir)?;
    console.say(summary::dataset_lines(&made.manifest))?;
    console.say(format!("written to {}", dir.display()))?;
    console.json(&made.manifest)?;
    Ok(Exit::Done)
}

/// The rows that a shard contributes to each channel.
///
/// The assignment of sites to partitions depends only on the headers of all episodes, so a shard can
/// compute it without rendering the others' episodes. The audit needs all rows and runs when the
/// shards are joined.
pub(crate) fn shard_rows(
    plan: &Plan,
    shard: Shard,
    console: &Console<'_>,
) -> anyhow::Result<BTreeMap<Channel, Rows>> {
    let Source::Episodes {
        samples,
        simulation,
    } = &plan.source
    else {
        return Err(usage(anyhow!(
            "--shard works only with simulated episodes; use --profile episode, which is the default"
        )));
    };
    let source = simulation.training(plan.seed);
    let range = source.holding_rows(*samples as usize);
    let keys = Keys::of(&source, &range, *samples as usize, shard);
    let part_of = partition::assign(&keys.all, plan.seed)?.part_of;
    let rendered = rows::episodes(&source, shard.piece(&range), "simulate", console)?;
    // The last episode may have more rows than were requested.
    let rendered = rendered.slice(0..keys.own.len());
    let mut rows = BTreeMap::new();
    for part in Part::ALL {
        let chosen: Vec<usize> = (0..rendered.len())
            .filter(|&i| part_of[keys.own.start + i] == part)
            .collect();
        rows.insert(Channel::from(part), rendered.select(&chosen));
    }
    rows.extend(rows::alarm_sets(simulation, plan.seed, shard, console)?);
    Ok(rows)
}

/// Site and label of the rows of all shards.
struct Keys {
    all: Vec<RowKey>,
    /// The positions that belong to this shard.
    own: Range<usize>,
}

impl Keys {
    fn of(source: &EpisodeSource, range: &Range<u64>, samples: usize, shard: Shard) -> Self {
        let own_episodes = shard.piece(range);
        let mut all: Vec<RowKey> = Vec::with_capacity(samples);
        let mut own = 0..0;
        for episode in range.clone() {
            // A header has the site and the labels, and needs no rendering.
            let header = source.header(episode);
            if episode == own_episodes.start {
                own.start = all.len();
            }
            let group = header.site;
            all.extend(header.labels().map(|label| RowKey { group, label }));
            if episode < own_episodes.end {
                own.end = all.len().min(samples);
            }
        }
        all.truncate(samples);
        own.start = own.start.min(own.end);
        Self { all, own }
    }
}
