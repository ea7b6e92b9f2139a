//! Delimited text, of which some columns are wanted by name.

use std::io::BufRead;

use crate::cells::LineSplitter;
use crate::error::Error;
use crate::problem::CellProblem;

use super::lines::Lines;
use super::problem::RecordingProblem;
use super::source::Source;

/// Lines searched for the header: loggers write a few about the session first, `AirScout32` six.
const HEADER_WITHIN: u64 = 32;
/// Spreadsheets in countries with a decimal comma separate by semicolon, instruments by tab.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// A table whose header has been found.
#[derive(Debug)]
pub(super) struct Table<R> {
    lines: Lines<R>,
    header: Header,
}

/// How to read the lines below the header.
#[derive(Debug)]
struct Header {
    splitter: LineSplitter,
    width: usize,
    wanted: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: String,
    position: usize,
}

impl<R: BufRead> Table<R> {
    /// Finds the first line that names all the wanted columns.
    pub(super) fn open(input: R, source: Source, wanted: &[&str]) -> Result<Self, Error> {
        let mut lines = Lines::new(input, source);
        let mut searched = 0;
        while searched < HEADER_WITHIN {
            let Some(line) = lines.next_filled()? else {
                break;
            };
            searched += 1;
            // Spreadsheets put a byte order mark first.
            let line = line.trim_start_matches('\u{feff}');
            if let Some(header) = Header::parse(line, wanted) {
                return Ok(Self { lines, header });
            }
        }
        let columns: Vec<_> = wanted.iter().map(|name| format!("`{name}`")).collect();
        Err(lines.source.rejection(RecordingProblem::NoHeader {
            searched,
            columns: columns.join(" and "),
        }))
    }

    /// The wanted cells of the next line, in the order in which they were asked for.
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
        let wanted = self.header.wanted.iter();
        let cell = |column: &Column| cells[column.position].trim().to_owned();
        Ok(Some(wanted.map(cell).collect()))
    }

    /// Number of the current line.
    pub(super) fn line(&self) -> u64 {
        self.lines.number()
    }

    /// The current row is rejected.
    pub(super) fn rejection(&self, problem: RecordingProblem) -> Error {
        self.lines.rejection(problem)
    }

    /// A cell of the current row is rejected; `wanted` is its position among the wanted columns.
    pub(super) fn cell_rejection(&self, wanted: usize, value: &str, problem: CellProblem) -> Error {
        let column = &self.header.wanted[wanted].name;
        self.lines.cell_rejection(column, value, problem)
    }
}

impl Header {
    /// The header in this line, if it has all the wanted columns with one of the separators.
    fn parse(line: &str, wanted: &[&str]) -> Option<Self> {
        SEPARATORS.into_iter().find_map(|separator| {
            let mut splitter = LineSplitter::new(separator);
            let names = splitter.split(line).ok()?;
            let column = |&name: &&str| {
                let position = names.iter().position(|found| found.trim() == name)?;
                Some(Column {
                    name: name.to_owned(),
                    position,
                })
            };
            let wanted = wanted.iter().map(column).collect::<Option<Vec<_>>>()?;
            Some(Self {
                width: names.len(),
                wanted,
                splitter,
            })
        })
    }
}
