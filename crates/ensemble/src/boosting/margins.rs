//! The margins of the training rows, in log-odds.

use rayon::prelude::*;

use super::node::LeafRows;
use crate::binned::Binned;
use crate::loss::{TO_NEAREST, sigmoid_f32};
use crate::matrix::Matrix;
use crate::packed::{FixedPoint, PackedRow};
use crate::tree::Tree;

/// Rows per job.
const BLOCK: usize = 1 << 13;

/// One margin per training row. `f32` is far more precise than the packed gradients.
#[derive(Debug, PartialEq)]
pub(super) struct Margins(Vec<f32>);

impl From<Vec<f32>> for Margins {
    fn from(margins: Vec<f32>) -> Self {
        Self(margins)
    }
}

impl Margins {
    /// Adds the leaf value to the margin of every row that the tree was grown on.
    pub(super) fn add_leaves(&mut self, leaves: Vec<LeafRows>, data: &Binned) {
        let share = self.0.len().div_ceil(rayon::current_num_threads());
        add_share(&mut self.0, leaves, (0, share.max(BLOCK)), data);
    }

    /// Adds the value of `tree` to the margins of `rows`.
    pub(super) fn add_tree(&mut self, tree: &Tree, x: &Matrix, rows: &[u32]) {
        for &row in rows {
            self.0[row as usize] += tree.leaf(x.row(row as usize));
        }
    }

    /// Fills `packed_rows` with every row and the gradient and hessian of its log-loss.
    pub(super) fn pack_all(&self, rows: &TrainingRows, packed_rows: &mut Vec<PackedRow>) {
        packed_rows.resize(self.0.len(), PackedRow::default());
        packed_rows
            .par_chunks_mut(BLOCK)
            .enumerate()
            .for_each(|(block, packed_rows)| {
                let first = block * BLOCK;
                let margins = &self.0[first..][..packed_rows.len()];
                let labels = &rows.labels[first..][..packed_rows.len()];
                let scale = rows.scale;
                match &rows.weights {
                    None => pack_block((first, packed_rows), (margins, labels), scale, |_| 1.0),
                    Some(weights) => {
                        let weights = &weights[first..][..packed_rows.len()];
                        pack_block((first, packed_rows), (margins, labels), scale, |at| {
                            weights[at]
                        });
                    }
                }
            });
    }

    /// Like [`pack_all`](Self::pack_all), for the rows `drawn` only.
    pub(super) fn pack(
        &self,
        rows: &TrainingRows,
        drawn: &[u32],
        packed_rows: &mut Vec<PackedRow>,
    ) {
        packed_rows.clear();
        packed_rows.extend(drawn.iter().map(|&row| {
            let at = row as usize;
            let weight = rows.weights.as_ref().map_or(1.0, |weights| weights[at]);
            let word = pack_gradient(self.0[at], rows.labels[at], weight, rows.scale);
            PackedRow { row, word }
        }));
    }
}

/// The inputs of the rows' gradients other than the margins.
#[derive(Debug)]
pub(super) struct TrainingRows<'a> {
    pub(super) labels: &'a [u8],
    /// `None` if every row has weight 1.
    pub(super) weights: Option<Vec<f32>>,
    pub(super) scale: FixedPoint,
}

/// Updates the margins of the rows starting at `first`, with up to `share` rows per thread.
///
/// Threads divide the row numbers, not the leaves: with scattered writes they would keep invalidating each other's
/// cache lines.
fn add_share(
    margins: &mut [f32],
    leaves: Vec<LeafRows>,
    (first, share): (u32, usize),
    data: &Binned,
) {
    if margins.len() <= share {
        for part in leaves {
            add_leaf(margins, first, &part, data);
        }
        return;
    }
    let middle = first + margins.len() as u32 / 2;
    let (low, high) = margins.split_at_mut(margins.len() / 2);
    let (low_part, high_part) = leaves
        .into_iter()
        .map(|part| part.split_at_row(middle))
        .unzip();
    rayon::join(
        || add_share(low, low_part, (first, share), data),
        || add_share(high, high_part, (middle, share), data),
    );
}

fn add_leaf(margins: &mut [f32], first: u32, part: &LeafRows, data: &Binned) {
    let [left, right] = part.values;
    match part.split {
        None => {
            for packed in part.packed_rows {
                margins[(packed.row - first) as usize] += left;
            }
        }
        Some(split) => {
            let codes = data.column(split.feature);
            for packed in part.packed_rows {
                let goes_left = split.goes_left(codes[packed.row as usize]);
                margins[(packed.row - first) as usize] += if goes_left { left } else { right };
            }
        }
    }
}

/// A single loop over slices without branches, which the compiler vectorises.
fn pack_block(
    (first, packed_rows): (usize, &mut [PackedRow]),
    (margins, labels): (&[f32], &[u8]),
    scale: FixedPoint,
    weight: impl Fn(usize) -> f32,
) {
    let rows = packed_rows.iter_mut().zip(margins).zip(labels);
    for (at, ((packed, &margin), &label)) in rows.enumerate() {
        *packed = PackedRow {
            row: (first + at) as u32,
            word: pack_gradient(margin, label, weight(at), scale),
        };
    }
}

/// p - y and p (1 - p), the first and second derivatives of the loss with respect to the margin, times the row's
/// weight.
#[inline]
fn pack_gradient(margin: f32, label: u8, weight: f32, scale: FixedPoint) -> u32 {
    let p = sigmoid_f32(margin);
    let gradient = (p - f32::from(label)) * weight * scale.gradient as f32 + TO_NEAREST;
    let hessian = p * (1.0 - p) * weight * scale.hessian as f32 + TO_NEAREST;
    (gradient.to_bits() << 16) | (hessian.to_bits() & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::{gradient, hessian, widen};

    #[test]
    fn gradients_are_those_of_the_log_loss() {
        let labels = [1, 0, 1, 0, 1];
        let mut rows = TrainingRows {
            labels: &labels,
            weights: None,
            scale: FixedPoint::for_rows(5, 5.0, 1.0),
        };
        let margins = Margins::from(vec![0.0, -0.5, 1.5, 100.0, -100.0]);
        let (mut all, mut some) = (Vec::new(), Vec::new());
        margins.pack_all(&rows, &mut all);
        for (packed, (&margin, label)) in all.iter().zip(margins.0.iter().zip(labels)) {
            let p = 1.0 / (1.0 + f64::from(-margin).exp());
            let close = |found: f64, expected: f64| {
                assert!((found - expected).abs() < 3e-5, "{found} {expected}");
            };
            let sum = widen(packed.word);
            let scale = rows.scale;
            close(
                f64::from(gradient(sum)) / scale.gradient,
                p - f64::from(label),
            );
            close(f64::from(hessian(sum)) / scale.hessian, p * (1.0 - p));
        }
        margins.pack(&rows, &[1, 4], &mut some);
        assert_eq!(some, [all[1], all[4]]);
        rows.weights = Some(vec![0.5; 5]);
        margins.pack_all(&rows, &mut all);
        margins.pack(&rows, &[0, 1, 2, 3, 4], &mut some);
        assert_eq!(some, all);
    }
}
