//! smartcore's random forest.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use smartcore::ensemble::random_forest_classifier::{
    RandomForestClassifier, RandomForestClassifierParameters,
};
use smartcore::error::Failed;
use smartcore::linalg::basic::matrix::DenseMatrix;

use super::filled::Filled;
use super::grown::{Grown, GrownNode};
use crate::error::Error;
use crate::forest::Forest;
use crate::forest::ForestParams;
use crate::matrix::Samples;
use crate::run::{Progress, Run};
use crate::tree::Tree;

/// Fits single-tree forests one after another, because a smartcore fit can neither report progress nor be stopped.
pub(crate) fn fit(params: &ForestParams, train: &Samples, run: &mut Run) -> Result<Forest, Error> {
    let filled = Filled::new(&train.x()).map_err(Error::Engine)?;
    let labels: Vec<i32> = train.y().iter().map(|&label| i32::from(label)).collect();
    let mut seeds = ChaCha8Rng::seed_from_u64(run.seed);
    let rounds = params.n_estimators as usize;
    let mut trees = Vec::with_capacity(rounds);
    for round in 1..=rounds {
        let tree = tree(params, &filled, &labels, seeds.next_u64());
        trees.push(tree.map_err(Error::Engine)?.counting(&train.x()));
        run.report(Progress {
            round,
            rounds,
            validation_logloss: None,
        })?;
    }
    Ok(Forest {
        columns: train.x().columns(),
        trees,
        // smartcore does not expose split gains.
        importances: vec![0.0; train.x().columns()],
        out_of_bag: None,
    })
}

fn tree(
    params: &ForestParams,
    filled: &Filled,
    labels: &Vec<i32>,
    seed: u64,
) -> Result<Tree, Failed> {
    let settings = RandomForestClassifierParameters {
        n_trees: 1,
        // smartcore counts levels including the root.
        max_depth: Some(params.max_depth as u16 + 1),
        min_samples_leaf: params.min_samples_leaf as usize,
        m: Some(params.max_features.of(filled.means.len())),
        seed,
        ..RandomForestClassifierParameters::default()
    };
    let forest: RandomForestClassifier<f64, i32, DenseMatrix<f64>, Vec<i32>> =
        RandomForestClassifier::fit(&filled.x, labels, settings)?;
    let grown = Grown::read(&forest, "/trees/0/nodes", &filled.means)?;
    grown.tree(|_, leaf| share_of_positives(leaf))
}

/// The share of positives, from the majority class and the Gini impurity 2 p (1 - p) for shares p and 1 - p.
fn share_of_positives(leaf: &GrownNode) -> f64 {
    let impurity = leaf.impurity.unwrap_or(0.0);
    // At equal shares, rounding may make the radicand slightly negative.
    let majority = f64::midpoint(1.0, (1.0 - 2.0 * impurity).max(0.0).sqrt());
    if leaf.output > 0.5 {
        majority
    } else {
        1.0 - majority
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_share_follows_from_majority_and_impurity() {
        for positives in 0..=20 {
            let share = f64::from(positives) / 20.0;
            let impurity = 1.0 - share * share - (1.0 - share) * (1.0 - share);
            let leaf = json!({
                "output": u8::from(share > 0.5), "impurity": impurity, "split_feature": 0,
                "split_value": null, "true_child": null, "false_child": null,
            });
            let found = share_of_positives(&serde_json::from_value(leaf).unwrap());
            assert!((found - share).abs() < 1e-7, "{found} {share}");
        }
    }
}
