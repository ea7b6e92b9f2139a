//! A forest's metrics on its own training rows, each predicted by the trees that were grown without it.
//!
//! More than a third of the rows are outside each bootstrap sample, so no part of the data has to be held out (Breiman
//! 2001, "Random Forests", section 3.1). The samples are drawn again from their trees' random streams, so the fit need not
//! keep them.

use std::num::NonZeroUsize;

use rand::Rng;
use serde::Serialize;

use super::bag::{Bag, Rows};
use crate::matrix::Samples;
use crate::metrics::{Confusion, log_loss, roc_auc};
use crate::parallel;
use crate::tree::Tree;

/// Trees whose samples are in memory at once, at one bit per row and tree.
const TREES: usize = 64;
/// Rows that go through one tree before the next tree is loaded.
const BLOCK: usize = 1_024;

/// Out-of-bag metrics of a forest, unweighted.
///
/// A row's probability is the mean over the trees that did not see it. These are fewer than the whole forest, so the
/// metrics are slightly worse than on new rows. Similar rows (of one recording, say) are not new to a tree that saw their
/// neighbours, and make the metrics too good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OutOfBag {
    /// The number of rows that at least one tree did not see; the metrics are for these.
    pub rows: usize,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Mean log-loss, natural logarithm.
    pub logloss: f64,
    /// Share of right decisions at 1/2.
    pub accuracy: f64,
}

/// The sum of leaf values over the trees that did not see a row, and their number.
#[derive(Debug, Clone, Default)]
struct Tally {
    sum: f64,
    trees: u32,
}

/// Evaluates each of `trees` on the rows that are not in its sample, `seen` (see [`rows_of`]).
///
/// `None` if the rows outside some sample are all of one class, which happens only with very few rows or trees.
pub(super) fn evaluate(
    trees: &[Tree],
    train: &Samples,
    threads: NonZeroUsize,
    seen: impl Fn(usize) -> Vec<u64> + Sync,
) -> Option<OutOfBag> {
    let mut tallies = vec![Tally::default(); train.y().len()];
    for (batch, trees) in trees.chunks(TREES).enumerate() {
        let first = batch * TREES;
        let seen = parallel::map(threads, first..first + trees.len(), &seen);
        // One job computes each row's sum in the order of the trees, so threads cannot change it.
        let blocks = tallies.chunks_mut(BLOCK).enumerate();
        parallel::map(threads, blocks, |(block, tallies)| {
            for (tree, seen) in trees.iter().zip(&seen) {
                tally(tree, seen, block * BLOCK, (train, &mut *tallies));
            }
        });
    }
    let unseen = train.y().iter().zip(&tallies);
    let unseen = unseen.filter(|(_, tally)| tally.trees > 0);
    let (labels, probabilities): (Vec<u8>, Vec<f64>) = unseen
        .map(|(&label, tally)| (label, tally.sum / f64::from(tally.trees)))
        .unzip();
    Some(OutOfBag {
        rows: labels.len(),
        auc: roc_auc(&labels, &probabilities).ok()?,
        logloss: log_loss(&labels, &probabilities).ok()?,
        accuracy: Confusion::at(0.5, &labels, &probabilities).ok()?.accuracy(),
    })
}

/// Adds the leaf values of `tree` for the rows from `first` on that it has not seen.
fn tally(tree: &Tree, seen: &[u64], first: usize, (train, tallies): (&Samples, &mut [Tally])) {
    let x = train.x();
    for (row, tally) in (first..).zip(tallies) {
        if seen[row / 64] >> (row % 64) & 1 == 0 {
            tally.sum += f64::from(tree.leaf(x.row(row)));
            tally.trees += 1;
        }
    }
}

/// The sample that `rng` draws, as bits: bit `i % 64` of word `i / 64` is row i.
pub(super) fn rows_of(rows: &Rows, mut rng: impl Rng) -> Vec<u64> {
    let mut bits = vec![0; rows.count().div_ceil(64)];
    for entry in Bag::default().draw(rows, true, &mut rng) {
        bits[entry.row as usize / 64] |= 1 << (entry.row % 64);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;
    use crate::tree::Node;

    #[test]
    fn a_row_is_predicted_by_the_trees_that_did_not_see_it() {
        let values = [0.0; 4];
        let train = Samples::new(Matrix::new(&values, 1).unwrap(), &[0, 1, 1, 1]).unwrap();
        let leaf = |value| Tree::from_preorder(vec![Node::Leaf(value)]);
        let trees = [leaf(0.25), leaf(0.75)];
        let check = |bags: [u64; 2], expected: Option<OutOfBag>| {
            let found = evaluate(&trees, &train, NonZeroUsize::MIN, |tree| vec![bags[tree]]);
            assert_eq!(found, expected, "{bags:?}");
        };
        // Row 0 by both trees (1/2), row 1 by the first (1/4), row 2 by the second (3/4), row 3 by none.
        let logloss = (2.0_f64.ln() + 4.0_f64.ln() - 0.75_f64.ln()) / 3.0;
        let found = evaluate(&trees, &train, NonZeroUsize::MIN, |tree| {
            vec![[0b1100, 0b1010][tree]]
        });
        let found = found.unwrap();
        assert_eq!((found.rows, found.auc, found.accuracy), (3, 0.5, 1.0 / 3.0));
        assert!((found.logloss - logloss).abs() < 1e-12, "{found:?}");
        // Only rows with label 1 are outside, or none at all.
        check([0b0001, 0b1111], None);
        check([0b1111, 0b1111], None);
    }
}
