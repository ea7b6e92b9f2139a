//! Splits lines into cells and parses cells as numbers. Data files, logs and requests share these rules.

use std::io::{self, Read};

use csv::{Reader, ReaderBuilder, StringRecord, Terminator};

use crate::problem::CellProblem;

/// Parses a cell: a finite number, or NaN for an empty cell or the text `NaN`.
///
/// Surrounding whitespace is ignored. Infinity is rejected, as is a finite number that becomes infinite as `f32`.
pub fn parse_cell(text: &str) -> Result<f32, CellProblem> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(f32::NAN);
    }
    // Parsed directly as f32, because parsing as f64 first could round twice.
    let value: f32 = text.parse().map_err(|_| CellProblem::NotANumber)?;
    if value.is_infinite() {
        Err(CellProblem::NotFinite)
    } else {
        Ok(value)
    }
}

/// Splits single lines into cells with the `csv` crate.
///
/// The lines come from [`Lines`](crate::recording::lines::Lines). The `csv` reader would extend an unclosed quotation
/// to the end of the file, does not limit the length of a line, and cannot continue at the end of a growing log.
#[derive(Debug)]
pub(crate) struct LineSplitter {
    separator: u8,
    reader: Reader<Feed>,
    cells: StringRecord,
}

/// A quotation mark that is never closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unclosed {
    /// Index of the cell in the line, from 0.
    pub(crate) column: usize,
    /// The rest of the line, starting with that cell.
    pub(crate) text: String,
}

impl LineSplitter {
    pub(crate) fn new(separator: u8) -> Self {
        let reader = ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            // Only `\n` ends a record; a carriage return inside a line is part of a cell.
            .terminator(Terminator::Any(b'\n'))
            .from_reader(Feed::default());
        Self {
            separator,
            reader,
            cells: StringRecord::new(),
        }
    }

    /// The cells of a line. A cell in quotation marks may contain separators.
    pub(crate) fn split(&mut self, line: &str) -> Result<&StringRecord, Unclosed> {
        self.reader.get_mut().set(line);
        // Cannot fail: the line is UTF-8 text in memory, and rows of any width are accepted.
        let _ = self.reader.read_record(&mut self.cells);
        if !self.reader.get_ref().ran_out {
            return Ok(&self.cells);
        }
        // The reader asked for a second line, so a quotation mark is open (or the line was empty).
        let last = self.cells.iter().enumerate().last();
        let unclosed = last.map(|(column, cell)| Unclosed {
            column,
            text: format!("\"{}", cell.trim_end_matches('\n')),
        });
        // A new reader, because the old one has seen the end of its input.
        *self = Self::new(self.separator);
        unclosed.map_or(Ok(&self.cells), Err)
    }
}

/// Input of the `csv` reader: one line at a time.
#[derive(Debug, Default)]
struct Feed {
    line: Vec<u8>,
    read: usize,
    /// Set when the reader asks for more than the line.
    ran_out: bool,
}

impl Feed {
    fn set(&mut self, line: &str) {
        self.line.clear();
        self.line.extend_from_slice(line.as_bytes());
        self.line.push(b'\n');
        self.read = 0;
        self.ran_out = false;
    }
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&self.line[self.read..]).read(buffer)?;
        self.read += read;
        self.ran_out |= read == 0;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_numbers_are_parsed() {
        for (text, value) in [("25.0", 25.0), (" -3 ", -3.0), ("1e2", 100.0), ("+.5", 0.5)] {
            assert_eq!(parse_cell(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn empty_and_nan_cells_are_missing_values() {
        for text in ["", "  ", "NaN", "nan"] {
            assert!(parse_cell(text).unwrap().is_nan(), "`{text}`");
        }
    }

    #[test]
    fn other_text_and_infinite_numbers_are_rejected() {
        for text in ["warm", "1,5", "null", "0x10", "1 2", "--1"] {
            assert_eq!(parse_cell(text), Err(CellProblem::NotANumber), "{text}");
        }
        for text in ["inf", "-Infinity", "1e39", "-1e400"] {
            assert_eq!(parse_cell(text), Err(CellProblem::NotFinite), "{text}");
        }
    }

    #[test]
    fn lines_are_split_at_separators_outside_quotation_marks() {
        for separator in [',', ';', '\t'] {
            let mut splitter = LineSplitter::new(separator as u8);
            for (line, cells) in [
                ("1,2,3", &["1", "2", "3"][..]),
                ("1,,", &["1", "", ""]),
                (" 1 , 2", &[" 1 ", " 2"]),
                ("\"Hall, east\",2", &["Hall, east", "2"]),
                ("\"a \"\"b\"\"\",2", &["a \"b\"", "2"]),
                ("\"\",\"3\"", &["", "3"]),
                ("1,2\r3", &["1", "2\r3"]),
                ("\"\"", &[""]),
                ("", &[]),
            ] {
                let with = |text: &str| text.replace(',', &separator.to_string());
                let expected: Vec<String> = cells.iter().map(|cell| with(cell)).collect();
                assert_eq!(
                    splitter.split(&with(line)).unwrap(),
                    &expected[..],
                    "{line}"
                );
            }
        }
    }

    #[test]
    fn an_unclosed_quotation_mark_is_reported_and_does_not_affect_the_next_line() {
        let mut splitter = LineSplitter::new(b',');
        let long = "x".repeat(20_000);
        for text in ["\"2,3", &format!("\"{long}")] {
            let unclosed = splitter.split(&format!("1,{text}")).unwrap_err();
            let expected = Unclosed {
                column: 1,
                text: text.to_owned(),
            };
            assert_eq!(unclosed, expected);
            assert_eq!(splitter.split(&long).unwrap().len(), 1);
        }
    }
}
