//! The times of fire in a recording.

use std::io::BufRead;
use std::path::Path;

use crate::error::Error;
use crate::problem::{CellProblem, Location, RecordingProblem};

use super::source::Source;
use super::table::Table;

const START: &str = "start_s";
const END: &str = "end_s";

/// Intervals of uncontrolled combustion: disjoint, sorted, in seconds since the recording's start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FireIntervals(Vec<Interval>);

/// A half-open interval: includes its start but not its end.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Interval {
    line: u64,
    start_s: f64,
    end_s: f64,
}

impl FireIntervals {
    /// Reads a table with the columns `start_s` and `end_s`, one interval per line in any order; error messages name it
    /// `path`. A table with only a header means that there was no fire.
    ///
    /// # Errors
    /// If the table is invalid, intervals overlap, or an interval does not end after its start.
    pub fn read(input: impl BufRead, path: &Path) -> Result<Self, Error> {
        let source = Source::new(path);
        let mut table = Table::open(input, source.clone(), &[START, END])?;
        let mut intervals = Vec::new();
        while let Some(cells) = table.next_row()? {
            let interval = Interval {
                line: table.line(),
                start_s: time(&table, &cells, 0)?,
                end_s: time(&table, &cells, 1)?,
            };
            if interval.end_s <= interval.start_s {
                return Err(table.rejection(RecordingProblem::Reversed {
                    start_s: interval.start_s,
                    end_s: interval.end_s,
                }));
            }
            intervals.push(interval);
        }
        intervals.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        if let Some(pair) = intervals
            .windows(2)
            .find(|pair| pair[1].start_s < pair[0].end_s)
        {
            let (first, second) = (
                pair[0].line.min(pair[1].line),
                pair[0].line.max(pair[1].line),
            );
            let overlap = RecordingProblem::Overlap { other: first };
            return Err(source.rejection_at(Location::Line(second), overlap));
        }
        Ok(Self(intervals))
    }

    /// True if there was fire at this time; an interval includes its start but not its end.
    pub fn contains(&self, time_s: f64) -> bool {
        let begun = self
            .0
            .partition_point(|interval| interval.start_s <= time_s);
        begun > 0 && time_s < self.0[begun - 1].end_s
    }

    /// Number of intervals.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there was no fire.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Parses the time in the cell at this index.
fn time<R: BufRead>(table: &Table<R>, cells: &[String], index: usize) -> Result<f64, Error> {
    let text = &cells[index];
    let reject = |problem| table.cell_rejection(index, text, problem);
    let finite = text.parse::<f64>().ok().filter(|time| time.is_finite());
    finite.ok_or_else(|| reject(CellProblem::NotATime("seconds since the recording's start")))
}
