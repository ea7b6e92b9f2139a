//! The scores of the training rows, in log-odds.

use rayon::prelude::*;

use super::node::Fallen;
use crate::binned::Binned;
use crate::loss::{TO_NEAREST, sigmoid_f32};
use crate::matrix::Matrix;
use crate::packed::FixedPoint;
use crate::tree::Tree;

/// Rows per job.
const BLOCK: usize = 1 << 13;

/// One score per training row. Rounding to `f32` is far below the steps of the packed gradients.
#[derive(Debug, PartialEq)]
pub(super) struct Margins(Vec<f32>);

impl From<Vec<f32>> for Margins {
    fn from(margins: Vec<f32>) -> Self {
        Self(margins)
    }
}

impl Margins {
    /// Moves the score of every row that a tree was grown on by its leaf's value.
    pub(super) fn add_fallen(&mut self, fallen: Vec<Fallen>, data: &Binned) {
        let share = self.0.len().div_ceil(rayon::current_num_threads());
        add_share(&mut self.0, fallen, (0, share.max(BLOCK)), data);
    }

    /// Moves the scores of `rows` by what `tree` says of them.
    pub(super) fn add_tree(&mut self, tree: &Tree, x: &Matrix, rows: &[u32]) {
        for &row in rows {
            self.0[row as usize] += tree.leaf(x.row(row as usize));
        }
    }

    /// Sets `pack` to the packed gradient and hessian of the log-loss of every row, times its weight.
    pub(super) fn gradients(&self, labels: &[u8], weights: Option<&[f32]>, pack: &mut Words) {
        let scale = pack.scale;
        pack.words
            .par_chunks_mut(BLOCK)
            .zip(self.0.par_chunks(BLOCK))
            .zip(labels.par_chunks(BLOCK))
            .enumerate()
            .for_each(|(block, ((words, margins), labels))| match weights {
                None => pack_block(words, (margins, labels), scale, |_| 1.0),
                Some(weights) => {
                    let weights = &weights[block * BLOCK..][..words.len()];
                    pack_block(words, (margins, labels), scale, |at| weights[at]);
                }
            });
    }
}

/// The packed pairs of all rows, in units of `scale`.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) words: Vec<u32>,
    pub(super) scale: FixedPoint,
}

/// Moves the scores `margins` of the rows from `first` on, a `share` of them by one thread.
///
/// Threads share rows by their numbers and not by leaves: if they wrote to scattered rows, they would keep taking
/// each other's cache lines.
fn add_share(
    margins: &mut [f32],
    fallen: Vec<Fallen>,
    (first, share): (u32, usize),
    data: &Binned,
) {
    if margins.len() <= share {
        for part in fallen {
            add_leaves(margins, first, &part, data);
        }
        return;
    }
    let middle = first + margins.len() as u32 / 2;
    let (low, high) = margins.split_at_mut(margins.len() / 2);
    let (low_part, high_part) = fallen
        .into_iter()
        .map(|part| part.split_at_row(middle))
        .unzip();
    rayon::join(
        || add_share(low, low_part, (first, share), data),
        || add_share(high, high_part, (middle, share), data),
    );
}

fn add_leaves(margins: &mut [f32], first: u32, part: &Fallen, data: &Binned) {
    let [left, right] = part.values;
    match part.split {
        None => {
            for entry in part.entries {
                margins[(entry.row - first) as usize] += left;
            }
        }
        Some(split) => {
            let codes = data.column(split.feature);
            for entry in part.entries {
                let goes_left = split.goes_left(codes[entry.row as usize]);
                margins[(entry.row - first) as usize] += if goes_left { left } else { right };
            }
        }
    }
}

/// Plain arithmetic in one loop over plain slices: the compiler computes several rows at once.
fn pack_block(
    words: &mut [u32],
    (margins, labels): (&[f32], &[u8]),
    scale: FixedPoint,
    weight: impl Fn(usize) -> f32,
) {
    let (gradient_scale, hessian_scale) = (scale.gradient as f32, scale.hessian as f32);
    let rows = words.iter_mut().zip(margins).zip(labels);
    for (at, ((word, &margin), &label)) in rows.enumerate() {
        let weight = weight(at);
        // p - y and p (1 - p), the loss's first and second derivative by the margin.
        let p = sigmoid_f32(margin);
        let gradient = (p - f32::from(label)) * weight * gradient_scale + TO_NEAREST;
        let hessian = p * (1.0 - p) * weight * hessian_scale + TO_NEAREST;
        *word = (gradient.to_bits() << 16) | (hessian.to_bits() & 0xffff);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::{lower, upper, widen};

    #[test]
    fn gradients_are_those_of_the_log_loss() {
        let scale = FixedPoint::for_rows(5, 5.0, 1.0);
        let margins = Margins::from(vec![0.0, -0.5, 1.5, 100.0, -100.0]);
        let labels = [1, 0, 1, 0, 1];
        let mut packed = Words {
            words: vec![0; 5],
            scale,
        };
        margins.gradients(&labels, None, &mut packed);
        for ((word, &margin), label) in packed.words.iter().zip(&margins.0).zip(labels) {
            let p = 1.0 / (1.0 + f64::from(-margin).exp());
            let close = |found: f64, expected: f64| {
                assert!((found - expected).abs() < 3e-5, "{found} {expected}");
            };
            let sum = widen(*word);
            close(f64::from(upper(sum)) / scale.gradient, p - f64::from(label));
            close(f64::from(lower(sum)) / scale.hessian, p * (1.0 - p));
        }
    }
}
