//! The alarm rule that travels with a model.

use std::io::Write;

use anyhow::{Context, Result};
use ensemble::Error;
use ensemble::alarm::{AlarmTrial, BUDGET_PER_DAY};
use fire_run::Channel;
use fire_run::metrics::alarm_lines;

use super::metrics::ScoredPart;

/// Chooses a rule on `alarm-validation` and judges it on `alarm-test`; nothing without such recordings.
///
/// Recordings that give no ground for a choice (no event, or nothing but events) cost the model its rule, not the job.
pub(super) fn trial(parts: &[ScoredPart], out: &mut dyn Write) -> Result<Option<AlarmTrial>> {
    let part = |channel: Channel| parts.iter().find(|part| part.channel == channel);
    let Some(validation) = part(Channel::AlarmValidation) else {
        return Ok(None);
    };
    let mut trial = match AlarmTrial::choose(&validation.predictions, BUDGET_PER_DAY) {
        Ok(Some(trial)) => trial,
        Ok(None) => return Ok(None),
        Err(Error::Data(reason)) => {
            writeln!(
                out,
                "no alarm rule: channel {}: {reason}",
                Channel::AlarmValidation
            )?;
            return Ok(None);
        }
        Err(error) => {
            return Err(error).with_context(|| format!("channel {}", Channel::AlarmValidation));
        }
    };
    if let Some(test) = part(Channel::AlarmTest) {
        trial
            .judge(&test.predictions)
            .with_context(|| format!("channel {}", test.channel))?;
    }
    for line in alarm_lines(&trial) {
        writeln!(out, "{line}")?;
    }
    Ok(Some(trial))
}
