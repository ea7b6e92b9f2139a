//! Validation loss and early stopping.

use rayon::prelude::*;

use crate::loss::margin_loss;
use crate::matrix::Samples;
use crate::tree::Tree;

/// Rows per job; constant, so that the loss is summed in the same order on any number of threads.
const BLOCK: usize = 1 << 11;

/// The validation set with its current margins.
#[derive(Debug)]
pub(super) struct Validation<'a> {
    part: &'a Samples<'a>,
    margins: Vec<f64>,
}

impl<'a> Validation<'a> {
    pub(super) fn new(part: &'a Samples<'a>, base: f64) -> Self {
        Self {
            part,
            margins: vec![base; part.y().len()],
        }
    }

    /// Adds the leaf values of `tree` to the margins and returns the mean log-loss.
    pub(super) fn add_tree(&mut self, tree: &Tree) -> f64 {
        let part = self.part;
        let blocks = self.margins.par_chunks_mut(BLOCK).enumerate();
        let losses = blocks.map(|(block, margins)| {
            let rows = block * BLOCK..;
            rows.zip(margins).fold(0.0, |sum, (row, margin)| {
                *margin += f64::from(tree.leaf(part.x().row(row)));
                sum + margin_loss(*margin, part.y()[row])
            })
        });
        // Collected first: a parallel sum would add in an unspecified order.
        let losses: Vec<f64> = losses.collect();
        losses.iter().sum::<f64>() / part.y().len() as f64
    }
}

/// Tracks the best validation loss.
#[derive(Debug)]
pub(crate) struct EarlyStopping {
    patience: usize,
    best_round: usize,
    best_loss: f64,
}

impl EarlyStopping {
    /// Stops after `patience` rounds without a better loss; 0 never stops.
    pub(crate) fn new(patience: u32) -> Self {
        Self {
            patience: patience as usize,
            best_round: 0,
            best_loss: f64::INFINITY,
        }
    }

    /// Records the loss after `round` and returns whether to stop.
    pub(crate) fn should_stop(&mut self, round: usize, loss: f64) -> bool {
        if loss < self.best_loss {
            (self.best_round, self.best_loss) = (round, loss);
        }
        self.patience > 0 && round - self.best_round >= self.patience
    }

    /// The round with the lowest loss; rounds are numbered from 1.
    pub(crate) fn best_round(&self) -> usize {
        self.best_round
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops_after(patience: u32, losses: &[f64]) -> Option<(usize, usize)> {
        let mut stopping = EarlyStopping::new(patience);
        let over = losses
            .iter()
            .enumerate()
            .find(|&(at, &loss)| stopping.should_stop(at + 1, loss));
        over.map(|(at, _)| (at + 1, stopping.best_round()))
    }

    #[test]
    fn patience_is_counted_from_the_best_round() {
        assert_eq!(stops_after(2, &[0.6, 0.5, 0.55, 0.51, 0.4]), Some((4, 2)));
        assert_eq!(stops_after(2, &[0.6, 0.5, 0.55, 0.4, 0.41]), None);
        assert_eq!(stops_after(1, &[0.6, 0.6]), Some((2, 1)));
        assert_eq!(stops_after(0, &[0.1, 0.2, 0.3, 0.4]), None);
    }
}
