//! The CO2 log on the clock of the frames.

use std::io::BufRead;
use std::path::Path;

use anyhow::anyhow;
use fire_cli::usage;
use sensor_model::Co2Reading;
use sensor_model::extract::RowStream;
use sensor_model::recording::{Co2Columns, Co2Log};

use crate::by_kind;

/// The longest history that a feature uses, in seconds. Readings older than this at the first frame have no effect.
const HISTORY_S: f64 = 75.0;

/// The CO2 readings for a recording; empty without a log.
#[derive(Default)]
pub(crate) struct Gas {
    log: Option<Co2Log<Box<dyn BufRead + Send>>>,
    /// A reading already taken from the log, but later than the current frame.
    held: Option<Co2Reading>,
}

impl Gas {
    /// Opens a log; error messages name it `path`. A log with dates requires the Unix time of the first frame.
    pub(crate) fn read(
        input: impl BufRead + Send + 'static,
        path: &Path,
        columns: &Co2Columns,
        start_unix_s: Option<f64>,
    ) -> anyhow::Result<Self> {
        let input: Box<dyn BufRead + Send> = Box::new(input);
        let log = Co2Log::new(input, path, columns).map_err(usage)?;
        let log = match (columns.format.is_unix(), start_unix_s) {
            (false, _) => log,
            (true, Some(start)) => log.starting_at(start),
            (true, None) => {
                return Err(usage(anyhow!(
                    "{} has dates, but the frames have none; give the time of the first frame with --start-unix",
                    path.display()
                )));
            }
        };
        Ok(Self {
            log: Some(log),
            held: None,
        })
    }

    /// Pushes the readings up to this time into the stream and returns their number.
    pub(crate) fn push_until(
        &mut self,
        time_s: f64,
        stream: &mut RowStream,
    ) -> anyhow::Result<u64> {
        let mut pushed = 0;
        while let Some(reading) = self.next_until(time_s)? {
            stream.push_co2(reading).map_err(usage)?;
            pushed += 1;
        }
        Ok(pushed)
    }

    /// The next reading up to this time; skips readings from more than [`HISTORY_S`] before the first frame.
    fn next_until(&mut self, time_s: f64) -> anyhow::Result<Option<Co2Reading>> {
        loop {
            let next = match (self.held.take(), &mut self.log) {
                (Some(held), _) => Some(held),
                (None, Some(log)) => log.next().transpose().map_err(by_kind)?,
                (None, None) => None,
            };
            match next {
                Some(later) if later.time_s > time_s => {
                    self.held = Some(later);
                    return Ok(None);
                }
                Some(early) if early.time_s < -HISTORY_S => {}
                next => return Ok(next),
            }
        }
    }
}
