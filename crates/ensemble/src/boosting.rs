//! Gradient boosting on the log-loss.
//!
//! Each round fits a tree to the gradients and hessians of the current scores and adds a part of its leaf values
//! to them (Friedman 2001; leaf values and gains as in Chen and Guestrin 2016).

mod early_stopping;
mod grow;
mod margins;
mod node;
mod pool;
mod rule;
mod sample;

use crate::binned::Binned;
use crate::error::Error;
use crate::loss::{log_odds, sigmoid};
use crate::matrix::{Matrix, Samples};
use crate::packed::FixedPoint;
use crate::params::BoostingParams;
use crate::run::{Progress, Run};
use crate::tree::{self, Tree};
use early_stopping::{EarlyStopping, Validation};
use grow::Growth;
use margins::Margins;
use pool::Pool;
use rule::Rule;

/// A fitted boosted ensemble of trees.
#[derive(Debug, Clone, PartialEq)]
pub struct Boosting {
    pub(crate) columns: usize,
    /// Log-odds before the first tree.
    pub(crate) base: f64,
    /// Leaves hold steps in log-odds.
    pub(crate) trees: Vec<Tree>,
}

impl Boosting {
    pub(crate) fn fit(
        params: &BoostingParams,
        train: &Samples,
        validation: Option<&Samples>,
        run: &mut Run,
    ) -> Result<Self, Error> {
        let data = Binned::new(&train.x(), params.max_bins as usize, run.threads)?;
        // The best constant answer, so that the first trees need not find it.
        let base = log_odds(train.positives() as f64 / train.y().len() as f64);
        let mut model = Self {
            columns: data.columns(),
            base,
            trees: Vec::new(),
        };
        let mut rounds = Rounds::new(params, train, &data, base);
        let mut validation = validation.map(|part| Validation::new(part, base, run.threads));
        let mut stopping = EarlyStopping::new(params.early_stopping_rounds);
        let last = params.n_estimators as usize;
        for round in 1..=last {
            let tree = rounds.fit_tree(round, run);
            let validation_logloss = validation.as_mut().map(|part| part.add_tree(&tree));
            model.trees.push(tree);
            run.report(Progress {
                round,
                rounds: last,
                validation_logloss,
            })?;
            if validation_logloss.is_some_and(|loss| stopping.is_over(round, loss)) {
                // The trees after the best round made the answers worse.
                model.trees.truncate(stopping.best_round());
                break;
            }
        }
        Ok(model)
    }

    /// The probability of class 1 for one row.
    pub(crate) fn probability(&self, row: &[f32]) -> f64 {
        sigmoid(tree::sum_leaves(&self.trees, self.base, row))
    }

    /// The same for every row.
    pub(crate) fn probabilities(&self, x: &Matrix) -> Vec<f64> {
        let margins = tree::sum_leaves_of_all(&self.trees, self.base, x);
        margins.into_iter().map(sigmoid).collect()
    }
}

/// What the rounds of one fit share and move.
struct Rounds<'a> {
    params: &'a BoostingParams,
    train: &'a Samples<'a>,
    data: &'a Binned,
    scale: FixedPoint,
    rule: Rule,
    margins: Margins,
    pool: Pool,
}

impl<'a> Rounds<'a> {
    fn new(
        params: &'a BoostingParams,
        train: &'a Samples<'a>,
        data: &'a Binned,
        base: f64,
    ) -> Self {
        let scale = FixedPoint::for_rows(data.rows());
        Self {
            params,
            train,
            data,
            scale,
            rule: Rule::new(params, scale),
            margins: Margins::from(vec![base; data.rows()]),
            pool: Pool::default(),
        }
    }

    /// Fits one tree to the current gradients and adds it to the margins.
    fn fit_tree(&mut self, round: usize, run: &Run) -> Tree {
        let words = self
            .margins
            .gradients(self.train.y(), self.scale, run.threads);
        let mut drawn = sample::draw(self.params, self.data, run.seed, round);
        let growth = Growth {
            data: self.data,
            words: &words,
            columns: &drawn.columns,
            pool: &self.pool,
            rule: &self.rule,
        };
        let mut steps = vec![0.0; drawn.rows.len()];
        let tree = growth.tree(&mut drawn.rows, &mut steps, run.threads);
        self.margins.add_steps(&drawn.rows, &steps);
        self.margins
            .add_tree(&tree, &self.train.x(), &drawn.left_out);
        tree
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::ops::ControlFlow;

    use super::*;

    #[test]
    fn a_tree_moves_the_rows_that_it_was_not_grown_on_too() {
        let values: Vec<f32> = (0..300_u16).map(f32::from).collect();
        let labels: Vec<u8> = (0..300).map(|i| u8::from(i % 7 > i / 60)).collect();
        let train = Samples::new(Matrix::new(&values, 1).unwrap(), &labels).unwrap();
        let data = Binned::new(&train.x(), 255, NonZeroUsize::MIN).unwrap();
        let params = BoostingParams {
            subsample: 0.5,
            ..BoostingParams::default()
        };
        let mut rounds = Rounds::new(&params, &train, &data, 0.25);
        let mut progress = |_| ControlFlow::Continue(());
        let run = Run {
            seed: 1,
            threads: NonZeroUsize::MIN,
            progress: &mut progress,
        };
        let trees = [rounds.fit_tree(1, &run), rounds.fit_tree(2, &run)];
        let expected = tree::sum_leaves_of_all(&trees, 0.25, &train.x());
        assert_eq!(rounds.margins, Margins::from(expected));
    }
}
