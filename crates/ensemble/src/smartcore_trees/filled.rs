//! Rows in the form that smartcore accepts: `f64` without missing values.

use smartcore::error::Failed;
use smartcore::linalg::basic::matrix::DenseMatrix;

use crate::matrix::Matrix;

/// The training rows with missing values replaced by column means.
pub(super) struct Filled {
    /// `f64`, so that the midpoint of two adjacent `f32` values is strictly between them.
    pub(super) x: DenseMatrix<f64>,
    /// The mean of the present values of each column; 0 if there are none.
    pub(super) means: Vec<f64>,
}

impl Filled {
    pub(super) fn new(x: &Matrix) -> Result<Self, Failed> {
        let means: Vec<_> = (0..x.columns()).map(|column| mean(x, column)).collect();
        let values = x.iter_rows().flat_map(|row| {
            row.iter()
                .zip(&means)
                .map(|(&value, &mean)| present(value, mean))
        });
        Ok(Self {
            x: DenseMatrix::new(x.rows(), x.columns(), values.collect(), false)?,
            means,
        })
    }
}

/// The value, or `mean` where it is missing.
pub(super) fn present(value: f32, mean: f64) -> f64 {
    if value.is_nan() {
        mean
    } else {
        f64::from(value)
    }
}

fn mean(x: &Matrix, column: usize) -> f64 {
    let present = x
        .iter_rows()
        .map(|row| f64::from(row[column]))
        .filter(|value| !value.is_nan());
    let (count, sum) = present.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    sum / f64::max(count, 1.0)
}
