//! Growth of one boosted tree.
//!
//! Large nodes are grown by all threads together, each summing a share of the rows. Nodes that have become small
//! are set aside and grown, whole subtree by whole subtree, on one thread each.

use std::num::NonZeroUsize;

use super::node::{Open, Place, Sketch, fill_gaps};
use super::pool::Pool;
use super::rule::Rule;
use crate::binned::Binned;
use crate::histogram::{Bins, add, fill_all, fill_some, subtract};
use crate::parallel;
use crate::partition::partition;
use crate::split::Split;
use crate::tree::{Node, Tree};

/// Subtrees per thread at least, so that threads with small ones can take more.
const SUBTREES_PER_THREAD: usize = 4;
/// Rows that are worth starting a thread for, which can take as long as summing some 10,000 rows.
const MIN_BLOCK: usize = 1 << 14;

/// What the nodes of one tree share.
#[derive(Debug)]
pub(super) struct Growth<'a> {
    pub(super) data: &'a Binned,
    /// Each row's packed gradient and hessian.
    pub(super) words: &'a [u64],
    /// The columns that the tree may use.
    pub(super) columns: &'a [u8],
    pub(super) pool: &'a Pool,
    pub(super) rule: &'a Rule,
}

impl Growth<'_> {
    /// Grows a tree on `rows`, which are reordered, and sets each one's step.
    pub(super) fn tree(&self, rows: &mut [u32], steps: &mut [f32], threads: NonZeroUsize) -> Tree {
        // A single thread has nobody to share with: the whole tree is one subtree.
        let small = match threads.get() {
            1 => rows.len(),
            threads => rows.len() / (SUBTREES_PER_THREAD * threads),
        };
        let total = rows.iter().fold(0_u64, |sum, &row| {
            sum.wrapping_add(self.words[row as usize])
        });
        let histogram = self.histogram(rows, threads);
        // One buffer for the whole tree, divided between its nodes like the rows themselves.
        let mut scratch = vec![0; rows.len()];
        let place = Place {
            rows,
            scratch: &mut scratch,
            steps,
        };
        let root = Open::new(place, histogram, total, 0);

        let mut trunk = Sketch::default();
        self.grow(root, small, threads, &mut trunk);
        let (places, open): (Vec<_>, Vec<_>) = trunk.postponed.into_iter().unzip();
        let subtrees = parallel::map(threads, open.into_iter(), |node| {
            let mut subtree = Sketch::default();
            self.grow(node, 0, NonZeroUsize::MIN, &mut subtree);
            subtree.nodes
        });
        Tree::from_preorder(fill_gaps(&trunk.nodes, places.into_iter().zip(subtrees)))
    }

    /// Appends the subtree of `node`, postponing nodes of up to `small` rows.
    fn grow<'r>(
        &self,
        node: Open<'r>,
        small: usize,
        threads: NonZeroUsize,
        sketch: &mut Sketch<'r>,
    ) {
        if node.place.rows.len() <= small {
            sketch.postponed.push((sketch.nodes.len(), node));
            return;
        }
        let Some(split) = self.best_split(&node) else {
            let value = self.rule.leaf_value(node.total);
            node.place.steps.fill(value);
            sketch.nodes.push(Node::Leaf(value));
            self.pool.give_back(node.histogram);
            return;
        };
        let threshold = self.data.cuts(split.feature).threshold(split.bin);
        sketch
            .nodes
            .push(Node::split(split.feature, split.missing_left, threshold));
        if node.depth + 1 == self.rule.max_depth {
            sketch.nodes.extend(self.two_leaves(node, &split));
        } else {
            let (left, right) = self.divide(node, &split, threads);
            self.grow(left, small, threads, sketch);
            self.grow(right, small, threads, sketch);
        }
    }

    /// The best split over all columns; of equal ones that of the first column.
    fn best_split(&self, node: &Open) -> Option<Split> {
        let mut best: Option<Split> = None;
        for (bins, &feature) in node.histogram.iter().zip(self.columns) {
            let last_bin = self.data.cuts(feature).last_bin();
            let split = self
                .rule
                .criterion
                .best_split(bins, feature, last_bin, node.total);
            if split.is_some_and(|split| best.is_none_or(|best| split.gain > best.gain)) {
                best = split;
            }
        }
        best
    }

    /// The children of a node on the last level. Their rows need no order any more, only their steps.
    fn two_leaves(&self, node: Open, split: &Split) -> [Node; 2] {
        let left = self.rule.leaf_value(split.left);
        let right = self.rule.leaf_value(node.total.wrapping_sub(split.left));
        for (&mut row, step) in node.place.rows.iter_mut().zip(node.place.steps) {
            *step = if self.goes_left(row, split) {
                left
            } else {
                right
            };
        }
        self.pool.give_back(node.histogram);
        [Node::Leaf(left), Node::Leaf(right)]
    }

    /// Both children, ready to be split. Only the smaller one's rows are summed; the other's sums are what is left.
    fn divide<'r>(
        &self,
        node: Open<'r>,
        split: &Split,
        threads: NonZeroUsize,
    ) -> (Open<'r>, Open<'r>) {
        let place = node.place;
        let lefts = partition(place.rows, place.scratch, |row| self.goes_left(row, split));
        let (left, right) = place.split_at(lefts);
        let left_is_smaller = left.rows.len() < right.rows.len();
        let smaller = if left_is_smaller {
            &*left.rows
        } else {
            &*right.rows
        };
        let smaller = self.histogram(smaller, threads);
        let mut larger = node.histogram;
        subtract(&mut larger, &smaller);
        let (left_sums, right_sums) = if left_is_smaller {
            (smaller, larger)
        } else {
            (larger, smaller)
        };
        let depth = node.depth + 1;
        let right_total = node.total.wrapping_sub(split.left);
        (
            Open::new(left, left_sums, split.left, depth),
            Open::new(right, right_sums, right_total, depth),
        )
    }

    fn goes_left(&self, row: u32, split: &Split) -> bool {
        split.goes_left(self.data.code(row, split.feature))
    }

    /// The sums of `rows`, by as many threads as they are worth.
    fn histogram(&self, rows: &[u32], threads: NonZeroUsize) -> Vec<Bins> {
        let block = rows.len().div_ceil(threads.get()).max(MIN_BLOCK);
        let mut parts =
            parallel::map(threads, rows.chunks(block), |rows| self.fill(rows)).into_iter();
        let mut sums = parts
            .next()
            .unwrap_or_else(|| self.pool.take(self.columns.len()));
        for part in parts {
            add(&mut sums, &part);
            self.pool.give_back(part);
        }
        sums
    }

    fn fill(&self, rows: &[u32]) -> Vec<Bins> {
        let mut histogram = self.pool.take(self.columns.len());
        if self.columns.len() == self.data.columns() {
            fill_all(&mut histogram, self.data, rows, self.words);
        } else {
            fill_some(&mut histogram, self.columns, self.data, rows, self.words);
        }
        histogram
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exact_tree::{ExactTree, tables};
    use crate::matrix::Matrix;
    use crate::packed::FixedPoint;
    use crate::params::BoostingParams;

    proptest! {
        #[test]
        fn a_tree_is_the_exact_one_on_any_number_of_threads(
            (columns, values, labels) in tables(),
            max_depth in 1..5_u32,
            min_child_weight in 0.0..1.0,
            gamma in 0.0..0.1,
            threads in 1..4_usize,
        ) {
            let x = Matrix::new(&values, columns).unwrap();
            let data = Binned::new(&x, 255, NonZeroUsize::MIN).unwrap();
            let params = BoostingParams { max_depth, gamma, min_child_weight, ..BoostingParams::default() };
            let scale = FixedPoint::for_rows(labels.len());
            let rule = Rule::new(&params, scale);
            // Gradients of unlike size, as after some rounds.
            let gradient = |(row, &label): (usize, &u8)| (row % 5 + 1) as f64 / 6.0 - f64::from(label);
            let pack = |pair| scale.pack(gradient(pair), gradient(pair).abs() / 4.0);
            let words: Vec<u64> = labels.iter().enumerate().map(pack).collect();
            let all: Vec<u8> = (0..columns as u8).collect();
            let pool = Pool::default();
            let growth = Growth { data: &data, words: &words, columns: &all, pool: &pool, rule: &rule };
            let mut rows: Vec<u32> = (0..labels.len() as u32).collect();
            let mut steps = vec![0.0; rows.len()];
            let grown = growth.tree(&mut rows, &mut steps, NonZeroUsize::new(threads).unwrap());

            let exact = ExactTree { columns, values: &values, words: &words, criterion: rule.criterion, max_depth };
            let exact: Vec<f32> = exact.leaf_sums().into_iter().map(|sums| rule.leaf_value(sums)).collect();
            for (&row, &step) in rows.iter().zip(&steps) {
                prop_assert_eq!(step, exact[row as usize]);
                prop_assert_eq!(grown.leaf(x.row(row as usize)), step);
            }
        }
    }
}
