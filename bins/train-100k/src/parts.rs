//! A dataset in a folder: written in one go or in shards, and read back.
//!
//! ```text
//! manifest.json                      of a dataset that was made in one go
//! shard-00003-of-00008.json          of each shard
//! train/part-00000.parquet           or part-00003-of-00008.parquet
//! validation/...  test/...  alarm-validation/...  alarm-test/...
//! ```
//!
//! The manifest or record is written last: what it vouches for is whole.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, ensure};
use fire_cli::usage;
use fire_run::{Ceiling, Channel, DataManifest, PartEntry, records};
use sensor_model::Rows;
use serde::{Deserialize, Serialize};

use crate::divide::{self, Prepared};
use crate::recipe::Recipe;
use crate::shard::Shard;

/// The file beside the parts that says that they are whole.
const MANIFEST: &str = "manifest.json";

/// What was read from a folder.
pub(crate) struct Found {
    pub(crate) profile: String,
    pub(crate) settings: BTreeMap<String, String>,
    /// By the names of their channels.
    pub(crate) parts: BTreeMap<Channel, Rows>,
    pub(crate) ceilings: BTreeMap<Channel, Option<Ceiling>>,
}

/// What a shard says of itself and of the whole that it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ShardRecord {
    shard: String,
    whole: Whole,
    parts: BTreeMap<Channel, PartEntry>,
}

/// What all shards of a dataset agree on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Whole {
    profile: String,
    seed: u64,
    samples: Option<u64>,
    settings: BTreeMap<String, String>,
    schema: String,
}

/// Writes the parts and their manifest to a folder, laid out as in S3.
pub(crate) fn write(prepared: &Prepared, folder: &Path) -> anyhow::Result<()> {
    let manifest = folder.join(MANIFEST);
    // An older dataset's manifest must not vouch for parts that are being replaced.
    forget(&manifest)?;
    for (&part, rows) in &prepared.parts {
        write_part(folder, part, (Shard::WHOLE, rows))?;
    }
    Ok(records::write(&manifest, &prepared.manifest)?)
}

/// Writes a shard's share of the parts, and then the record that says that it is whole.
pub(crate) fn write_shard(
    recipe: &Recipe,
    (shard, parts): (Shard, &BTreeMap<Channel, Rows>),
    folder: &Path,
) -> anyhow::Result<ShardRecord> {
    let path = folder.join(shard.record_name());
    forget(&path)?;
    for (&part, rows) in parts {
        write_part(folder, part, (shard, rows))?;
    }
    let record = ShardRecord {
        shard: shard.to_string(),
        whole: Whole {
            profile: recipe.source.name(),
            seed: recipe.seed,
            samples: recipe.source.samples(),
            settings: recipe.source.settings(),
            schema: sensor_model::fingerprint().to_owned(),
        },
        parts: parts
            .iter()
            .map(|(&channel, rows)| (channel, divide::entry(rows)))
            .collect(),
    };
    records::write(&path, &record)?;
    Ok(record)
}

/// The file of a part that was written in one go.
pub(crate) fn file(folder: &Path, part: Channel) -> PathBuf {
    folder.join(part.as_str()).join(Shard::WHOLE.file_name())
}

/// The manifest of a folder that [`write()`] wrote; nothing if it did not come to the end.
pub(crate) fn manifest(folder: &Path) -> anyhow::Result<Option<DataManifest>> {
    Ok(records::read(&folder.join(MANIFEST))?)
}

/// Reads a dataset that was written in one go or in shards, which must all be there.
pub(crate) fn read(folder: &Path) -> anyhow::Result<Found> {
    let found = match manifest(folder)? {
        Some(manifest) => read_whole(folder, manifest),
        None => read_shards(folder),
    };
    found
        .with_context(|| format!("--parts {}", folder.display()))
        .map_err(usage)
}

fn read_whole(folder: &Path, manifest: DataManifest) -> anyhow::Result<Found> {
    same_schema(&manifest.schema)?;
    let mut parts = BTreeMap::new();
    for (&part, entry) in &manifest.parts {
        parts.insert(part, read_part(&file(folder, part), entry)?);
    }
    let entries = manifest.parts.iter();
    Ok(Found {
        profile: manifest.profile,
        settings: manifest.settings,
        ceilings: entries
            .map(|(&channel, entry)| (channel, entry.ceiling))
            .collect(),
        parts,
    })
}

fn read_shards(folder: &Path) -> anyhow::Result<Found> {
    let first = any_record(folder)?;
    let shard: Shard = first.shard.parse().map_err(anyhow::Error::msg)?;
    same_schema(&first.whole.schema)?;
    let mut parts: BTreeMap<Channel, Rows> = BTreeMap::new();
    for sibling in shard.siblings() {
        let path = folder.join(sibling.record_name());
        let record: ShardRecord = records::read(&path)?.with_context(|| {
            format!("shard {sibling} is missing: make it with --shard {sibling} and the flags of the others, or copy it here")
        })?;
        ensure!(
            record.whole == first.whole,
            "{} is of another dataset than shard {shard}: it was made with other flags",
            path.display()
        );
        for (&part, entry) in &record.parts {
            let rows = read_part(&folder.join(part.as_str()).join(sibling.file_name()), entry)?;
            parts.entry(part).or_default().extend(rows);
        }
    }
    Ok(Found {
        profile: first.whole.profile,
        settings: first.whole.settings,
        parts,
        ceilings: BTreeMap::new(),
    })
}

/// The record of the first shard in the folder, by name.
fn any_record(folder: &Path) -> anyhow::Result<ShardRecord> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with("shard-") {
            names.push(name);
        }
    }
    let first = names.into_iter().min().ok_or_else(|| {
        anyhow!("there is neither {MANIFEST} nor the record of a shard; `train-100k --out DIR` writes such a folder")
    })?;
    let record = records::read(&folder.join(&first))?;
    record.with_context(|| format!("{first} is gone"))
}

/// A part's file as its record describes it; a file without rows, as small shards have, is no data file to others.
fn read_part(path: &Path, entry: &PartEntry) -> anyhow::Result<Rows> {
    if entry.rows == 0 {
        return Ok(Rows::default());
    }
    let rows = sensor_model::read_rows(path)?;
    ensure!(
        sensor_model::data_fingerprint(&rows) == entry.fingerprint,
        "{} does not hold the rows that it was written with; make it again",
        path.display()
    );
    Ok(rows)
}

fn same_schema(schema: &str) -> anyhow::Result<()> {
    let own = sensor_model::fingerprint();
    ensure!(
        schema == own,
        "these rows have the features of schema {schema}, but this program has {own}; make them again"
    );
    Ok(())
}

fn write_part(folder: &Path, part: Channel, (shard, rows): (Shard, &Rows)) -> anyhow::Result<()> {
    let folder = folder.join(part.as_str());
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    sensor_model::write_rows(&folder.join(shard.file_name()), rows)?;
    Ok(())
}

fn forget(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot replace {}", path.display()))
        }
        _ => Ok(()),
    }
}
