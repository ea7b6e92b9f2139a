//! Row and column subsampling for each round.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::params::BoostingParams;
use crate::binned::Binned;

/// The rows and columns of one tree.
#[derive(Debug)]
pub(super) struct Sample {
    /// Ascending.
    pub(super) columns: Vec<u8>,
    /// Ascending; `None` if the tree is grown on all rows.
    pub(super) rows: Option<Vec<u32>>,
    /// The remaining rows, whose margins are also updated.
    pub(super) others: Vec<u32>,
}

/// Draws each row with probability `subsample`, and a share `colsample` of the columns.
pub(super) fn draw(params: &BoostingParams, data: &Binned, seed: u64, round: usize) -> Sample {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(round as u64);
    let (rows, others) = draw_rows(params.subsample, data.rows() as u32, &mut rng);
    Sample {
        columns: draw_columns(params.colsample, data.columns(), &mut rng),
        rows,
        others,
    }
}

/// The drawn rows (`None` for all), and the remaining ones.
fn draw_rows(share: f64, rows: u32, rng: &mut impl Rng) -> (Option<Vec<u32>>, Vec<u32>) {
    if share >= 1.0 {
        return (None, Vec::new());
    }
    let limit = share * 2_f64.powi(32);
    let (drawn, others): (Vec<u32>, Vec<u32>) =
        (0..rows).partition(|_| f64::from(rng.next_u32()) < limit);
    // With few rows and a small share, none may be drawn, but a tree needs rows.
    if drawn.is_empty() {
        (None, drawn)
    } else {
        (Some(drawn), others)
    }
}

/// The first steps of a Fisher-Yates shuffle.
fn draw_columns(share: f64, columns: usize, rng: &mut impl Rng) -> Vec<u8> {
    let mut order: Vec<u8> = (0..columns).map(|column| column as u8).collect();
    let count = ((share * columns as f64).ceil() as usize).clamp(1, columns);
    if count < columns {
        for at in 0..count {
            let choices = (columns - at) as u64;
            order.swap(
                at,
                at + ((u64::from(rng.next_u32()) * choices) >> 32) as usize,
            );
        }
        order.truncate(count);
        order.sort_unstable();
    }
    order
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::matrix::Matrix;

    fn drawn(subsample: f64, colsample: f64, round: usize) -> Sample {
        let values = vec![0.0; 20_000];
        let data = Binned::new(&Matrix::new(&values, 10).unwrap(), 255, NonZeroUsize::MIN).unwrap();
        draw(
            &BoostingParams {
                subsample,
                colsample,
                ..BoostingParams::default()
            },
            &data,
            5,
            round,
        )
    }

    #[test]
    fn all_rows_and_columns_are_used_by_default() {
        let all = drawn(1.0, 1.0, 1);
        assert_eq!(all.columns, (0..10).collect::<Vec<u8>>());
        assert_eq!(all.rows, None);
        assert!(all.others.is_empty());
    }

    #[test]
    fn each_round_draws_its_own_shares() {
        let (first, second) = (drawn(0.25, 0.31, 1), drawn(0.25, 0.31, 2));
        assert_eq!(first.columns.len(), 4);
        let count = first.rows.as_ref().unwrap().len();
        assert!((400..600).contains(&count), "{count} of 2000 rows");
        assert_eq!(count + first.others.len(), 2_000);
        assert_ne!(first.rows, second.rows);
        assert_eq!(first.rows, drawn(0.25, 0.31, 1).rows);
    }

    #[test]
    fn at_least_one_row_is_always_used() {
        let data = Binned::new(
            &Matrix::new(&[0.0, 1.0], 1).unwrap(),
            255,
            NonZeroUsize::MIN,
        )
        .unwrap();
        let params = BoostingParams {
            subsample: 1e-9,
            ..BoostingParams::default()
        };
        let drawn = draw(&params, &data, 5, 1);
        assert!(drawn.rows.is_none() && drawn.others.is_empty());
    }
}
