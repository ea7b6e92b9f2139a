//! Growth of one tree of the forest, depth first.

use rand::Rng;

use super::params::ForestParams;
use crate::best_split::{Criterion, Search, Split};
use crate::binned::Binned;
use crate::histogram::{Bins, Cell, fill_some};
use crate::packed::{self, PackedRow, gradient, hessian, pack, partition};
use crate::tree::{Grown, Node, Tree};

/// Scratch memory, reused from tree to tree.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    scratch: Vec<PackedRow>,
    /// One histogram per feature that a node draws.
    wide: Vec<Bins<u64>>,
    /// Likewise, for nodes whose sums fit in 16 bits.
    narrow: Vec<Bins<u32>>,
}

/// Grows a tree on `packed_rows`, whose words pack (weight if positive, weight), reordering them. Every leaf has a weight
/// of at least `min_weight`.
pub(super) fn tree(
    params: &ForestParams,
    (data, min_weight): (&Binned, u32),
    packed_rows: &mut [PackedRow],
    (workspace, rng): (&mut Workspace, impl Rng),
) -> Grown {
    let drawn = params.max_features.of(data.columns());
    workspace.wide.resize(drawn, [0; 256]);
    workspace.narrow.resize(drawn, [0; 256]);
    // As for the sample, reserve enough for any tree.
    workspace
        .scratch
        .reserve_exact(data.rows().saturating_sub(workspace.scratch.len()));
    workspace
        .scratch
        .resize(packed_rows.len(), PackedRow::default());
    let mut growth = Growth {
        data,
        rng,
        max_depth: params.max_depth,
        criterion: Criterion {
            l2: 0.0,
            min_hessian: min_weight,
            min_gain: 0.0,
        },
        columns: (0..data.columns()).map(|column| column as u8).collect(),
        nodes: Vec::new(),
        covers: Vec::new(),
        gains: Vec::new(),
    };
    let total = packed::total(packed_rows);
    growth.node(workspace, packed_rows, total, 0);
    Grown {
        tree: Tree::from_preorder(growth.nodes).with_covers(growth.covers),
        gains: growth.gains,
    }
}

/// The growth of one tree.
struct Growth<'a, R> {
    data: &'a Binned,
    rng: R,
    max_depth: u32,
    criterion: Criterion,
    /// All columns; each node moves those it draws to the front.
    columns: Vec<u8>,
    nodes: Vec<Node>,
    /// The weights of the leaves.
    covers: Vec<u32>,
    gains: Vec<(u8, f64)>,
}

impl<R: Rng> Growth<'_, R> {
    /// Appends the subtree of the node that holds `packed_rows`, whose words sum to `total`.
    fn node(
        &mut self,
        workspace: &mut Workspace,
        packed_rows: &mut [PackedRow],
        total: u64,
        depth: u32,
    ) {
        let (positives, weight) = (gradient(total), hessian(total));
        // Skip the search in pure nodes, which cannot gain; most small nodes are pure.
        let pure = positives == 0 || positives as u32 == weight;
        let split = if pure || depth == self.max_depth {
            None
        } else if u16::try_from(weight).is_ok() {
            self.best_split(&mut workspace.narrow, packed_rows, total)
        } else {
            self.best_split(&mut workspace.wide, packed_rows, total)
        };
        let Some(split) = split else {
            self.leaf(total);
            return;
        };
        let threshold = self.data.cuts(split.feature).threshold(split.bin);
        self.nodes
            .push(Node::split(split.feature, split.missing_left, threshold));
        let right_total = total.wrapping_sub(split.left);
        if depth + 1 == self.max_depth {
            // The sums alone determine the leaf values, so the rows need not be partitioned.
            self.leaf(split.left);
            self.leaf(right_total);
            return;
        }
        let codes = self.data.column(split.feature);
        let lefts = partition(packed_rows, &mut workspace.scratch, |row| {
            split.goes_left(codes[row as usize])
        });
        let (left, right) = packed_rows.split_at_mut(lefts);
        self.node(workspace, left, split.left, depth + 1);
        self.node(workspace, right, right_total, depth + 1);
    }

    fn leaf(&mut self, total: u64) {
        let share = f64::from(gradient(total)) / f64::from(hessian(total));
        self.nodes.push(Node::Leaf(share as f32));
        self.covers.push(hessian(total));
    }

    /// The best split on features drawn without replacement.
    ///
    /// As in scikit-learn, a feature that is constant in this node does not count as drawn; otherwise constant features
    /// would end branches early.
    fn best_split<C: Cell>(
        &mut self,
        histogram: &mut [Bins<C>],
        packed_rows: &[PackedRow],
        total: u64,
    ) -> Option<Split> {
        let search = Search::new(&self.criterion, total);
        let mut best: Option<Split> = None;
        let mut visited = 0;
        let mut to_draw = histogram.len();
        while to_draw > 0 && visited < self.columns.len() {
            let batch = to_draw.min(self.columns.len() - visited);
            self.draw(visited, batch);
            let columns = &self.columns[visited..visited + batch];
            let histogram = &mut histogram[..batch];
            histogram.fill([C::ZERO; 256]);
            fill_some(histogram, columns, self.data, packed_rows);
            for (bins, &feature) in histogram.iter().zip(columns) {
                let last_bin = self.data.cuts(feature).last_bin();
                let split = search.best_split(bins, feature, last_bin);
                if split.is_some_and(|split| best.is_none_or(|best| split.beats(&best))) {
                    best = split;
                }
                // The feature is constant if the first row's bin holds the whole sum.
                let first = self.data.column(feature)[packed_rows[0].row as usize];
                let (g, h) = bins[usize::from(first)].halves();
                to_draw -= usize::from(pack(g, h as u32) != total);
            }
            visited += batch;
        }
        if let Some(best) = &best {
            let gain = search.gain(best.score);
            self.gains.push((best.feature, gain));
        }
        best
    }

    /// Moves `count` random columns to `self.columns[from..]` by Fisher-Yates steps and sorts them, because ties
    /// between splits go to the first column.
    fn draw(&mut self, from: usize, count: usize) {
        for at in from..from + count {
            let choices = (self.columns.len() - at) as u64;
            let chosen = (u64::from(self.rng.next_u32()) * choices) >> 32;
            self.columns.swap(at, at + chosen as usize);
        }
        self.columns[from..from + count].sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::forest::MaxFeatures;
    use crate::matrix::Matrix;
    use crate::packed::{pack_row, widen};
    use crate::tests::exact_tree::{ExactTree, tables};

    proptest! {
        #[test]
        fn a_tree_on_all_columns_matches_exhaustive_search(
            (columns, values, labels) in tables(),
            max_depth in 1..5_u32,
            min_samples_leaf in 1..4_u32,
        ) {
            let x = Matrix::new(&values, columns).unwrap();
            let data = Binned::new(&x, 255, NonZeroUsize::MIN).unwrap();
            let mut packed_rows: Vec<PackedRow> = (0..).zip(&labels)
                .map(|(row, &label)| PackedRow { row, word: pack_row(i16::from(label), 1) })
                .collect();
            let words: Vec<u64> = packed_rows.iter().map(|packed| widen(packed.word)).collect();
            let max_features = MaxFeatures::All;
            let params = ForestParams { max_depth, max_features, ..ForestParams::default() };
            let rng = ChaCha8Rng::seed_from_u64(1);
            let grown = tree(&params, (&data, min_samples_leaf), &mut packed_rows, (&mut Workspace::default(), rng)).tree;

            let criterion = Criterion { l2: 0.0, min_hessian: min_samples_leaf, min_gain: 0.0 };
            let exact = ExactTree { columns, values: &values, words: &words, criterion, max_depth };
            for (row, sums) in x.iter_rows().zip(exact.leaf_sums()) {
                let share = f64::from(gradient(sums)) / f64::from(hessian(sums));
                prop_assert_eq!(grown.leaf(row), share as f32);
            }
        }
    }
}
