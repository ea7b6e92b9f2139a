//! `model.tar.gz` and `output.tar.gz`: SageMaker's wrapping of what a job leaves.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use ensemble::Predictions;
use ensemble::artifact::{Artifact, MANIFEST_FILE, MODEL_FILE};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use sagemaker_ops::{Clients, S3Uri};

use crate::usage;

/// A packed file larger than this is refused: it is no model of ours, or a bomb.
const LARGEST_FILE: u64 = 1 << 30;

/// The remedy for an archive that is not ours.
const REMEDY: &str = "give the model.tar.gz of a training job of this pipeline \
                      (`monitor-100k JOB --metrics` prints its URI)";

/// Packs an artifact as SageMaker expects it: relative names, gzip, the same bytes each time.
pub fn pack_model(artifact: &Artifact) -> anyhow::Result<Vec<u8>> {
    let manifest = serde_json::to_vec_pretty(&artifact.manifest())?;
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    append(&mut archive, MODEL_FILE, &artifact.to_bytes())?;
    append(&mut archive, MANIFEST_FILE, &manifest)?;
    Ok(archive.into_inner()?.finish()?)
}

fn append<W: std::io::Write>(
    archive: &mut tar::Builder<W>,
    name: &str,
    bytes: &[u8],
) -> anyhow::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    Ok(archive.append_data(&mut header, name, bytes)?)
}

/// The bytes of one file of a `.tar.gz`; an error names the file that is missing or what
/// the archive is instead.
fn unpack_file(tar_gz: &[u8], name: &str) -> anyhow::Result<Vec<u8>> {
    let mut archive = tar::Archive::new(GzDecoder::new(tar_gz));
    let entries = archive.entries().context("not a tar.gz archive")?;
    for entry in entries {
        let entry = entry.context("not a tar.gz archive, or a damaged one")?;
        let path = entry.path().context("an entry has no readable name")?;
        if path.strip_prefix("./").unwrap_or(&path) != Path::new(name) {
            continue;
        }
        if entry.size() > LARGEST_FILE {
            return Err(anyhow!(
                "`{name}` has {} bytes, more than any model",
                entry.size()
            ));
        }
        let mut bytes = Vec::new();
        entry
            .take(LARGEST_FILE)
            .read_to_end(&mut bytes)
            .context("a damaged archive")?;
        return Ok(bytes);
    }
    Err(anyhow!("the archive has no file `{name}`"))
}

/// The members' weights by algorithm; a second member of one algorithm is `<algorithm>#2`.
pub fn weights(artifact: &Artifact) -> BTreeMap<String, f64> {
    let mut weights = BTreeMap::new();
    for member in &artifact.members {
        let name = member.algorithm.to_string();
        let numbered = (2..).map(|number| format!("{name}#{number}"));
        let free = std::iter::once(name.clone())
            .chain(numbered)
            .find(|candidate| !weights.contains_key(candidate));
        weights.insert(free.unwrap_or(name), member.weight);
    }
    weights
}

/// Downloads a model and loads its artifact for rows of the given schema.
pub async fn fetch_artifact(
    clients: &Clients,
    uri: &S3Uri,
    schema: &str,
) -> anyhow::Result<Artifact> {
    let tar_gz = sagemaker_ops::storage::get_bytes(clients, uri)
        .await
        .with_context(|| format!("no model can be read from {uri}; {REMEDY}"))?;
    unpack_artifact(&tar_gz, uri, schema).map_err(usage)
}

/// Loads the artifact of a `model.tar.gz` on this machine for rows of the given schema.
pub fn read_artifact(path: &Path, schema: &str) -> anyhow::Result<Artifact> {
    let shown = path.display();
    let tar_gz = std::fs::read(path).with_context(|| format!("cannot read {shown}"));
    unpack_artifact(&tar_gz.map_err(usage)?, &shown, schema).map_err(usage)
}

fn unpack_artifact(
    tar_gz: &[u8],
    place: &dyn fmt::Display,
    schema: &str,
) -> anyhow::Result<Artifact> {
    let bytes = unpack_file(tar_gz, MODEL_FILE)
        .with_context(|| format!("{place} is not a model of this pipeline; {REMEDY}"))?;
    Artifact::from_bytes(&bytes, schema).with_context(|| format!("{place} cannot be used"))
}

/// Downloads the predictions on one part (`validation` or `test`) that a job left
/// beside its model.
pub async fn fetch_predictions(
    clients: &Clients,
    model: &S3Uri,
    part: &str,
) -> anyhow::Result<Predictions> {
    let uri = model.sibling("output.tar.gz");
    let tar_gz = sagemaker_ops::storage::get_bytes(clients, &uri)
        .await
        .with_context(|| {
            format!("no predictions beside {model}; only models of training jobs can be combined")
        })?;
    let name = format!("{part}.csv");
    let bytes = unpack_file(&tar_gz, &name)
        .with_context(|| format!("{uri} has no predictions on {part}"))
        .map_err(usage)?;
    Predictions::read_csv(bytes.as_slice(), &format!("{uri}#{name}")).map_err(usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, bytes) in files {
            append(&mut archive, name, bytes).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn a_file_is_found_with_or_without_a_leading_dot() {
        let archive = archive_of(&[("other", b"x"), ("./model.fire", b"bytes")]);
        assert_eq!(unpack_file(&archive, "model.fire").unwrap(), b"bytes");
        let archive = archive_of(&[("model.fire", b"bytes")]);
        assert_eq!(unpack_file(&archive, "model.fire").unwrap(), b"bytes");
    }

    #[test]
    fn what_is_not_a_model_archive_says_what_it_is_instead() {
        let whole = archive_of(&[("model.fire", &[7; 4096])]);
        let cases: [(&[u8], &str); 4] = [
            (b"plain text", "not a tar.gz archive"),
            (b"", "not a tar.gz archive"),
            (&whole[..40], "damaged"),
            (
                &archive_of(&[("xgboost-model", b"x")]),
                "no file `model.fire`",
            ),
        ];
        for (bytes, expected) in cases {
            let error = format!("{:#}", unpack_file(bytes, "model.fire").unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }
}
