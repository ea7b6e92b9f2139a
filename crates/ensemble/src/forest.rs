//! Random forest: bagged Gini trees, each grown on a single thread.
//!
//! Reference: Breiman 2001, "Random Forests". The probability is the mean of the leaves' shares of positives.

mod bag;
mod grow;
mod out_of_bag;
mod params;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::binned::Binned;
use crate::decision_function::DecisionFunction;
use crate::error::Error;
use crate::matrix::Samples;
use crate::parallel;
use crate::run::{Progress, Run};
use crate::stored::{Reader, Stored};
use crate::tree::{self, Grown, Tree};
use bag::{Bag, Rows};
use grow::Workspace;
pub use out_of_bag::OutOfBag;
pub use params::{ForestParams, MaxFeatures};

/// A fitted random forest.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    pub(crate) columns: usize,
    /// At least one; leaf values are shares of positives.
    pub(crate) trees: Vec<Tree>,
    /// Each feature's share of the total decrease in Gini impurity.
    pub(crate) importances: Vec<f64>,
    /// Set only by fitting; not stored in the model file.
    pub(crate) out_of_bag: Option<OutOfBag>,
}

impl Forest {
    pub(crate) fn fit(
        params: &ForestParams,
        train: &Samples,
        run: &mut Run,
    ) -> Result<Self, Error> {
        let mut data = Binned::new(&train.x(), params.max_bins as usize, run.threads)?;
        data.keep_columns();
        let rounds = params.n_estimators as usize;
        let mut trees: Vec<_> = (0..rounds).map(|_| None).collect();
        let mut stopped = Ok(());
        let mut round = 0;
        let rows = Rows::new(train, params.class_weight);
        let min_weight = rows.min_weight(params.min_samples_leaf);
        let fit_tree = |(bag, workspace): &mut (Bag, Workspace), tree: usize| {
            let mut rng = stream(run.seed, tree);
            let packed_rows = bag.draw(&rows, params.bootstrap, &mut rng);
            grow::tree(params, (&data, min_weight), packed_rows, (workspace, rng))
        };
        let progress = &mut *run.progress;
        // The returned flow is redundant: `stopped` holds the reason for a break.
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
        let grown = trees.into_iter().flatten();
        let (trees, gains): (Vec<_>, Vec<_>) =
            grown.map(|Grown { tree, gains }| (tree, gains)).unzip();
        let evaluate = || {
            out_of_bag::evaluate(&trees, train, run.threads, |tree| {
                out_of_bag::rows_of(&rows, stream(run.seed, tree))
            })
        };
        Ok(Self {
            columns: data.columns(),
            importances: tree::importances(data.columns(), &gains),
            out_of_bag: params.oob_score.then(evaluate).flatten(),
            trees,
        })
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    pub(crate) fn decision_function(&self) -> DecisionFunction<'_> {
        DecisionFunction::mean(&self.trees)
    }
}

impl Stored for Forest {
    fn write(&self, out: &mut Vec<u8>) {
        self.columns.write(out);
        self.trees.write(out);
        self.importances.write(out);
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        Ok(Self {
            columns: reader.read()?,
            trees: reader.read()?,
            importances: reader.read()?,
            // Describes the fit only; a stored model's metrics belong to its `Member`.
            out_of_bag: None,
        })
    }
}

/// The RNG of one tree: a separate stream, so that trees can be grown in any order.
fn stream(seed: u64, tree: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(tree as u64);
    rng
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn streams_differ_by_seed_and_by_tree() {
        let first = |seed, tree| stream(seed, tree).next_u64();
        assert_eq!(first(7, 3), first(7, 3));
        assert_ne!(first(7, 3), first(7, 4));
        assert_ne!(first(7, 3), first(8, 3));
    }
}
