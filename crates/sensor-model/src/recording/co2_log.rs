//! Logs of CO2 sensors: delimited text with a time and a concentration on each line.

use std::io::BufRead;
use std::path::Path;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::cells::parse_cell;
use crate::co2::Co2Reading;
use crate::error::Error;
use crate::problem::{CellProblem, RecordingProblem};

use super::source::Source;
use super::table::Table;

/// The columns of a log that contain the time and the concentration in ppm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Co2Columns {
    /// Name of the time column.
    pub time: String,
    /// Format of the time.
    pub format: TimeFormat,
    /// Name of the concentration column.
    pub ppm: String,
}

/// Format of the times in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// Seconds since the recording's start.
    Seconds,
    /// Seconds since 1970, UTC.
    UnixSeconds,
    /// Milliseconds since 1970, UTC.
    UnixMillis,
    /// ISO 8601 or RFC 3339, with `T` or a space; UTC if it has no offset.
    Iso,
}

impl Co2Columns {
    /// A plain log of an SCD40 or SCD41: `time_s` (since the recording's start) and `co2_ppm`.
    pub fn scd4x() -> Self {
        Self::new("time_s", TimeFormat::Seconds, "co2_ppm")
    }

    /// The UCI occupancy data set (doi:10.1016/j.enbuild.2015.11.071).
    pub fn uci() -> Self {
        Self::new("date", TimeFormat::Iso, "CO2")
    }

    /// Sessions exported by `AirScout32`, where `Gas1` is CO2.
    pub fn airscout() -> Self {
        Self::new("Timestamp", TimeFormat::UnixMillis, "Gas1")
    }

    /// Columns with any names.
    pub fn new(time: &str, format: TimeFormat, ppm: &str) -> Self {
        Self {
            time: time.to_owned(),
            format,
            ppm: ppm.to_owned(),
        }
    }
}

impl FromStr for Co2Columns {
    type Err = RecordingProblem;

    /// A preset by name, or `TIME:FORMAT:PPM` with format `s`, `unix-s`, `unix-ms` or `iso`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "scd4x" => return Ok(Self::scd4x()),
            "uci" => return Ok(Self::uci()),
            "airscout" => return Ok(Self::airscout()),
            _ => {}
        }
        let unknown = || RecordingProblem::UnknownColumns {
            given: text.to_owned(),
        };
        let parts: Vec<_> = text.split(':').collect();
        let &[time, format, ppm] = parts.as_slice() else {
            return Err(unknown());
        };
        let format = match format {
            "s" => TimeFormat::Seconds,
            "unix-s" => TimeFormat::UnixSeconds,
            "unix-ms" => TimeFormat::UnixMillis,
            "iso" => TimeFormat::Iso,
            _ => return Err(unknown()),
        };
        if time.is_empty() || ppm.is_empty() {
            return Err(unknown());
        }
        Ok(Self::new(time, format, ppm))
    }
}

impl TimeFormat {
    /// True if times count from 1970 instead of the recording's start.
    pub fn is_unix(self) -> bool {
        self != Self::Seconds
    }

    /// Parses the time in a cell, in seconds.
    fn parse(self, text: &str) -> Option<f64> {
        let number = || text.parse::<f64>().ok().filter(|time| time.is_finite());
        match self {
            Self::Seconds | Self::UnixSeconds => number(),
            Self::UnixMillis => number().map(|millis| millis / 1000.0),
            Self::Iso => iso_time(text),
        }
    }

    /// Name in error messages.
    fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds since the recording's start",
            Self::UnixSeconds => "seconds since 1970",
            Self::UnixMillis => "milliseconds since 1970",
            Self::Iso => "an ISO 8601 time",
        }
    }
}

fn iso_time(text: &str) -> Option<f64> {
    let timestamp = text.parse::<Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(local).ok()
    })?;
    Some(timestamp.as_millisecond() as f64 / 1000.0)
}

/// The readings of a log, in chronological order.
///
/// Works on any text stream: a file, standard input, or a log that is still growing. Values are returned as written, even
/// 0 and empty cells (NaN); [`Co2Reading::is_valid`] is true for measurements.
#[derive(Debug)]
pub struct Co2Log<R> {
    table: Table<R>,
    format: TimeFormat,
    start_s: f64,
    last_s: f64,
}

impl<R: BufRead> Co2Log<R> {
    /// Finds the header; error messages name the log `path`.
    pub fn new(input: R, path: &Path, columns: &Co2Columns) -> Result<Self, Error> {
        let names = [columns.time.as_str(), columns.ppm.as_str()];
        Ok(Self {
            table: Table::open(input, Source::new(path), &names)?,
            format: columns.format,
            start_s: 0.0,
            last_s: f64::NEG_INFINITY,
        })
    }

    /// Makes times count from `start_s`, which is a time of the log in seconds, such as the Unix time of the first
    /// frame.
    #[must_use]
    pub fn starting_at(self, start_s: f64) -> Self {
        Self { start_s, ..self }
    }

    fn read_reading(&mut self) -> Result<Option<Co2Reading>, Error> {
        let Some(cells) = self.table.next_row()? else {
            return Ok(None);
        };
        let (time, ppm) = (&cells[0], &cells[1]);
        let time_s = self.format.parse(time).ok_or_else(|| {
            let problem = CellProblem::NotATime(self.format.name());
            self.table.cell_rejection(0, time, problem)
        })?;
        if time_s < self.last_s {
            return Err(self.table.rejection(RecordingProblem::TimeBackwards {
                before_s: self.last_s,
                now_s: time_s,
            }));
        }
        self.last_s = time_s;
        let ppm = parse_cell(ppm).map_err(|problem| self.table.cell_rejection(1, ppm, problem))?;
        Ok(Some(Co2Reading {
            time_s: time_s - self.start_s,
            ppm,
        }))
    }
}

impl<R: BufRead> Iterator for Co2Log<R> {
    type Item = Result<Co2Reading, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_reading().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_parsed_in_all_formats() {
        for (format, text, time_s) in [
            (TimeFormat::Seconds, "12.5", 12.5),
            (TimeFormat::UnixSeconds, "1757854894", 1_757_854_894.0),
            (TimeFormat::UnixMillis, "1757854894376", 1_757_854_894.376),
            (TimeFormat::Iso, "2015-02-04 17:51:00", 1_423_072_260.0),
            (TimeFormat::Iso, "2015-02-04T17:51:00.250", 1_423_072_260.25),
            (
                TimeFormat::Iso,
                "2015-02-04T18:51:00+01:00",
                1_423_072_260.0,
            ),
            (TimeFormat::Iso, "2015-02-04T17:51:00Z", 1_423_072_260.0),
        ] {
            let parsed = format.parse(text).unwrap();
            assert!((parsed - time_s).abs() < 1e-6, "{text}: {parsed}");
        }
        for (format, text) in [
            (TimeFormat::Seconds, ""),
            (TimeFormat::Seconds, "NaN"),
            (TimeFormat::UnixMillis, "inf"),
            (TimeFormat::Iso, "04.02.2015 17:51"),
            (TimeFormat::Iso, "1423072260"),
        ] {
            assert_eq!(format.parse(text), None, "{format:?} {text}");
        }
    }

    #[test]
    fn columns_are_parsed_from_presets_and_names() {
        for (text, columns) in [
            ("scd4x", Co2Columns::scd4x()),
            ("uci", Co2Columns::uci()),
            ("airscout", Co2Columns::airscout()),
            (
                "when:iso:CO2 (ppm)",
                Co2Columns::new("when", TimeFormat::Iso, "CO2 (ppm)"),
            ),
            (
                "t:unix-s:c",
                Co2Columns::new("t", TimeFormat::UnixSeconds, "c"),
            ),
        ] {
            assert_eq!(text.parse::<Co2Columns>().unwrap(), columns, "{text}");
        }
        for text in ["", "UCI", "a:b", "a:hours:b", ":s:b", "a:s:", "a:s:b:c"] {
            let error = text.parse::<Co2Columns>().unwrap_err().to_string();
            assert!(error.contains("TIME:FORMAT:PPM"), "{error}");
        }
    }
}
