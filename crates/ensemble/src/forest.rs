//! Random forest: bagged gini trees, one tree per thread.
//!
//! Reference: Breiman 2001, "Random Forests". The probability is the mean of the leaves' shares of positives.

mod bag;
mod grow;
mod out_of_bag;
mod params;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::binned::Binned;
use crate::error::Error;
use crate::form::Form;
use crate::learner::Fitted;
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
    /// At least one; leaves hold shares of positives.
    pub(crate) trees: Vec<Tree>,
    /// Each column's share of what all splits take off the gini impurity.
    pub(crate) importances: Vec<f64>,
    /// Known to the fit alone; the model file does not keep it.
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
            let entries = bag.draw(&rows, params.bootstrap, &mut rng);
            grow::tree(params, (&data, min_weight), entries, (workspace, rng))
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
        let grown = trees.into_iter().flatten();
        let (trees, gains): (Vec<_>, Vec<_>) =
            grown.map(|Grown { tree, gains }| (tree, gains)).unzip();
        let judge = || {
            out_of_bag::judge(&trees, train, run.threads, |tree| {
                out_of_bag::rows_of(&rows, stream(run.seed, tree))
            })
        };
        Ok(Self {
            columns: data.columns(),
            importances: tree::importances(data.columns(), &gains),
            out_of_bag: params.oob_score.then(judge).flatten(),
            trees,
        })
    }
}

impl Fitted for Forest {
    fn columns(&self) -> usize {
        self.columns
    }

    fn form(&self) -> Form<'_> {
        Form::mean(&self.trees)
    }

    fn trees_mut(&mut self) -> &mut [Tree] {
        &mut self.trees
    }

    fn importances(&self) -> Option<&[f64]> {
        Some(&self.importances)
    }

    fn out_of_bag(&self) -> Option<&OutOfBag> {
        self.out_of_bag.as_ref()
    }

    fn store(&self, out: &mut Vec<u8>) {
        self.write(out);
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
            // It tells of the fit; what a model is worth is told by its member's scores.
            out_of_bag: None,
        })
    }
}

/// The random numbers of one tree: a stream of their own, so that trees can be grown in any order.
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
