//! The scores of the training rows, in log-odds.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::loss::sigmoid;
use crate::matrix::Matrix;
use crate::packed::FixedPoint;
use crate::parallel;
use crate::tree::Tree;

/// Rows per job of the gradient pass.
const BLOCK: usize = 1 << 12;

/// One score per training row.
///
/// Subtrees are grown on several threads and each adds its leaf values to its own rows, which lie scattered over
/// the whole. Relaxed atomics let safe code do that; on x86-64 and ARM they compile to plain loads and stores.
#[derive(Debug)]
pub(super) struct Margins(Vec<AtomicU64>);

impl Margins {
    /// All rows start at `base`.
    pub(super) fn new(base: f64, rows: usize) -> Self {
        Self((0..rows).map(|_| AtomicU64::new(base.to_bits())).collect())
    }

    fn get(&self, row: usize) -> f64 {
        f64::from_bits(self.0[row].load(Ordering::Relaxed))
    }

    /// Moves one row's score. No other thread may be moving the same row.
    pub(super) fn add(&self, row: u32, step: f32) {
        let moved = self.get(row as usize) + f64::from(step);
        self.0[row as usize].store(moved.to_bits(), Ordering::Relaxed);
    }

    /// Moves the scores of `rows` by what `tree` says of them.
    pub(super) fn add_tree(&self, tree: &Tree, x: &Matrix, rows: &[u32]) {
        for &row in rows {
            self.add(row, tree.leaf(x.row(row as usize)));
        }
    }

    /// The packed gradient and hessian of the log-loss for every row.
    pub(super) fn gradients(
        &self,
        labels: &[u8],
        scale: FixedPoint,
        threads: NonZeroUsize,
    ) -> Vec<u64> {
        let mut words = vec![0; labels.len()];
        parallel::map(
            threads,
            words.chunks_mut(BLOCK).enumerate(),
            |(block, words)| {
                for (row, word) in (block * BLOCK..).zip(words) {
                    let probability = sigmoid(self.get(row));
                    *word = scale.pack(
                        probability - f64::from(labels[row]),
                        probability * (1.0 - probability),
                    );
                }
            },
        );
        words
    }
}
