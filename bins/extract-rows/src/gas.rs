//! The CO2 log on the clock of the frames.

use std::io::BufRead;
use std::path::Path;

use anyhow::anyhow;
use fire_cli::usage;
use sensor_model::Co2Reading;
use sensor_model::extract::RowStream;
use sensor_model::recording::{Co2Columns, Co2Log};

use crate::by_kind;

/// Readings from more than this before the first frame have no effect, in seconds: the longest history of a feature.
const HISTORY_S: f64 = 75.0;

/// The CO2 readings for a recording; without a log there are none.
#[derive(Default)]
pub(crate) struct Gas {
    log: Option<Co2Log<Box<dyn BufRead + Send>>>,
    /// A reading from the log that is later than the last frame.
    held: Option<Co2Reading>,
}

impl Gas {
    /// Reads a log, which messages name `path`. A log with dates needs the time of the first frame.
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

    /// Pushes the readings up to this time into the stream; returns their number.
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

    /// The next reading that is not later than this time; those from long before the recording are skipped.
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
