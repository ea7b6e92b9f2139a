//! The fit, which prints progress and stops on SIGTERM.

use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::thread;

use anyhow::{Context, Result, bail};
use ensemble::{Error, Model, Progress, Run};
use fire_run::metrics::validation_loss;

use crate::Settings;
use crate::stop::Stop;

use super::channels::Input;

/// Maximum number of progress lines per fit.
const LINES: usize = 20;

/// Fits the learner to the first channel; the second is for early stopping.
pub(super) fn fit(
    settings: &Settings,
    [train, validation]: [&Input; 2],
    out: &mut dyn Write,
    stop: &Stop,
) -> Result<Model> {
    let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut progress = |progress: Progress| {
        // Training continues even if the output is closed.
        let _ = print(out, progress);
        if stop.is_requested() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    // A stop that arrived while the channels were read need not wait for the first round.
    if stop.is_requested() {
        bail!("stopped by SIGTERM before the fit began; no model was written");
    }
    let mut run = Run::new(settings.seed)
        .threads(threads)
        .progress(&mut progress);
    let fitted = settings
        .params
        .fit(&train.samples()?, Some(&validation.samples()?), &mut run);
    match fitted {
        Err(Error::Interrupted { rounds }) => {
            bail!("stopped by SIGTERM after {rounds} rounds; no model was written")
        }
        fitted => fitted.with_context(|| format!("cannot fit {}", settings.algorithm)),
    }
}

/// Prints progress every few rounds. The validation loss has the final metric's name, so SageMaker plots its history.
fn print(out: &mut dyn Write, progress: Progress) -> std::io::Result<()> {
    let Progress {
        round,
        rounds,
        validation_logloss,
    } = progress;
    if round % rounds.div_ceil(LINES).max(1) != 0 && round != rounds {
        return Ok(());
    }
    match validation_logloss {
        Some(logloss) => {
            let loss = validation_loss(logloss);
            writeln!(out, "round {round} of {rounds} {loss}")
        }
        None => writeln!(out, "round {round} of {rounds}"),
    }
}
