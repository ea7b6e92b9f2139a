//! The training rows as bytes: one bin number per value.

use std::num::NonZeroUsize;

use crate::cuts::Cuts;
use crate::error::{DataError, Error};
use crate::matrix::Matrix;
use crate::parallel;

/// Rows that a fixed-point sum can hold (see `packed`).
const MAX_ROWS: usize = 1 << 24;
/// Values per feature that the cuts are taken from; with more rows, every k-th one.
const SAMPLE: usize = 1 << 18;
/// Rows per job of the encoding.
const BLOCK: usize = 1 << 13;

/// Bin numbers, row by row: a histogram update reads one row's bytes together, in one cache line for up to 64 columns.
#[derive(Debug)]
pub(crate) struct Binned {
    codes: Vec<u8>,
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
            // Spread over all rows: files are often in some order, and their first rows alike.
            let sample = x
                .iter_rows()
                .step_by(stride)
                .map(|row| row[column])
                .collect();
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
        Ok(Self { codes, cuts })
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.codes.len() / self.cuts.len()
    }

    /// Number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.cuts.len()
    }

    /// The cuts of one column.
    pub(crate) fn cuts(&self, column: u8) -> &Cuts {
        &self.cuts[usize::from(column)]
    }

    /// The bin of one value.
    pub(crate) fn code(&self, row: u32, column: u8) -> u8 {
        self.codes[row as usize * self.cuts.len() + usize::from(column)]
    }

    /// The bins of one row in the `G` columns from `first` on.
    pub(crate) fn codes<const G: usize>(&self, row: u32, first: usize) -> [u8; G] {
        let codes = &self.codes[row as usize * self.cuts.len() + first..][..G];
        std::array::from_fn(|at| codes[at])
    }

    /// The bins of one row.
    pub(crate) fn row(&self, row: u32) -> &[u8] {
        let columns = self.cuts.len();
        &self.codes[row as usize * columns..][..columns]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_encoded_whatever_the_threads() {
        let values: Vec<f32> = (0..60_000_u32)
            .map(|i| (i * 7919 % 10_007) as f32)
            .collect();
        let x = Matrix::new(&values, 3).unwrap();
        let one = Binned::new(&x, 255, NonZeroUsize::MIN).unwrap();
        let seven = Binned::new(&x, 255, NonZeroUsize::new(7).unwrap()).unwrap();
        assert_eq!(one.codes, seven.codes);
        assert_eq!((one.rows(), one.columns()), (20_000, 3));
        for row in [0, 8_191, 8_192, 19_999] {
            let expected: Vec<u8> = (0..3)
                .map(|column| one.cuts[column].bin(x.row(row)[column]))
                .collect();
            assert_eq!(one.row(row as u32), expected);
            assert_eq!(one.code(row as u32, 2), expected[2]);
        }
    }
}
