//! Predictions as a CSV file.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::str::FromStr;
use std::sync::Arc;

use super::{Predictions, Timeline};
use crate::error::Error;

/// The columns, in order; the last two together or not at all.
const COLUMNS: [&str; 6] = [
    "row_id",
    "group",
    "label",
    "probability",
    "time_s",
    "scenario",
];
/// How many of them every file has.
const ALWAYS: usize = 4;

impl Predictions {
    /// Writes a header and one line per row; numbers in the shortest form that reads back as the same number.
    ///
    /// With a [`timeline`](Self::timeline) there are two more columns, `time_s` and `scenario`. A kind with a line
    /// break cannot be written.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let mut out = io::BufWriter::new(out);
        let columns = self.timeline.as_ref().map_or(ALWAYS, |_| COLUMNS.len());
        writeln!(out, "{}", COLUMNS[..columns].join(","))?;
        let rows = self
            .ids
            .iter()
            .zip(&self.groups)
            .zip(&self.labels)
            .zip(&self.probabilities);
        for (row, (((id, group), label), probability)) in rows.enumerate() {
            write!(out, "{id},{group},{label},{probability:?}")?;
            if let Some(timeline) = &self.timeline {
                let kind = quoted(&timeline.kinds[row])?;
                write!(out, ",{:?},{kind}", timeline.times_s[row])?;
            }
            writeln!(out)?;
        }
        out.flush()
    }

    /// Reads what [`write_csv`](Self::write_csv) wrote. `name` is the file's name for errors, which name line,
    /// column and value.
    pub fn read_csv(input: impl Read, name: &str) -> Result<Self, Error> {
        let mut lines = BufReader::new(input).lines().map(|line| {
            line.map_err(|source| Error::Io {
                file: name.to_owned(),
                source,
            })
        });
        let header = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        let columns = columns_of(name, &header)?;
        let mut read = Self {
            timeline: (columns > ALWAYS).then(Timeline::default),
            ..Self::default()
        };
        for (line, text) in (2..).zip(lines) {
            let text = text?;
            // The last text holds whatever follows, so a surplus cell is refused as part of it.
            let mut texts = text.splitn(columns, ',');
            let cells = [(); COLUMNS.len()].map(|()| texts.next().unwrap_or_default());
            read.push(&Line {
                file: name,
                number: line,
                cells,
            })?;
        }
        Ok(read)
    }

    fn push(&mut self, line: &Line) -> Result<(), Error> {
        self.ids.push(line.parse(0, "a whole number", |_| true)?);
        self.groups.push(line.parse(1, "a whole number", |_| true)?);
        let is_label = |&label: &u8| label <= 1;
        self.labels.push(line.parse(2, "0 or 1", is_label)?);
        let is_probability = |p: &f64| (0.0..=1.0).contains(p);
        self.probabilities
            .push(line.parse(3, "a number from 0 to 1", is_probability)?);
        if let Some(timeline) = &mut self.timeline {
            let time_s = line.parse(4, "a finite number", |time_s: &f64| time_s.is_finite())?;
            timeline.times_s.push(time_s);
            timeline.kinds.push(line.kind(5, timeline.kinds.last())?);
        }
        Ok(())
    }
}

/// How many columns the header names.
fn columns_of(file: &str, header: &str) -> Result<usize, Error> {
    let known = [ALWAYS, COLUMNS.len()];
    let found = known
        .into_iter()
        .find(|&columns| header == COLUMNS[..columns].join(","));
    found.ok_or_else(|| Error::Table {
        file: file.to_owned(),
        line: 1,
        column: COLUMNS[0],
        value: header.to_owned(),
        expected: "the header row_id,group,label,probability, alone or with ,time_s,scenario",
    })
}

/// The text as a last cell: in quotes where it would not be read back as it is.
fn quoted(text: &str) -> io::Result<String> {
    if text.contains('\n') {
        let message = format!("the scenario `{}` has a line break", text.escape_debug());
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    if text.is_empty() || text.contains([',', '"', '\r']) {
        return Ok(format!("\"{}\"", text.replace('"', "\"\"")));
    }
    Ok(text.to_owned())
}

/// The text of a cell, without its quotes if it has some; nothing if it is no cell.
fn unquoted(cell: &str) -> Option<String> {
    let Some(rest) = cell.strip_prefix('"') else {
        let is_plain = !cell.is_empty() && !cell.contains([',', '"', '\r']);
        return is_plain.then(|| cell.to_owned());
    };
    let inner = rest.strip_suffix('"')?;
    let whole = inner.replace("\"\"", "");
    (!whole.contains('"')).then(|| inner.replace("\"\"", "\""))
}

/// One line with its place.
struct Line<'a> {
    file: &'a str,
    number: usize,
    /// Empty where the line has none.
    cells: [&'a str; COLUMNS.len()],
}

impl Line<'_> {
    fn parse<T: FromStr>(
        &self,
        column: usize,
        expected: &'static str,
        accept: impl Fn(&T) -> bool,
    ) -> Result<T, Error> {
        self.cells[column]
            .parse()
            .ok()
            .filter(accept)
            .ok_or_else(|| self.refuse(column, expected))
    }

    /// The kind in a column: that of the line before, shared, if it is the same.
    fn kind(&self, column: usize, before: Option<&Arc<str>>) -> Result<Arc<str>, Error> {
        let kind = unquoted(self.cells[column])
            .ok_or_else(|| self.refuse(column, "a text (in quotes if it has a comma)"))?;
        Ok(before
            .filter(|before| ***before == *kind)
            .map_or_else(|| kind.into(), Arc::clone))
    }

    fn refuse(&self, column: usize, expected: &'static str) -> Error {
        Error::Table {
            file: self.file.to_owned(),
            line: self.number,
            column: COLUMNS[column],
            value: self.cells[column].to_owned(),
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
            ids: vec![0, u64::MAX, 2, 3],
            groups: vec![7, 7, 8, 9],
            labels: vec![0, 1, 1, 0],
            probabilities: vec![0.0, 1.0, 0.1 + 0.2, f64::MIN_POSITIVE],
            timeline: None,
        }
    }

    #[test]
    fn numbers_come_back_to_the_bit() {
        let predictions = predictions();
        let bytes = written(&predictions);
        assert!(bytes.starts_with(b"row_id,group,label,probability\n0,7,0,0.0\n"));
        assert_eq!(
            Predictions::read_csv(&bytes[..], "p.csv").unwrap(),
            predictions
        );
    }

    #[test]
    fn times_and_kinds_come_back_whatever_they_are() {
        let kinds = ["people", "sun, \"low\"", "", "a\rb\r"];
        let predictions = Predictions {
            timeline: Some(Timeline {
                times_s: vec![0.1 + 0.2, -1.5, 1e300, 70.0],
                kinds: kinds.map(Into::into).into(),
            }),
            ..predictions()
        };
        let bytes = written(&predictions);
        let text = str::from_utf8(&bytes).unwrap();
        assert!(text.starts_with("row_id,group,label,probability,time_s,scenario\n"));
        assert!(text.ends_with(",70.0,\"a\rb\r\"\n"));
        assert_eq!(
            Predictions::read_csv(&bytes[..], "p.csv").unwrap(),
            predictions
        );
    }

    #[test]
    fn a_kind_of_two_lines_is_not_written() {
        let predictions = Predictions {
            timeline: Some(Timeline {
                times_s: vec![0.0; 4],
                kinds: vec!["two\nlines".into(); 4],
            }),
            ..predictions()
        };
        let error = predictions.write_csv(Vec::new()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the scenario `two\\nlines` has a line break"
        );
    }

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        let error = Predictions::read_csv(text.as_bytes(), "test.csv").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("test.csv, line 3, column {expected}")
        );
    }

    #[test]
    fn a_bad_cell_names_its_place() {
        let check = |line: &str, expected: &str| {
            let text = format!("row_id,group,label,probability\r\n1,2,1,0.5\r\n{line}");
            refused(&text, expected);
        };
        check("x,2,1,0.5", "row_id: `x` is not a whole number");
        check("1,-2,1,0.5", "group: `-2` is not a whole number");
        check("1,2,2,0.5", "label: `2` is not 0 or 1");
        for p in ["1.5", "NaN", "", "0.5,9"] {
            let expected = format!("probability: `{p}` is not a number from 0 to 1");
            check(&format!("1,2,1,{p}"), &expected);
        }
        check("1,2,1", "probability: `` is not a number from 0 to 1");
    }

    #[test]
    fn a_bad_time_or_kind_names_its_place() {
        let check = |cells: &str, expected: &str| {
            let header = "row_id,group,label,probability,time_s,scenario";
            refused(
                &format!("{header}\n1,2,1,0.5,0.0,sun\n1,2,1,0.5{cells}"),
                expected,
            );
        };
        check("", "time_s: `` is not a finite number");
        check(",inf,sun", "time_s: `inf` is not a finite number");
        for kind in ["", "a,b", "a\"b", "\"a", "\"a\"b\""] {
            check(
                &format!(",1.0,{kind}"),
                &format!("scenario: `{kind}` is not a text (in quotes if it has a comma)"),
            );
        }
    }

    #[test]
    fn another_header_is_refused() {
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
                "is not the header row_id,group,label,probability, alone or with ,time_s,scenario";
            assert!(error.ends_with(expected), "{error}");
        }
    }
}
