//! A forest's figures on its own training rows, each judged by the trees that were grown without it.
//!
//! More than a third of the rows stay out of each bag, so that no part of the data has to be held back (Breiman 2001,
//! "Random Forests", section 3.1). Bags are drawn again from their trees' streams: nothing is kept during the fit for
//! figures that few ask for.

use std::num::NonZeroUsize;

use rand::Rng;
use serde::Serialize;

use super::bag::{Bag, Rows};
use crate::matrix::Samples;
use crate::metrics::{Confusion, log_loss, roc_auc};
use crate::parallel;
use crate::tree::Tree;

/// Trees whose bags are in memory at once, at one bit a row and tree.
const TREES: usize = 64;
/// Rows that go through one tree before the next tree is looked at.
const BLOCK: usize = 1_024;

/// Out-of-bag figures of a forest, in which all judged rows count alike, whatever their weights.
///
/// A row's probability is the mean over the trees that did not see it: fewer trees than the whole forest has, so the
/// figures are a little worse than those on fresh rows. Rows that resemble each other (of one recording, say) are not
/// fresh to a tree that saw their neighbours, and make the figures too good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OutOfBag {
    /// Rows that at least one tree did not see; the figures are theirs.
    pub rows: usize,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Mean log-loss, natural logarithm.
    pub logloss: f64,
    /// Share of right decisions at 1/2.
    pub accuracy: f64,
}

/// What the trees that did not see a row say of it.
#[derive(Debug, Clone, Default)]
struct Tally {
    sum: f64,
    trees: u32,
}

/// Judges `trees` on the rows that `seen` (see [`rows_of`]) does not name for a tree's index.
///
/// None where the rows outside some bag are all of one class, which only very few rows or trees can bring about.
pub(super) fn judge(
    trees: &[Tree],
    train: &Samples,
    threads: NonZeroUsize,
    seen: impl Fn(usize) -> Vec<u64> + Sync,
) -> Option<OutOfBag> {
    let mut tallies = vec![Tally::default(); train.y().len()];
    for (batch, trees) in trees.chunks(TREES).enumerate() {
        let first = batch * TREES;
        let seen = parallel::map(threads, first..first + trees.len(), &seen);
        // Each row's sum is made by one job and in the order of the trees, so threads cannot change it.
        let blocks = tallies.chunks_mut(BLOCK).enumerate();
        parallel::map(threads, blocks, |(block, tallies)| {
            for (tree, seen) in trees.iter().zip(&seen) {
                tally(tree, seen, block * BLOCK, (train, &mut *tallies));
            }
        });
    }
    let judged = train.y().iter().zip(&tallies);
    let judged = judged.filter(|(_, tally)| tally.trees > 0);
    let (labels, probabilities): (Vec<u8>, Vec<f64>) = judged
        .map(|(&label, tally)| (label, tally.sum / f64::from(tally.trees)))
        .unzip();
    Some(OutOfBag {
        rows: labels.len(),
        auc: roc_auc(&labels, &probabilities)?,
        logloss: log_loss(&labels, &probabilities),
        accuracy: Confusion::at(0.5, &labels, &probabilities).accuracy(),
    })
}

/// Adds what `tree` says of the rows from `first` on that it has not seen.
fn tally(tree: &Tree, seen: &[u64], first: usize, (train, tallies): (&Samples, &mut [Tally])) {
    let x = train.x();
    for (row, tally) in (first..).zip(tallies) {
        if seen[row / 64] >> (row % 64) & 1 == 0 {
            tally.sum += f64::from(tree.leaf(x.row(row)));
            tally.trees += 1;
        }
    }
}

/// The rows of the bag that is drawn by `rng`: bit `i % 64` of word `i / 64` is row i's.
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
    fn a_row_is_judged_by_the_trees_that_did_not_see_it() {
        let values = [0.0; 4];
        let train = Samples::new(Matrix::new(&values, 1).unwrap(), &[0, 1, 1, 1]).unwrap();
        let leaf = |value| Tree::from_preorder(vec![Node::Leaf(value)]);
        let trees = [leaf(0.25), leaf(0.75)];
        let check = |bags: [u64; 2], expected: Option<OutOfBag>| {
            let found = judge(&trees, &train, NonZeroUsize::MIN, |tree| vec![bags[tree]]);
            assert_eq!(found, expected, "{bags:?}");
        };
        // Row 0 by both trees (1/2), row 1 by the first (1/4), row 2 by the second (3/4), row 3 by none.
        let logloss = (2.0_f64.ln() + 4.0_f64.ln() - 0.75_f64.ln()) / 3.0;
        let found = judge(&trees, &train, NonZeroUsize::MIN, |tree| {
            vec![[0b1100, 0b1010][tree]]
        });
        let found = found.unwrap();
        assert_eq!((found.rows, found.auc, found.accuracy), (3, 0.5, 1.0 / 3.0));
        assert!((found.logloss - logloss).abs() < 1e-12, "{found:?}");
        // Only rows of label 1 are outside, or none at all.
        check([0b0001, 0b1111], None);
        check([0b1111, 0b1111], None);
    }
}
