//! Conversion of `f64` rows to an owned matrix.

use crate::error::{DataError, Error};
use crate::matrix::Matrix;

/// An owned matrix, rounded from `f64`: learners compare values as `f32`, as XGBoost does.
///
/// Rounding keeps about seven digits. Values whose relative difference is below 6e-8 may become equal, and magnitudes
/// below 7e-46 underflow to 0. If small differences in a column matter (Unix timestamps, for example), subtract a
/// common offset first. Rows to predict must be rounded in the same way as the training rows, which this type ensures.
///
/// ```
/// use ensemble::{OwnedMatrix, Samples};
///
/// # fn main() -> Result<(), ensemble::Error> {
/// let measured = [0.1_f64, 20.5, f64::NAN, 21.0];
/// let rows = OwnedMatrix::from_f64(&measured, 2)?;
/// let train = Samples::new(rows.as_matrix(), &[0, 1])?;
/// assert_eq!(train.x().row(0), [0.1_f32, 20.5]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct OwnedMatrix {
    values: Vec<f32>,
    columns: usize,
}

impl OwnedMatrix {
    /// Rounds `values`, row-major with `columns` numbers per row, to the nearest `f32`. NaN still means missing.
    ///
    /// Fails like [`Matrix::new`], and on a finite value that rounds to infinity.
    pub fn from_f64(values: &[f64], columns: usize) -> Result<Self, Error> {
        let rounded: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        match Matrix::new(&rounded, columns) {
            Ok(_) => Ok(Self {
                values: rounded,
                columns,
            }),
            Err(Error::Data(DataError::Infinite { row, column })) => {
                Err(infinite(values[row * columns + column], row, column))
            }
            Err(error) => Err(error),
        }
    }

    /// A borrowed view.
    pub fn as_matrix(&self) -> Matrix<'_> {
        // Validated by `from_f64`.
        Matrix {
            values: &self.values,
            columns: self.columns,
        }
    }
}

/// The error for a `value` that is infinite as `f32`.
fn infinite(value: f64, row: usize, column: usize) -> Error {
    let error = if value.is_finite() {
        DataError::BeyondF32 { row, column, value }
    } else {
        DataError::Infinite { row, column }
    };
    error.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_becomes_the_nearest_f32() {
        let check = |value: f64, expected: f32| {
            let table = OwnedMatrix::from_f64(&[value], 1).unwrap();
            let found = table.as_matrix().row(0)[0];
            assert_eq!(found.to_bits(), expected.to_bits(), "{value:e}");
        };
        check(0.1, 0.1);
        check(-0.0, -0.0);
        check(f64::NAN, f32::NAN);
        check(1e-300, 0.0);
        check(f64::from(f32::MIN), f32::MIN);
        // Slightly above f32::MAX but by less than half an ULP, so it rounds down instead of overflowing.
        check(3.402_823_5e38, f32::MAX);
        check(16_777_217.0, 16_777_216.0);
    }

    #[test]
    fn values_beyond_f32_are_rejected() {
        let check = |values: &[f64], columns, expected: &str| {
            let error = OwnedMatrix::from_f64(values, columns).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check(
            &[0.0, 1.0, 2.0, -1e39],
            2,
            "row 1, column 1: -1e39 is outside the range of f32 (3.4e38); scale the column down",
        );
        check(
            &[0.0, 1e39, f64::INFINITY],
            1,
            "row 1, column 0: 1e39 is outside the range of f32 (3.4e38); scale the column down",
        );
        check(
            &[0.0, f64::NEG_INFINITY],
            2,
            "row 0, column 1: infinite value (use NaN for missing values)",
        );
        check(&[0.0; 3], 2, "3 values do not fill rows of 2 columns");
        check(&[0.0], 0, "a matrix of 0 columns; 1 to 255 are supported");
    }
}
