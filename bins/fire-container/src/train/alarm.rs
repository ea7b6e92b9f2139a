//! The alarm rule that is stored with a model.

use std::io::Write;

use alarm::{AlarmTrial, BUDGET_PER_DAY, Error};
use anyhow::{Context, Result};
use fire_run::metrics::alarm_lines;
use fire_run::{Channel, recordings};

use super::metrics::ScoredPart;

/// Chooses a rule on `alarm-validation` and evaluates it on `alarm-test`; `None` without such recordings.
///
/// If the recordings allow no choice (no events, or only events), the model has no rule but the job still succeeds.
pub(super) fn trial(parts: &[ScoredPart], out: &mut dyn Write) -> Result<Option<AlarmTrial>> {
    let part = |channel: Channel| parts.iter().find(|part| part.channel == channel);
    let Some(validation) = part(Channel::AlarmValidation) else {
        return Ok(None);
    };
    let place = |channel: Channel| format!("channel {channel}");
    let Some(found) = recordings(&validation.predictions)? else {
        return Ok(None);
    };
    let mut trial = match AlarmTrial::choose(&found, BUDGET_PER_DAY) {
        Ok(trial) => trial,
        Err(Error::NoChoice(reason)) => {
            writeln!(
                out,
                "no alarm rule: {}: {reason}",
                place(validation.channel)
            )?;
            return Ok(None);
        }
        Err(error) => return Err(error).with_context(|| place(validation.channel)),
    };
    if let Some(test) = part(Channel::AlarmTest)
        && let Some(found) = recordings(&test.predictions)?
    {
        trial
            .evaluate(&found)
            .with_context(|| place(test.channel))?;
    }
    for line in alarm_lines(&trial) {
        writeln!(out, "{line}")?;
    }
    Ok(Some(trial))
}
