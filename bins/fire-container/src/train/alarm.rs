//! The alarm rule that is stored with a model.

use std::io::{self, Write};

use anyhow::{Context, Result};
use ensemble::Error;
use ensemble::alarm::{AlarmTrial, BUDGET_PER_DAY};

use super::metrics::ScoredPart;

/// Chooses a rule on `alarm-validation` and evaluates it on `alarm-test`; `None` without such recordings.
///
/// Where recordings allow no choice (no events, or nothing else), the model has no rule but the job still succeeds.
pub(super) fn trial(parts: &[ScoredPart], out: &mut dyn Write) -> Result<Option<AlarmTrial>> {
    let part = |name: &str| parts.iter().find(|part| part.name == name);
    let Some(validation) = part("alarm-validation") else {
        return Ok(None);
    };
    let mut trial = match AlarmTrial::choose(&validation.predictions, BUDGET_PER_DAY) {
        Ok(Some(trial)) => trial,
        Ok(None) => return Ok(None),
        Err(Error::Data(reason)) => {
            writeln!(out, "no alarm rule: channel alarm-validation: {reason}")?;
            return Ok(None);
        }
        Err(error) => return Err(error).context("channel alarm-validation"),
    };
    if let Some(test) = part("alarm-test") {
        trial
            .judge(&test.predictions)
            .context("channel alarm-test")?;
    }
    print(&trial, out)?;
    Ok(Some(trial))
}

/// Prints one metric per line, as for the job's other metrics.
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
