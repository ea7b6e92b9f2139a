//! The borrowed inputs of every learner.

use crate::error::{DataError, Error};

/// A dense, row-major table of `f32` in which NaN is a missing value.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    columns: usize,
}

impl<'a> Matrix<'a> {
    /// Takes `values` as rows of `columns` numbers each (1 to 255 columns, any number of rows).
    ///
    /// Infinite values are refused, naming the first one's row and column.
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

    /// Row `i`, of [`columns`](Self::columns) values.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(&self, i: usize) -> &'a [f32] {
        &self.values[i * self.columns..(i + 1) * self.columns]
    }

    /// All rows in order.
    pub(crate) fn iter_rows(&self) -> std::slice::ChunksExact<'a, f32> {
        self.values.chunks_exact(self.columns)
    }

    /// Refuses a matrix whose width is not `expected`.
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

/// Rows with their labels: what a learner is fitted on.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    x: Matrix<'a>,
    y: &'a [u8],
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
            None => Ok(Self { x, y }),
        }
    }

    /// The rows.
    pub fn x(&self) -> Matrix<'a> {
        self.x
    }

    /// The labels, one a row.
    pub fn y(&self) -> &'a [u8] {
        self.y
    }

    /// How many labels are 1.
    pub(crate) fn positives(&self) -> usize {
        self.y.iter().map(|&label| usize::from(label)).sum()
    }

    /// Refuses parts that no classifier can be fitted on: no rows, or one class only.
    pub(crate) fn expect_both_classes(&self) -> Result<(), Error> {
        match (self.y.len(), self.positives()) {
            (0, _) => Err(DataError::Empty.into()),
            (_, 0) => Err(DataError::OneClass(0).into()),
            (rows, positives) if rows == positives => Err(DataError::OneClass(1).into()),
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
    fn bad_input_names_its_place() {
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
            "row 1, column 1: infinite (a missing value is NaN)",
        );
        check(&[0.0; 4], 2, &[0], "2 rows, but 1 labels");
        check(&[0.0; 4], 2, &[0, 7], "row 1: label 7; it must be 0 or 1");
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
        let refusal = |labels: &[u8]| {
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
            refusal(&[1, 1]),
            "every label is 1; both 0 and 1 are needed"
        );
        assert_eq!(refusal(&[0]), "every label is 0; both 0 and 1 are needed");
        assert_eq!(refusal(&[]), "there are no rows");
    }
}
