//! The file as a whole: a mark, a version, a checksum, and the content.

use sha2::{Digest, Sha256};

use super::Artifact;
use super::bytes::{Reader, Stored, refuse};
use crate::error::Error;
use crate::model::Model;
use crate::tree::{Node, Tree};

/// What every model file starts with. The first byte is no text, the last one shows mangled line ends.
const MAGIC: [u8; 8] = *b"\x89ENSMBL\n";
/// Raised with every change of the content's layout.
pub(super) const VERSION: u32 = 1;

impl Artifact {
    /// The file's bytes: mark (8 bytes), version (4), SHA-256 of the content (32), content.
    ///
    /// The same artifact always gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut content = Vec::new();
        self.write(&mut content);
        let mut bytes = MAGIC.to_vec();
        VERSION.write(&mut bytes);
        bytes.extend_from_slice(&Sha256::digest(&content));
        bytes.append(&mut content);
        bytes
    }

    /// Reads an artifact for the features with fingerprint `schema`.
    ///
    /// Whatever the bytes are, this ends with an artifact that can predict or with an error: another file type, a
    /// cut or altered file, another version and another schema are told apart. Memory is bounded by a small multiple
    /// of `bytes`.
    pub fn from_bytes(bytes: &[u8], schema: &str) -> Result<Self, Error> {
        let mut reader = Reader(bytes);
        if !bytes.starts_with(&MAGIC) {
            return Err(refuse("it does not start as one"));
        }
        reader.take::<{ MAGIC.len() }>()?;
        let found = reader.read()?;
        if found != VERSION {
            return Err(Error::ArtifactVersion {
                found,
                supported: VERSION,
            });
        }
        let checksum = reader.take::<32>()?;
        if checksum != *Sha256::digest(reader.0) {
            return Err(refuse("it was cut or altered (its checksum differs)"));
        }
        let artifact: Self = reader.read()?;
        if !reader.0.is_empty() {
            return Err(refuse("something follows its end"));
        }
        if artifact.schema != schema {
            return Err(Error::ArtifactSchema {
                found: artifact.schema,
                expected: schema.to_owned(),
            });
        }
        artifact.check()?;
        Ok(artifact)
    }

    /// Refuses content that is well-formed but cannot predict.
    fn check(&self) -> Result<(), Error> {
        let columns = self.features.len();
        let weights = self.members.iter().map(|member| member.weight);
        let weights_are_shares = weights.clone().all(|weight| (0.0..=1.0).contains(&weight))
            && (weights.sum::<f64>() - 1.0).abs() < 1e-9;
        let probability = |value: f64| (0.0..=1.0).contains(&value);
        let rules = [
            (
                (1..=255).contains(&columns),
                "it has no features or too many",
            ),
            (!self.members.is_empty(), "it has no members"),
            (weights_are_shares, "the weights are no shares of 1"),
            (
                probability(self.threshold),
                "the threshold is no probability",
            ),
            (
                self.probes.iter().all(|probe| probe.row.len() == columns),
                "a probe has another number of values",
            ),
            (
                self.probes
                    .iter()
                    .all(|probe| probability(probe.probability)),
                "a probe's answer is no probability",
            ),
            (
                self.members
                    .iter()
                    .all(|member| member.algorithm == member.model.algorithm()),
                "a member's model is of another algorithm",
            ),
            (
                self.members
                    .iter()
                    .all(|member| member.model.columns() == columns),
                "a member has other features",
            ),
            (
                self.members.iter().all(|member| is_sound(&member.model)),
                "a member holds impossible numbers",
            ),
        ];
        match rules.iter().find(|(holds, _)| !holds) {
            Some((_, reason)) => Err(refuse(reason)),
            None => Ok(()),
        }
    }
}

/// Whether every row gets a probability from `model`.
fn is_sound(model: &Model) -> bool {
    match model {
        Model::Forest(forest) => {
            let share = |value: f32| (0.0..=1.0).contains(&value);
            !forest.trees.is_empty()
                && forest
                    .trees
                    .iter()
                    .all(|tree| is_sound_tree(tree, forest.columns, share))
        }
        Model::Boosting(boosting) => {
            let trees = &boosting.trees;
            boosting.base.is_finite()
                && trees
                    .iter()
                    .all(|tree| is_sound_tree(tree, boosting.columns, f32::is_finite))
        }
        Model::Logistic(logistic) => {
            let terms = &logistic.terms;
            let finite = |number: f64| number.is_finite();
            finite(logistic.intercept)
                && terms
                    .iter()
                    .all(|term| finite(term.mean) && finite(term.coefficient))
                && terms
                    .iter()
                    .all(|term| finite(term.deviation) && term.deviation > 0.0)
        }
    }
}

fn is_sound_tree(tree: &Tree, columns: usize, leaf: impl Fn(f32) -> bool) -> bool {
    tree.nodes.iter().all(|node| match *node {
        Node::Leaf(value) => leaf(value),
        Node::Split {
            feature, threshold, ..
        } => usize::from(feature) < columns && threshold.is_finite(),
    })
}
