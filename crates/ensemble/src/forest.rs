//! Random forest: bagged gini trees, one tree per thread.
//!
//! Reference: Breiman 2001, "Random Forests". The probability is the mean of the leaves' shares of positives.

mod grow;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::binned::Binned;
use crate::error::Error;
use crate::matrix::{Matrix, Samples};
use crate::packed::pack;
use crate::parallel;
use crate::params::ForestParams;
use crate::run::{Progress, Run};
use crate::tree::{self, Tree};

/// A fitted random forest.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    pub(crate) columns: usize,
    /// At least one; leaves hold shares of positives.
    pub(crate) trees: Vec<Tree>,
}

impl Forest {
    pub(crate) fn fit(
        params: &ForestParams,
        train: &Samples,
        run: &mut Run,
    ) -> Result<Self, Error> {
        let data = Binned::new(&train.x(), params.max_bins as usize, run.threads)?;
        let rounds = params.n_estimators as usize;
        let mut trees = vec![None; rounds];
        let mut stopped = Ok(());
        let mut round = 0;
        let fit_tree = |tree: usize| {
            let mut rng = stream(run.seed, tree);
            let words = draw_rows(params.bootstrap, train.y(), &mut rng);
            grow::tree(params, &data, &words, rng)
        };
        let progress = &mut *run.progress;
        // What it returns is known already: `stopped` holds the break's cause.
        let _ = parallel::for_each(run.threads, 0..rounds, fit_tree, |index, tree| {
            trees[index] = Some(tree);
            round += 1;
            let flow = progress(Progress {
                round,
                rounds,
                validation_logloss: None,
            });
            if flow.is_break() {
                stopped = Err(Error::Interrupted { rounds: round });
            }
            flow
        });
        stopped?;
        Ok(Self {
            columns: data.columns(),
            trees: trees.into_iter().flatten().collect(),
        })
    }

    /// The probability of class 1 for one row.
    pub(crate) fn probability(&self, row: &[f32]) -> f64 {
        tree::sum_leaves(&self.trees, 0.0, row) / self.trees.len() as f64
    }

    /// The same for every row.
    pub(crate) fn probabilities(&self, x: &Matrix) -> Vec<f64> {
        let sums = tree::sum_leaves_of_all(&self.trees, 0.0, x);
        sums.into_iter()
            .map(|sum| sum / self.trees.len() as f64)
            .collect()
    }
}

/// The random numbers of one tree: a stream of their own, so that trees can be grown in any order.
fn stream(seed: u64, tree: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(tree as u64);
    rng
}

/// Each row's packed (positives, draws) in one tree; 0 for a row that was not drawn.
fn draw_rows(bootstrap: bool, labels: &[u8], rng: &mut impl Rng) -> Vec<u64> {
    let one_draw = |label: u8| pack(i32::from(label), 1);
    if !bootstrap {
        return labels.iter().map(|&label| one_draw(label)).collect();
    }
    let mut words = vec![0; labels.len()];
    for _ in labels {
        // The upper half of a 32 x 32 bit product: uniform to within rows / 2^32.
        let row = (u64::from(rng.next_u32()) * labels.len() as u64) >> 32;
        words[row as usize] += one_draw(labels[row as usize]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::{lower, upper};

    #[test]
    fn a_bootstrap_draws_as_many_rows_as_there_are() {
        let labels: Vec<u8> = (0..1_000).map(|i| u8::from(i % 3 == 0)).collect();
        let words = draw_rows(true, &labels, &mut stream(1, 0));
        assert_eq!(words.iter().map(|&word| lower(word)).sum::<u32>(), 1_000);
        let drawn = words.iter().filter(|&&word| word != 0).count();
        assert!(
            (600..665).contains(&drawn),
            "{drawn} of 1000 rows, 632 are expected"
        );
        for (word, &label) in words.iter().zip(&labels) {
            assert_eq!(upper(*word), lower(*word) as i32 * i32::from(label));
        }
    }

    #[test]
    fn streams_differ_by_seed_and_by_tree() {
        let first = |seed, tree| stream(seed, tree).next_u64();
        assert_eq!(first(7, 3), first(7, 3));
        assert_ne!(first(7, 3), first(7, 4));
        assert_ne!(first(7, 3), first(8, 3));
    }
}
