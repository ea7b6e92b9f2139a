//! Permutation importance and partial dependence: how much a model relies on a feature, and how predictions vary with
//! it.
//!
//! Both treat a model as a function from rows to probabilities, so they work for any learner or ensemble. Neither
//! establishes causes, and both mislead if features are correlated: shuffling one of two equivalent features does
//! little harm, and partial dependence evaluates combinations of values that never occur (Molnar, *Interpretable
//! Machine Learning*, chapters on both). Use rows that the model was not fitted on, but not the test rows of the final
//! metrics.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::error::{DataError, Error};
use crate::matrix::Matrix;
use crate::matrix::Samples;
use crate::metrics::roc_auc;

/// The decrease in ROC-AUC when the values of one column are shuffled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Importance {
    /// The mean decrease over the repeats; negative if shuffling happened to help.
    pub mean: f64,
    /// The population standard deviation over the repeats; 0 for a single repeat.
    pub deviation: f64,
}

/// The mean prediction with one column set to the same value in every row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dependence {
    /// The value of the column.
    pub value: f32,
    /// The mean probability over all rows.
    pub mean_probability: f64,
}

/// Permutation importance of each column for the ROC-AUC (Breiman 2001; `permutation_importance` with
/// `scoring="roc_auc"`): each column is shuffled `repeats` times (at least once), with the other columns unchanged.
///
/// Fails if a class is missing or if `predict` fails.
pub fn permutation_importance(
    rows: &Samples,
    predict: impl Fn(&Matrix) -> Result<Vec<f64>, Error>,
    repeats: usize,
    seed: u64,
) -> Result<Vec<Importance>, Error> {
    let x = rows.x();
    let auc = |x: &Matrix| -> Result<f64, Error> { Ok(roc_auc(rows.y(), &predict(x)?)?) };
    let baseline = auc(&x)?;
    let mut importances = Vec::new();
    for column in 0..x.columns() {
        let mut decreases = Vec::new();
        for repeat in 0..repeats.max(1) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            // A separate stream, so that the result for a column does not depend on the others.
            rng.set_stream((column * repeats.max(1) + repeat) as u64);
            let order = shuffled(x.rows(), &mut rng);
            let values = with_column(&x, column, |row| x.row(order[row])[column]);
            decreases.push(baseline - auc(&Matrix::new(&values, x.columns())?)?);
        }
        importances.push(Importance::of(&decreases));
    }
    Ok(importances)
}

/// Partial dependence (Friedman 2001; `partial_dependence` with `method="brute"`): the mean prediction over all rows with
/// `column` set to each of `values`, in that order.
///
/// Fails if the column does not exist, if there are no rows or if `predict` fails.
pub fn partial_dependence(
    x: &Matrix,
    predict: impl Fn(&Matrix) -> Result<Vec<f64>, Error>,
    column: usize,
    values: &[f32],
) -> Result<Vec<Dependence>, Error> {
    if x.rows() == 0 {
        return Err(DataError::Empty.into());
    }
    if column >= x.columns() {
        return Err(DataError::WrongColumns {
            expected: column + 1,
            found: x.columns(),
        }
        .into());
    }
    let at = |&value: &f32| {
        let changed = with_column(x, column, |_| value);
        let probabilities = predict(&Matrix::new(&changed, x.columns())?)?;
        Ok(Dependence {
            value,
            mean_probability: probabilities.iter().sum::<f64>() / x.rows() as f64,
        })
    };
    values.iter().map(at).collect()
}

impl Importance {
    fn of(decreases: &[f64]) -> Self {
        let mean = decreases.iter().sum::<f64>() / decreases.len() as f64;
        let squares = decreases
            .iter()
            .map(|decrease| (decrease - mean) * (decrease - mean));
        let variance = squares.sum::<f64>() / decreases.len() as f64;
        Self {
            mean,
            deviation: variance.sqrt(),
        }
    }
}

/// A copy of all values, with one column replaced.
fn with_column(x: &Matrix, column: usize, value: impl Fn(usize) -> f32) -> Vec<f32> {
    let mut values = Vec::with_capacity(x.rows() * x.columns());
    for row in 0..x.rows() {
        values.extend_from_slice(x.row(row));
        values[row * x.columns() + column] = value(row);
    }
    values
}

/// The numbers below `count` in a random order (Fisher and Yates).
fn shuffled(count: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        let other = (u64::from(rng.next_u32()) * (last as u64 + 1)) >> 32;
        order.swap(last, other as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two columns; the label follows the first, the second is noise.
    fn rows(count: usize) -> (Vec<f32>, Vec<u8>) {
        let labels: Vec<u8> = (0..count).map(|i| u8::from(i * 37 % 100 < 45)).collect();
        let values = (0..count)
            .flat_map(|i| [f32::from(labels[i]), (i * 7919 % 997) as f32 / 997.0])
            .collect();
        (values, labels)
    }

    fn column(number: usize) -> impl Fn(&Matrix) -> Result<Vec<f64>, Error> {
        move |x| {
            Ok((0..x.rows())
                .map(|row| f64::from(x.row(row)[number]))
                .collect())
        }
    }

    #[test]
    fn only_columns_that_the_model_uses_are_important() {
        let (values, labels) = rows(1_000);
        let samples = Samples::new(Matrix::new(&values, 2).unwrap(), &labels).unwrap();
        let found = permutation_importance(&samples, column(0), 5, 7).unwrap();
        // Shuffling turns a perfect ranking into a random one.
        assert!((found[0].mean - 0.5).abs() < 0.03, "{found:?}");
        assert!(found[0].deviation > 0.0 && found[0].deviation < 0.05);
        let nothing = Importance {
            mean: 0.0,
            deviation: 0.0,
        };
        assert_eq!(found[1], nothing);
        assert_eq!(
            permutation_importance(&samples, column(0), 5, 7).unwrap(),
            found
        );
        assert_ne!(
            permutation_importance(&samples, column(0), 5, 8).unwrap(),
            found
        );
    }

    #[test]
    fn the_deviation_is_that_of_the_repeats() {
        let found = Importance::of(&[0.1, 0.3]);
        assert!((found.mean - 0.2).abs() < 1e-12 && (found.deviation - 0.1).abs() < 1e-12);
        assert_eq!(Importance::of(&[0.4]).deviation, 0.0);
    }

    #[test]
    fn a_shuffle_keeps_every_row() {
        let order = shuffled(100, &mut ChaCha8Rng::seed_from_u64(1));
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_ne!(sorted, order);
    }

    #[test]
    fn missing_columns_rows_and_classes_are_rejected() {
        let empty = Matrix::new(&[], 2).unwrap();
        assert!(partial_dependence(&empty, column(0), 0, &[0.5]).is_err());
        let x = Matrix::new(&[0.1, 0.2], 2).unwrap();
        assert!(partial_dependence(&x, column(0), 2, &[0.5]).is_err());
        let one_class = Samples::new(x, &[1]).unwrap();
        assert!(permutation_importance(&one_class, column(0), 1, 0).is_err());
    }
}
