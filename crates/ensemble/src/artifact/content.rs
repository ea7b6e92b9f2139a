//! Serialization of an artifact's parts; each learner serializes its own model.
//!
//! Trees are stored as nodes in preorder, without indices. The order alone determines each node's children, so a file
//! cannot contain a cycle or a child out of range.

use super::{Artifact, FeatureRange, Member, Probe};
use crate::error::Error;
use crate::metrics::{AtThreshold, Scores};
use crate::stored::{Reader, Stored, reject, stored_fields};
use crate::tree::{Node, Tree};

stored_fields!(Artifact {
    schema,
    features,
    data_fingerprint,
    threshold,
    members,
    validation,
    test,
    probes,
    extras
});
stored_fields!(FeatureRange {
    name,
    min,
    max,
    missing
});
stored_fields!(Member {
    name,
    weight,
    seed,
    hyperparameters,
    validation,
    test,
    model
});
stored_fields!(Probe {
    name,
    row,
    expected,
    probability
});
stored_fields!(AtThreshold {
    threshold,
    accuracy,
    f1,
    precision,
    recall
});
stored_fields!(Scores {
    auc,
    pr_auc,
    accuracy,
    f1,
    precision,
    recall,
    logloss,
    brier,
    ece,
    auc_interval,
    at_threshold
});

impl Stored for Tree {
    fn write(&self, out: &mut Vec<u8>) {
        self.nodes.write(out);
        // One per leaf, so the count is not stored.
        for cover in &self.covers {
            cover.write(out);
        }
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        let tree = Self::try_from_preorder(reader.read()?);
        let mut tree = tree.ok_or_else(|| reject("a tree is incomplete"))?;
        for cover in &mut tree.covers {
            *cover = reader.read()?;
        }
        Ok(tree)
    }
}

impl Stored for Node {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Leaf(value) => {
                0_u8.write(out);
                value.write(out);
            }
            Self::Split {
                feature,
                missing_left,
                threshold,
                ..
            } => {
                (1 + u8::from(*missing_left)).write(out);
                feature.write(out);
                threshold.write(out);
            }
        }
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        match reader.read::<u8>()? {
            0 => reader.read().map(Self::Leaf),
            tag @ 1..=2 => Ok(Self::split(reader.read()?, tag == 2, reader.read()?)),
            _ => Err(reject("a node is neither a leaf nor a split")),
        }
    }
}

impl Stored for [f64; 2] {
    fn write(&self, out: &mut Vec<u8>) {
        for number in self {
            number.write(out);
        }
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        Ok([reader.read()?, reader.read()?])
    }
}
