//! The scores of the training rows, in log-odds.

use std::num::NonZeroUsize;

use crate::loss::sigmoid;
use crate::matrix::Matrix;
use crate::packed::FixedPoint;
use crate::parallel;
use crate::tree::Tree;

/// Rows per job of the gradient pass.
const BLOCK: usize = 1 << 12;

/// One score per training row.
#[derive(Debug, PartialEq)]
pub(super) struct Margins(Vec<f64>);

impl From<Vec<f64>> for Margins {
    fn from(margins: Vec<f64>) -> Self {
        Self(margins)
    }
}

impl Margins {
    /// Moves the score of each of `rows` by its step.
    ///
    /// Done by one thread after the subtrees stand: threads that wrote to scattered rows would keep taking each
    /// other's cache lines.
    pub(super) fn add_steps(&mut self, rows: &[u32], steps: &[f32]) {
        for (&row, &step) in rows.iter().zip(steps) {
            self.0[row as usize] += f64::from(step);
        }
    }

    /// Moves the scores of `rows` by what `tree` says of them.
    pub(super) fn add_tree(&mut self, tree: &Tree, x: &Matrix, rows: &[u32]) {
        for &row in rows {
            self.0[row as usize] += f64::from(tree.leaf(x.row(row as usize)));
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
        let blocks = words
            .chunks_mut(BLOCK)
            .zip(self.0.chunks(BLOCK))
            .zip(labels.chunks(BLOCK));
        parallel::map(threads, blocks, |((words, margins), labels)| {
            for ((word, &margin), &label) in words.iter_mut().zip(margins).zip(labels) {
                // p - y and p (1 - p), the loss's first and second derivative by the margin.
                let probability = sigmoid(margin);
                *word = scale.pack(
                    probability - f64::from(label),
                    probability * (1.0 - probability),
                );
            }
        });
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::{lower, upper};

    #[test]
    fn gradients_are_those_of_the_log_loss() {
        let scale = FixedPoint::for_rows(3);
        let mut margins = Margins::from(vec![0.0; 3]);
        margins.add_steps(&[2, 1], &[1.5, -0.5]);
        let words = margins.gradients(&[1, 0, 1], scale, NonZeroUsize::MIN);
        for ((word, margin), label) in words.iter().zip([0.0_f64, -0.5, 1.5]).zip([1.0, 0.0, 1.0]) {
            let p = 1.0 / (1.0 + (-margin).exp());
            let close = |found: f64, expected: f64| {
                assert!((found - expected).abs() < 1e-8, "{found} {expected}");
            };
            close(f64::from(upper(*word)) / scale.gradient, p - label);
            close(f64::from(lower(*word)) / scale.hessian, p * (1.0 - p));
        }
    }
}
