//! The execution settings of a fit: seed, number of threads and progress callback.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use crate::error::Error;

/// The execution settings of one fit: a seed, a number of threads (default 1) and an optional progress callback.
///
/// ```
/// # use std::{num::NonZeroUsize, ops::ControlFlow};
/// # use ensemble::Run;
/// let mut rounds = 0;
/// let run = Run::new(42).threads(NonZeroUsize::MIN).progress(|progress| {
///     rounds = progress.round;
///     ControlFlow::Continue(())
/// });
/// ```
pub struct Run<'a> {
    pub(crate) seed: u64,
    pub(crate) threads: NonZeroUsize,
    pub(crate) progress: Box<dyn FnMut(Progress) -> ControlFlow<()> + 'a>,
}

/// The progress of a fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// The number of finished trees; 1 for logistic regression, which reports once.
    pub round: usize,
    /// The maximum number of trees.
    pub rounds: usize,
    /// The mean log-loss on the validation set after this round (natural logarithm, unweighted), if the learner
    /// computes it.
    pub validation_logloss: Option<f64>,
}

impl<'a> Run<'a> {
    /// A fit on one thread. `seed` seeds all its RNG streams.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            threads: NonZeroUsize::MIN,
            progress: Box::new(|_| ControlFlow::Continue(())),
        }
    }

    /// Uses up to `threads` threads. The fitted model does not depend on their number.
    #[must_use]
    pub fn threads(self, threads: NonZeroUsize) -> Self {
        Self { threads, ..self }
    }

    /// Calls `progress` after each round, on the caller's thread; `Break` ends the fit with [`Error::Interrupted`].
    #[must_use]
    pub fn progress(self, progress: impl FnMut(Progress) -> ControlFlow<()> + 'a) -> Self {
        Self {
            progress: Box::new(progress),
            ..self
        }
    }

    /// Reports progress; fails if the callback asks to stop.
    pub(crate) fn report(&mut self, progress: Progress) -> Result<(), Error> {
        match (self.progress)(progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Interrupted {
                rounds: progress.round,
            }),
        }
    }
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("seed", &self.seed)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}
