//! The parts of an artifact as bytes; each learner does the same for its own model.
//!
//! Trees are stored as nodes in preorder, without indices. Which node is the child of which follows from the order, so
//! no file can contain a child out of range or a cycle.

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
        // As many as there are leaves, so their number needs no place.
        for cover in &self.covers {
            cover.write(out);
        }
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        let tree = Self::try_from_preorder(reader.read()?);
        let mut tree = tree.ok_or_else(|| reject("a tree is not complete"))?;
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
            _ => Err(reject("a node is neither leaf nor split")),
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
