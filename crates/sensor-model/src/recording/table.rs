//! Delimited text of which some columns are wanted by name.

use std::io::BufRead;

use crate::csv_line;
use crate::error::Error;
use crate::problem::CellProblem;

use super::lines::Lines;
use super::problem::RecordingProblem;
use super::source::Source;

/// Loggers write a few lines about the session first, `AirScout32` six.
const HEADER_WITHIN: u64 = 32;
/// Spreadsheets of countries with a decimal comma separate by semicolon, instruments by tabulator.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// A table whose header has been found.
#[derive(Debug)]
pub(super) struct Table<R> {
    lines: Lines<R>,
    separator: char,
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
            if let Some((separator, width, wanted)) = header(line, wanted) {
                return Ok(Self {
                    lines,
                    separator,
                    width,
                    wanted,
                });
            }
        }
        let columns: Vec<_> = wanted.iter().map(|name| format!("`{name}`")).collect();
        Err(lines.source.refused(RecordingProblem::NoHeader {
            searched,
            columns: columns.join(" and "),
        }))
    }

    /// The wanted cells of the next line, in the order in which they were asked for.
    pub(super) fn next_row(&mut self) -> Result<Option<Vec<String>>, Error> {
        let Some(line) = self.lines.next_filled()? else {
            return Ok(None);
        };
        let cells = csv_line::split(&line, self.separator).map_err(|unclosed| Error::Cell {
            path: self.lines.source.path.clone(),
            place: self.lines.place(),
            column: (unclosed.column + 1).to_string(),
            value: unclosed.text.to_owned(),
            problem: CellProblem::Unclosed,
        })?;
        if cells.len() != self.width {
            return Err(Error::Width {
                path: self.lines.source.path.clone(),
                line: self.line(),
                found: cells.len(),
                expected: self.width,
            });
        }
        let wanted = self
            .wanted
            .iter()
            .map(|column| cells[column.position].to_owned());
        Ok(Some(wanted.collect()))
    }

    /// Number of the last line given out.
    pub(super) fn line(&self) -> u64 {
        self.lines.number()
    }

    /// The last row is refused.
    pub(super) fn refused(&self, problem: RecordingProblem) -> Error {
        self.lines.source.refused_at(self.lines.place(), problem)
    }

    /// A cell of the last row is refused; `wanted` is its position among the wanted ones.
    pub(super) fn cell_refused(&self, wanted: usize, value: &str, problem: CellProblem) -> Error {
        Error::Cell {
            path: self.lines.source.path.clone(),
            place: self.lines.place(),
            column: self.wanted[wanted].name.clone(),
            value: value.to_owned(),
            problem,
        }
    }
}

/// How to read the lines below this one, if it is the header.
fn header(line: &str, wanted: &[&str]) -> Option<(char, usize, Vec<Column>)> {
    SEPARATORS.into_iter().find_map(|separator| {
        let names = csv_line::split(line, separator).ok()?;
        let column = |&name: &&str| {
            let position = names.iter().position(|found| *found == name)?;
            Some(Column {
                name: name.to_owned(),
                position,
            })
        };
        let columns = wanted.iter().map(column).collect::<Option<Vec<_>>>()?;
        Some((separator, names.len(), columns))
    })
}
