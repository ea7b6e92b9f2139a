//! `--out`: a dataset in a folder, without any backend.

use std::path::Path;

use fire_cli::{Console, Exit};
use fire_run::records::TrainTimings;

use crate::recipe::Recipe;
use crate::shard::Shard;
use crate::{dataset, parts, summary};

/// The parts and their manifest, or a shard of them, into a folder, without any backend.
pub(crate) fn write(
    recipe: &Recipe,
    (shard, folder): (Option<Shard>, &Path),
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    if let Some(shard) = shard {
        let rows = dataset::shard(recipe, shard, console)?;
        let record = parts::write_shard(recipe, (shard, &rows), folder)?;
        let count: usize = rows.values().map(sensor_model::Rows::len).sum();
        console.say(format!(
            "shard {shard}: {count} rows written to {}; when all {} are in one folder, train on them with --parts",
            folder.display(),
            shard.of()
        ))?;
        console.json(&record)?;
        return Ok(Exit::Done);
    }
    let prepared = dataset::prepare(recipe, &mut TrainTimings::default(), console)?;
    parts::write(&prepared, folder)?;
    console.say(summary::dataset_lines(&prepared.manifest))?;
    console.say(format!("written to {}", folder.display()))?;
    console.json(&prepared.manifest)?;
    Ok(Exit::Done)
}
