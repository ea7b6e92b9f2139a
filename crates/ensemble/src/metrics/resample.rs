//! Bootstrap resampling of rows or groups of rows.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The number of resamples; the ends of a 95 % interval then have a standard error of about 0.13 standard deviations.
const RESAMPLES: u64 = 400;

/// The units to resample: single rows or groups of rows.
pub(super) struct Units {
    /// Each row's unit.
    pub(super) of_row: Vec<usize>,
    pub(super) count: usize,
}

impl Units {
    /// One unit per group of `groups` (one number per row), or per row without groups.
    pub(super) fn new(rows: usize, groups: Option<&[u64]>) -> Self {
        let (of_row, count) = match groups {
            Some(groups) => number_groups(groups),
            None => ((0..rows).collect(), rows),
        };
        Self { of_row, count }
    }

    /// The values of `metric` on all resamples; its argument is the number of draws of each unit.
    pub(super) fn resampled<T>(&self, seed: u64, metric: impl Fn(&[u32]) -> Option<T>) -> Vec<T> {
        let mut draws = vec![0_u32; self.count];
        let values = (0..RESAMPLES).filter_map(|resample| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            // Each resample has its own stream, so that its draws do not depend on the number of resamples.
            rng.set_stream(resample);
            draw(&mut draws, &mut rng);
            metric(&draws)
        });
        values.collect()
    }
}

/// Numbers the groups from 0 in ascending order; returns each row's number, and the number of groups.
fn number_groups(groups: &[u64]) -> (Vec<usize>, usize) {
    let mut distinct = groups.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let number = |group: &u64| distinct.partition_point(|known| known < group);
    (groups.iter().map(number).collect(), distinct.len())
}

/// Draws as many units as there are, with replacement, and counts them.
fn draw(draws: &mut [u32], rng: &mut impl Rng) {
    draws.fill(0);
    for _ in 0..draws.len() {
        let unit = (u64::from(rng.next_u32()) * draws.len() as u64) >> 32;
        draws[unit as usize] += 1;
    }
}

/// The 95 % percentile interval of values in any order (Efron and Tibshirani 1993, chapter 13).
pub(super) fn percentile_interval(mut values: Vec<f64>) -> Option<[f64; 2]> {
    values.sort_unstable_by(f64::total_cmp);
    Some([quantile(&values, 0.025)?, quantile(&values, 0.975)?])
}

/// The quantile of ascending values, with linear interpolation.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let at = share * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(below + (above - below) * (at - at.floor()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resamples_have_the_original_size_and_depend_only_on_the_seed() {
        let units = Units::new(5, Some(&[9, 9, 4, 7, 7]));
        assert_eq!(units.of_row, [2, 2, 0, 1, 1]);
        let draws = |seed| units.resampled(seed, |draws| Some(draws.to_vec()));
        let first = draws(1);
        assert_eq!(first.len() as u64, RESAMPLES);
        assert!(first.iter().all(|draws| draws.iter().sum::<u32>() == 3));
        assert_eq!(first, draws(1));
        assert_ne!(first, draws(2));
    }

    #[test]
    fn quantiles_are_interpolated_linearly() {
        let values: Vec<f64> = (0..=40).rev().map(f64::from).collect();
        assert_eq!(percentile_interval(values), Some([1.0, 39.0]));
        assert_eq!(percentile_interval(vec![3.0]), Some([3.0, 3.0]));
        assert_eq!(percentile_interval(Vec::new()), None);
    }
}
