//! Sums of packed pairs per bin. These loops dominate the time of a fit.
//!
//! A row's bins are read together, and its pair is added to the tables of several features in turn. Tables of 256
//! entries indexed by a `u8` need no bounds check. Because consecutive additions go to different tables, they do not
//! wait for each other even if many rows share a bin.

use crate::binned::Binned;
use crate::packed::{PackedRow, gradient, hessian, widen};

/// The sums of one feature by bin; the last bin holds missing values.
pub(crate) type Bins<C = u64> = [C; 256];

/// The sum of a bin.
pub(crate) trait Cell: Copy + PartialEq {
    /// The empty sum.
    const ZERO: Self;

    /// The sum that consists of one row's pair.
    fn of_row(word: u32) -> Self;

    /// Adds two sums.
    fn plus(self, other: Self) -> Self;

    /// The sums of gradients and hessians.
    fn halves(self) -> (i32, i32);
}

/// 32 bits per half: holds any sum.
impl Cell for u64 {
    const ZERO: Self = 0;

    fn of_row(word: u32) -> Self {
        widen(word)
    }

    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    fn halves(self) -> (i32, i32) {
        (gradient(self), hessian(self) as i32)
    }
}

/// 16 bits per half, in half the memory: holds sums below 2^16 of non-negative pairs.
impl Cell for u32 {
    const ZERO: Self = 0;

    fn of_row(word: u32) -> Self {
        word
    }

    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    fn halves(self) -> (i32, i32) {
        ((self >> 16) as i32, (self & 0xffff) as i32)
    }
}

/// Number of rows whose bins are loaded before they are summed. With only loads in the loop, cache misses of many
/// rows overlap: on 700,000 rows, which exceed the caches, this cuts boosting time by a quarter.
const BLOCK: usize = 32;
/// Features per pass: 9 tables of 2 KiB leave room for other data in the L1 cache.
const GROUP: usize = 9;

/// Adds `packed_rows` to the bins of all columns; `histogram[c]` belongs to column `c`.
pub(crate) fn fill_all(histogram: &mut [Bins], data: &Binned, packed_rows: &[PackedRow]) {
    let passes = histogram.len().div_ceil(GROUP).max(1);
    let width = histogram.len().div_ceil(passes).max(1);
    for (pass, group) in histogram.chunks_mut(width).enumerate() {
        let fill = match group.len() {
            1 => fill_group::<1>,
            2 => fill_group::<2>,
            3 => fill_group::<3>,
            4 => fill_group::<4>,
            5 => fill_group::<5>,
            6 => fill_group::<6>,
            7 => fill_group::<7>,
            8 => fill_group::<8>,
            _ => fill_group::<GROUP>,
        };
        fill(group, pass * width, data, packed_rows);
    }
}

/// [`fill_all`] for the `G` columns starting at `first`. A constant number of columns lets the compiler unroll the
/// loop.
fn fill_group<const G: usize>(
    group: &mut [Bins],
    first: usize,
    data: &Binned,
    packed_rows: &[PackedRow],
) {
    let Some(group) = group.first_chunk_mut::<G>() else {
        return;
    };
    let mut gathered = [[0; G]; BLOCK];
    for packed_rows in packed_rows.chunks(BLOCK) {
        for (codes, packed) in gathered.iter_mut().zip(packed_rows) {
            *codes = data.codes(packed.row, first);
        }
        for (codes, packed) in gathered.iter().zip(packed_rows) {
            let word = widen(packed.word);
            for (bins, &code) in group.iter_mut().zip(codes) {
                let sum = &mut bins[usize::from(code)];
                *sum = sum.wrapping_add(word);
            }
        }
    }
}

/// Adds `packed_rows` to the bins of some columns; `histogram[k]` belongs to column `columns[k]`.
pub(crate) fn fill_some<C: Cell>(
    histogram: &mut [Bins<C>],
    columns: &[u8],
    data: &Binned,
    packed_rows: &[PackedRow],
) {
    for (histogram, columns) in histogram.chunks_mut(4).zip(columns.chunks(4)) {
        match (histogram.first_chunk_mut::<4>(), columns.first_chunk::<4>()) {
            (Some(histogram), Some(columns)) => {
                let codes = columns.map(|column| data.column(column));
                fill_columns(histogram, codes, packed_rows);
            }
            _ => {
                for (bins, &column) in histogram.iter_mut().zip(columns) {
                    fill_columns(
                        std::array::from_mut(bins),
                        [data.column(column)],
                        packed_rows,
                    );
                }
            }
        }
    }
}

fn fill_columns<C: Cell, const G: usize>(
    histogram: &mut [Bins<C>; G],
    columns: [&[u8]; G],
    packed_rows: &[PackedRow],
) {
    let mut gathered = [[0; G]; BLOCK];
    for packed_rows in packed_rows.chunks(BLOCK) {
        for (codes, packed) in gathered.iter_mut().zip(packed_rows) {
            *codes = columns.map(|column| column[packed.row as usize]);
        }
        for (codes, packed) in gathered.iter().zip(packed_rows) {
            let cell = C::of_row(packed.word);
            for (bins, &code) in histogram.iter_mut().zip(codes) {
                let sum = &mut bins[usize::from(code)];
                *sum = sum.plus(cell);
            }
        }
    }
}

/// Adds `other` to `histogram`.
pub(crate) fn add(histogram: &mut [Bins], other: &[Bins]) {
    for (sum, &term) in histogram
        .as_flattened_mut()
        .iter_mut()
        .zip(other.as_flattened())
    {
        *sum = sum.wrapping_add(term);
    }
}

/// Turns the parent's `histogram` into one child's by subtracting the other child's.
pub(crate) fn subtract(histogram: &mut [Bins], other: &[Bins]) {
    for (sum, &term) in histogram
        .as_flattened_mut()
        .iter_mut()
        .zip(other.as_flattened())
    {
        *sum = sum.wrapping_sub(term);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::matrix::Matrix;
    use crate::packed::pack_row;

    #[test]
    fn rows_are_summed_into_their_bins_and_siblings_subtract() {
        let values = [1.0, f32::NAN, 2.0, 5.0, 1.0, 6.0];
        let data = Binned::new(&Matrix::new(&values, 2).unwrap(), 255, NonZeroUsize::MIN).unwrap();
        let words = [pack_row(-3, 1), pack_row(5, 2), pack_row(7, 4)];
        let packed = |row: u32| PackedRow {
            row,
            word: words[row as usize],
        };
        let mut parent = vec![[0; 256]; 2];
        fill_all(&mut parent, &data, &[packed(0), packed(1), packed(2)]);
        let sums = |bins: &Bins, bin: usize| (gradient(bins[bin]), hessian(bins[bin]));
        assert_eq!((sums(&parent[0], 0), sums(&parent[0], 1)), ((4, 5), (5, 2)));
        assert_eq!(
            (
                sums(&parent[1], 255),
                sums(&parent[1], 0),
                sums(&parent[1], 1)
            ),
            ((-3, 1), (5, 2), (7, 4))
        );

        let empty = || vec![[0_u64; 256]; 2];
        let (mut child, mut sibling, mut some) = (empty(), empty(), empty());
        fill_all(&mut child, &data, &[packed(0)]);
        fill_all(&mut sibling, &data, &[packed(1), packed(2)]);
        fill_some(&mut some[..1], &[1], &data, &[packed(1), packed(2)]);
        assert_eq!(some[0], sibling[1]);
        let mut sum = child.clone();
        add(&mut sum, &sibling);
        assert_eq!(sum, parent);
        subtract(&mut parent, &child);
        assert_eq!(parent, sibling);
    }
}
