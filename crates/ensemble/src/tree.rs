//! Fitted trees.

use crate::matrix::Matrix;

/// A binary tree in preorder: a split's left child directly follows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tree {
    /// At least one node; every `right` is the position of a later node.
    pub(crate) nodes: Vec<Node>,
    /// The training weight of each leaf, in node order; at least 1, in a unit specific to the tree.
    pub(crate) covers: Vec<u32>,
}

/// A node of a tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Node {
    /// Values up to the threshold go to the next node, larger ones to `right`.
    Split {
        /// The column to compare.
        feature: u8,
        /// Whether a missing value goes left.
        missing_left: bool,
        /// The largest value that goes left.
        threshold: f32,
        /// The position of the right child.
        right: u32,
    },
    /// The value of a leaf.
    Leaf(f32),
}

/// A tree with the feature and gain of each split, in preorder.
#[derive(Debug, Clone)]
pub(crate) struct Grown {
    pub(crate) tree: Tree,
    pub(crate) gains: Vec<(u8, f64)>,
}

/// Each feature's share of the total gain; all 0 if there is none.
pub(crate) fn importances(columns: usize, gains: &[Vec<(u8, f64)>]) -> Vec<f64> {
    let mut sums = vec![0.0; columns];
    for &(column, gain) in gains.iter().flatten() {
        sums[usize::from(column)] += gain;
    }
    let total: f64 = sums.iter().sum();
    if total > 0.0 {
        for sum in &mut sums {
            *sum /= total;
        }
    }
    sums
}

impl Node {
    /// A split whose right child's position is still to be filled in.
    pub(crate) fn split(feature: u8, missing_left: bool, threshold: f32) -> Self {
        Self::Split {
            feature,
            missing_left,
            threshold,
            right: 0,
        }
    }
}

impl Tree {
    /// The tree with these nodes in preorder; fills in the right children and sets every cover to 1.
    ///
    /// The nodes must form a complete tree, otherwise the result is meaningless;
    /// [`try_from_preorder`](Self::try_from_preorder) checks that.
    pub(crate) fn from_preorder(mut nodes: Vec<Node>) -> Self {
        let complete = link(&mut nodes);
        debug_assert!(complete, "growth ends every branch in a leaf");
        let covers = vec![1; leaves_of(&nodes)];
        Self { nodes, covers }
    }

    /// Like [`from_preorder`](Self::from_preorder) for untrusted nodes; `None` if they do not form one complete tree.
    pub(crate) fn try_from_preorder(mut nodes: Vec<Node>) -> Option<Self> {
        link(&mut nodes).then(|| Self {
            covers: vec![1; leaves_of(&nodes)],
            nodes,
        })
    }

    /// Sets the covers of the leaves.
    pub(crate) fn with_covers(self, covers: Vec<u32>) -> Self {
        debug_assert_eq!(covers.len(), self.covers.len());
        Self { covers, ..self }
    }

    /// Sets each leaf's cover to its number of rows of `x`.
    pub(crate) fn counting(self, x: &Matrix) -> Self {
        let mut counts = vec![0; self.nodes.len()];
        for row in x.iter_rows() {
            counts[self.find(row).0] += 1;
        }
        let counted = self.nodes.iter().zip(counts);
        let covers = counted.filter(|(node, _)| matches!(node, Node::Leaf(_)));
        // At least 1 even if no row reaches the leaf, because cover shares must be positive.
        let covers = covers.map(|(_, count)| count.max(1)).collect();
        self.with_covers(covers)
    }

    /// The training weight of each node, in node order.
    pub(crate) fn node_covers(&self) -> Vec<f64> {
        let mut covers = vec![0.0; self.nodes.len()];
        let mut leaf = self.covers.len();
        // In reverse, because children come after their parents.
        for (at, node) in self.nodes.iter().enumerate().rev() {
            covers[at] = match node {
                Node::Leaf(_) => {
                    leaf -= 1;
                    f64::from(self.covers[leaf])
                }
                Node::Split { right, .. } => covers[at + 1] + covers[*right as usize],
            };
        }
        covers
    }

    /// The value of the leaf that `row` falls into.
    pub(crate) fn leaf(&self, row: &[f32]) -> f32 {
        self.find(row).1
    }

    /// The position and value of the leaf that `row` falls into.
    fn find(&self, row: &[f32]) -> (usize, f32) {
        let mut at = 0;
        loop {
            match self.nodes[at] {
                Node::Leaf(value) => return (at, value),
                Node::Split {
                    feature,
                    missing_left,
                    threshold,
                    right,
                } => {
                    let value = row[usize::from(feature)];
                    let left = value <= threshold || (missing_left && value.is_nan());
                    at = if left { at + 1 } else { right as usize };
                }
            }
        }
    }
}

/// Rows evaluated on one tree before moving on to the next tree.
const BLOCK: usize = 256;

/// `start` plus the leaf values of one row, added in tree order.
pub(crate) fn sum_leaves(trees: &[Tree], start: f64, row: &[f32]) -> f64 {
    trees
        .iter()
        .fold(start, |sum, tree| sum + f64::from(tree.leaf(row)))
}

/// [`sum_leaves`] for every row, bit-identical. Works on blocks of rows, so that each tree is loaded once per block
/// instead of once per row.
pub(crate) fn sum_leaves_of_all(trees: &[Tree], start: f64, x: &Matrix) -> Vec<f64> {
    let mut sums = vec![start; x.rows()];
    for (block, sums) in sums.chunks_mut(BLOCK).enumerate() {
        for tree in trees {
            for (row, sum) in (block * BLOCK..).zip(sums.iter_mut()) {
                *sum += f64::from(tree.leaf(x.row(row)));
            }
        }
    }
    sums
}

/// The number of leaves in a complete tree, one more than splits.
fn leaves_of(nodes: &[Node]) -> usize {
    nodes.len() / 2 + 1
}

/// Fills in the positions of right children and returns whether `nodes` form exactly one complete tree.
///
/// A leaf ends the left subtree of the innermost split without a right child; the next node becomes that child.
fn link(nodes: &mut [Node]) -> bool {
    let mut pending = Vec::new();
    let last = nodes.len().wrapping_sub(1);
    for at in 0..nodes.len() {
        match nodes[at] {
            Node::Split { .. } => pending.push(at),
            Node::Leaf(_) => match pending.pop().map(|split: usize| &mut nodes[split]) {
                Some(Node::Split { right, .. }) => *right = at as u32 + 1,
                _ => return at == last,
            },
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_reach_their_leaf() {
        let tree = Tree::from_preorder(vec![
            Node::split(1, true, 0.5),
            Node::split(0, false, -1.0),
            Node::Leaf(0.1),
            Node::Leaf(0.2),
            Node::Leaf(0.3),
        ]);
        let check = |row: [f32; 2], expected: f32| assert_eq!(tree.leaf(&row), expected, "{row:?}");
        check([-1.0, 0.5], 0.1);
        check([-0.9, 0.5], 0.2);
        check([f32::NAN, f32::NAN], 0.2);
        check([-2.0, 0.6], 0.3);
    }

    #[test]
    fn covers_add_up_from_the_leaves() {
        let tree = Tree::from_preorder(vec![
            Node::split(0, true, 0.5),
            Node::split(0, false, -1.0),
            Node::Leaf(0.1),
            Node::Leaf(0.2),
            Node::Leaf(0.3),
        ]);
        assert_eq!(tree.node_covers(), [3.0, 2.0, 1.0, 1.0, 1.0]);
        let values = [-1.0, 0.0, 0.5, 0.4, f32::NAN];
        let counted = tree.clone().counting(&Matrix::new(&values, 1).unwrap());
        // No value is above 0.5; that leaf counts 1.
        assert_eq!(counted.covers, [1, 4, 1]);
        let covers = counted.node_covers();
        assert_eq!(covers, [6.0, 5.0, 1.0, 4.0, 1.0]);
        let leaf = Tree::from_preorder(vec![Node::Leaf(0.5)]).with_covers(vec![7]);
        assert_eq!(leaf.node_covers(), [7.0]);
    }

    #[test]
    fn importances_are_shares_of_the_gain() {
        let gains = [vec![(0, 1.0), (2, 5.0)], vec![(2, 2.0)]];
        assert_eq!(importances(3, &gains), [0.125, 0.0, 0.875]);
        assert_eq!(importances(2, &[]), [0.0, 0.0]);
    }

    #[test]
    fn only_complete_trees_are_accepted() {
        let (split, leaf) = (Node::split(0, false, 0.0), Node::Leaf(0.0));
        let check = |nodes: &[Node], expected| {
            assert_eq!(
                Tree::try_from_preorder(nodes.to_vec()).is_some(),
                expected,
                "{nodes:?}"
            );
        };
        check(&[], false);
        check(&[leaf], true);
        check(&[leaf, leaf], false);
        check(&[split], false);
        check(&[split, leaf], false);
        check(&[split, leaf, leaf], true);
        check(&[split, leaf, leaf, leaf], false);
        check(&[split, split, leaf, leaf, split, leaf, leaf], true);
    }

    #[test]
    fn batch_sums_equal_single_row_sums() {
        let stump = |threshold, low: f32| {
            Tree::from_preorder(vec![
                Node::split(0, false, threshold),
                Node::Leaf(low),
                Node::Leaf(0.1),
            ])
        };
        let trees = [stump(100.0, 0.7), stump(300.0, 1e-9), stump(500.0, -0.3)];
        let values: Vec<f32> = (0..600_u16).map(f32::from).collect();
        let x = Matrix::new(&values, 1).unwrap();
        let one_by_one: Vec<f64> = x
            .iter_rows()
            .map(|row| sum_leaves(&trees, 0.2, row))
            .collect();
        assert_eq!(sum_leaves_of_all(&trees, 0.2, &x), one_by_one);
    }
}
