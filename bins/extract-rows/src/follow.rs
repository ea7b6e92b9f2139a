//! `--follow`: alarms while the frames come.
//!
//! ```text
//! frames (a thread of its own) ─┐
//!                               ├─ rows ── model or endpoint ── alarm rule ── a line per alarm
//! CO2 log (read at each frame) ─┘
//! ```
//!
//! The frames set the pace: with each one the log is read as far as it has been written. A reading that comes late
//! counts from then on, as it does for the person who reads the log.

mod frames;
mod scorer;
mod watch;
mod whole_lines;

use std::collections::BTreeSet;

use alarm::{AlarmRule, AlarmState};
use fire_cli::{Console, Exit, usage};
use sensor_model::extract::{CheckedExtractorParams, RowStream, SensorRow};
use serde::Serialize;

use crate::by_kind;
use crate::gas::Gas;
use scorer::Scorer;
use whole_lines::WholeLines;

pub(crate) use watch::{Watch, alarm_rule};

/// Watches until the frames end, which a file that is being written never does.
pub(crate) async fn follow(watch: Watch, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let (scorer, rule) = scorer::load(&watch, console).await?;
    let mut gas = match &watch.co2 {
        Some((path, columns)) => {
            let lines = WholeLines::open(path).map_err(by_kind)?;
            Gas::read(lines, path, columns, watch.start_unix_s)?
        }
        None => Gas::default(),
    };
    let mut frames = frames::follow(&watch.frames, &watch.options)?;
    let mut stream = RowStream::new(CheckedExtractorParams::default());
    let mut guard = Guard::new(scorer, rule);
    while let Some(frame) = frames.next().await {
        let frame = frame.map_err(by_kind)?;
        gas.push_until(frame.time_s(), &mut stream)?;
        stream.push_frame(frame).map_err(usage)?;
        guard.judge(&stream.take_rows(), console).await?;
    }
    guard.judge(&stream.finish(), console).await?;
    console.note(guard.farewell())?;
    Ok(Exit::Done)
}

/// An alarm as it is told, in JSON too.
#[derive(Debug, Serialize)]
struct Told<'a> {
    time_s: f64,
    fire_probability: f64,
    warnings: &'a [String],
}

/// What is remembered from row to row.
struct Guard {
    scorer: Scorer,
    rule: AlarmRule,
    state: AlarmState,
    /// First words of the warnings that were already given: a sensor out of range stays so for hours.
    warned: BTreeSet<String>,
    rows: u64,
    alarms: u64,
}

impl Guard {
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

    /// Scores the rows from the first frame on and tells the alarms that begin with them.
    async fn judge(&mut self, rows: &[SensorRow], console: &mut Console<'_>) -> anyhow::Result<()> {
        for row in rows.iter().filter(|row| row.time_s >= 0.0) {
            let scored = self.scorer.score(&row.features).await?;
            self.rows += 1;
            for warning in &scored.warnings {
                let feature = warning.split(' ').next().unwrap_or_default();
                if self.warned.insert(feature.to_owned()) {
                    console.note(format!("from {} s: {warning}", row.time_s))?;
                }
            }
            if let Some(alarm) = self.state.push(row.time_s, scored.fire_probability) {
                self.alarms += 1;
                self.tell(
                    &Told {
                        time_s: alarm.time_s,
                        fire_probability: scored.fire_probability,
                        warnings: &scored.warnings,
                    },
                    console,
                )?;
            }
        }
        Ok(())
    }

    fn tell(&self, told: &Told, console: &mut Console<'_>) -> anyhow::Result<()> {
        if console.is_json() {
            let line = serde_json::to_string(told)?;
            writeln!(console.out(), "{line}")?;
            return Ok(console.out().flush()?);
        }
        let params = self.rule.params();
        let mut line = format!(
            "alarm at {} s: fire probability {:.3}, {} of {} s at or above {}",
            told.time_s, told.fire_probability, params.k, params.n, params.threshold
        );
        for warning in told.warnings {
            line.push_str("; ");
            line.push_str(warning);
        }
        Ok(console.say(line)?)
    }

    fn farewell(&self) -> String {
        format!("{} rows, {} alarms", self.rows, self.alarms)
    }
}
