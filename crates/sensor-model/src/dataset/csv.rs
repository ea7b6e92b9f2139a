//! Reads CSV files line by line, so that every error can name its line.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use csv::StringRecord;

use crate::cells::{LineSplitter, parse_cell};
use crate::error::Error;
use crate::problem::CellProblem;
use crate::recording::lines::Lines;
use crate::recording::source::Source;
use crate::row_metadata::RowMetadata;
use crate::rows::Rows;
use crate::schema::FEATURE_COUNT;

use super::columns::{Labels, Role, roles};
use super::group_of_episode;

/// Appends the rows of a CSV text; `path` is for errors.
///
/// The first line is the header; blank lines are skipped.
pub(super) fn append(
    path: &Path,
    input: impl BufRead,
    labels: Labels,
    rows: &mut Rows,
) -> Result<(), Error> {
    let mut lines = Lines::new(input, Source::new(path));
    let mut splitter = LineSplitter::new(b',');
    let Some(header) = lines.next_filled()? else {
        return Err(Error::EmptyFile {
            path: path.to_owned(),
            what: "header line",
        });
    };
    // Spreadsheets write a byte order mark at the start.
    let header = splitter.split(header.trim_start_matches('\u{feff}'));
    let header = header.map_err(|unclosed| {
        lines.cell_rejection("of the header", &unclosed.text, CellProblem::Unclosed)
    })?;
    let header = header.clone();
    let names: Vec<&str> = header.iter().map(str::trim).collect();
    let columns = |problem| Error::Columns {
        path: path.to_owned(),
        problem,
    };
    let roles = roles(&names, labels).map_err(columns)?;
    let (before, mut scenarios) = (rows.len(), Scenarios::default());
    let mut metadata = roles.contains(&Role::Time).then(RowMetadata::default);
    while let Some(line) = lines.next_filled()? {
        let cells = splitter.split(line).map_err(|unclosed| {
            let column = names.get(unclosed.column).unwrap_or(&"");
            lines.cell_rejection(column, &unclosed.text, CellProblem::Unclosed)
        })?;
        if cells.len() != roles.len() {
            return Err(lines.width_rejection(cells.len(), roles.len()));
        }
        let record = parse(&roles, cells).map_err(|(column, problem)| {
            lines.cell_rejection(names[column], cells[column].trim(), problem)
        })?;
        if let Some(metadata) = &mut metadata {
            record.append_metadata(metadata, &mut scenarios);
        }
        record.append_to(rows);
    }
    rows.extend_metadata(before, metadata);
    Ok(())
}

/// Scenario names seen so far, shared between rows because a file has many rows but few scenarios.
#[derive(Default)]
struct Scenarios(BTreeSet<Arc<str>>);

impl Scenarios {
    fn intern(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return known.clone();
        }
        let new: Arc<str> = name.into();
        self.0.insert(new.clone());
        new
    }
}

/// A parsed row.
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
    /// Appends the row's metadata.
    fn append_metadata(&self, metadata: &mut RowMetadata, scenarios: &mut Scenarios) {
        metadata.times_s.push(self.time_s);
        metadata.scenarios.push(scenarios.intern(self.scenario));
        metadata.sites.push(self.site);
    }

    /// Appends the row; if the file has no ID or group, defaults are used.
    fn append_to(self, rows: &mut Rows) {
        let id = self.id.unwrap_or(rows.len() as u64);
        rows.ids.push(id);
        rows.groups.push(self.group.or(self.episode).unwrap_or(id));
        rows.features.extend(self.features);
        rows.labels.push(self.label);
    }
}

/// Parses a row; the error contains the column index of the first invalid cell.
fn parse<'a>(roles: &[Role], cells: &'a StringRecord) -> Result<Record<'a>, (usize, CellProblem)> {
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
        let (cell, at) = (cell.trim(), |problem| (column, problem));
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

/// Parses a label in the spellings of common programs, such as Python's `True`, and `1.0` from a column that had gaps.
fn parse_label(cell: &str) -> Result<u8, CellProblem> {
    match cell.to_ascii_lowercase().as_str() {
        "0" | "0.0" | "false" => Ok(0),
        "1" | "1.0" | "true" => Ok(1),
        _ => Err(CellProblem::NotALabel),
    }
}

/// Parses the ID of a row, group or site.
fn parse_id(cell: &str) -> Result<u64, CellProblem> {
    cell.parse().map_err(|_| CellProblem::NotAnId)
}

/// Parses a time within a recording.
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
    fn labels_are_zero_or_one_in_several_spellings() {
        for (cell, label) in [("0", 0), ("1", 1), ("1.0", 1), ("True", 1), ("false", 0)] {
            assert_eq!(parse_label(cell), Ok(label), "{cell}");
        }
        for cell in ["", "2", "yes", "-1", "NaN"] {
            assert_eq!(parse_label(cell), Err(CellProblem::NotALabel), "{cell}");
        }
    }
}
