//! Growth of one boosted tree.
//!
//! Large nodes are summed by all threads together, each adding up a share of the rows; a node's two subtrees are
//! grown side by side wherever a thread is free.

use super::node::{Fallen, Open, Sketch};
use super::pool::Pool;
use super::rule::Rule;
use crate::binned::Binned;
use crate::histogram::{Bins, add, fill_all, fill_some, subtract};
use crate::packed::{self, Entry};
use crate::partition::partition;
use crate::split::{Search, Split};
use crate::tree::Node;

/// Rows from which a node is worth a second thread, which may have to be woken: summing as many takes 50 microseconds.
const MIN_SHARED: usize = 1 << 12;

/// What the nodes of one tree share.
#[derive(Debug)]
pub(super) struct Growth<'a> {
    pub(super) data: &'a Binned,
    /// The columns that the tree may use.
    pub(super) columns: &'a [u8],
    pub(super) pool: &'a Pool,
    pub(super) rule: &'a Rule,
}

impl Growth<'_> {
    /// Grows a tree on `entries`, which are reordered. `scratch` is as long.
    pub(super) fn tree<'r>(
        &self,
        entries: &'r mut [Entry],
        scratch: &'r mut [Entry],
    ) -> Sketch<'r> {
        let root = Open {
            histogram: self.histogram(entries),
            total: packed::total(entries),
            entries,
            scratch,
            depth: 0,
        };
        let mut sketch = Sketch::default();
        self.grow(root, &mut sketch);
        sketch
    }

    /// Appends the subtree of `node`.
    fn grow<'r>(&self, node: Open<'r>, sketch: &mut Sketch<'r>) {
        let search = Search::new(&self.rule.criterion, node.total);
        let Some(split) = self.best_split(&search, &node) else {
            self.leaf(node, sketch);
            return;
        };
        let gain = search.gain(split.separation);
        sketch.gains.push((split.feature, gain));
        let threshold = self.data.cuts(split.feature).threshold(split.bin);
        sketch
            .nodes
            .push(Node::split(split.feature, split.missing_left, threshold));
        if node.depth + 1 == self.rule.max_depth {
            self.two_leaves(node, split, sketch);
            return;
        }
        let (left, right) = self.divide(node, &split);
        if left.entries.len().min(right.entries.len()) < MIN_SHARED {
            self.grow(left, sketch);
            self.grow(right, sketch);
        } else {
            let mut apart = Sketch::default();
            rayon::join(|| self.grow(left, sketch), || self.grow(right, &mut apart));
            sketch.append(apart);
        }
    }

    /// The best split over all columns; of equal ones that of the first column.
    fn best_split(&self, search: &Search, node: &Open) -> Option<Split> {
        let mut best: Option<Split> = None;
        for (bins, &feature) in node.histogram.iter().zip(self.columns) {
            let split = search.best_split(bins, feature, self.data.cuts(feature).last_bin());
            if split.is_some_and(|split| best.is_none_or(|best| split.beats(&best))) {
                best = split;
            }
        }
        best
    }

    fn leaf<'r>(&self, node: Open<'r>, sketch: &mut Sketch<'r>) {
        let value = self.rule.leaf_value(node.total);
        sketch.nodes.push(Node::Leaf(value));
        // A tree of one leaf may be of rows without any weight.
        sketch.covers.push(packed::lower(node.total).max(1));
        sketch.fallen.push(Fallen {
            entries: node.entries,
            split: None,
            values: [value; 2],
        });
        self.pool.give_back(node.histogram);
    }

    /// The children of a node on the last level. Their rows are not moved any more: nobody will sum them.
    fn two_leaves<'r>(&self, node: Open<'r>, split: Split, sketch: &mut Sketch<'r>) {
        let right = node.total.wrapping_sub(split.left);
        let totals = [split.left, right];
        let values = totals.map(|total| self.rule.leaf_value(total));
        sketch.nodes.extend(values.map(Node::Leaf));
        sketch.covers.extend(totals.map(packed::lower));
        sketch.fallen.push(Fallen {
            entries: node.entries,
            split: Some(split),
            values,
        });
        self.pool.give_back(node.histogram);
    }

    /// Both children, ready to be split. Only the smaller one's rows are summed; the other's sums are what is left.
    fn divide<'r>(&self, node: Open<'r>, split: &Split) -> (Open<'r>, Open<'r>) {
        let codes = self.data.column(split.feature);
        let lefts = partition(node.entries, node.scratch, |row| {
            split.goes_left(codes[row as usize])
        });
        let (left, right) = node.entries.split_at_mut(lefts);
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
        let child = |entries, scratch, histogram, total| Open {
            entries,
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

    /// The sums of `entries`, by as many threads as they are worth.
    fn histogram(&self, entries: &[Entry]) -> Vec<Bins> {
        let share = entries.len().div_ceil(rayon::current_num_threads());
        self.histogram_by(share.max(MIN_SHARED), entries)
    }

    /// The same, up to `share` entries by one thread.
    fn histogram_by(&self, share: usize, entries: &[Entry]) -> Vec<Bins> {
        if entries.len() <= share {
            return self.fill(entries);
        }
        let (first, second) = entries.split_at(entries.len() / 2);
        let (mut sums, others) = rayon::join(
            || self.histogram_by(share, first),
            || self.histogram_by(share, second),
        );
        add(&mut sums, &others);
        self.pool.give_back(others);
        sums
    }

    fn fill(&self, entries: &[Entry]) -> Vec<Bins> {
        let mut histogram = self.pool.take(self.columns.len());
        if self.columns.len() == self.data.columns() {
            fill_all(&mut histogram, self.data, entries);
        } else {
            fill_some(&mut histogram, self.columns, self.data, entries);
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
    use crate::exact_tree::{ExactTree, tables};
    use crate::matrix::Matrix;
    use crate::packed::{FixedPoint, pack_row, widen};
    use crate::tree::Tree;

    proptest! {
        #[test]
        fn a_tree_is_the_exact_one(
            (columns, values, labels) in tables(),
            max_depth in 1..5_u32,
            min_child_weight in 0.0..1.0,
            gamma in 0.0..0.1,
        ) {
            let x = Matrix::new(&values, columns).unwrap();
            let data = Binned::new(&x, 255, NonZeroUsize::MIN).unwrap();
            let params = BoostingParams { max_depth, gamma, min_child_weight, ..BoostingParams::default() };
            let scale = FixedPoint::for_rows(labels.len(), labels.len() as f64, 1.0);
            let rule = Rule::new(&params, scale);
            // Gradients of unlike size, as after some rounds.
            let gradient = |(row, &label): (usize, &u8)| (row % 5 + 1) as f64 / 6.0 - f64::from(label);
            let pack = |pair| {
                let (g, h) = (gradient(pair), gradient(pair).abs() / 4.0);
                pack_row((g * scale.gradient) as i16, (h * scale.hessian) as u16)
            };
            let packed: Vec<u32> = labels.iter().enumerate().map(pack).collect();
            let words: Vec<u64> = packed.iter().map(|&word| widen(word)).collect();
            let all: Vec<u8> = (0..columns as u8).collect();
            let pool = Pool::default();
            let growth = Growth { data: &data, columns: &all, pool: &pool, rule: &rule };
            let mut entries: Vec<Entry> = (0..).zip(&packed).map(|(row, &word)| Entry { row, word }).collect();
            let mut scratch = entries.clone();
            let sketch = growth.tree(&mut entries, &mut scratch);

            let exact = ExactTree { columns, values: &values, words: &words, criterion: rule.criterion, max_depth };
            let exact: Vec<f32> = exact.leaf_sums().into_iter().map(|sums| rule.leaf_value(sums)).collect();
            let grown = Tree::from_preorder(sketch.nodes);
            for (row, expected) in x.iter_rows().zip(&exact) {
                prop_assert_eq!(grown.leaf(row), *expected);
            }
            for fallen in sketch.fallen {
                for entry in fallen.entries {
                    let right = fallen.split.is_some_and(|split| !split.goes_left(data.column(split.feature)[entry.row as usize]));
                    prop_assert_eq!(fallen.values[usize::from(right)], exact[entry.row as usize]);
                }
            }
        }
    }
}
