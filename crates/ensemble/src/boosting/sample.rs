//! Which rows and columns a round's tree is grown on.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::binned::Binned;
use crate::params::BoostingParams;

/// The rows and columns of one tree.
#[derive(Debug)]
pub(super) struct Drawn {
    /// Ascending.
    pub(super) columns: Vec<u8>,
    /// Ascending.
    pub(super) rows: Vec<u32>,
    /// The other rows, whose scores the tree moves too.
    pub(super) left_out: Vec<u32>,
}

/// Draws each row with the probability `subsample`, and a share `colsample` of the columns.
pub(super) fn draw(params: &BoostingParams, data: &Binned, seed: u64, round: usize) -> Drawn {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(round as u64);
    let all = 0..data.rows() as u32;
    let limit = params.subsample * 2_f64.powi(32);
    let (mut rows, mut left_out): (Vec<u32>, Vec<u32>) = if params.subsample < 1.0 {
        all.partition(|_| f64::from(rng.next_u32()) < limit)
    } else {
        (all.collect(), Vec::new())
    };
    // A small share of few rows may draw none, and a tree needs some.
    if rows.is_empty() {
        std::mem::swap(&mut rows, &mut left_out);
    }
    Drawn {
        columns: draw_columns(params.colsample, data.columns(), &mut rng),
        rows,
        left_out,
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

    fn drawn(subsample: f64, colsample: f64, round: usize) -> Drawn {
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
    fn everything_is_used_unless_a_share_is_asked_for() {
        let all = drawn(1.0, 1.0, 1);
        assert_eq!(all.columns, (0..10).collect::<Vec<u8>>());
        assert_eq!(all.rows, (0..2_000).collect::<Vec<u32>>());
        assert!(all.left_out.is_empty());
    }

    #[test]
    fn shares_are_drawn_anew_each_round() {
        let (first, second) = (drawn(0.25, 0.31, 1), drawn(0.25, 0.31, 2));
        assert_eq!(first.columns.len(), 4);
        assert!(
            (400..600).contains(&first.rows.len()),
            "{} of 2000 rows",
            first.rows.len()
        );
        assert_eq!(first.rows.len() + first.left_out.len(), 2_000);
        assert_ne!(first.rows, second.rows);
        assert_eq!(first.rows, drawn(0.25, 0.31, 1).rows);
    }

    #[test]
    fn some_row_is_always_drawn() {
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
        assert_eq!(draw(&params, &data, 5, 1).rows, [0, 1]);
    }
}
