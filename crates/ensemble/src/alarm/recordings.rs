//! From a part's predictions to recordings.

use std::ops::Range;
use std::sync::Arc;

use super::recording::Recording;
use crate::error::Error;
use crate::predictions::{Predictions, Timeline};

/// The recordings of a part: each group is one, its rows in the order of time.
///
/// A recording's event starts at its first row with label 1, and it has none without such a row. Its kind is that of
/// its first row.
#[derive(Debug, Clone, PartialEq)]
pub struct Recordings {
    times_s: Vec<f64>,
    probabilities: Vec<f64>,
    spans: Vec<Span>,
}

/// One recording among the rows of all.
#[derive(Debug, Clone, PartialEq)]
struct Span {
    group: u64,
    rows: Range<usize>,
    event_start_s: Option<f64>,
    kind: Arc<str>,
}

impl Recordings {
    /// The recordings of `predictions`; nothing if they have no [`timeline`](Predictions::timeline).
    pub fn of(predictions: &Predictions) -> Option<Self> {
        let timeline = predictions.timeline.as_ref()?;
        let rows = in_order(predictions, timeline);
        let spans = rows
            .chunk_by(|&a, &b| predictions.groups[a] == predictions.groups[b])
            .scan(0, |start, rows| {
                let range = *start..*start + rows.len();
                *start = range.end;
                let is_event = |row: &&usize| predictions.labels[**row] == 1;
                Some(Span {
                    group: predictions.groups[rows[0]],
                    rows: range,
                    event_start_s: rows.iter().find(is_event).map(|&row| timeline.times_s[row]),
                    kind: Arc::clone(&timeline.kinds[rows[0]]),
                })
            })
            .collect();
        let column = |values: &[f64]| rows.iter().map(|&row| values[row]).collect();
        Some(Self {
            times_s: column(&timeline.times_s),
            probabilities: column(&predictions.probabilities),
            spans,
        })
    }

    /// All of them, by ascending group.
    ///
    /// Fails with the group on rows that are less than half a second apart and on what else
    /// [`Recording::new`] refuses.
    pub fn all(&self) -> Result<Vec<Recording<'_>>, Error> {
        let recording = |span| self.recording(span);
        self.spans.iter().map(recording).collect()
    }

    fn recording<'a>(&'a self, span: &'a Span) -> Result<Recording<'a>, Error> {
        let rows = span.rows.clone();
        let (times_s, probabilities) = (&self.times_s[rows.clone()], &self.probabilities[rows]);
        Recording::new(times_s, probabilities, span.event_start_s, &span.kind).map_err(|source| {
            Error::Recording {
                group: span.group,
                source,
            }
        })
    }
}

/// The rows' positions, group by group and in the order of time.
fn in_order(predictions: &Predictions, timeline: &Timeline) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..timeline.times_s.len()).collect();
    rows.sort_by(|&a, &b| {
        let groups = predictions.groups[a].cmp(&predictions.groups[b]);
        groups.then(timeline.times_s[a].total_cmp(&timeline.times_s[b]))
    });
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predictions(rows: &[(u64, f64, u8)]) -> Predictions {
        let kind = |group: u64| if group == 1 { "fire" } else { "sun" }.into();
        Predictions {
            ids: (0..rows.len() as u64).collect(),
            groups: rows.iter().map(|row| row.0).collect(),
            labels: rows.iter().map(|row| row.2).collect(),
            probabilities: rows.iter().map(|row| row.1 / 10.0).collect(),
            timeline: Some(Timeline {
                times_s: rows.iter().map(|row| row.1).collect(),
                kinds: rows.iter().map(|row| kind(row.0)).collect(),
            }),
        }
    }

    #[test]
    fn rows_in_any_order_become_one_recording_a_group() {
        let mixed = [
            (2, 1.0, 0),
            (1, 5.0, 1),
            (1, 3.0, 0),
            (2, 0.0, 0),
            (1, 4.0, 1),
            (1, 6.0, 0),
        ];
        let recordings = Recordings::of(&predictions(&mixed)).unwrap();
        let fire = Recording::new(
            &[3.0, 4.0, 5.0, 6.0],
            &[0.3, 0.4, 0.5, 0.6],
            Some(4.0),
            "fire",
        );
        let sun = Recording::new(&[0.0, 1.0], &[0.0, 0.1], None, "sun");
        assert_eq!(recordings.all().unwrap(), [fire.unwrap(), sun.unwrap()]);
    }

    #[test]
    fn without_times_there_are_no_recordings() {
        let mut untimed = predictions(&[(1, 0.0, 0)]);
        untimed.timeline = None;
        assert_eq!(Recordings::of(&untimed), None);
        let none = Recordings::of(&predictions(&[])).unwrap();
        assert!(none.all().unwrap().is_empty());
    }

    #[test]
    fn two_rows_of_one_second_are_refused_with_their_group() {
        let twice = [(1, 0.0, 0), (7, 2.0, 0), (7, 2.0, 0)];
        let error = Recordings::of(&predictions(&twice)).unwrap();
        let error = error.all().unwrap_err();
        assert_eq!(error.to_string(), "group 7 is no recording");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.starts_with("row 1: time 2 s;"), "{source}");
    }
}
