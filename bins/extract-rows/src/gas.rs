//! The CO2 log on the clock of the frames.

use std::fs::File;
use std::io::BufReader;
use std::iter::Peekable;
use std::path::Path;

use anyhow::anyhow;
use fire_cli::usage;
use sensor_model::recording::{Co2Columns, Co2Log, read_co2};
use sensor_model::{Co2Reading, Error};

/// Readings older than this at the first frame decide nothing, in seconds: the longest history of a feature is 75 s.
const HISTORY_S: f64 = 75.0;

/// The readings that matter to a recording.
pub(crate) struct Gas(Option<Peekable<Co2Log<BufReader<File>>>>);

impl Gas {
    /// No log: there are no readings.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Opens a log. One with dates needs the date of the first frame.
    pub(crate) fn open(
        path: &Path,
        columns: &Co2Columns,
        start_unix_s: Option<f64>,
    ) -> anyhow::Result<Self> {
        let log = read_co2(path, columns).map_err(usage)?;
        let log = match (columns.format.is_unix(), start_unix_s) {
            (false, _) => log,
            (true, Some(start)) => log.starting_at(start),
            (true, None) => {
                return Err(usage(anyhow!(
                    "{} has dates, but the frames have none; give the time of the first frame by --start-unix",
                    path.display()
                )));
            }
        };
        Ok(Self(Some(log.peekable())))
    }

    /// The next reading, if it is not later than this time; those from long before the recording are passed over.
    pub(crate) fn next_until(&mut self, time_s: f64) -> Option<Result<Co2Reading, Error>> {
        let log = self.0.as_mut()?;
        loop {
            let reading =
                log.next_if(|reading| !matches!(reading, Ok(reading) if reading.time_s > time_s))?;
            if !matches!(&reading, Ok(reading) if reading.time_s < -HISTORY_S) {
                return Some(reading);
            }
        }
    }
}
