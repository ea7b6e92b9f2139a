//! Fitting, with progress on standard output and an ear for SIGTERM.

use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::thread;

use anyhow::{Context, Result, bail};
use ensemble::{Error, Model, Progress, Run};

use crate::Settings;
use crate::stop::Stop;

use super::channels::Channel;

/// How many progress lines a fit prints at most.
const LINES: usize = 20;

/// Fits the learner of the settings to the first channel, watching the second.
pub(super) fn fit(
    settings: &Settings,
    [train, validation]: [&Channel; 2],
    out: &mut dyn Write,
    stop: &Stop,
) -> Result<Model> {
    let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut progress = |progress: Progress| {
        // A reader that went away is no reason to give up the training.
        let _ = print(out, progress);
        if stop.is_requested() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
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

/// Prints one round in a few; the validation loss under the name of the final metric, so that its
/// course can be watched.
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
        Some(logloss) => writeln!(
            out,
            "round {round} of {rounds} validation:logloss={logloss:.6};"
        ),
        None => writeln!(out, "round {round} of {rounds}"),
    }
}
