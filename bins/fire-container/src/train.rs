//! `train`: one SageMaker training job, from the channels to the packed model.
//!
//! In this order, so that no figure can be tuned on the rows that it is measured on:
//! 1. settings, then the channels `train` and `validation`;
//! 2. the fit, with early stopping on `validation` where the learner has it;
//! 3. the threshold, chosen on `validation` for the best F1;
//! 4. only then the optional channels `test`, `alarm-validation` and `alarm-test`, to be predicted;
//! 5. the alarm rule, chosen on `alarm-validation` and judged on `alarm-test`, where these are recordings.
//!
//! Standard output carries lines `validation:auc=0.7612;` that the metric definitions of the job find.
//! There is no half-trained forest, so a job that is stopped during the fit fails and says so;
//! once the fit is done it is completed, which takes seconds.

mod alarm;
mod channels;
mod failure;
mod fit;
mod metrics;
mod package;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result, anyhow};
use ensemble::metrics::best_f1_threshold;

use crate::paths::OptMl;
use crate::stop::Stop;
use crate::{Settings, complain};

use channels::Channel;
use metrics::ScoredPart;
use package::Trained;

/// Runs the job and returns the exit code: 0, or 1 with the reason in `output/failure` and on
/// standard error.
pub fn run(paths: &OptMl, out: &mut dyn Write) -> u8 {
    let stop = Stop::default();
    let outcome = guarded(|| {
        stop.on_signal().context("cannot listen for SIGTERM")?;
        job(paths, out, &stop)
    });
    let Err(error) = outcome else {
        return 0;
    };
    let message = format!("{error:#}");
    complain(&message);
    if let Err(error) = failure::write(&paths.failure(), &message) {
        complain(&format!("{error:#}"));
    }
    1
}

/// A panic is a defect of ours, but the job's owner must see more than an exit code.
fn guarded(work: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|payload| Err(anyhow!("defect: {}", failure::panic_text(&*payload))))
}

/// The job itself.
///
/// # Errors
/// Unknown settings, unusable data, a stop during the fit, or a disk that cannot be written.
pub fn job(paths: &OptMl, out: &mut dyn Write, stop: &Stop) -> Result<()> {
    let settings = Settings::read(&paths.hyperparameters())?;
    let train = Channel::required(paths, "train")?;
    let validation = Channel::required(paths, "validation")?;
    let (rows, held_out) = (train.rows.len(), validation.rows.len());
    writeln!(
        out,
        "{} on {rows} rows, validated on {held_out}",
        settings.algorithm
    )?;
    let model = fit::fit(&settings, [&train, &validation], out, stop)?;

    // From here on the model is fixed; the threshold is chosen before any other channel is read.
    let chosen_on = metrics::predict(&validation, &model)?;
    let threshold = best_f1_threshold(&chosen_on.labels, &chosen_on.probabilities)?;
    let required = |channel: &Channel| ScoredPart::required(channel, &model, threshold);
    let mut parts = vec![required(&train)?, required(&validation)?];
    for name in ["test", "alarm-validation", "alarm-test"] {
        if let Some(channel) = Channel::optional(paths, name)? {
            parts.push(ScoredPart::optional(&channel, &model, threshold)?);
        }
    }
    // `alarm-test:auc` would be found by the metric definition of `test:auc`.
    for part in parts.iter().filter(|part| !part.name.starts_with("alarm-")) {
        part.print(out)?;
    }
    metrics::print_out_of_bag(&model, out)?;
    let alarm = alarm::trial(&parts, out)?;
    let trained = Trained {
        settings,
        train,
        model,
        threshold,
        parts,
        alarm,
    };
    let bytes = trained.write(paths)?;
    writeln!(out, "model:bytes={bytes};")?;
    writeln!(out, "model written to {}", paths.model().display())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_with_its_message() {
        let error = guarded(|| panic!("index {} out of range", 7)).unwrap_err();
        assert_eq!(error.to_string(), "defect: index 7 out of range");
        assert!(guarded(|| Ok(())).is_ok());
    }
}
