//! The training rows as bytes: one bin number per value.

use std::num::NonZeroUsize;

use crate::cuts::Cuts;
use crate::error::{DataError, Error};
use crate::matrix::Matrix;
use crate::parallel;

/// Maximum number of rows that a fixed-point sum can hold (see `packed`).
const MAX_ROWS: usize = 1 << 24;
/// Maximum number of values per feature from which cuts are computed.
const SAMPLE: usize = 1 << 17;
/// 2^64 divided by the golden ratio; its multiples are spread evenly (Knuth, "Sorting and Searching", 6.4).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
/// Rows per encoding job.
const BLOCK: usize = 1 << 13;

/// Bin numbers in row-major and in column-major order.
#[derive(Debug)]
pub(crate) struct Binned {
    /// Row-major, for sums over all columns: a row's bytes are read together.
    by_row: Vec<u8>,
    /// Column-major, for access to a few columns: many rows share a cache line.
    by_column: Vec<u8>,
    cuts: Vec<Cuts>,
}

impl Binned {
    /// Finds the cuts of every column and encodes every value.
    pub(crate) fn new(x: &Matrix, max_bins: usize, threads: NonZeroUsize) -> Result<Self, Error> {
        if x.rows() > MAX_ROWS {
            return Err(DataError::TooManyRows(x.rows()).into());
        }
        let stride = x.rows().div_ceil(SAMPLE).max(1);
        let cuts = parallel::map(threads, 0..x.columns(), |column| {
            // One row from each block of `stride` rows, because files are often sorted; at a varying position in the
            // block, because kinds of rows may alternate periodically.
            let rows = (0..x.rows().div_ceil(stride)).map(|stretch| {
                let offset = (stretch as u64).wrapping_mul(SPREAD) >> 32;
                stretch * stride + offset as usize % stride
            });
            let rows = rows.map(|row| row.min(x.rows() - 1));
            let sample = rows.map(|row| x.row(row)[column]).collect();
            Cuts::from_sample(sample, max_bins)
        });
        let mut codes = vec![0; x.rows() * x.columns()];
        let blocks = codes.chunks_mut(BLOCK * x.columns()).enumerate();
        parallel::map(threads, blocks, |(block, codes)| {
            for (row, codes) in x
                .iter_rows()
                .skip(block * BLOCK)
                .zip(codes.chunks_exact_mut(cuts.len()))
            {
                for ((code, cuts), &value) in codes.iter_mut().zip(&cuts).zip(row) {
                    *code = cuts.bin(value);
                }
            }
        });
        let mut by_column = vec![0; codes.len()];
        let columns = by_column.chunks_mut(x.rows().max(1)).enumerate();
        parallel::map(threads, columns, |(column, to)| {
            for (to, row) in to.iter_mut().zip(codes.chunks_exact(cuts.len())) {
                *to = row[column];
            }
        });
        Ok(Self {
            by_row: codes,
            by_column,
            cuts,
        })
    }

    /// Drops the row-major copy, which the forest does not need.
    pub(crate) fn keep_columns(&mut self) {
        self.by_row = Vec::new();
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.by_column.len() / self.cuts.len()
    }

    /// Number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.cuts.len()
    }

    /// The cuts of one column.
    pub(crate) fn cuts(&self, column: u8) -> &Cuts {
        &self.cuts[usize::from(column)]
    }

    /// The bins of one column, by row.
    pub(crate) fn column(&self, column: u8) -> &[u8] {
        let rows = self.rows();
        &self.by_column[usize::from(column) * rows..][..rows]
    }

    /// The bins of one row in the `G` columns starting at `first`.
    pub(crate) fn codes<const G: usize>(&self, row: u32, first: usize) -> [u8; G] {
        let codes = &self.by_row[row as usize * self.cuts.len() + first..][..G];
        std::array::from_fn(|at| codes[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_does_not_depend_on_the_number_of_threads() {
        let values: Vec<f32> = (0..60_000_u32)
            .map(|i| (i * 7919 % 10_007) as f32)
            .collect();
        let x = Matrix::new(&values, 3).unwrap();
        let one = Binned::new(&x, 255, NonZeroUsize::MIN).unwrap();
        let seven = Binned::new(&x, 255, NonZeroUsize::new(7).unwrap()).unwrap();
        assert_eq!(one.by_row, seven.by_row);
        assert_eq!(one.by_column, seven.by_column);
        assert_eq!((one.rows(), one.columns()), (20_000, 3));
        for row in [0, 8_191, 8_192, 19_999] {
            let expected: Vec<u8> = (0..3)
                .map(|column| one.cuts[column].bin(x.row(row)[column]))
                .collect();
            assert_eq!(one.codes::<3>(row as u32, 0), expected[..]);
            assert_eq!(one.column(2)[row], expected[2]);
        }
    }
}
