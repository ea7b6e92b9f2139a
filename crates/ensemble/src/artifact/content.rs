//! What each part of an artifact is in bytes.
//!
//! Trees are stored as their nodes in preorder without any places: which node is whose child follows from the order,
//! so no file can hold a child out of range or a cycle.

use super::bytes::{Reader, Stored, refuse};
use super::{Artifact, FeatureRange, Member, Probe};
use crate::alarm::{AlarmParams, AlarmRule};
use crate::algorithm::Algorithm;
use crate::boosting::Boosting;
use crate::error::Error;
use crate::forest::Forest;
use crate::logistic::{Logistic, Term};
use crate::metrics::{AtThreshold, Scores};
use crate::model::Model;
use crate::tree::{Node, Tree};

/// Writes a struct as its fields in the order given, and reads it back from them.
macro_rules! stored_fields {
    ($type:ident { $($field:ident),* }) => {
        impl Stored for $type {
            fn write(&self, out: &mut Vec<u8>) {
                $(self.$field.write(out);)*
            }

            fn read(reader: &mut Reader) -> Result<Self, Error> {
                Ok(Self { $($field: reader.read()?),* })
            }
        }
    };
}

stored_fields!(Artifact {
    schema,
    features,
    data_fingerprint,
    threshold,
    members,
    validation,
    test,
    probes,
    alarm
});
stored_fields!(AlarmParams {
    threshold,
    k,
    n,
    release,
    latch
});
stored_fields!(FeatureRange {
    name,
    min,
    max,
    missing
});
stored_fields!(Member {
    name,
    algorithm,
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
stored_fields!(Boosting {
    columns,
    base,
    trees,
    importances
});
stored_fields!(Logistic { terms, intercept });
stored_fields!(Term {
    mean,
    deviation,
    coefficient
});

impl Stored for AlarmRule {
    fn write(&self, out: &mut Vec<u8>) {
        self.params().write(out);
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        let params: AlarmParams = reader.read()?;
        params
            .check()
            .map_err(|_| refuse("its alarm rule is impossible"))
    }
}

impl Stored for Algorithm {
    fn write(&self, out: &mut Vec<u8>) {
        let tag: u8 = match self {
            Self::RandomForest => 0,
            Self::GradientBoosting => 1,
            Self::LogisticRegression => 2,
        };
        tag.write(out);
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        match reader.read::<u8>()? {
            0 => Ok(Self::RandomForest),
            1 => Ok(Self::GradientBoosting),
            2 => Ok(Self::LogisticRegression),
            _ => Err(refuse("it names an unknown algorithm")),
        }
    }
}

impl Stored for Model {
    fn write(&self, out: &mut Vec<u8>) {
        self.algorithm().write(out);
        match self {
            Self::Forest(model) => model.write(out),
            Self::Boosting(model) => model.write(out),
            Self::Logistic(model) => model.write(out),
        }
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        match reader.read()? {
            Algorithm::RandomForest => reader.read().map(Self::Forest),
            Algorithm::GradientBoosting => reader.read().map(Self::Boosting),
            Algorithm::LogisticRegression => reader.read().map(Self::Logistic),
        }
    }
}

impl Stored for Forest {
    fn write(&self, out: &mut Vec<u8>) {
        self.columns.write(out);
        self.trees.write(out);
        self.importances.write(out);
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        Ok(Self {
            columns: reader.read()?,
            trees: reader.read()?,
            importances: reader.read()?,
            // It tells of the fit; what a model is worth is told by its member's scores.
            out_of_bag: None,
        })
    }
}

impl Stored for Tree {
    fn write(&self, out: &mut Vec<u8>) {
        self.nodes.write(out);
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        Self::try_from_preorder(reader.read()?).ok_or_else(|| refuse("a tree is not complete"))
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
            _ => Err(refuse("a node is neither leaf nor split")),
        }
    }
}

impl Stored for usize {
    fn write(&self, out: &mut Vec<u8>) {
        // The same file on every machine, whatever its word.
        (*self as u64).write(out);
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        Self::try_from(reader.read::<u64>()?).map_err(|_| refuse("a count is too large"))
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
