//! Grouping the rows of a data set into recordings.

use std::ops::Range;
use std::sync::Arc;

use crate::error::Error;
use crate::recording::Recording;

/// Rows of many recordings in any order, as slices of equal length.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The recording of each row.
    pub groups: &'a [u64],
    /// The time of each row in seconds; each recording may have its own origin.
    pub times_s: &'a [f64],
    /// 1 from the start of the event, 0 before it and in recordings without an event.
    pub labels: &'a [u8],
    /// The predicted probability of the event at each row.
    pub probabilities: &'a [f64],
    /// The kind of each row's recording, such as the type of event or disturbance; metrics are grouped by it.
    pub kinds: &'a [Arc<str>],
}

/// A set of recordings: one per group, with its rows in time order.
///
/// A recording's event starts at its first row with label 1; without such a row it has no event. Its kind is that of
/// its first row.
#[derive(Debug, Clone, PartialEq)]
pub struct Recordings {
    times_s: Vec<f64>,
    probabilities: Vec<f64>,
    spans: Vec<Span>,
}

/// The rows of one recording.
#[derive(Debug, Clone, PartialEq)]
struct Span {
    group: u64,
    rows: Range<usize>,
    event_start_s: Option<f64>,
    kind: Arc<str>,
}

impl Recordings {
    /// Groups rows into recordings. Fails on columns of different length.
    pub fn new(rows: &Rows) -> Result<Self, Error> {
        let order = rows.order()?;
        let spans = order
            .chunk_by(|&a, &b| rows.groups[a] == rows.groups[b])
            .scan(0, |start, chunk| {
                let range = *start..*start + chunk.len();
                *start = range.end;
                let is_event = |row: &&usize| rows.labels[**row] == 1;
                Some(Span {
                    group: rows.groups[chunk[0]],
                    rows: range,
                    event_start_s: chunk.iter().find(is_event).map(|&row| rows.times_s[row]),
                    kind: Arc::clone(&rows.kinds[chunk[0]]),
                })
            })
            .collect();
        let column = |values: &[f64]| order.iter().map(|&row| values[row]).collect();
        Ok(Self {
            times_s: column(rows.times_s),
            probabilities: column(rows.probabilities),
            spans,
        })
    }

    /// All recordings, in ascending order of group.
    ///
    /// Fails with [`Error::Recording`] on rows less than half a second apart and anything else that [`Recording::new`]
    /// rejects.
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
                source: Box::new(source),
            }
        })
    }
}

impl Rows<'_> {
    /// Row indices, sorted by group and then by time.
    fn order(&self) -> Result<Vec<usize>, Error> {
        let rows = self.groups.len();
        let columns = [
            (self.times_s.len(), "times"),
            (self.labels.len(), "labels"),
            (self.probabilities.len(), "probabilities"),
            (self.kinds.len(), "kinds"),
        ];
        if let Some(&(others, what)) = columns.iter().find(|(length, _)| *length != rows) {
            return Err(Error::Lengths { rows, others, what });
        }
        let mut order: Vec<usize> = (0..rows).collect();
        order.sort_by(|&a, &b| {
            let groups = self.groups[a].cmp(&self.groups[b]);
            groups.then(self.times_s[a].total_cmp(&self.times_s[b]))
        });
        Ok(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of group, time and label; the probability is a tenth of the time.
    fn recordings(rows: &[(u64, f64, u8)]) -> Recordings {
        let kind = |group: u64| if group == 1 { "fire" } else { "sun" }.into();
        let rows = Rows {
            groups: &rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            times_s: &rows.iter().map(|row| row.1).collect::<Vec<_>>(),
            labels: &rows.iter().map(|row| row.2).collect::<Vec<_>>(),
            probabilities: &rows.iter().map(|row| row.1 / 10.0).collect::<Vec<_>>(),
            kinds: &rows.iter().map(|row| kind(row.0)).collect::<Vec<_>>(),
        };
        Recordings::new(&rows).unwrap()
    }

    #[test]
    fn rows_in_any_order_become_one_recording_per_group() {
        let mixed = [
            (2, 1.0, 0),
            (1, 5.0, 1),
            (1, 3.0, 0),
            (2, 0.0, 0),
            (1, 4.0, 1),
            (1, 6.0, 0),
        ];
        let recordings = recordings(&mixed);
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
    fn without_rows_there_are_no_recordings() {
        assert!(recordings(&[]).all().unwrap().is_empty());
    }

    #[test]
    fn columns_of_different_length_are_rejected() {
        let rows = Rows {
            groups: &[1, 1],
            times_s: &[0.0, 1.0],
            labels: &[0],
            probabilities: &[0.5; 2],
            kinds: &[],
        };
        let error = Recordings::new(&rows).unwrap_err().to_string();
        assert_eq!(error, "2 rows, but 1 labels");
    }

    #[test]
    fn duplicate_times_are_rejected_with_their_group() {
        let twice = [(1, 0.0, 0), (7, 2.0, 0), (7, 2.0, 0)];
        let recordings = recordings(&twice);
        let error = recordings.all().unwrap_err();
        assert_eq!(error.to_string(), "group 7 is not a recording");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.starts_with("row 1: time 2 s;"), "{source}");
    }
}
