//! What a fit is told besides data and parameters: seed, threads, and whom to tell about progress.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use crate::error::Error;

/// One fit's surroundings. The result depends on `seed` and never on `threads`.
pub struct Run<'a> {
    /// Key of every random stream of the fit.
    pub seed: u64,
    /// How many threads may work at once.
    pub threads: NonZeroUsize,
    /// Called on the caller's thread after each round; `Break` ends the fit with [`Error::Interrupted`].
    pub progress: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("seed", &self.seed)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

impl Run<'_> {
    /// Tells the caller that `progress.round` rounds are done.
    pub(crate) fn report(&mut self, progress: Progress) -> Result<(), Error> {
        match (self.progress)(progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Interrupted {
                rounds: progress.round,
            }),
        }
    }
}

/// How far a fit has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Trees finished so far; 1 for the logistic regression, which reports once.
    pub round: usize,
    /// Trees at most.
    pub rounds: usize,
    /// Mean log-loss on the validation part after this round (natural logarithm, all rows counting alike), where the
    /// learner computes it anyway.
    pub validation_logloss: Option<f64>,
}
