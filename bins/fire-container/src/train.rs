//! `train`: one SageMaker training job, from the channels to the model directory.
//!
//! The order ensures that nothing is tuned on the rows it is evaluated on:
//! 1. settings, then the channels `train` and `validation`;
//! 2. the fit, with early stopping on `validation` if the learner supports it;
//! 3. the threshold, chosen on `validation` for the best F1;
//! 4. only then predictions for the optional channels `test`, `alarm-validation` and `alarm-test`;
//! 5. the alarm rule, chosen on `alarm-validation` and evaluated on `alarm-test`, if these contain recordings.
//!
//! Metrics are printed one per line as `validation:auc=0.7612;`, which the job's metric definitions match.
//! A partially fitted model is not written, so a job that is stopped during the fit fails with that reason. After the
//! fit, the job always completes, within seconds.

mod alarm;
mod channels;
mod fit;
mod metrics;
mod package;

use std::any::Any;
use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use ensemble::metrics::best_f1_threshold;
use fire_run::Channel;
use fire_run::metrics::{model_bytes_line, out_of_bag_lines};

use crate::paths::OptMl;
use crate::stop::Stop;
use crate::{Settings, WORK_FAILED, complain};

use channels::Input;
use metrics::ScoredPart;
use package::Trained;

/// Characters of `output/failure` that SageMaker shows as the job's `FailureReason`.
const SHOWN: usize = 1024;

/// Runs the job and returns the exit code: 0, or 1 with the reason in `output/failure` and on standard error.
pub fn run(paths: &OptMl, out: &mut dyn Write) -> u8 {
    let stop = Stop::default();
    let outcome = catch_panic(|| {
        stop.on_signal().context("cannot listen for SIGTERM")?;
        job(paths, out, &stop)
    });
    let Err(error) = outcome else {
        return 0;
    };
    // The log has the whole message; SageMaker shows only the start of the failure file.
    let message = format!("{error:#}");
    complain(&message);
    if let Err(error) = write_failure(&paths.failure(), &message) {
        complain(&format!("{error:#}"));
    }
    WORK_FAILED
}

/// Turns a panic into an error: a panic is a bug, but the job's owner must see more than an exit code.
fn catch_panic(work: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|payload| Err(anyhow!("defect: {}", panic_text(&*payload))))
}

/// Runs the job; metrics and progress go to `out`.
///
/// # Errors
/// If settings or data are invalid, the fit is stopped, or a file cannot be written.
pub fn job(paths: &OptMl, out: &mut dyn Write, stop: &Stop) -> Result<()> {
    let settings = Settings::read(&paths.hyperparameters())?;
    for note in settings.notes().into_iter().chain(channels::unused(paths)) {
        writeln!(out, "{note}")?;
    }
    let train = Input::required(paths, Channel::Train, out)?;
    let validation = Input::required(paths, Channel::Validation, out)?;
    let (rows, held_out) = (train.rows.len(), validation.rows.len());
    writeln!(
        out,
        "{} on {rows} rows, validated on {held_out}",
        settings.algorithm
    )?;
    let model = fit::fit(&settings, [&train, &validation], out, stop)?;

    // The model is final now. The threshold is chosen before any other channel is read.
    let chosen_on = metrics::predict(&validation, &model)?;
    let threshold = best_f1_threshold(&chosen_on.labels, &chosen_on.probabilities)?;
    let required = |input: &Input| ScoredPart::required(input, &model, threshold);
    let mut parts = vec![required(&train)?, required(&validation)?];
    for channel in Channel::OPTIONAL {
        if let Some(input) = Input::optional(paths, channel, out)? {
            parts.push(ScoredPart::optional(&input, &model, threshold)?);
        }
    }
    for part in &parts {
        part.print(out)?;
    }
    for line in model.out_of_bag().into_iter().flat_map(out_of_bag_lines) {
        writeln!(out, "{line}")?;
    }
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
    writeln!(out, "{}", model_bytes_line(bytes))?;
    writeln!(out, "model written to {}", paths.model().display())?;
    Ok(())
}

/// Writes the start of the message, as much as SageMaker shows.
fn write_failure(path: &Path, message: &str) -> Result<()> {
    let shown: String = message.chars().take(SHOWN).collect();
    let created = path.parent().map_or(Ok(()), fs::create_dir_all);
    created
        .and_then(|()| fs::write(path, shown))
        .with_context(|| format!("cannot write the failure reason to {}", path.display()))
}

/// The message of a panic.
fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_file_has_the_first_1024_characters() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("output/failure");
        write_failure(&path, &"é".repeat(2000)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "é".repeat(1024));
        write_failure(&path, "short").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "short");
    }

    #[test]
    fn panic_text_reads_static_and_owned_messages() {
        assert_eq!(panic_text(&"static"), "static");
        assert_eq!(panic_text(&"owned".to_owned()), "owned");
        assert_eq!(panic_text(&7), "no message");
    }

    #[test]
    fn a_panic_becomes_an_error_with_its_message() {
        let error = catch_panic(|| panic!("index {} out of range", 7)).unwrap_err();
        assert_eq!(error.to_string(), "defect: index 7 out of range");
        assert!(catch_panic(|| Ok(())).is_ok());
    }
}
