//! Growth of one boosted tree.
//!
//! The rows of large nodes are divided among all threads for summing. The two subtrees of a node are grown in parallel
//! when a thread is free.

use super::node::{FrontierNode, HistogramPool, LeafRows, PartialTree};
use super::tree_params::TreeParams;
use crate::best_split::{Search, Split};
use crate::binned::Binned;
use crate::histogram::{Bins, add, fill_all, fill_some, subtract};
use crate::packed::{self, PackedRow, partition};
use crate::tree::Node;

/// Minimum rows for which a second thread pays off: summing them takes 50 microseconds, and the thread may have to be
/// woken.
const MIN_SHARED: usize = 1 << 12;

/// The growth of one tree.
#[derive(Debug)]
pub(super) struct Growth<'a> {
    pub(super) data: &'a Binned,
    /// The columns the tree may split on.
    pub(super) columns: &'a [u8],
    pub(super) pool: &'a HistogramPool,
    pub(super) params: &'a TreeParams,
}

impl Growth<'_> {
    /// Grows a tree on `packed_rows`, reordering them. `scratch` has the same length.
    pub(super) fn tree<'r>(
        &self,
        packed_rows: &'r mut [PackedRow],
        scratch: &'r mut [PackedRow],
    ) -> PartialTree<'r> {
        let root = FrontierNode {
            histogram: self.histogram(packed_rows),
            total: packed::total(packed_rows),
            packed_rows,
            scratch,
            depth: 0,
        };
        let mut tree = PartialTree::default();
        self.grow(root, &mut tree);
        tree
    }

    /// Appends the subtree of `node`.
    fn grow<'r>(&self, node: FrontierNode<'r>, tree: &mut PartialTree<'r>) {
        let search = Search::new(&self.params.criterion, node.total);
        let Some(split) = self.best_split(&search, &node) else {
            self.leaf(node, tree);
            return;
        };
        let gain = search.gain(split.score);
        tree.gains.push((split.feature, gain));
        let threshold = self.data.cuts(split.feature).threshold(split.bin);
        tree.nodes
            .push(Node::split(split.feature, split.missing_left, threshold));
        if node.depth + 1 == self.params.max_depth {
            self.two_leaves(node, split, tree);
            return;
        }
        let (left, right) = self.children(node, &split);
        if left.packed_rows.len().min(right.packed_rows.len()) < MIN_SHARED {
            self.grow(left, tree);
            self.grow(right, tree);
        } else {
            let mut right_tree = PartialTree::default();
            rayon::join(
                || self.grow(left, tree),
                || self.grow(right, &mut right_tree),
            );
            tree.append(right_tree);
        }
    }

    /// The best split over all columns; ties go to the first column.
    fn best_split(&self, search: &Search, node: &FrontierNode) -> Option<Split> {
        let mut best: Option<Split> = None;
        for (bins, &feature) in node.histogram.iter().zip(self.columns) {
            let split = search.best_split(bins, feature, self.data.cuts(feature).last_bin());
            if split.is_some_and(|split| best.is_none_or(|best| split.beats(&best))) {
                best = split;
            }
        }
        best
    }

    fn leaf<'r>(&self, node: FrontierNode<'r>, tree: &mut PartialTree<'r>) {
        let value = self.params.leaf_value(node.total);
        tree.nodes.push(Node::Leaf(value));
        // In a tree with a single leaf, the hessians may sum to 0.
        tree.covers.push(packed::hessian(node.total).max(1));
        tree.leaves.push(LeafRows {
            packed_rows: node.packed_rows,
            split: None,
            values: [value; 2],
        });
        self.pool.put_back(node.histogram);
    }

    /// The children of a node on the last level. Rows are not partitioned, since they are not summed again.
    fn two_leaves<'r>(&self, node: FrontierNode<'r>, split: Split, tree: &mut PartialTree<'r>) {
        let right = node.total.wrapping_sub(split.left);
        let totals = [split.left, right];
        let values = totals.map(|total| self.params.leaf_value(total));
        tree.nodes.extend(values.map(Node::Leaf));
        tree.covers.extend(totals.map(packed::hessian));
        tree.leaves.push(LeafRows {
            packed_rows: node.packed_rows,
            split: Some(split),
            values,
        });
        self.pool.put_back(node.histogram);
    }

    /// Both children. Only the smaller child's rows are summed; the larger one's sums are the parent's minus those.
    fn children<'r>(
        &self,
        node: FrontierNode<'r>,
        split: &Split,
    ) -> (FrontierNode<'r>, FrontierNode<'r>) {
        let codes = self.data.column(split.feature);
        let lefts = partition(node.packed_rows, node.scratch, |row| {
            split.goes_left(codes[row as usize])
        });
        let (left, right) = node.packed_rows.split_at_mut(lefts);
        let (left_scratch, right_scratch) = node.scratch.split_at_mut(lefts);
        let left_is_smaller = left.len() < right.len();
        let smaller = self.histogram(if left_is_smaller { left } else { right });
        let mut larger = node.histogram;
        subtract(&mut larger, &smaller);
        let (left_sums, right_sums) = if left_is_smaller {
            (smaller, larger)
        } else {
            (larger, smaller)
        };
        let child = |packed_rows, scratch, histogram, total| FrontierNode {
            packed_rows,
            scratch,
            histogram,
            total,
            depth: node.depth + 1,
        };
        let right_total = node.total.wrapping_sub(split.left);
        (
            child(left, left_scratch, left_sums, split.left),
            child(right, right_scratch, right_sums, right_total),
        )
    }

    /// The sums of `packed_rows`, on as many threads as pay off.
    fn histogram(&self, packed_rows: &[PackedRow]) -> Vec<Bins> {
        let share = packed_rows.len().div_ceil(rayon::current_num_threads());
        self.histogram_by(share.max(MIN_SHARED), packed_rows)
    }

    /// The same with up to `share` rows per thread.
    fn histogram_by(&self, share: usize, packed_rows: &[PackedRow]) -> Vec<Bins> {
        if packed_rows.len() <= share {
            return self.fill(packed_rows);
        }
        let (first, second) = packed_rows.split_at(packed_rows.len() / 2);
        let (mut sums, others) = rayon::join(
            || self.histogram_by(share, first),
            || self.histogram_by(share, second),
        );
        add(&mut sums, &others);
        self.pool.put_back(others);
        sums
    }

    fn fill(&self, packed_rows: &[PackedRow]) -> Vec<Bins> {
        let mut histogram = self.pool.take(self.columns.len());
        if self.columns.len() == self.data.columns() {
            fill_all(&mut histogram, self.data, packed_rows);
        } else {
            fill_some(&mut histogram, self.columns, self.data, packed_rows);
        }
        histogram
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use proptest::prelude::*;

    use super::*;
    use crate::boosting::BoostingParams;
    use crate::matrix::Matrix;
    use crate::packed::{FixedPoint, pack_row, widen};
    use crate::tests::exact_tree::{ExactTree, tables};
    use crate::tree::Tree;

    proptest! {
        #[test]
        fn a_tree_matches_exhaustive_search(
            (columns, values, labels) in tables(),
            max_depth in 1..5_u32,
            min_child_weight in 0.0..1.0,
            gamma in 0.0..0.1,
        ) {
            let x = Matrix::new(&values, columns).unwrap();
            let data = Binned::new(&x, 255, NonZeroUsize::MIN).unwrap();
            let params = BoostingParams { max_depth, gamma, min_child_weight, ..BoostingParams::default() };
            let scale = FixedPoint::for_rows(labels.len(), labels.len() as f64, 1.0);
            let params = TreeParams::new(&params, scale);
            // Gradients of different magnitudes, as after several rounds.
            let gradient = |(row, &label): (usize, &u8)| (row % 5 + 1) as f64 / 6.0 - f64::from(label);
            let pack = |pair| {
                let (g, h) = (gradient(pair), gradient(pair).abs() / 4.0);
                pack_row((g * scale.gradient) as i16, (h * scale.hessian) as u16)
            };
            let packed: Vec<u32> = labels.iter().enumerate().map(pack).collect();
            let words: Vec<u64> = packed.iter().map(|&word| widen(word)).collect();
            let all: Vec<u8> = (0..columns as u8).collect();
            let pool = HistogramPool::default();
            let growth = Growth { data: &data, columns: &all, pool: &pool, params: &params };
            let mut packed_rows: Vec<PackedRow> = (0..).zip(&packed).map(|(row, &word)| PackedRow { row, word }).collect();
            let mut scratch = packed_rows.clone();
            let tree = growth.tree(&mut packed_rows, &mut scratch);

            let exact = ExactTree { columns, values: &values, words: &words, criterion: params.criterion, max_depth };
            let exact: Vec<f32> = exact.leaf_sums().into_iter().map(|sums| params.leaf_value(sums)).collect();
            let grown = Tree::from_preorder(tree.nodes);
            for (row, expected) in x.iter_rows().zip(&exact) {
                prop_assert_eq!(grown.leaf(row), *expected);
            }
            for leaf in tree.leaves {
                for packed in leaf.packed_rows {
                    let right = leaf.split.is_some_and(|split| !split.goes_left(data.column(split.feature)[packed.row as usize]));
                    prop_assert_eq!(leaf.values[usize::from(right)], exact[packed.row as usize]);
                }
            }
        }
    }
}
