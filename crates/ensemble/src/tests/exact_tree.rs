//! Exhaustive reference for the tree growers: tries every value of every column by summing all rows, without bins.

use crate::best_split::{Criterion, Search};
use crate::packed::{gradient, hessian};

/// The rows and settings of a reference tree.
pub(crate) struct ExactTree<'a> {
    pub(crate) columns: usize,
    /// Row-major.
    pub(crate) values: &'a [f32],
    /// One packed pair per row.
    pub(crate) words: &'a [u64],
    pub(crate) criterion: Criterion,
    pub(crate) max_depth: u32,
}

impl ExactTree<'_> {
    /// For each row, the packed sums of its leaf.
    pub(crate) fn leaf_sums(&self) -> Vec<u64> {
        let mut sums = vec![0; self.words.len()];
        self.grow(&(0..self.words.len()).collect::<Vec<_>>(), 0, &mut sums);
        sums
    }

    fn grow(&self, rows: &[usize], depth: u32, sums: &mut [u64]) {
        match self.best_split(rows).filter(|_| depth < self.max_depth) {
            None => rows.iter().for_each(|&row| sums[row] = self.sum(rows)),
            Some((left, right)) => {
                self.grow(&left, depth + 1, sums);
                self.grow(&right, depth + 1, sums);
            }
        }
    }

    fn best_split(&self, rows: &[usize]) -> Option<(Vec<usize>, Vec<usize>)> {
        let search = Search::new(&self.criterion, self.sum(rows));
        let (mut best, mut best_score) = (None, f64::NEG_INFINITY);
        for column in 0..self.columns {
            let value = |row: usize| self.values[row * self.columns + column];
            let mut thresholds: Vec<f32> = rows
                .iter()
                .map(|&row| value(row))
                .filter(|v| !v.is_nan())
                .collect();
            thresholds.sort_by(f32::total_cmp);
            thresholds.dedup();
            for threshold in thresholds {
                for missing_left in [false, true] {
                    let goes_left = |row: &usize| {
                        value(*row) <= threshold || (missing_left && value(*row).is_nan())
                    };
                    let (left, right): (Vec<usize>, Vec<usize>) =
                        rows.iter().partition(|row| goes_left(row));
                    let (g, h) = (gradient(self.sum(&left)), hessian(self.sum(&left)));
                    let other_h = hessian(self.sum(&right));
                    let score = search.score(f64::from(g), f64::from(h));
                    if h.min(other_h) >= self.criterion.min_hessian
                        && search.gain(score) > self.criterion.min_gain
                        && score > best_score
                    {
                        (best, best_score) = (Some((left, right)), score);
                    }
                }
            }
        }
        best
    }

    fn sum(&self, rows: &[usize]) -> u64 {
        rows.iter()
            .fold(0, |sum: u64, &row| sum.wrapping_add(self.words[row]))
    }
}

/// Small tables with repeated and missing values, and labels of both classes.
pub(crate) fn tables() -> impl proptest::strategy::Strategy<Value = (usize, Vec<f32>, Vec<u8>)> {
    use proptest::prelude::*;
    let value = prop_oneof![5 => (0..12_i8).prop_map(f32::from), 1 => Just(f32::NAN)];
    (1..=3_usize, 2..48_usize).prop_flat_map(move |(columns, rows)| {
        let labels = prop::collection::vec(0..=1_u8, rows).prop_map(|mut labels| {
            (labels[0], labels[1]) = (0, 1);
            labels
        });
        (
            Just(columns),
            prop::collection::vec(value.clone(), columns * rows),
            labels,
        )
    })
}
