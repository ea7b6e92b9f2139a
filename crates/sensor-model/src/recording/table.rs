//! Delimited text from which some columns are read by name.

use std::io::BufRead;

use crate::cells::LineSplitter;
use crate::error::Error;
use crate::problem::{CellProblem, RecordingProblem};

use super::lines::Lines;
use super::source::Source;

/// Number of lines searched for the header: loggers first write a few lines about the session, `AirScout32` six.
const HEADER_WITHIN: u64 = 32;
/// Spreadsheets in countries with a decimal comma use semicolons, instruments use tabs.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// A table whose header has been found.
#[derive(Debug)]
pub(super) struct Table<R> {
    lines: Lines<R>,
    header: Header,
}

/// The parsed header, which determines how the lines below it are read.
#[derive(Debug)]
struct Header {
    splitter: LineSplitter,
    width: usize,
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: String,
    position: usize,
}

impl<R: BufRead> Table<R> {
    /// Finds the first line that contains all these column names.
    pub(super) fn open(input: R, source: Source, names: &[&str]) -> Result<Self, Error> {
        let mut lines = Lines::new(input, source);
        let mut searched = 0;
        while searched < HEADER_WITHIN {
            let Some(line) = lines.next_filled()? else {
                break;
            };
            searched += 1;
            // Spreadsheets write a byte order mark at the start.
            let line = line.trim_start_matches('\u{feff}');
            if let Some(header) = Header::parse(line, names) {
                return Ok(Self { lines, header });
            }
        }
        let columns: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        Err(lines.source.rejection(RecordingProblem::NoHeader {
            searched,
            columns: columns.join(" and "),
        }))
    }

    /// The cells of the next line in these columns, in the order of the names given to [`open`](Self::open).
    pub(super) fn next_row(&mut self) -> Result<Option<Vec<String>>, Error> {
        let Some(line) = self.lines.next_filled()? else {
            return Ok(None);
        };
        let cells = self.header.splitter.split(line).map_err(|unclosed| {
            let column = (unclosed.column + 1).to_string();
            self.lines
                .cell_rejection(&column, &unclosed.text, CellProblem::Unclosed)
        })?;
        if cells.len() != self.header.width {
            return Err(self.lines.width_rejection(cells.len(), self.header.width));
        }
        let columns = self.header.columns.iter();
        let cell = |column: &Column| cells[column.position].trim().to_owned();
        Ok(Some(columns.map(cell).collect()))
    }

    /// Number of the current line.
    pub(super) fn line(&self) -> u64 {
        self.lines.number()
    }

    /// The error for an invalid current row.
    pub(super) fn rejection(&self, problem: RecordingProblem) -> Error {
        self.lines.rejection(problem)
    }

    /// The error for an invalid cell in the current row; `index` is the cell's index in the row.
    pub(super) fn cell_rejection(&self, index: usize, value: &str, problem: CellProblem) -> Error {
        let column = &self.header.columns[index].name;
        self.lines.cell_rejection(column, value, problem)
    }
}

impl Header {
    /// Parses a line as the header; it must contain all these names, separated by one of the separators.
    fn parse(line: &str, names: &[&str]) -> Option<Self> {
        SEPARATORS.into_iter().find_map(|separator| {
            let mut splitter = LineSplitter::new(separator);
            let cells = splitter.split(line).ok()?;
            let column = |&name: &&str| {
                let position = cells.iter().position(|cell| cell.trim() == name)?;
                Some(Column {
                    name: name.to_owned(),
                    position,
                })
            };
            let columns = names.iter().map(column).collect::<Option<Vec<_>>>()?;
            Some(Self {
                width: cells.len(),
                columns,
                splitter,
            })
        })
    }
}
