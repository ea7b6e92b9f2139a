//! Writes a dataset to a directory, whole or in shards, and reads it back.
//!
//! ```text
//! manifest.json                      if the dataset was written whole
//! shard-00003-of-00008.json          record of a shard
//! train/part-00000.parquet           or part-00003-of-00008.parquet
//! validation/...  test/...  alarm-validation/...  alarm-test/...
//! ```
//!
//! The manifest or shard record is written last, so the files it describes are complete.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, ensure};
use fire_cli::usage;
use fire_run::{Channel, DataManifest, PartEntry, records};
use sensor_model::Rows;
use serde::{Deserialize, Serialize};
use split::{Part, Ratios};

use crate::audit::{self, Audited};
use crate::partition::Partitions;
use crate::plan::Plan;
use crate::shard::Shard;

/// The file that marks the dataset in its directory as complete.
const MANIFEST: &str = DataManifest::FILE;

/// The record of a shard: what it contains, and which dataset it is part of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ShardRecord {
    shard: String,
    whole: Whole,
    parts: BTreeMap<Channel, PartEntry>,
}

/// Properties that all shards of a dataset share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Whole {
    profile: String,
    seed: u64,
    samples: Option<u64>,
    settings: BTreeMap<String, String>,
    schema: String,
}

/// Writes a dataset, laid out as in S3.
pub(crate) fn write(dataset: &Audited, dir: &Path) -> anyhow::Result<()> {
    let manifest = dir.join(MANIFEST);
    // The manifest of an older dataset must not describe rows that are being replaced.
    remove(&manifest)?;
    for (&channel, rows) in &dataset.rows {
        write_rows(dir, channel, Shard::WHOLE, rows)?;
    }
    Ok(records::write(&manifest, &dataset.manifest)?)
}

/// Writes the rows of a shard, and then its record.
pub(crate) fn write_shard(
    plan: &Plan,
    shard: Shard,
    rows: &BTreeMap<Channel, Rows>,
    dir: &Path,
) -> anyhow::Result<ShardRecord> {
    let path = dir.join(shard.record_name());
    remove(&path)?;
    for (&channel, rows) in rows {
        write_rows(dir, channel, shard, rows)?;
    }
    let record = ShardRecord {
        shard: shard.to_string(),
        whole: Whole {
            profile: plan.source.profile(),
            seed: plan.seed,
            samples: plan.source.samples(),
            settings: plan.source.settings(),
            schema: sensor_model::fingerprint().to_owned(),
        },
        parts: rows
            .iter()
            .map(|(&channel, rows)| (channel, audit::entry(rows)))
            .collect(),
    };
    records::write(&path, &record)?;
    Ok(record)
}

/// The file of a channel in a dataset that was written whole.
pub(crate) fn file(dir: &Path, channel: Channel) -> PathBuf {
    dir.join(channel.as_str()).join(Shard::WHOLE.file_name())
}

/// The manifest of a directory that [`write()`] wrote; `None` if the dataset is incomplete.
pub(crate) fn manifest(dir: &Path) -> anyhow::Result<Option<DataManifest>> {
    Ok(records::read(&dir.join(MANIFEST))?)
}

/// Reads a dataset that was written whole or in shards; all shards must be present.
///
/// # Errors
/// Exit code 2 for a directory that is incomplete, invalid or of another feature schema.
pub(crate) fn read(dir: &Path) -> anyhow::Result<Partitions> {
    let found = match manifest(dir)? {
        Some(manifest) => read_whole(dir, manifest),
        None => read_shards(dir),
    };
    found
        .with_context(|| format!("--parts {}", dir.display()))
        .map_err(usage)
}

fn read_whole(dir: &Path, manifest: DataManifest) -> anyhow::Result<Partitions> {
    check_schema(&manifest.schema)?;
    let mut rows = BTreeMap::new();
    let mut bayes_optimal = BTreeMap::new();
    for (&channel, entry) in &manifest.parts {
        rows.insert(channel, read_rows(&file(dir, channel), entry)?);
        bayes_optimal.extend(entry.bayes_optimal.map(|best| (channel, best)));
    }
    Ok(Partitions {
        profile: manifest.profile,
        settings: manifest.settings,
        deviation: largest_deviation(&rows),
        bayes_optimal,
        rows,
    })
}

fn read_shards(dir: &Path) -> anyhow::Result<Partitions> {
    let first = any_record(dir)?;
    let shard: Shard = first.shard.parse().map_err(anyhow::Error::msg)?;
    check_schema(&first.whole.schema)?;
    let mut rows: BTreeMap<Channel, Rows> = BTreeMap::new();
    for sibling in shard.siblings() {
        let path = dir.join(sibling.record_name());
        let record: ShardRecord = records::read(&path)?.with_context(|| {
            format!("shard {sibling} is missing: generate it with --shard {sibling} and the flags of the others, or copy it here")
        })?;
        ensure!(
            record.whole == first.whole,
            "{} belongs to another dataset than shard {shard}: it was generated with other flags",
            path.display()
        );
        for (&channel, entry) in &record.parts {
            let path = dir.join(channel.as_str()).join(sibling.file_name());
            rows.entry(channel)
                .or_default()
                .extend(read_rows(&path, entry)?);
        }
    }
    Ok(Partitions {
        profile: first.whole.profile,
        settings: first.whole.settings,
        deviation: largest_deviation(&rows),
        // Shards are simulated episodes, for which it is unknown.
        bayes_optimal: BTreeMap::new(),
        rows,
    })
}

/// The record of the first shard in the directory, by name.
fn any_record(dir: &Path) -> anyhow::Result<ShardRecord> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with("shard-") {
            names.push(name);
        }
    }
    let first = names.into_iter().min().ok_or_else(|| {
        anyhow!("found neither {MANIFEST} nor a shard record; `train-100k --out DIR` writes such a directory")
    })?;
    let record = records::read(&dir.join(&first))?;
    record.with_context(|| format!("{first} has disappeared"))
}

/// Reads the rows of a file and checks them against its record.
fn read_rows(path: &Path, entry: &PartEntry) -> anyhow::Result<Rows> {
    // A small shard may have no rows for a channel, and a file without rows cannot be read as data.
    if entry.rows == 0 {
        return Ok(Rows::default());
    }
    let rows = sensor_model::read_rows(path)?;
    ensure!(
        sensor_model::data_fingerprint(&rows) == entry.fingerprint,
        "{} does not contain the rows that were written to it; generate it again",
        path.display()
    );
    Ok(rows)
}

/// The largest difference between a partition's actual and requested shares.
fn largest_deviation(rows: &BTreeMap<Channel, Rows>) -> f64 {
    let count = |part: Part| rows.get(&part.into()).map_or(0, Rows::len);
    let all: usize = Part::ALL.map(count).iter().sum();
    let deviation = |part: Part| {
        let share = count(part) as f64 / all as f64;
        (share - Ratios::default().share(part)).abs()
    };
    Part::ALL.map(deviation).into_iter().fold(0.0, f64::max)
}

fn check_schema(schema: &str) -> anyhow::Result<()> {
    let own = sensor_model::fingerprint();
    ensure!(
        schema == own,
        "these rows have the features of schema {schema}, but this program uses {own}; generate them again"
    );
    Ok(())
}

fn write_rows(dir: &Path, channel: Channel, shard: Shard, rows: &Rows) -> anyhow::Result<()> {
    let dir = dir.join(channel.as_str());
    fs::create_dir_all(&dir)
        .with_context(|| format!("cannot create the directory {}", dir.display()))?;
    sensor_model::write_rows(&dir.join(shard.file_name()), rows)?;
    Ok(())
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot replace {}", path.display()))
        }
        _ => Ok(()),
    }
}
