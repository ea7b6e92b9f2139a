//! The file format: a magic number, a version, a checksum, and the content.

use sha2::{Digest, Sha256};

use super::{Artifact, FeatureRange};
use crate::decision_function::{DecisionFunction, Link};
use crate::error::Error;
use crate::learners::Model;
use crate::stored::{Reader, Stored, reject};
use crate::tree::{Node, Tree};

/// The magic number. Its first byte is not ASCII, and its last one detects converted line endings.
const MAGIC: [u8; 8] = *b"\x89ENSMBL\n";
/// Incremented with every change to the content's layout. Other versions are rejected: retraining is cheap.
pub(super) const VERSION: u32 = 5;

impl Artifact {
    /// The file's bytes: magic number (8 bytes), version (4), SHA-256 of the content (32), content.
    ///
    /// The same artifact always gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut content = Vec::new();
        self.write(&mut content);
        seal(&content)
    }

    /// Reads an artifact for the features with fingerprint `schema`.
    ///
    /// Safe on arbitrary bytes: returns an artifact that can predict, or an error that distinguishes another file type,
    /// a truncated or altered file, another version and another schema. Memory use is bounded by a small multiple of
    /// the length of `bytes`.
    pub fn from_bytes(bytes: &[u8], schema: &str) -> Result<Self, Error> {
        let mut reader = Reader(bytes);
        if !bytes.starts_with(&MAGIC) {
            return Err(reject("its magic number is wrong"));
        }
        reader.take::<{ MAGIC.len() }>()?;
        // Checked first, because another version may use another kind of checksum.
        let found = reader.read()?;
        if found != VERSION {
            let expected = VERSION;
            return Err(Error::ArtifactVersion { found, expected });
        }
        let checksum = reader.take::<32>()?;
        if checksum != *Sha256::digest(reader.0) {
            return Err(reject("it was truncated or altered (its checksum differs)"));
        }
        let artifact: Self = reader.read()?;
        if !reader.0.is_empty() {
            return Err(reject("there is trailing data"));
        }
        if artifact.schema != schema {
            return Err(Error::ArtifactSchema {
                found: artifact.schema,
                expected: schema.to_owned(),
            });
        }
        // Checked after the schema, because an artifact for other features may be valid in its own right.
        artifact.check()?;
        Ok(artifact)
    }

    /// Rejects well-formed content that cannot predict.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let columns = self.features.len();
        let weights = self.members.iter().map(|member| member.weight);
        let weights_are_valid = weights.clone().all(|weight| (0.0..=1.0).contains(&weight))
            && (weights.sum::<f64>() - 1.0).abs() < 1e-9;
        let probability = |value: f64| (0.0..=1.0).contains(&value);
        let rules = [
            (
                (1..=255).contains(&columns),
                "it must have 1 to 255 features",
            ),
            (
                self.features.iter().all(FeatureRange::is_possible),
                "the range of a feature is invalid",
            ),
            (!self.members.is_empty(), "it has no members"),
            (weights_are_valid, "the weights do not sum to 1"),
            (
                probability(self.threshold),
                "the threshold is not between 0 and 1",
            ),
            (
                self.probes.iter().all(|probe| probe.row.len() == columns),
                "a probe does not have one value per feature",
            ),
            (
                self.probes
                    .iter()
                    .all(|probe| probability(probe.probability)),
                "a probe's probability is not between 0 and 1",
            ),
            (
                self.members
                    .iter()
                    .all(|member| member.model.columns() == columns),
                "a member has a different number of features",
            ),
            (
                self.members.iter().all(|member| is_valid(&member.model)),
                "a member contains invalid numbers",
            ),
        ];
        match rules.iter().find(|(holds, _)| !holds) {
            Some((_, reason)) => Err(reject(reason)),
            None => Ok(()),
        }
    }
}

/// Prepends the magic number, version and checksum to `content`.
fn seal(content: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    VERSION.write(&mut bytes);
    bytes.extend_from_slice(&Sha256::digest(content));
    bytes.extend_from_slice(content);
    bytes
}

/// Whether `model` gives a probability for every row.
fn is_valid(model: &Model) -> bool {
    let columns = model.columns();
    let importances = model.importances();
    importances.is_none_or(|shares| are_shares(shares, columns))
        && match model.decision_function() {
            DecisionFunction::Trees(sum) => {
                let share = |value: f32| (0.0..=1.0).contains(&value);
                let possible = match sum.link {
                    Link::Mean(_) => share,
                    Link::LogOdds => f32::is_finite,
                };
                // The mean over zero trees would be NaN.
                (sum.link == Link::LogOdds || !sum.trees.is_empty())
                    && sum.start.is_finite()
                    && (sum.trees.iter()).all(|tree| is_valid_tree(tree, columns, possible))
            }
            DecisionFunction::Linear(linear) => {
                // Far beyond any fitted value, yet small enough that a sum over 255 features cannot overflow.
                let moderate = |number: f64| number.abs() <= 1e100;
                moderate(linear.intercept)
                    && linear.terms.iter().all(|term| {
                        moderate(term.mean)
                            && moderate(term.coefficient)
                            && (1e-100..=1e100).contains(&term.deviation)
                    })
            }
        }
}

/// Whether `importances` has one share per feature.
fn are_shares(importances: &[f64], columns: usize) -> bool {
    let share = |value: &f64| (0.0..=1.0).contains(value);
    importances.len() == columns && importances.iter().all(share)
}

fn is_valid_tree(tree: &Tree, columns: usize, leaf: fn(f32) -> bool) -> bool {
    tree.covers.iter().all(|&cover| cover > 0)
        && tree.nodes.iter().all(|node| match *node {
            Node::Leaf(value) => leaf(value),
            Node::Split {
                feature, threshold, ..
            } => usize::from(feature) < columns && threshold.is_finite(),
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::artifact::{Member, Probe};
    use crate::boosting::Boosting;
    use crate::explain::Explainer;
    use crate::forest::Forest;
    use crate::learners::Params;
    use crate::linear::Term;
    use crate::logistic::Logistic;

    const HEADER: usize = MAGIC.len() + 4 + 32;

    /// One member per learner, on two features.
    fn artifact() -> Artifact {
        let split = |missing_left| Node::split(1, missing_left, 0.5);
        let trees = vec![
            Tree::from_preorder(vec![
                split(true),
                Node::Leaf(0.25),
                split(false),
                Node::Leaf(0.5),
                Node::Leaf(1.0),
            ])
            .with_covers(vec![1, 300, 2]),
        ];
        let term = Term {
            mean: 1.0,
            deviation: 2.0,
            coefficient: -0.5,
        };
        let models = [
            Model::Forest(Forest {
                columns: 2,
                trees: trees.clone(),
                importances: vec![0.5; 2],
                out_of_bag: None,
            }),
            Model::Boosting(Boosting {
                columns: 2,
                base: 0.1,
                trees,
                importances: vec![0.5; 2],
            }),
            Model::Logistic(Logistic {
                terms: vec![term; 2],
                intercept: 0.2,
            }),
        ];
        let member = |model: Model| {
            let params = Params::defaults(model.algorithm()).check().unwrap();
            Member {
                weight: 1.0 / 3.0,
                ..Member::new("m", model, &params, 1)
            }
        };
        let feature = |name: &str| FeatureRange {
            name: name.to_owned(),
            min: 0.0,
            max: 1.0,
            missing: false,
        };
        let members = models.into_iter().map(member).collect();
        let mut artifact = Artifact {
            probes: vec![Probe {
                name: "p".to_owned(),
                row: vec![0.0; 2],
                expected: None,
                probability: 0.0,
            }],
            extras: BTreeMap::from([(
                "rule".to_owned(),
                json!({"at": [0.1, -1, 7, null, true], "k": "of n"}),
            )]),
            ..Artifact::new("s", vec![feature("a"), feature("b")], members)
        };
        artifact.predict_probes();
        artifact
    }

    fn check(change: impl Fn(&mut Artifact), expected: &str) {
        let mut changed = artifact();
        change(&mut changed);
        let error = Artifact::from_bytes(&changed.to_bytes(), "s").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("not a usable model artifact: {expected}")
        );
    }

    #[test]
    fn content_that_cannot_predict_is_rejected() {
        check(|a| a.features.clear(), "it must have 1 to 255 features");
        let invalid_range = "the range of a feature is invalid";
        check(|a| a.features[1].min = 2.0, invalid_range);
        check(|a| a.features[1].min = f32::NAN, invalid_range);
        check(|a| a.features[0].max = f32::INFINITY, invalid_range);
        check(|a| a.members.clear(), "it has no members");
        check(
            |a| a.members[0].weight = -1.0,
            "the weights do not sum to 1",
        );
        check(
            |a| a.members[0].weight = f64::NAN,
            "the weights do not sum to 1",
        );
        check(
            |a| a.threshold = 1.5,
            "the threshold is not between 0 and 1",
        );
        check(
            |a| a.probes[0].row.clear(),
            "a probe does not have one value per feature",
        );
        check(
            |a| a.probes[0].probability = f64::NAN,
            "a probe's probability is not between 0 and 1",
        );
        let extra = || FeatureRange {
            name: "c".to_owned(),
            min: 0.0,
            max: 1.0,
            missing: false,
        };
        check(
            |a| (a.features.push(extra()), a.probes.clear()).0,
            "a member has a different number of features",
        );
    }

    #[test]
    fn invalid_numbers_are_rejected() {
        let check_model = |model: Model| {
            check(
                |a| {
                    a.members.truncate(1);
                    a.members[0].weight = 1.0;
                    a.members[0].model = model.clone();
                },
                "a member contains invalid numbers",
            );
        };
        let tree = |nodes: &[Node]| vec![Tree::from_preorder(nodes.to_vec())];
        let stump = |feature, threshold| {
            [
                Node::split(feature, false, threshold),
                Node::Leaf(0.0),
                Node::Leaf(0.0),
            ]
        };
        check_model(Model::Forest(Forest {
            columns: 2,
            trees: Vec::new(),
            importances: vec![0.5; 2],
            out_of_bag: None,
        }));
        check_model(Model::Forest(Forest {
            columns: 2,
            trees: tree(&[Node::Leaf(1.5)]),
            importances: vec![0.5; 2],
            out_of_bag: None,
        }));
        check_model(Model::Forest(Forest {
            columns: 2,
            trees: tree(&stump(2, 0.0)),
            importances: vec![0.5; 2],
            out_of_bag: None,
        }));
        check_model(Model::Forest(Forest {
            columns: 2,
            trees: tree(&stump(1, f32::NAN)),
            importances: vec![0.5; 2],
            out_of_bag: None,
        }));
        let uncovered = Tree::from_preorder(vec![Node::Leaf(0.5)]).with_covers(vec![0]);
        check_model(Model::Forest(Forest {
            columns: 2,
            trees: vec![uncovered],
            importances: vec![0.5; 2],
            out_of_bag: None,
        }));
        check_model(Model::Boosting(Boosting {
            columns: 2,
            base: f64::INFINITY,
            trees: Vec::new(),
            importances: vec![0.5; 2],
        }));
        check_model(Model::Boosting(Boosting {
            columns: 2,
            base: 0.0,
            trees: tree(&[Node::Leaf(f32::NAN)]),
            importances: vec![0.5; 2],
        }));
        let term = Term {
            mean: 0.0,
            deviation: 0.0,
            coefficient: 1.0,
        };
        check_model(Model::Logistic(Logistic {
            terms: vec![term; 2],
            intercept: 0.0,
        }));
    }

    /// Reading altered bytes with a correct checksum must not panic; any artifact that loads must give probabilities.
    fn check_robust(content: &[u8]) {
        if let Ok(artifact) = Artifact::from_bytes(&seal(content), "s") {
            for row in [[0.0, 0.0], [f32::MAX, f32::MIN], [f32::NAN, f32::NAN]] {
                let p = artifact.predict_row(&row);
                assert!((0.0..=1.0).contains(&p), "{p}");
                if let Ok(explainer) = Explainer::new(&artifact) {
                    // Altered leaves may be so large that rounding leaves no digits to compare.
                    let explained = explainer.row(&row).output();
                    assert!(explained.is_finite(), "{explained}");
                }
            }
        }
    }

    #[test]
    fn any_single_altered_byte_is_handled() {
        let content = artifact().to_bytes()[HEADER..].to_vec();
        assert!(Artifact::from_bytes(&seal(&content), "s").is_ok());
        for at in 0..content.len() {
            for value in [
                0,
                1,
                2,
                0x7f,
                0x80,
                0xff,
                content[at] ^ 1,
                content[at].wrapping_add(1),
            ] {
                let mut altered = content.clone();
                altered[at] = value;
                check_robust(&altered);
            }
            check_robust(&content[..at]);
        }
    }

    proptest! {
        #[test]
        fn any_content_is_handled(content in prop::collection::vec(any::<u8>(), 0..300)) {
            check_robust(&content);
        }

        #[test]
        fn content_with_many_altered_bytes_is_handled(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        ) {
            let mut content = artifact().to_bytes()[HEADER..].to_vec();
            for (at, value) in changes {
                let at = at.index(content.len());
                content[at] = value;
            }
            check_robust(&content);
        }
    }
}
