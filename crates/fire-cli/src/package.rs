//! `model.tar.gz`: SageMaker's wrapping of a model, and what is said of the model beside it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use alarm::AlarmTrial;
use anyhow::{Context as _, anyhow};
use ensemble::KindScores;
use ensemble::artifact::{Artifact, MANIFEST_FILE, MODEL_FILE};
use sagemaker_ops::endpoint::ContentDigest;
use sagemaker_ops::{Clients, S3Uri};
use serde::{Deserialize, Serialize};

use crate::{archive, usage};

/// The figures beside a model; training jobs write more into it than is read here.
const FIGURES_FILE: &str = "metrics.json";

/// The remedy for an archive that is not ours.
const REMEDY: &str = "give the model.tar.gz of a training job of this pipeline \
                      (`monitor-100k JOB --metrics` prints its URI)";

/// A model as it was packed.
#[derive(Debug)]
pub struct Packed {
    /// The model itself.
    pub artifact: Artifact,
    /// What was found out of it on whole episodes and on each kind of them.
    pub judged: Judged,
    /// The digest of the `model.tar.gz`.
    pub digest: ContentDigest,
}

/// What is told of a model beside its row figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Judged {
    /// Its alarm rule: how it was chosen, and how it did where it was not.
    pub alarm: Option<AlarmTrial>,
    /// Rows of the test part by the kind of their recording, at the model's threshold.
    pub kinds: BTreeMap<String, KindScores>,
}

/// Packs an artifact as SageMaker expects it: relative names, gzip, the same bytes each time.
pub fn pack_model(artifact: &Artifact) -> anyhow::Result<Vec<u8>> {
    pack_judged(artifact, &Judged::default())
}

/// Packs an artifact with what was found out of it.
pub fn pack_judged(artifact: &Artifact, judged: &Judged) -> anyhow::Result<Vec<u8>> {
    let manifest = serde_json::to_vec_pretty(&artifact.manifest())?;
    let figures = serde_json::to_vec_pretty(judged)?;
    archive::pack(&[
        (MODEL_FILE, &artifact.to_bytes()),
        (MANIFEST_FILE, &manifest),
        (FIGURES_FILE, &figures),
    ])
}

/// The members' weights by algorithm; a second member of one algorithm is `<algorithm>#2`.
pub fn weights(artifact: &Artifact) -> BTreeMap<String, f64> {
    let mut weights = BTreeMap::new();
    for member in &artifact.members {
        let name = member.algorithm().to_string();
        let numbered = (2..).map(|number| format!("{name}#{number}"));
        let free = std::iter::once(name.clone())
            .chain(numbered)
            .find(|candidate| !weights.contains_key(candidate));
        weights.insert(free.unwrap_or(name), member.weight);
    }
    weights
}

/// Downloads a model for rows of the given schema.
pub async fn fetch_model(clients: &Clients, uri: &S3Uri, schema: &str) -> anyhow::Result<Packed> {
    let tar_gz = sagemaker_ops::storage::get_bytes(clients, uri)
        .await
        .with_context(|| format!("no model can be read from {uri}; {REMEDY}"))?;
    unpack_model(&tar_gz, uri, schema).map_err(usage)
}

/// Loads the artifact of a `model.tar.gz` on this machine for rows of the given schema.
pub fn read_artifact(path: &Path, schema: &str) -> anyhow::Result<Artifact> {
    let shown = path.display();
    let tar_gz = std::fs::read(path).with_context(|| format!("cannot read {shown}"));
    let packed = unpack_model(&tar_gz.map_err(usage)?, &shown, schema);
    packed.map(|packed| packed.artifact).map_err(usage)
}

fn unpack_model(tar_gz: &[u8], place: &dyn fmt::Display, schema: &str) -> anyhow::Result<Packed> {
    let not_ours = || format!("{place} is not a model of this pipeline; {REMEDY}");
    let files = archive::unpack(tar_gz).with_context(not_ours)?;
    let file = files.get(MODEL_FILE);
    let bytes = file
        .ok_or_else(|| anyhow!("the archive has no file `{MODEL_FILE}`"))
        .with_context(not_ours)?;
    let artifact = Artifact::from_bytes(bytes, schema);
    Ok(Packed {
        artifact: artifact.with_context(|| format!("{place} cannot be used"))?,
        judged: judged(files.get(FIGURES_FILE))
            .with_context(|| format!("{place}#{FIGURES_FILE}"))?,
        digest: ContentDigest::of_bytes(tar_gz),
    })
}

/// Models of other tools and of older versions have no such file.
fn judged(file: Option<&Vec<u8>>) -> anyhow::Result<Judged> {
    let read = file.map(|bytes| serde_json::from_slice(bytes));
    Ok(read.transpose()?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_without_a_model_says_what_is_missing_and_what_to_give() {
        let foreign = archive::pack(&[("xgboost-model", b"x")]).unwrap();
        let error = unpack_model(&foreign, &"s3://bucket/key", "schema").unwrap_err();
        let text = format!("{error:#}");
        for expected in [
            "s3://bucket/key is not a model",
            "no file `model.bin`",
            "monitor-100k JOB --metrics",
        ] {
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn figures_are_read_where_there_are_some_and_damaged_ones_are_not_passed_over() {
        let read = |text: &str| judged(Some(&text.as_bytes().to_vec()));
        assert_eq!(judged(None).unwrap(), Judged::default());
        assert_eq!(
            read(r#"{"algorithm":"random_forest","alarm":null}"#).unwrap(),
            Judged::default()
        );
        assert!(read("{").is_err());
        let kinds = r#"{"kinds":{"people":{"rows":2,"positives":0,"recall":null,"false_positive_rate":0.5}}}"#;
        assert_eq!(
            read(kinds).unwrap().kinds["people"].false_positive_rate,
            Some(0.5)
        );
    }
}
