//! A part's predictions as a CSV file: what members are combined and reports are made from.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::str::FromStr;

use crate::error::Error;
use crate::metrics::{Scores, evaluate_grouped};

/// The columns, in order.
const COLUMNS: [&str; 4] = ["row_id", "group", "label", "probability"];

/// Predictions on one part; all four are equally long.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Predictions {
    /// Which row of the data set each is.
    pub ids: Vec<u64>,
    /// Rows of one group belong together.
    pub groups: Vec<u64>,
    /// 0 or 1.
    pub labels: Vec<u8>,
    /// Of class 1.
    pub probabilities: Vec<f64>,
}

impl Predictions {
    /// All figures, with an interval that draws whole groups; see [`evaluate`](crate::metrics::evaluate).
    pub fn evaluate(&self, threshold: Option<f64>) -> Result<Scores, Error> {
        evaluate_grouped(
            &self.labels,
            &self.probabilities,
            Some(&self.groups),
            threshold,
        )
    }

    /// Writes a header and one line per row; probabilities in the shortest form that reads back as the same number.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let mut out = io::BufWriter::new(out);
        writeln!(out, "{}", COLUMNS.join(","))?;
        let rows = self
            .ids
            .iter()
            .zip(&self.groups)
            .zip(&self.labels)
            .zip(&self.probabilities);
        for (((id, group), label), probability) in rows {
            writeln!(out, "{id},{group},{label},{probability:?}")?;
        }
        out.flush()
    }

    /// Reads what [`write_csv`](Self::write_csv) wrote. `name` is the file's name for errors, which name line,
    /// column and value.
    pub fn read_csv(input: impl Read, name: &str) -> Result<Self, Error> {
        let mut read = Self::default();
        let mut lines = BufReader::new(input).lines().enumerate();
        let header = lines.next().map_or(Ok(String::new()), |(_, line)| line);
        let header = header.map_err(|source| Error::Io {
            file: name.to_owned(),
            source,
        })?;
        if header != COLUMNS.join(",") {
            let cell = Cell {
                file: name,
                line: 1,
                column: 0,
                text: &header,
            };
            return Err(cell.refuse("the header row_id,group,label,probability"));
        }
        for (at, line) in lines {
            let line = line.map_err(|source| Error::Io {
                file: name.to_owned(),
                source,
            })?;
            read.push_line(name, at + 1, &line)?;
        }
        Ok(read)
    }

    fn push_line(&mut self, file: &str, line: usize, text: &str) -> Result<(), Error> {
        // The last text holds whatever follows, so a surplus cell is refused as part of it.
        let mut texts = text.splitn(COLUMNS.len(), ',');
        let mut cell = |column| Cell {
            file,
            line,
            column,
            text: texts.next().unwrap_or_default(),
        };
        self.ids.push(cell(0).parse("a whole number", |_| true)?);
        self.groups.push(cell(1).parse("a whole number", |_| true)?);
        self.labels
            .push(cell(2).parse("0 or 1", |&label| label <= 1)?);
        self.probabilities
            .push(cell(3).parse("a number from 0 to 1", |p| (0.0..=1.0).contains(p))?);
        Ok(())
    }
}

/// One cell with its place.
struct Cell<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    text: &'a str,
}

impl Cell<'_> {
    fn parse<T: FromStr>(
        &self,
        expected: &'static str,
        accept: impl Fn(&T) -> bool,
    ) -> Result<T, Error> {
        self.text
            .parse()
            .ok()
            .filter(accept)
            .ok_or_else(|| self.refuse(expected))
    }

    fn refuse(&self, expected: &'static str) -> Error {
        Error::Table {
            file: self.file.to_owned(),
            line: self.line,
            column: COLUMNS[self.column],
            value: self.text.to_owned(),
            expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_to_the_bit() {
        let predictions = Predictions {
            ids: vec![0, u64::MAX, 2, 3],
            groups: vec![7, 7, 8, 9],
            labels: vec![0, 1, 1, 0],
            probabilities: vec![0.0, 1.0, 0.1 + 0.2, f64::MIN_POSITIVE],
        };
        let mut bytes = Vec::new();
        predictions.write_csv(&mut bytes).unwrap();
        assert!(bytes.starts_with(b"row_id,group,label,probability\n0,7,0,0.0\n"));
        assert_eq!(
            Predictions::read_csv(&bytes[..], "p.csv").unwrap(),
            predictions
        );
    }

    #[test]
    fn a_bad_cell_names_its_place() {
        let check = |line: &str, expected: &str| {
            let text = format!("row_id,group,label,probability\r\n1,2,1,0.5\r\n{line}");
            let error = Predictions::read_csv(text.as_bytes(), "test.csv").unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("test.csv, line 3, column {expected}")
            );
        };
        check("x,2,1,0.5", "row_id: `x` is not a whole number");
        check("1,-2,1,0.5", "group: `-2` is not a whole number");
        check("1,2,2,0.5", "label: `2` is not 0 or 1");
        check(
            "1,2,1,1.5",
            "probability: `1.5` is not a number from 0 to 1",
        );
        check(
            "1,2,1,NaN",
            "probability: `NaN` is not a number from 0 to 1",
        );
        check("1,2,1", "probability: `` is not a number from 0 to 1");
        check(
            "1,2,1,0.5,9",
            "probability: `0.5,9` is not a number from 0 to 1",
        );
    }

    #[test]
    fn another_header_is_refused() {
        for text in ["", "id,group,label,p\n"] {
            let error = Predictions::read_csv(text.as_bytes(), "t.csv")
                .unwrap_err()
                .to_string();
            assert!(
                error.ends_with("is not the header row_id,group,label,probability"),
                "{error}"
            );
        }
    }

    #[test]
    fn groups_enter_the_interval() {
        let one_by_one: Vec<u64> = (0..400).collect();
        let predictions = |groups| Predictions {
            ids: one_by_one.clone(),
            groups,
            labels: (0..400).map(|i| u8::from(i % 2 == 0)).collect(),
            probabilities: (0..400_u32)
                .map(|i| f64::from(i * 37 % 101) / 101.0)
                .collect(),
        };
        let single = predictions(one_by_one.clone()).evaluate(None).unwrap();
        let grouped = predictions(one_by_one.iter().map(|id| id / 20).collect())
            .evaluate(None)
            .unwrap();
        assert_eq!(single.auc, grouped.auc);
        assert_ne!(single.auc_interval, grouped.auc_interval);
    }
}
