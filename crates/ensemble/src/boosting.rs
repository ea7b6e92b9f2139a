//! Gradient boosting on the log-loss.
//!
//! Each round fits a tree to the gradients and hessians at the current margins, then adds its leaf values, scaled by
//! the learning rate, to the margins (Friedman 2001; leaf values and gains as in Chen and Guestrin 2016).

pub(crate) mod early_stopping;
mod grow;
mod margins;
mod node;
mod params;
mod sample;
mod tree_params;

use crate::binned::Binned;
use crate::decision_function::DecisionFunction;
use crate::error::Error;
use crate::matrix::{Matrix, Samples};
use crate::packed::{FixedPoint, PackedRow};
use crate::parallel::Workers;
use crate::run::{Progress, Run};
use crate::sample_weights::SampleWeights;
use crate::stored::stored_fields;
use crate::tree::{self, Grown, Tree};
use early_stopping::{EarlyStopping, Validation};
use grow::Growth;
use margins::{Margins, TrainingRows};
use node::HistogramPool;
pub use params::BoostingParams;
use tree_params::TreeParams;

/// A fitted boosted ensemble of trees.
#[derive(Debug, Clone, PartialEq)]
pub struct Boosting {
    pub(crate) columns: usize,
    /// The log-odds before the first tree.
    pub(crate) base: f64,
    /// Leaf values are steps in log-odds.
    pub(crate) trees: Vec<Tree>,
    /// Each feature's share of the total split gain.
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
        // Start from the optimal constant, so that the first trees do not have to learn it.
        let weights = SampleWeights::new(train, params.class_weight);
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
            if validation_logloss.is_some_and(|loss| stopping.should_stop(round, loss)) {
                // Trees after the best round did not lower the validation loss.
                model.trees.truncate(stopping.best_round());
                gains.truncate(stopping.best_round());
                break;
            }
        }
        model.importances = tree::importances(model.columns, &gains);
        Ok(model)
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    pub(crate) fn decision_function(&self) -> DecisionFunction<'_> {
        DecisionFunction::log_odds(self.base, &self.trees)
    }
}

stored_fields!(Boosting {
    columns,
    base,
    trees,
    importances
});

/// The state of a fit from round to round.
struct Rounds<'a> {
    params: &'a BoostingParams,
    x: Matrix<'a>,
    rows: TrainingRows<'a>,
    data: &'a Binned,
    tree_params: TreeParams,
    margins: Margins,
    packed_rows: Vec<PackedRow>,
    scratch: Vec<PackedRow>,
    pool: HistogramPool,
}

impl<'a> Rounds<'a> {
    fn new(
        params: &'a BoostingParams,
        (train, weights): (&'a Samples<'a>, SampleWeights),
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
            tree_params: TreeParams::new(params, scale),
            margins: Margins::from(vec![base as f32; data.rows()]),
            packed_rows: Vec::new(),
            scratch: Vec::new(),
            pool: HistogramPool::default(),
        }
    }

    /// Fits one tree to the current gradients and adds it to the margins.
    fn fit_tree(&mut self, round: usize, seed: u64) -> Grown {
        let drawn = sample::draw(self.params, self.data, seed, round);
        match &drawn.rows {
            None => self.margins.pack_all(&self.rows, &mut self.packed_rows),
            Some(rows) => self.margins.pack(&self.rows, rows, &mut self.packed_rows),
        }
        self.scratch
            .resize(self.packed_rows.len(), PackedRow::default());
        let growth = Growth {
            data: self.data,
            columns: &drawn.columns,
            pool: &self.pool,
            params: &self.tree_params,
        };
        let grown = growth.tree(&mut self.packed_rows, &mut self.scratch);
        let tree = Tree::from_preorder(grown.nodes).with_covers(grown.covers);
        self.margins.add_leaves(grown.leaves, self.data);
        self.margins.add_tree(&tree, &self.x, &drawn.others);
        Grown {
            tree,
            gains: grown.gains,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::sample_weights::ClassWeight;

    #[test]
    fn a_tree_also_updates_the_rows_it_was_not_grown_on() {
        let values: Vec<f32> = (0..300_u16).map(f32::from).collect();
        let labels: Vec<u8> = (0..300).map(|i| u8::from(i % 7 > i / 60)).collect();
        let train = Samples::new(Matrix::new(&values, 1).unwrap(), &labels).unwrap();
        let data = Binned::new(&train.x(), 255, NonZeroUsize::MIN).unwrap();
        let weights = SampleWeights::new(&train, ClassWeight::None);
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
