//! Growth of one tree of the forest, depth first.

use rand::Rng;

use crate::binned::Binned;
use crate::histogram::{Bins, EMPTY, fill_some};
use crate::packed::{lower, upper};
use crate::params::ForestParams;
use crate::partition::partition;
use crate::split::{Criterion, Split};
use crate::tree::{Node, Tree};

/// Grows a tree on the rows whose packed (positives, draws) in `words` is not 0.
pub(super) fn tree(params: &ForestParams, data: &Binned, words: &[u64], rng: impl Rng) -> Tree {
    let mut rows: Vec<u32> = (0..words.len() as u32)
        .filter(|&row| words[row as usize] != 0)
        .collect();
    let total = words
        .iter()
        .fold(0_u64, |sum, &word| sum.wrapping_add(word));
    let drawn = params.max_features.of(data.columns());
    let mut growth = Growth {
        data,
        words,
        rng,
        max_depth: params.max_depth,
        criterion: Criterion {
            l2: 0.0,
            min_lower: params.min_samples_leaf,
            min_gain: 0.0,
        },
        columns: (0..data.columns()).map(|column| column as u8).collect(),
        histogram: vec![EMPTY; drawn],
        scratch: vec![0; rows.len()],
        nodes: Vec::new(),
    };
    growth.node(&mut rows, total, 0);
    Tree::from_preorder(growth.nodes)
}

/// What the nodes of one tree share.
struct Growth<'a, R> {
    data: &'a Binned,
    words: &'a [u64],
    rng: R,
    max_depth: u32,
    criterion: Criterion,
    /// All columns; each node shuffles as many to the front as it looks at.
    columns: Vec<u8>,
    /// Of as many features as a node draws.
    histogram: Vec<Bins>,
    scratch: Vec<u32>,
    nodes: Vec<Node>,
}

impl<R: Rng> Growth<'_, R> {
    /// Appends the subtree of the node that holds `rows`, whose words sum to `total`.
    fn node(&mut self, rows: &mut [u32], total: u64, depth: u32) {
        let (positives, draws) = (upper(total), lower(total));
        // A node of one class cannot gain, and most small nodes are of one: they skip the search.
        let pure = positives == 0 || positives as u32 == draws;
        let split = if pure || depth == self.max_depth {
            None
        } else {
            self.best_split(rows, total)
        };
        let Some(split) = split else {
            self.nodes
                .push(Node::Leaf((f64::from(positives) / f64::from(draws)) as f32));
            return;
        };
        let data = self.data;
        let goes_left = |row| split.goes_left(data.code(row, split.feature));
        let lefts = partition(rows, &mut self.scratch, goes_left);
        let (left, right) = rows.split_at_mut(lefts);
        let threshold = data.cuts(split.feature).threshold(split.bin);
        self.nodes
            .push(Node::split(split.feature, split.missing_left, threshold));
        self.node(left, split.left, depth + 1);
        self.node(right, total.wrapping_sub(split.left), depth + 1);
    }

    /// The best split by features drawn without replacement.
    ///
    /// A feature with a single bin in this node does not count as drawn, as in scikit-learn: constant columns would
    /// otherwise end branches early.
    fn best_split(&mut self, rows: &[u32], total: u64) -> Option<Split> {
        let mut best: Option<Split> = None;
        let mut looked_at = 0;
        let mut wanted = self.histogram.len();
        while wanted > 0 && looked_at < self.columns.len() {
            let batch = wanted.min(self.columns.len() - looked_at);
            self.draw(looked_at, batch);
            let columns = &self.columns[looked_at..looked_at + batch];
            let histogram = &mut self.histogram[..batch];
            histogram.fill(EMPTY);
            fill_some(histogram, columns, self.data, rows, self.words);
            for (bins, &feature) in histogram.iter().zip(columns) {
                let last_bin = self.data.cuts(feature).last_bin();
                let split = self.criterion.best_split(bins, feature, last_bin, total);
                if split.is_some_and(|split| best.is_none_or(|best| split.gain > best.gain)) {
                    best = split;
                }
                wanted -= usize::from(!is_constant(bins));
            }
            looked_at += batch;
        }
        best
    }

    /// Moves `count` random columns to `self.columns[from..]`, by the steps of a Fisher-Yates shuffle, and puts them
    /// in order: of equal splits that of the first column is taken.
    fn draw(&mut self, from: usize, count: usize) {
        for at in from..from + count {
            let choices = (self.columns.len() - at) as u64;
            let chosen = (u64::from(self.rng.next_u32()) * choices) >> 32;
            self.columns.swap(at, at + chosen as usize);
        }
        self.columns[from..from + count].sort_unstable();
    }
}

/// Whether all rows share one bin.
fn is_constant(bins: &Bins) -> bool {
    bins.iter().filter(|&&word| word != 0).take(2).count() < 2
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::exact_tree::{ExactTree, tables};
    use crate::matrix::Matrix;
    use crate::packed::pack;
    use crate::params::MaxFeatures;

    proptest! {
        #[test]
        fn a_tree_on_all_columns_is_the_exact_one(
            (columns, values, labels) in tables(),
            max_depth in 1..5_u32,
            min_samples_leaf in 1..4_u32,
        ) {
            let x = Matrix::new(&values, columns).unwrap();
            let data = Binned::new(&x, 255, NonZeroUsize::MIN).unwrap();
            let words: Vec<u64> = labels.iter().map(|&label| pack(i32::from(label), 1)).collect();
            let max_features = MaxFeatures::All;
            let params = ForestParams { max_depth, max_features, min_samples_leaf, ..ForestParams::default() };
            let grown = tree(&params, &data, &words, ChaCha8Rng::seed_from_u64(1));

            let criterion = Criterion { l2: 0.0, min_lower: min_samples_leaf, min_gain: 0.0 };
            let exact = ExactTree { columns, values: &values, words: &words, criterion, max_depth };
            for (row, sums) in x.iter_rows().zip(exact.leaf_sums()) {
                let share = f64::from(upper(sums)) / f64::from(lower(sums));
                prop_assert_eq!(grown.leaf(row), share as f32);
            }
        }
    }
}
