//! Predictions as a CSV file with a header.

use std::io::{self, Read, Write};
use std::str::FromStr;
use std::sync::Arc;

use ::csv::{ByteRecord, ReaderBuilder, Writer};

use super::{Predictions, Timeline};
use crate::error::Error;

const COLUMNS: [&str; 6] = ["row_id", "group", "label", "probability", "time_s", "kind"];
/// The number of columns without a timeline.
const UNTIMED: usize = 4;

impl Predictions {
    /// Writes a header and one line per row; numbers are in the shortest form that round-trips.
    ///
    /// With a [`timeline`](Self::timeline) there are two more columns, `time_s` and `kind`.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let mut writer = Writer::from_writer(out);
        let columns = self.timeline.as_ref().map_or(UNTIMED, |_| COLUMNS.len());
        writer.write_record(&COLUMNS[..columns])?;
        for row in 0..self.ids.len() {
            writer.write_field(self.ids[row].to_string())?;
            writer.write_field(self.groups[row].to_string())?;
            writer.write_field(self.labels[row].to_string())?;
            writer.write_field(format!("{:?}", self.probabilities[row]))?;
            if let Some(timeline) = &self.timeline {
                writer.write_field(format!("{:?}", timeline.times_s[row]))?;
                writer.write_field(timeline.kinds[row].as_bytes())?;
            }
            writer.write_record(None::<&[u8]>)?;
        }
        writer.flush()
    }

    /// Reads the format of [`write_csv`](Self::write_csv). Errors give the file's `name`, the line, the column and the
    /// value.
    pub fn read_csv(input: impl Read, name: &str) -> Result<Self, Error> {
        let failed = |error: ::csv::Error| Error::Io {
            file: name.to_owned(),
            source: error.into(),
        };
        // Flexible, so that a row with too few or too many fields gets our own error.
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(input);
        let mut record = ByteRecord::new();
        reader.read_byte_record(&mut record).map_err(failed)?;
        let columns = columns_of(name, &record)?;
        // After `\r\n` the reader counts the line only once the next record begins, so its line numbers lag by one.
        let lines_behind = u64::from(reader.position().line() == 1);
        let mut read = Self {
            timeline: (columns > UNTIMED).then(Timeline::default),
            ..Self::default()
        };
        while reader.read_byte_record(&mut record).map_err(failed)? {
            read.push(&Row {
                file: name,
                columns,
                lines_behind,
                cells: &record,
            })?;
        }
        Ok(read)
    }

    fn push(&mut self, row: &Row) -> Result<(), Error> {
        row.check_length()?;
        self.ids.push(row.parse(0, "a whole number", |_| true)?);
        self.groups.push(row.parse(1, "a whole number", |_| true)?);
        let is_label = |&label: &u8| label <= 1;
        self.labels.push(row.parse(2, "0 or 1", is_label)?);
        let is_probability = |p: &f64| (0.0..=1.0).contains(p);
        self.probabilities
            .push(row.parse(3, "a number from 0 to 1", is_probability)?);
        if let Some(timeline) = &mut self.timeline {
            let time_s = row.parse(4, "a finite number", |time_s: &f64| time_s.is_finite())?;
            timeline.times_s.push(time_s);
            timeline.kinds.push(row.kind(5, timeline.kinds.last())?);
        }
        Ok(())
    }
}

/// The number of columns in a header.
fn columns_of(file: &str, header: &ByteRecord) -> Result<usize, Error> {
    let known = [UNTIMED, COLUMNS.len()];
    let found = known.into_iter().find(|&columns| {
        header
            .iter()
            .eq(COLUMNS[..columns].iter().map(|name| name.as_bytes()))
    });
    found.ok_or_else(|| Error::Table {
        file: file.to_owned(),
        line: 1,
        column: COLUMNS[0],
        value: text(header),
        expected: "the header row_id,group,label,probability, alone or with ,time_s,kind",
    })
}

/// The cells joined by commas, for an error.
fn text<'a>(cells: impl IntoIterator<Item = &'a [u8]>) -> String {
    let cells: Vec<_> = cells.into_iter().map(String::from_utf8_lossy).collect();
    cells.join(",")
}

/// One row of a file.
struct Row<'a> {
    file: &'a str,
    /// The number of columns in the header.
    columns: usize,
    /// The lag of the reader's line numbers.
    lines_behind: u64,
    cells: &'a ByteRecord,
}

impl Row<'_> {
    /// Rejects extra cells; missing ones are rejected when they are parsed.
    fn check_length(&self) -> Result<(), Error> {
        if self.cells.len() <= self.columns {
            return Ok(());
        }
        let last = self.columns - 1;
        let value = text(self.cells.iter().skip(last));
        Err(self.rejection(last, value, "the last cell of its row"))
    }

    fn parse<T: FromStr>(
        &self,
        column: usize,
        expected: &'static str,
        accept: impl Fn(&T) -> bool,
    ) -> Result<T, Error> {
        let cell = self.cells.get(column).unwrap_or_default();
        let parsed = str::from_utf8(cell).ok().and_then(|cell| cell.parse().ok());
        parsed
            .filter(accept)
            .ok_or_else(|| self.rejection(column, text([cell]), expected))
    }

    /// The kind in `column`, sharing the previous row's string if equal.
    fn kind(&self, column: usize, before: Option<&Arc<str>>) -> Result<Arc<str>, Error> {
        let expected = "UTF-8 text";
        let cell = self.cells.get(column);
        let cell = cell.ok_or_else(|| self.rejection(column, String::new(), expected))?;
        let kind =
            str::from_utf8(cell).map_err(|_| self.rejection(column, text([cell]), expected))?;
        Ok(before
            .filter(|before| ***before == *kind)
            .map_or_else(|| kind.into(), Arc::clone))
    }

    fn rejection(&self, column: usize, value: String, expected: &'static str) -> Error {
        let start = self.cells.position();
        Error::Table {
            file: self.file.to_owned(),
            line: start.map_or(0, |start| (start.line() + self.lines_behind) as usize),
            column: COLUMNS[column],
            value,
            expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(predictions: &Predictions) -> Vec<u8> {
        let mut bytes = Vec::new();
        predictions.write_csv(&mut bytes).unwrap();
        bytes
    }

    fn predictions() -> Predictions {
        Predictions {
            ids: vec![0, u64::MAX, 2, 3, 4],
            groups: vec![7, 7, 8, 9, 9],
            labels: vec![0, 1, 1, 0, 1],
            probabilities: vec![0.0, 1.0, 0.1 + 0.2, f64::MIN_POSITIVE, 0.5],
            timeline: None,
        }
    }

    #[test]
    fn numbers_round_trip_exactly() {
        let predictions = predictions();
        let bytes = written(&predictions);
        assert!(bytes.starts_with(b"row_id,group,label,probability\n0,7,0,0.0\n"));
        assert_eq!(
            Predictions::read_csv(&bytes[..], "p.csv").unwrap(),
            predictions
        );
    }

    #[test]
    fn any_times_and_kinds_round_trip() {
        let kinds = ["people", "sun, \"low\"", "", "a\rb\r", "two\nlines"];
        let predictions = Predictions {
            timeline: Some(Timeline {
                times_s: vec![0.1 + 0.2, -1.5, 1e300, 70.0, 71.0],
                kinds: kinds.map(Into::into).into(),
            }),
            ..predictions()
        };
        let bytes = written(&predictions);
        let text = str::from_utf8(&bytes).unwrap();
        assert!(text.starts_with("row_id,group,label,probability,time_s,kind\n"));
        assert!(text.ends_with(",71.0,\"two\nlines\"\n"));
        assert_eq!(
            Predictions::read_csv(&bytes[..], "p.csv").unwrap(),
            predictions
        );
    }

    #[track_caller]
    fn check(text: &[u8], expected: &str) {
        let error = Predictions::read_csv(text, "test.csv").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("test.csv, line 3, column {expected}")
        );
    }

    #[test]
    fn an_invalid_cell_is_reported_with_its_line_and_column() {
        let check = |line: &str, expected: &str| {
            let text = format!("row_id,group,label,probability\r\n1,2,1,0.5\r\n{line}");
            check(text.as_bytes(), expected);
        };
        check("x,2,1,0.5", "row_id: `x` is not a whole number");
        check("1,-2,1,0.5", "group: `-2` is not a whole number");
        check("1,2,2,0.5", "label: `2` is not 0 or 1");
        for p in ["1.5", "NaN", ""] {
            let expected = format!("probability: `{p}` is not a number from 0 to 1");
            check(&format!("1,2,1,{p}"), &expected);
        }
        check("1,2,1", "probability: `` is not a number from 0 to 1");
        check(
            "1,2,1,0.5,9",
            "probability: `0.5,9` is not the last cell of its row",
        );
    }

    #[test]
    fn an_invalid_time_or_kind_is_reported_with_its_line_and_column() {
        let check = |cells: &[u8], expected: &str| {
            let start = b"row_id,group,label,probability,time_s,kind\n1,2,1,0.5,0.0,sun\n1,2,1,0.5";
            check(&[start, cells].concat(), expected);
        };
        check(b"", "time_s: `` is not a finite number");
        check(b",inf,sun", "time_s: `inf` is not a finite number");
        check(b",1.0", "kind: `` is not UTF-8 text");
        check(b",1.0,\xff", "kind: `\u{fffd}` is not UTF-8 text");
        check(b",1.0,a,b", "kind: `a,b` is not the last cell of its row");
    }

    #[test]
    fn another_header_is_rejected() {
        for text in [
            "",
            "id,group,label,p\n",
            "row_id,group,label,probability,time_s\n",
        ] {
            let error = Predictions::read_csv(text.as_bytes(), "t.csv")
                .unwrap_err()
                .to_string();
            assert!(error.starts_with("t.csv, line 1, column row_id"), "{error}");
            let expected =
                "is not the header row_id,group,label,probability, alone or with ,time_s,kind";
            assert!(error.ends_with(expected), "{error}");
        }
    }
}
