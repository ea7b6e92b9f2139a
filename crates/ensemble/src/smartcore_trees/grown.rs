//! A tree grown by smartcore, read from its serialised form.
//!
//! The nodes of smartcore's trees are private but serialisable. Classifier nodes (`decision_tree_classifier.rs` of
//! smartcore 0.7) hold the majority class's index and the Gini impurity, regressor nodes (`base_tree.rs`) the mean.
//! Rows with `x <= split_value` go to the `true_child`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use smartcore::error::Failed;

use super::filled::present;
use crate::tree::{Node, Tree};

/// A tree, with the training means that replace missing values.
pub(super) struct Grown<'a> {
    nodes: Vec<GrownNode>,
    means: &'a [f64],
}

/// The node fields of classifier and regressor trees.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct GrownNode {
    /// The index of the majority class, or the mean.
    pub(super) output: f64,
    /// Only in classifier nodes.
    #[serde(default)]
    pub(super) impurity: Option<f64>,
    split_feature: usize,
    split_value: Option<f64>,
    true_child: Option<usize>,
    false_child: Option<usize>,
}

/// A split.
struct Branches {
    feature: usize,
    value: f64,
    left: usize,
    right: usize,
}

impl GrownNode {
    /// `None` for a leaf, even if it contains an abandoned split.
    fn branches(&self) -> Option<Branches> {
        Some(Branches {
            feature: self.split_feature,
            value: self.split_value?,
            left: self.true_child?,
            right: self.false_child?,
        })
    }
}

impl<'a> Grown<'a> {
    /// Reads the nodes at `path` (a JSON pointer) in `learner`.
    pub(super) fn read(
        learner: &impl Serialize,
        path: &str,
        means: &'a [f64],
    ) -> Result<Self, Failed> {
        let unreadable = |reason: &str| {
            Failed::fit(&format!(
                "smartcore's trees have an unexpected format: {reason}"
            ))
        };
        let mut value =
            serde_json::to_value(learner).map_err(|error| unreadable(&error.to_string()))?;
        let nodes = value.pointer_mut(path).map(Value::take);
        let nodes = serde_json::from_value(nodes.unwrap_or_default());
        Ok(Self {
            nodes: nodes.map_err(|error| unreadable(&error.to_string()))?,
            means,
        })
    }

    /// The number of nodes.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The index of the leaf that `row` falls into.
    pub(super) fn leaf(&self, row: &[f32]) -> usize {
        let mut at = 0;
        while let Some(split) = self.nodes[at].branches() {
            let value = present(row[split.feature], self.means[split.feature]);
            at = if value <= split.value {
                split.left
            } else {
                split.right
            };
        }
        at
    }

    /// Converts to this crate's tree; `value_of` returns the value of the leaf at an index.
    pub(super) fn tree(&self, value_of: impl Fn(usize, &GrownNode) -> f64) -> Result<Tree, Failed> {
        let mut nodes = Vec::with_capacity(self.nodes.len());
        let mut pending = vec![0];
        while let Some(at) = pending.pop() {
            let node = &self.nodes[at];
            nodes.push(match node.branches() {
                None => Node::Leaf(value_of(at, node) as f32),
                Some(split) => {
                    pending.extend([split.right, split.left]);
                    let missing_left = self.means[split.feature] <= split.value;
                    Node::split(split.feature as u8, missing_left, at_most(split.value))
                }
            });
        }
        Tree::try_from_preorder(nodes).ok_or_else(|| {
            Failed::fit("smartcore's trees have an unexpected format: incomplete tree")
        })
    }
}

/// The largest `f32` that is not above `value`; as a threshold it splits all `f32` values identically.
fn at_most(value: f64) -> f32 {
    let nearest = value as f32;
    if f64::from(nearest) > value {
        nearest.next_down()
    } else {
        nearest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missing_value_is_routed_like_the_mean() {
        let node = |feature, value, children: Option<(usize, usize)>| {
            json!({
                "output": 1, "split_feature": feature, "split_value": value,
                "true_child": children.map(|both| both.0), "false_child": children.map(|both| both.1),
            })
        };
        let leaf = || node(0, None::<f64>, None);
        let learner = json!({"tree": [
            node(1, Some(0.5), Some((1, 2))),
            node(0, Some(3.0), Some((3, 4))),
            leaf(),
            // Abandoned: it has a split, but no children.
            node(0, Some(1.0), None),
            leaf(),
        ]});
        let means = [2.0, 1.0];
        let grown = Grown::read(&learner, "/tree", &means).unwrap();
        let tree = grown.tree(|at, _| at as f64).unwrap();
        let check = |row: [f32; 2], expected: usize| {
            assert_eq!(grown.leaf(&row), expected, "{row:?}");
            assert_eq!(tree.leaf(&row), expected as f32, "{row:?}");
        };
        check([3.0, 0.5], 3);
        check([3.5, 0.5], 4);
        check([f32::NAN, 0.0], 3);
        check([0.0, f32::NAN], 2);
    }

    #[test]
    fn an_unexpected_serialised_form_is_rejected() {
        let check = |learner: Value| {
            let error = Grown::read(&learner, "/nodes", &[]).map(|grown| grown.len());
            let text = error.unwrap_err().to_string();
            assert!(text.contains("unexpected format"), "{text}");
        };
        check(json!({}));
        check(json!({"nodes": [{"output": 1}]}));
    }

    proptest! {
        #[test]
        fn a_converted_threshold_splits_all_f32_identically(value in -1e30_f64..1e30, by in -3_i32..4) {
            let threshold = at_most(value);
            let near = (0..by.abs()).fold(value as f32, |near, _| {
                if by < 0 { near.next_down() } else { near.next_up() }
            });
            prop_assert_eq!(near <= threshold, f64::from(near) <= value);
        }
    }
}
