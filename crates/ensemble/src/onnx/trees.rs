//! Trees as a single `TreeEnsembleRegressor` operator, which aggregates the leaf values of each row.

use super::graph::{Attribute, Graph, NamedAttribute};
use crate::tree::{Node, Tree};

/// A column with the sum or the mean (`aggregate`, in ONNX spelling) of the leaf values of each row of `x`.
///
/// Thresholds and leaf values are float32, as in this crate. Because `x` is in double precision, the runtime compares
/// and adds in double precision; its result is always float32.
pub(super) fn leaves(
    graph: &mut Graph,
    x: &str,
    (trees, aggregate): (&[Tree], &'static str),
) -> String {
    let mut table = Table::default();
    for (number, tree) in (0..).zip(trees) {
        table.add(number, tree);
    }
    if trees.is_empty() {
        // The operator needs at least one tree.
        table.add(0, &Tree::from_preorder(vec![Node::Leaf(0.0)]));
    }
    let mut attributes = table.attributes();
    attributes.extend([
        ("n_targets", Attribute::Int(1)),
        ("aggregate_function", Attribute::String(aggregate)),
        ("post_transform", Attribute::String("NONE")),
    ]);
    graph.apply_with(("TreeEnsembleRegressor", "ai.onnx.ml"), &[x], &attributes)
}

/// All nodes of all trees, as one list per property.
#[derive(Debug, Default)]
struct Table {
    trees: Vec<i64>,
    nodes: Vec<i64>,
    features: Vec<i64>,
    modes: Vec<&'static str>,
    thresholds: Vec<f32>,
    lefts: Vec<i64>,
    rights: Vec<i64>,
    missing_left: Vec<i64>,
    covers: Vec<f32>,
    leaf_trees: Vec<i64>,
    leaf_nodes: Vec<i64>,
    leaf_values: Vec<f32>,
}

impl Table {
    /// Appends a tree's nodes; their ids are their positions in the tree.
    fn add(&mut self, number: i64, tree: &Tree) {
        let covers = tree.node_covers();
        self.covers.extend(covers.iter().map(|&cover| cover as f32));
        for (at, node) in (0..).zip(&tree.nodes) {
            self.trees.push(number);
            self.nodes.push(at);
            match *node {
                Node::Leaf(value) => {
                    self.node("LEAF", (0, 0.0), (0, 0), false);
                    self.leaf_trees.push(number);
                    self.leaf_nodes.push(at);
                    self.leaf_values.push(value);
                }
                Node::Split {
                    feature,
                    missing_left,
                    threshold,
                    right,
                } => {
                    let column = i64::from(feature);
                    let children = (at + 1, i64::from(right));
                    self.node("BRANCH_LEQ", (column, threshold), children, missing_left);
                }
            }
        }
    }

    fn node(
        &mut self,
        mode: &'static str,
        (feature, threshold): (i64, f32),
        (left, right): (i64, i64),
        missing_left: bool,
    ) {
        self.modes.push(mode);
        self.features.push(feature);
        self.thresholds.push(threshold);
        self.lefts.push(left);
        self.rights.push(right);
        self.missing_left.push(i64::from(missing_left));
    }

    fn attributes(self) -> Vec<NamedAttribute> {
        let targets = vec![0; self.leaf_trees.len()];
        vec![
            ("nodes_treeids", Attribute::Ints(self.trees)),
            ("nodes_nodeids", Attribute::Ints(self.nodes)),
            ("nodes_featureids", Attribute::Ints(self.features)),
            ("nodes_modes", Attribute::Strings(self.modes)),
            ("nodes_values", Attribute::Floats(self.thresholds)),
            ("nodes_truenodeids", Attribute::Ints(self.lefts)),
            ("nodes_falsenodeids", Attribute::Ints(self.rights)),
            (
                "nodes_missing_value_tracks_true",
                Attribute::Ints(self.missing_left),
            ),
            ("target_treeids", Attribute::Ints(self.leaf_trees)),
            ("target_nodeids", Attribute::Ints(self.leaf_nodes)),
            ("target_ids", Attribute::Ints(targets)),
            ("target_weights", Attribute::Floats(self.leaf_values)),
            ("nodes_hitrates", Attribute::Floats(self.covers)),
        ]
    }
}
