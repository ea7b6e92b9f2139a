//! Borrowed input matrices and labelled samples.

mod owned;

use crate::error::{DataError, Error};
pub use owned::OwnedMatrix;

/// A dense, row-major matrix of `f32`; NaN marks a missing value.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    columns: usize,
}

impl<'a> Matrix<'a> {
    /// A view of `values` as rows of `columns` numbers (1 to 255 columns, any number of rows).
    ///
    /// Fails on infinite values, reporting the row and column of the first.
    pub fn new(values: &'a [f32], columns: usize) -> Result<Self, Error> {
        if !(1..=255).contains(&columns) {
            return Err(DataError::Columns(columns).into());
        }
        if !values.len().is_multiple_of(columns) {
            return Err(DataError::Ragged {
                values: values.len(),
                columns,
            }
            .into());
        }
        match values.iter().position(|value| value.is_infinite()) {
            Some(at) => Err(DataError::Infinite {
                row: at / columns,
                column: at % columns,
            }
            .into()),
            None => Ok(Self { values, columns }),
        }
    }

    /// Number of rows, possibly 0.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Number of columns, 1 to 255.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Row `i`, which has [`columns`](Self::columns) values.
    ///
    /// # Panics
    /// If there is no row `i`.
    pub fn row(&self, i: usize) -> &'a [f32] {
        &self.values[i * self.columns..(i + 1) * self.columns]
    }

    /// All rows in order.
    pub(crate) fn iter_rows(&self) -> std::slice::ChunksExact<'a, f32> {
        self.values.chunks_exact(self.columns)
    }

    /// Rejects a matrix with a different number of columns.
    pub(crate) fn expect_columns(&self, expected: usize) -> Result<(), Error> {
        if self.columns == expected {
            Ok(())
        } else {
            Err(DataError::WrongColumns {
                expected,
                found: self.columns,
            }
            .into())
        }
    }
}

/// Rows with their labels, for fitting.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    x: Matrix<'a>,
    y: &'a [u8],
    weights: Option<&'a [f32]>,
}

impl<'a> Samples<'a> {
    /// Pairs each row of `x` with its label in `y` (0 or 1).
    pub fn new(x: Matrix<'a>, y: &'a [u8]) -> Result<Self, Error> {
        if x.rows() != y.len() {
            return Err(DataError::Lengths {
                rows: x.rows(),
                others: y.len(),
                what: "labels",
            }
            .into());
        }
        match y.iter().position(|&label| label > 1) {
            Some(row) => Err(DataError::Label { row, label: y[row] }.into()),
            None => Ok(Self {
                x,
                y,
                weights: None,
            }),
        }
    }

    /// The same rows with sample weights, each 0 or from 1e-30 to 1e30, for fitting trees. A forest is independent of
    /// the scale of the weights, but boosting's `l2`, `gamma` and `min_child_weight` are on that scale, so the mean
    /// weight should be about 1. Weights of a validation set are ignored.
    pub fn weighted(self, weights: &'a [f32]) -> Result<Self, Error> {
        if weights.len() != self.y.len() {
            return Err(DataError::Lengths {
                rows: self.y.len(),
                others: weights.len(),
                what: "weights",
            }
            .into());
        }
        // Outside this range, sums and scales in `f32` would be infinite.
        let valid = |weight: &f32| *weight == 0.0 || (1e-30..=1e30).contains(weight);
        match weights.iter().position(|weight| !valid(weight)) {
            Some(row) => Err(DataError::Weight {
                row,
                weight: weights[row],
            }
            .into()),
            None => Ok(Self {
                weights: Some(weights),
                ..self
            }),
        }
    }

    /// The rows.
    pub fn x(&self) -> Matrix<'a> {
        self.x
    }

    /// The labels, one per row.
    pub fn y(&self) -> &'a [u8] {
        self.y
    }

    /// The weights, one per row, if any were given.
    pub fn weights(&self) -> Option<&'a [f32]> {
        self.weights
    }

    /// The total weights of the rows with label 0 and with label 1.
    pub(crate) fn class_weights(&self) -> [f64; 2] {
        let Some(weights) = self.weights else {
            let positives = self.positives() as f64;
            return [self.y.len() as f64 - positives, positives];
        };
        let mut sums = [0.0; 2];
        for (&label, &weight) in self.y.iter().zip(weights) {
            sums[usize::from(label)] += f64::from(weight);
        }
        sums
    }

    /// The number of labels that are 1.
    pub(crate) fn positives(&self) -> usize {
        self.y.iter().map(|&label| usize::from(label)).sum()
    }

    /// Rejects samples that cannot be fitted: no rows, or fewer than two classes with a weight above 0.
    pub(crate) fn expect_both_classes(&self) -> Result<(), Error> {
        match self.class_weights() {
            _ if self.y.is_empty() => Err(DataError::Empty.into()),
            [0.0, 0.0] => Err(DataError::Weightless.into()),
            [_, 0.0] => Err(DataError::OneClass(0).into()),
            [0.0, _] => Err(DataError::OneClass(1).into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[f32], columns: usize, labels: &[u8], expected: &str) {
        let result = Matrix::new(values, columns).and_then(|x| Samples::new(x, labels));
        assert_eq!(result.unwrap_err().to_string(), expected);
    }

    #[test]
    fn invalid_input_is_reported_with_its_row_and_column() {
        check(&[], 0, &[], "a matrix of 0 columns; 1 to 255 are supported");
        check(
            &[0.0; 256],
            256,
            &[0],
            "a matrix of 256 columns; 1 to 255 are supported",
        );
        check(&[0.0; 5], 2, &[0], "5 values do not fill rows of 2 columns");
        check(
            &[0.0, 1.0, 2.0, f32::NEG_INFINITY],
            2,
            &[0, 1],
            "row 1, column 1: infinite value (use NaN for missing values)",
        );
        check(&[0.0; 4], 2, &[0], "2 rows, but 1 labels");
        check(&[0.0; 4], 2, &[0, 7], "row 1: label 7; it must be 0 or 1");
    }

    #[test]
    fn weights_are_checked() {
        let x = Matrix::new(&[1.0, 2.0], 1).unwrap();
        let samples = Samples::new(x, &[0, 1]).unwrap();
        let check = |weights: &[f32], expected: &str| {
            let weighted = samples
                .weighted(weights)
                .and_then(|samples| samples.expect_both_classes());
            assert_eq!(weighted.unwrap_err().to_string(), expected);
        };
        check(&[1.0], "2 rows, but 1 weights");
        check(
            &[1.0, -1.0],
            "row 1: weight -1; it must be 0 or from 1e-30 to 1e30",
        );
        check(
            &[f32::NAN, 1.0],
            "row 0: weight NaN; it must be 0 or from 1e-30 to 1e30",
        );
        check(
            &[1.0, 1e-31],
            "row 1: weight 0.0000000000000000000000000000001; it must be 0 or from 1e-30 to 1e30",
        );
        check(&[0.0, 0.0], "all weights are 0");
        check(&[0.0, 1.0], "every label is 1; both 0 and 1 are needed");
        assert_eq!(samples.weights(), None);
        assert_eq!(
            samples.weighted(&[0.5, 2.0]).unwrap().class_weights(),
            [0.5, 2.0]
        );
    }

    #[test]
    fn rows_are_read_in_order_and_nan_is_allowed() {
        let x = Matrix::new(&[1.0, f32::NAN, 3.0, 4.0], 2).unwrap();
        assert_eq!((x.rows(), x.columns()), (2, 2));
        assert!(x.row(0)[1].is_nan());
        assert_eq!(x.row(1), &[3.0, 4.0]);
    }

    #[test]
    fn a_fit_needs_both_classes() {
        let x = Matrix::new(&[1.0, 2.0], 1).unwrap();
        let rejection = |labels: &[u8]| {
            let x = Matrix::new(&[1.0, 2.0][..labels.len()], 1).unwrap();
            Samples::new(x, labels)
                .unwrap()
                .expect_both_classes()
                .unwrap_err()
                .to_string()
        };
        assert!(
            Samples::new(x, &[0, 1])
                .unwrap()
                .expect_both_classes()
                .is_ok()
        );
        assert_eq!(
            rejection(&[1, 1]),
            "every label is 1; both 0 and 1 are needed"
        );
        assert_eq!(rejection(&[0]), "every label is 0; both 0 and 1 are needed");
        assert_eq!(rejection(&[]), "there are no rows");
    }
}
