//! Reading CSV line by line, so that every complaint names its line.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use crate::cell::parse_cell;
use crate::csv_line;
use crate::error::Error;
use crate::problem::{CellProblem, Place};
use crate::row_metadata::RowMetadata;
use crate::rows::Rows;
use crate::schema::FEATURE_COUNT;

use super::columns::{Labels, Role, roles};
use super::group_of_episode;

/// Appends the rows of a CSV file.
///
/// The first line is the header; blank lines are passed over.
pub(super) fn append(path: &Path, labels: Labels, rows: &mut Rows) -> Result<(), Error> {
    let mut lines = Lines::open(path)?;
    let header = lines.next_filled()?;
    let header = header.ok_or_else(|| Error::EmptyFile {
        path: path.to_owned(),
        what: "header line",
    })?;
    // Spreadsheets put a byte order mark first.
    let header = header.trim_start_matches('\u{feff}');
    let names = split(header).map_err(|cell| lines.cell_error("of the header", cell))?;
    let columns = |problem| Error::Columns {
        path: path.to_owned(),
        problem,
    };
    let roles = roles(&names, labels).map_err(columns)?;
    let (before, mut kinds) = (rows.len(), Kinds::default());
    let mut metadata = roles.contains(&Role::Time).then(RowMetadata::default);
    while let Some(line) = lines.next_filled()? {
        let cells = split(&line)
            .map_err(|cell| lines.cell_error(names.get(cell.column).unwrap_or(&""), cell))?;
        if cells.len() != roles.len() {
            let (found, expected) = (cells.len(), roles.len());
            return Err(Error::Width {
                path: path.to_owned(),
                line: lines.line,
                found,
                expected,
            });
        }
        let record = parse(&roles, &cells).map_err(|(column, problem)| {
            let value = cells[column].to_owned();
            lines.cell_error(
                names[column],
                Rejected {
                    column,
                    value,
                    problem,
                },
            )
        })?;
        if let Some(metadata) = &mut metadata {
            record.append_metadata(metadata, &mut kinds);
        }
        record.append_to(rows);
    }
    rows.extend_metadata(before, metadata);
    Ok(())
}

/// The lines of a file, with the number of the last one given out.
struct Lines<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    line: u64,
}

impl<'a> Lines<'a> {
    /// Opens the file before its first line.
    fn open(path: &'a Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path,
            reader: BufReader::new(file),
            line: 0,
        })
    }

    /// The next line that is not blank, without its line end.
    fn next_filled(&mut self) -> Result<Option<String>, Error> {
        loop {
            // Bytes first: a line that is not text must still be counted, to be named.
            let mut bytes = Vec::new();
            let read = self.reader.read_until(b'\n', &mut bytes);
            let source = |source| Error::Read {
                path: self.path.to_owned(),
                source,
            };
            if read.map_err(source)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let text = String::from_utf8(bytes).map_err(|_| {
                let what = format!("line {} is not UTF-8 text", self.line);
                source(std::io::Error::new(ErrorKind::InvalidData, what))
            })?;
            let text = text.trim_end_matches(['\n', '\r']);
            if !text.trim().is_empty() {
                return Ok(Some(text.to_owned()));
            }
        }
    }

    /// A refused cell on the line last given out.
    fn cell_error(&self, column: &str, cell: Rejected) -> Error {
        let (path, place) = (self.path.to_owned(), Place::Line(self.line));
        Error::Cell {
            path,
            place,
            column: column.to_owned(),
            value: cell.value,
            problem: cell.problem,
        }
    }
}

/// A cell that was refused, and why.
#[derive(Debug)]
struct Rejected {
    column: usize,
    value: String,
    problem: CellProblem,
}

/// The cells of a line.
fn split(line: &str) -> Result<Vec<&str>, Rejected> {
    csv_line::split(line, ',').map_err(|unclosed| Rejected {
        column: unclosed.column,
        value: unclosed.text.to_owned(),
        problem: CellProblem::Unclosed,
    })
}

/// The scenarios seen so far: a file has few of them, in many rows.
#[derive(Default)]
struct Kinds(BTreeSet<Arc<str>>);

impl Kinds {
    fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return known.clone();
        }
        let new: Arc<str> = name.into();
        self.0.insert(new.clone());
        new
    }
}

/// One row before it is appended.
struct Record<'a> {
    id: Option<u64>,
    group: Option<u64>,
    episode: Option<u64>,
    features: [f32; FEATURE_COUNT],
    label: u8,
    time_s: f64,
    scenario: &'a str,
    site: u64,
}

impl Record<'_> {
    /// Appends what the row's metadata columns hold.
    fn append_metadata(&self, metadata: &mut RowMetadata, kinds: &mut Kinds) {
        metadata.times_s.push(self.time_s);
        metadata.scenarios.push(kinds.shared(self.scenario));
        metadata.sites.push(self.site);
    }

    /// Appends the row, filling in the identity that the file does not give.
    fn append_to(self, rows: &mut Rows) {
        let id = self.id.unwrap_or(rows.len() as u64);
        rows.ids.push(id);
        rows.groups.push(self.group.or(self.episode).unwrap_or(id));
        rows.features.extend(self.features);
        rows.labels.push(self.label);
    }
}

/// The row in these cells, or the position of the first bad one.
fn parse<'a>(roles: &[Role], cells: &[&'a str]) -> Result<Record<'a>, (usize, CellProblem)> {
    let features = [f32::NAN; FEATURE_COUNT];
    let mut record = Record {
        id: None,
        group: None,
        episode: None,
        features,
        label: 0,
        time_s: 0.0,
        scenario: "",
        site: 0,
    };
    for (column, (role, cell)) in roles.iter().zip(cells).enumerate() {
        let at = |problem| (column, problem);
        match role {
            Role::Feature(f) => record.features[f.index()] = parse_cell(cell).map_err(at)?,
            Role::Label => record.label = parse_label(cell).map_err(at)?,
            Role::RowId => record.id = Some(parse_id(cell).map_err(at)?),
            Role::Group => record.group = Some(parse_id(cell).map_err(at)?),
            Role::Episode => record.episode = Some(group_of_episode(cell)),
            Role::Time => record.time_s = parse_seconds(cell).map_err(at)?,
            Role::Scenario => record.scenario = cell,
            Role::Site => record.site = parse_id(cell).map_err(at)?,
            Role::Ignored => {}
        }
    }
    Ok(record)
}

/// A label as programs write it: Python's `True` and the `1.0` of a column that once had gaps too.
fn parse_label(cell: &str) -> Result<u8, CellProblem> {
    match cell.to_ascii_lowercase().as_str() {
        "0" | "0.0" | "false" => Ok(0),
        "1" | "1.0" | "true" => Ok(1),
        _ => Err(CellProblem::NotALabel),
    }
}

/// A row or group number.
fn parse_id(cell: &str) -> Result<u64, CellProblem> {
    cell.parse().map_err(|_| CellProblem::NotAnId)
}

/// A time within a recording.
fn parse_seconds(cell: &str) -> Result<f64, CellProblem> {
    let seconds = cell
        .parse()
        .ok()
        .filter(|seconds: &f64| seconds.is_finite());
    seconds.ok_or(CellProblem::NotSeconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_zero_or_one_however_written() {
        for (cell, label) in [("0", 0), ("1", 1), ("1.0", 1), ("True", 1), ("false", 0)] {
            assert_eq!(parse_label(cell), Ok(label), "{cell}");
        }
        for cell in ["", "2", "yes", "-1", "NaN"] {
            assert_eq!(parse_label(cell), Err(CellProblem::NotALabel), "{cell}");
        }
    }
}
