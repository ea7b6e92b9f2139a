//! `--follow`: alarms while frames arrive.
//!
//! ```text
//! frames (separate thread) ─────┐
//!                               ├─ rows ── model or endpoint ── alarm rule ── one line per alarm
//! CO2 log (read at each frame) ─┘
//! ```
//!
//! Frames set the pace: with each frame, the readings written to the log so far are consumed. A reading that is
//! written late takes effect only from then on.

mod frames;
mod scorer;
mod whole_lines;

use std::collections::BTreeSet;
use std::path::PathBuf;

use alarm::{AlarmParams, AlarmRule, AlarmState};
use fire_cli::{CommonArgs, Console, Exit, usage};
use sagemaker_ops::EndpointName;
use sensor_model::extract::{CheckedExtractorParams, RowStream, SensorRow};
use serde::Serialize;

use crate::by_kind;
use crate::cli::Sensors;
use crate::gas::Gas;
use scorer::Scorer;
use whole_lines::WholeLines;

/// The checked arguments of `--follow`.
pub(crate) struct FollowJob {
    pub(crate) common: CommonArgs,
    /// A file, or `-` for standard input.
    pub(crate) frames: PathBuf,
    pub(crate) sensors: Sensors,
    /// Used for predictions unless `endpoint` is given, and for the alarm rule unless `rule` is given.
    pub(crate) model: Option<PathBuf>,
    pub(crate) endpoint: Option<EndpointName>,
    pub(crate) rule: Option<AlarmRule>,
}

/// Parses a rule `THRESHOLD:K:N`.
pub(crate) fn alarm_rule(text: &str) -> Result<AlarmRule, String> {
    let expected = || "expected THRESHOLD:K:N, for example 0.8:3:5".to_owned();
    let parts: Vec<_> = text.split(':').collect();
    let &[threshold, k, n] = parts.as_slice() else {
        return Err(expected());
    };
    let params = AlarmParams::new(
        threshold.parse().map_err(|_| expected())?,
        k.parse().map_err(|_| expected())?,
        n.parse().map_err(|_| expected())?,
    );
    params.check().map_err(|error| error.to_string())
}

/// Follows the frames until the input ends; a growing file never ends.
pub(crate) async fn follow(job: FollowJob, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let (scorer, rule) = scorer::load(&job, console).await?;
    let sensors = &job.sensors;
    let mut gas = match &sensors.co2 {
        Some((path, columns)) => {
            let lines = WholeLines::open(path).map_err(by_kind)?;
            Gas::read(lines, path, columns, sensors.start_unix_s)?
        }
        None => Gas::default(),
    };
    let mut frames = frames::follow(&job.frames, &sensors.options)?;
    let mut stream = RowStream::new(CheckedExtractorParams::default());
    let mut monitor = Monitor::new(scorer, rule);
    while let Some(frame) = frames.next().await {
        let frame = frame.map_err(by_kind)?;
        gas.push_until(frame.time_s(), &mut stream)?;
        stream.push_frame(frame).map_err(usage)?;
        monitor.process(&stream.take_rows(), console).await?;
    }
    monitor.process(&stream.finish(), console).await?;
    console.note(format!(
        "rows: {}, alarms: {}",
        monitor.rows, monitor.alarms
    ))?;
    Ok(Exit::Done)
}

/// An alarm for output; its JSON keys are documented.
#[derive(Debug, Serialize)]
struct Report<'a> {
    time_s: f64,
    fire_probability: f64,
    warnings: &'a [String],
}

/// Predicts rows and raises alarms.
struct Monitor {
    scorer: Scorer,
    rule: AlarmRule,
    state: AlarmState,
    /// Features with a warning already printed: a sensor can be out of range for hours.
    warned: BTreeSet<String>,
    rows: u64,
    alarms: u64,
}

impl Monitor {
    fn new(scorer: Scorer, rule: AlarmRule) -> Self {
        Self {
            scorer,
            rule,
            state: AlarmState::new(rule),
            warned: BTreeSet::new(),
            rows: 0,
            alarms: 0,
        }
    }

    /// Predicts these rows, except any before the first frame, and reports the alarms that they raise.
    async fn process(
        &mut self,
        rows: &[SensorRow],
        console: &mut Console<'_>,
    ) -> anyhow::Result<()> {
        for row in rows.iter().filter(|row| row.time_s >= 0.0) {
            let prediction = self.scorer.predict(&row.features).await?;
            self.rows += 1;
            for warning in &prediction.warnings {
                // A warning begins with the feature's name; its value changes from row to row.
                let feature = warning.split(' ').next().unwrap_or_default();
                if self.warned.insert(feature.to_owned()) {
                    console.note(format!("from {} s: {warning}", row.time_s))?;
                }
            }
            if let Some(alarm) = self.state.push(row.time_s, prediction.fire_probability) {
                self.alarms += 1;
                self.report(
                    &Report {
                        time_s: alarm.time_s,
                        fire_probability: prediction.fire_probability,
                        warnings: &prediction.warnings,
                    },
                    console,
                )?;
            }
        }
        Ok(())
    }

    fn report(&self, alarm: &Report, console: &mut Console<'_>) -> anyhow::Result<()> {
        if console.is_json() {
            let line = serde_json::to_string(alarm)?;
            writeln!(console.out(), "{line}")?;
            return Ok(console.out().flush()?);
        }
        let params = self.rule.params();
        let mut line = format!(
            "alarm at {} s: fire probability {:.3}, {} of {} s at or above {}",
            alarm.time_s, alarm.fire_probability, params.k, params.n, params.threshold
        );
        for warning in alarm.warnings {
            line.push_str("; ");
            line.push_str(warning);
        }
        Ok(console.say(line)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_rule_is_three_numbers_in_their_valid_ranges() {
        let rule = alarm_rule("0.8:3:5").unwrap();
        assert_eq!(*rule.params(), AlarmParams::new(0.8, 3, 5));
        for (text, expected) in [
            ("", "THRESHOLD:K:N"),
            ("0.8:3", "THRESHOLD:K:N"),
            ("0.8:3:5:7", "THRESHOLD:K:N"),
            ("much:3:5", "THRESHOLD:K:N"),
            ("0.8:-3:5", "THRESHOLD:K:N"),
            ("1.8:3:5", "`threshold` is `1.8`"),
            ("NaN:3:5", "`threshold` is `NaN`"),
            ("0.8:6:5", "`k` is `6`"),
        ] {
            let error = alarm_rule(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
