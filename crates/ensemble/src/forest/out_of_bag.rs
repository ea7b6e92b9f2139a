//! Out-of-bag metrics: each training row is predicted by the trees grown without it.
//!
//! More than a third of the rows are outside each bootstrap sample, so no data has to be held out (Breiman 2001,
//! "Random Forests", section 3.1). The samples are redrawn from their trees' RNG streams, so the fit does not store
//! them.

use std::num::NonZeroUsize;

use rand::Rng;
use serde::Serialize;

use super::bag::{Bag, Rows};
use crate::matrix::Samples;
use crate::metrics::{Confusion, log_loss, roc_auc};
use crate::parallel;
use crate::tree::Tree;

/// Number of trees whose samples are in memory at once, at one bit per row and tree.
const TREES: usize = 64;
/// Rows evaluated on one tree before moving on to the next tree.
const BLOCK: usize = 1_024;

/// Out-of-bag metrics of a forest, unweighted.
///
/// A row's probability is the mean over the trees that did not see it. That is only part of the forest, so the metrics
/// are slightly pessimistic. They are too optimistic if rows resemble each other (within a recording, for example),
/// because a tree may have seen a row's neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OutOfBag {
    /// The number of rows evaluated: those that at least one tree did not see.
    pub rows: usize,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Mean log-loss, natural logarithm.
    pub logloss: f64,
    /// Share of correct decisions at threshold 1/2.
    pub accuracy: f64,
}

/// The sum of leaf values over the trees that did not see a row, and their number.
#[derive(Debug, Clone, Default)]
struct Tally {
    sum: f64,
    trees: u32,
}

/// Evaluates the forest on its out-of-bag rows; `seen` returns the sample of a tree (see [`rows_of`]).
///
/// `None` if all out-of-bag rows are of one class or there are none, which needs very few rows or trees.
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
        // Each row's sum is computed by one job in tree order, so it does not depend on the threads.
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

/// Adds the leaf values of `tree` for the rows starting at `first` that it has not seen.
fn tally(tree: &Tree, seen: &[u64], first: usize, (train, tallies): (&Samples, &mut [Tally])) {
    let x = train.x();
    for (row, tally) in (first..).zip(tallies) {
        if seen[row / 64] >> (row % 64) & 1 == 0 {
            tally.sum += f64::from(tree.leaf(x.row(row)));
            tally.trees += 1;
        }
    }
}

/// The sample that `rng` draws, as a bit set: row i is bit `i % 64` of word `i / 64`.
pub(super) fn rows_of(rows: &Rows, mut rng: impl Rng) -> Vec<u64> {
    let mut bits = vec![0; rows.count().div_ceil(64)];
    for packed in Bag::default().draw(rows, true, &mut rng) {
        bits[packed.row as usize / 64] |= 1 << (packed.row % 64);
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
