//! The alarm rule that travels with a model.

use std::io::{self, Write};

use alarm::{AlarmTrial, BUDGET_PER_DAY, Error, Recordings, Rows};
use anyhow::{Context, Result};
use ensemble::Predictions;

use super::metrics::ScoredPart;

/// Chooses a rule on `alarm-validation` and judges it on `alarm-test`; nothing without such recordings.
///
/// Recordings that give no ground for a choice (no event, or nothing but events) cost the model its rule, not the job.
pub(super) fn trial(parts: &[ScoredPart], out: &mut dyn Write) -> Result<Option<AlarmTrial>> {
    let part = |name: &str| parts.iter().find(|part| part.name == name);
    let Some(validation) = part("alarm-validation") else {
        return Ok(None);
    };
    let Some(recordings) = recordings(&validation.predictions)? else {
        return Ok(None);
    };
    let mut trial = match AlarmTrial::choose(&recordings, BUDGET_PER_DAY) {
        Ok(trial) => trial,
        Err(Error::NoChoice(reason)) => {
            writeln!(out, "no alarm rule: channel alarm-validation: {reason}")?;
            return Ok(None);
        }
        Err(error) => return Err(error).context("channel alarm-validation"),
    };
    if let Some(test) = part("alarm-test")
        && let Some(recordings) = self::recordings(&test.predictions)?
    {
        trial.evaluate(&recordings).context("channel alarm-test")?;
    }
    print(&trial, out)?;
    Ok(Some(trial))
}

/// The recordings in a part's predictions; none where the rows have no times.
fn recordings(predictions: &Predictions) -> Result<Option<Recordings>, Error> {
    let timeline = predictions.timeline.as_ref();
    timeline
        .map(|timeline| {
            Recordings::new(&Rows {
                groups: &predictions.groups,
                times_s: &timeline.times_s,
                labels: &predictions.labels,
                probabilities: &predictions.probabilities,
                kinds: &timeline.kinds,
            })
        })
        .transpose()
}

/// Prints one line a figure, as the other metrics of the job.
fn print(trial: &AlarmTrial, out: &mut dyn Write) -> io::Result<()> {
    let Some(test) = &trial.test else {
        return Ok(());
    };
    if let Some(detection) = &test.all.detection {
        writeln!(
            out,
            "alarm-test:found_within_60s={:.6};",
            detection.within_60_s
        )?;
    }
    if let Some(false_alarms) = &test.all.false_alarms {
        writeln!(
            out,
            "alarm-test:false_alarms_per_day={:.6};",
            false_alarms.per_day
        )?;
    }
    Ok(())
}
