//! Boosting on smartcore's regression trees.
//!
//! A tree is fitted to the Newton steps -g / h of all rows, weighted by their hessians h; the reduction of the weighted
//! squared error is then the gain of Chen and Guestrin 2016 without penalties. smartcore supports neither `l2` nor
//! `min_child_weight`: the former is applied to leaf values only; the latter becomes a minimum number of rows, 4 per
//! unit, because a row's hessian is at most 1/4.

use smartcore::error::Failed;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::tree::decision_tree_regressor::{
    DecisionTreeRegressor, DecisionTreeRegressorParameters,
};

use super::filled::Filled;
use super::grown::Grown;
use crate::boosting::Boosting;
use crate::boosting::BoostingParams;
use crate::boosting::early_stopping::EarlyStopping;
use crate::error::Error;
use crate::loss::{log_odds, margin_loss, sigmoid};
use crate::matrix::Samples;
use crate::run::{Progress, Run};
use crate::tree::Tree;

pub(crate) fn fit(
    params: &BoostingParams,
    train: &Samples,
    validation: Option<&Samples>,
    run: &mut Run,
) -> Result<Boosting, Error> {
    let filled = Filled::new(&train.x()).map_err(Error::Engine)?;
    let base = log_odds(train.positives() as f64 / train.y().len() as f64);
    let mut trees = Vec::new();
    let mut scored = Scored::new(train, base);
    let mut validation = validation.map(|part| Scored::new(part, base));
    let mut stopping = EarlyStopping::new(params.early_stopping_rounds);
    let rounds = params.n_estimators as usize;
    for round in 1..=rounds {
        let tree = tree(params, &filled, &scored).map_err(Error::Engine)?;
        scored.add(&tree);
        let validation_logloss = validation.as_mut().map(|part| {
            part.add(&tree);
            part.loss()
        });
        trees.push(tree);
        run.report(Progress {
            round,
            rounds,
            validation_logloss,
        })?;
        if validation_logloss.is_some_and(|loss| stopping.should_stop(round, loss)) {
            trees.truncate(stopping.best_round());
            break;
        }
    }
    Ok(Boosting {
        columns: train.x().columns(),
        base,
        trees,
        // smartcore does not expose split gains.
        importances: vec![0.0; train.x().columns()],
    })
}

/// Rows with their current margins.
struct Scored<'a> {
    part: &'a Samples<'a>,
    margins: Vec<f64>,
}

impl<'a> Scored<'a> {
    fn new(part: &'a Samples<'a>, base: f64) -> Self {
        Self {
            part,
            margins: vec![base; part.y().len()],
        }
    }

    fn add(&mut self, tree: &Tree) {
        for (margin, row) in self.margins.iter_mut().zip(self.part.x().iter_rows()) {
            *margin += f64::from(tree.leaf(row));
        }
    }

    fn loss(&self) -> f64 {
        let rows = self.margins.iter().zip(self.part.y());
        let losses = rows.map(|(&margin, &label)| margin_loss(margin, label));
        losses.sum::<f64>() / self.margins.len() as f64
    }

    /// First and second derivatives of each row's loss with respect to its margin.
    fn derivatives(&self) -> impl Iterator<Item = (f64, f64)> {
        let rows = self.margins.iter().zip(self.part.y());
        rows.map(|(&margin, &label)| {
            let p = sigmoid(margin);
            // Bounded below, because a row predicted with certainty would have weight 0 and an undefined step.
            (p - f64::from(label), (p * (1.0 - p)).max(1e-16))
        })
    }
}

/// Fits the next tree; its leaf values are scaled Newton steps.
fn tree(params: &BoostingParams, filled: &Filled, scored: &Scored) -> Result<Tree, Failed> {
    let (steps, hessians): (Vec<f64>, Vec<f64>) = scored
        .derivatives()
        .map(|(gradient, hessian)| (-gradient / hessian, hessian))
        .unzip();
    let settings = DecisionTreeRegressorParameters {
        // smartcore counts levels including the root.
        max_depth: Some(params.max_depth as u16 + 1),
        min_samples_leaf: (4.0 * params.min_child_weight).ceil().max(1.0) as usize,
        ..DecisionTreeRegressorParameters::default()
    };
    let regressor: DecisionTreeRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>> =
        DecisionTreeRegressor::fit_with_weights(&filled.x, &steps, &hessians, settings)?;
    let grown = Grown::read(&regressor, "/tree_regressor/nodes", &filled.means)?;
    let mut sums = vec![(0.0, params.l2); grown.len()];
    for ((gradient, hessian), row) in scored.derivatives().zip(scored.part.x().iter_rows()) {
        let sum = &mut sums[grown.leaf(row)];
        *sum = (sum.0 + gradient, sum.1 + hessian);
    }
    let tree = grown.tree(|at, _| -params.learning_rate * sums[at].0 / sums[at].1)?;
    Ok(tree.counting(&scored.part.x()))
}
