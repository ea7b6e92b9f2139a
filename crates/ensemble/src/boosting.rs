//! Gradient boosting on the log-loss.
//!
//! Each round fits a tree to the gradients and hessians of the current scores and adds a part of its leaf values
//! to them (Friedman 2001; leaf values and gains as in Chen and Guestrin 2016).

pub(crate) mod early_stopping;
mod grow;
mod margins;
mod node;
mod params;
mod pool;
mod rule;
mod sample;

use crate::binned::Binned;
use crate::error::Error;
use crate::form::Form;
use crate::learner::Fitted;
use crate::matrix::{Matrix, Samples};
use crate::packed::{Entry, FixedPoint};
use crate::parallel::Workers;
use crate::row_weights::RowWeights;
use crate::run::{Progress, Run};
use crate::stored::{Stored as _, stored_fields};
use crate::tree::{self, Grown, Tree};
use early_stopping::{EarlyStopping, Validation};
use grow::Growth;
use margins::{Margins, TrainingRows};
pub use params::BoostingParams;
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
    /// Each column's share of the loss that all splits save.
    pub(crate) importances: Vec<f64>,
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
        let weights = RowWeights::new(train, params.class_weight);
        let base = weights.log_odds();
        let mut model = Self {
            columns: data.columns(),
            base,
            trees: Vec::new(),
            importances: Vec::new(),
        };
        let mut gains = Vec::new();
        let workers = Workers::start(run.threads)?;
        let mut rounds = Rounds::new(params, (train, weights), &data, base);
        let mut validation = validation.map(|part| Validation::new(part, base));
        let mut stopping = EarlyStopping::new(params.early_stopping_rounds);
        let last = params.n_estimators as usize;
        for round in 1..=last {
            let (grown, validation_logloss) = workers.run(|| {
                let grown = rounds.fit_tree(round, run.seed);
                let loss = validation.as_mut().map(|part| part.add_tree(&grown.tree));
                (grown, loss)
            });
            model.trees.push(grown.tree);
            gains.push(grown.gains);
            run.report(Progress {
                round,
                rounds: last,
                validation_logloss,
            })?;
            if validation_logloss.is_some_and(|loss| stopping.is_over(round, loss)) {
                // The trees after the best round made the answers worse.
                model.trees.truncate(stopping.best_round());
                gains.truncate(stopping.best_round());
                break;
            }
        }
        model.importances = tree::importances(model.columns, &gains);
        Ok(model)
    }
}

impl Fitted for Boosting {
    fn columns(&self) -> usize {
        self.columns
    }

    fn form(&self) -> Form<'_> {
        Form::log_odds(self.base, &self.trees)
    }

    fn trees_mut(&mut self) -> &mut [Tree] {
        &mut self.trees
    }

    fn importances(&self) -> Option<&[f64]> {
        Some(&self.importances)
    }

    fn store(&self, out: &mut Vec<u8>) {
        self.write(out);
    }
}

stored_fields!(Boosting {
    columns,
    base,
    trees,
    importances
});

/// What the rounds of one fit share and move.
struct Rounds<'a> {
    params: &'a BoostingParams,
    x: Matrix<'a>,
    rows: TrainingRows<'a>,
    data: &'a Binned,
    rule: Rule,
    margins: Margins,
    entries: Vec<Entry>,
    scratch: Vec<Entry>,
    pool: Pool,
}

impl<'a> Rounds<'a> {
    fn new(
        params: &'a BoostingParams,
        (train, weights): (&'a Samples<'a>, RowWeights),
        data: &'a Binned,
        base: f64,
    ) -> Self {
        let scale = FixedPoint::for_rows(data.rows(), weights.total(), weights.largest);
        Self {
            params,
            x: train.x(),
            rows: TrainingRows {
                labels: train.y(),
                weights: weights.each,
                scale,
            },
            data,
            rule: Rule::new(params, scale),
            margins: Margins::from(vec![base as f32; data.rows()]),
            entries: Vec::new(),
            scratch: Vec::new(),
            pool: Pool::default(),
        }
    }

    /// Fits one tree to the current gradients and adds it to the margins.
    fn fit_tree(&mut self, round: usize, seed: u64) -> Grown {
        let drawn = sample::draw(self.params, self.data, seed, round);
        match &drawn.rows {
            None => self.margins.all_entries(&self.rows, &mut self.entries),
            Some(rows) => self.margins.entries(&self.rows, rows, &mut self.entries),
        }
        self.scratch.resize(self.entries.len(), Entry::default());
        let growth = Growth {
            data: self.data,
            columns: &drawn.columns,
            pool: &self.pool,
            rule: &self.rule,
        };
        let sketch = growth.tree(&mut self.entries, &mut self.scratch);
        let tree = Tree::from_preorder(sketch.nodes).with_covers(sketch.covers);
        self.margins.add_fallen(sketch.fallen, self.data);
        self.margins.add_tree(&tree, &self.x, &drawn.left_out);
        Grown {
            tree,
            gains: sketch.gains,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::params::ClassWeight;

    #[test]
    fn a_tree_moves_the_rows_that_it_was_not_grown_on_too() {
        let values: Vec<f32> = (0..300_u16).map(f32::from).collect();
        let labels: Vec<u8> = (0..300).map(|i| u8::from(i % 7 > i / 60)).collect();
        let train = Samples::new(Matrix::new(&values, 1).unwrap(), &labels).unwrap();
        let data = Binned::new(&train.x(), 255, NonZeroUsize::MIN).unwrap();
        let weights = RowWeights::new(&train, ClassWeight::None);
        let params = BoostingParams {
            subsample: 0.5,
            ..BoostingParams::default()
        };
        let mut rounds = Rounds::new(&params, (&train, weights), &data, 0.25);
        let trees = [1, 2].map(|round| rounds.fit_tree(round, 1).tree);
        let expected = train.x().iter_rows().map(|row| {
            let steps = trees.iter().map(|tree| tree.leaf(row));
            steps.fold(0.25, |margin, step| margin + step)
        });
        assert_eq!(
            rounds.margins,
            Margins::from(expected.collect::<Vec<f32>>())
        );
    }
}
