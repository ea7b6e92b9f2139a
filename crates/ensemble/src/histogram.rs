//! Sums of packed words per bin: the loops in which a fit spends most of its time.

use crate::binned::Binned;

/// The sums of one feature, by bin; the last one is of the missing values.
///
/// An array of 256 indexed by a `u8` needs no bounds check.
pub(crate) type Bins = [u64; 256];

/// Nothing summed yet.
pub(crate) const EMPTY: Bins = [0; 256];

/// Adds the words of `rows` to the bins of all columns; `histogram[c]` belongs to column `c`.
pub(crate) fn fill_all(histogram: &mut [Bins], data: &Binned, rows: &[u32], words: &[u64]) {
    for &row in rows {
        let word = words[row as usize];
        for (bins, &code) in histogram.iter_mut().zip(data.row(row)) {
            let sum = &mut bins[usize::from(code)];
            *sum = sum.wrapping_add(word);
        }
    }
}

/// Adds the words of `rows` to the bins of some columns; `histogram[k]` belongs to column `columns[k]`.
pub(crate) fn fill_some(
    histogram: &mut [Bins],
    columns: &[u8],
    data: &Binned,
    rows: &[u32],
    words: &[u64],
) {
    for &row in rows {
        let word = words[row as usize];
        let codes = data.row(row);
        for (bins, &column) in histogram.iter_mut().zip(columns) {
            let sum = &mut bins[usize::from(codes[usize::from(column)])];
            *sum = sum.wrapping_add(word);
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

/// Makes the parent's `histogram` that of one child by taking the other child's off.
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
    use crate::packed::{lower, pack, upper};

    #[test]
    fn rows_are_summed_into_their_bins_and_siblings_subtract() {
        let values = [1.0, f32::NAN, 2.0, 5.0, 1.0, 6.0];
        let data = Binned::new(&Matrix::new(&values, 2).unwrap(), 255, NonZeroUsize::MIN).unwrap();
        let words = [pack(-3, 1), pack(5, 2), pack(7, 4)];
        let mut parent = vec![EMPTY; 2];
        fill_all(&mut parent, &data, &[0, 1, 2], &words);
        let sums = |bins: &Bins, bin: usize| (upper(bins[bin]), lower(bins[bin]));
        assert_eq!((sums(&parent[0], 0), sums(&parent[0], 1)), ((4, 5), (5, 2)));
        assert_eq!(
            (
                sums(&parent[1], 255),
                sums(&parent[1], 0),
                sums(&parent[1], 1)
            ),
            ((-3, 1), (5, 2), (7, 4))
        );

        let (mut child, mut sibling, mut some) = (vec![EMPTY; 2], vec![EMPTY; 2], vec![EMPTY; 1]);
        fill_all(&mut child, &data, &[0], &words);
        fill_all(&mut sibling, &data, &[1, 2], &words);
        fill_some(&mut some, &[1], &data, &[1, 2], &words);
        assert_eq!(some[0], sibling[1]);
        let mut sum = child.clone();
        add(&mut sum, &sibling);
        assert_eq!(sum, parent);
        subtract(&mut parent, &child);
        assert_eq!(parent, sibling);
    }
}
