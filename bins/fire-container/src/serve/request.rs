//! Request bodies to rows of values.

use hyper::StatusCode;
use sensor_model::{FEATURE_COUNT, Feature, REQUIRED_COUNT, parse_cell};

use super::json;
use super::media::Media;
use super::refusal::Refusal;

/// How many rows a request may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    pub(super) rows: usize,
    /// Where the answer is to be explained.
    pub(super) explained: usize,
    /// Whether it is.
    pub(super) is_explained: bool,
}

/// Rows of a request, flattened; NaN is a missing value.
#[derive(Debug)]
pub(super) struct Rows {
    values: Vec<f32>,
    most: usize,
    limits: Most,
}

impl Rows {
    /// None yet, and never more than `limits` say.
    fn new(limits: Most) -> Self {
        let mut rows = Self {
            values: Vec::new(),
            most: limits.rows,
            limits,
        };
        if limits.is_explained {
            rows.explain();
        }
        rows
    }

    /// Lets the answer be explained, so that there may be fewer rows.
    pub(super) fn explain(&mut self) {
        self.limits.is_explained = true;
        self.most = self.limits.rows.min(self.limits.explained);
    }

    /// Whether the answer is to be explained.
    pub(super) fn are_explained(&self) -> bool {
        self.limits.is_explained
    }

    /// All values, row by row.
    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.values.len() / FEATURE_COUNT
    }

    /// Appends a row, unless there are as many as may be.
    pub(super) fn push(&mut self, row: &[f32; FEATURE_COUNT], place: &str) -> Result<(), Refusal> {
        if self.len() == self.most {
            let (kind, hint) = if self.limits.is_explained {
                ("n explained", ", or ask for no explanation")
            } else {
                ("", "")
            };
            let message = format!(
                "{place}: a{kind} request may have {} rows; send fewer at once{hint}",
                self.most
            );
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        self.values.extend_from_slice(row);
        Ok(())
    }
}

/// Reads a body; at least one row, and `most` at most.
pub(super) fn parse(media: Media, body: &[u8], most: Most) -> Result<Rows, Refusal> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Refusal::bad(format!(
            "the body is not UTF-8 text (byte {})",
            error.valid_up_to() + 1
        ))
    })?;
    let mut rows = Rows::new(most);
    match media {
        Media::Csv => csv(text, &mut rows)?,
        Media::Json => json::document(text, &mut rows)?,
        Media::JsonLines => json::lines(text, &mut rows)?,
    }
    if rows.len() == 0 {
        let message = format!("the body holds no rows; send {FEATURE_COUNT} values per row");
        return Err(Refusal::bad(message));
    }
    Ok(rows)
}

/// The lines of a text, numbered from 1, without blank ones at the end.
pub(super) fn numbered_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.trim_end()
        .lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line))
}

/// The rows of CSV without a header, as the documented request sends them.
fn csv(text: &str, rows: &mut Rows) -> Result<(), Refusal> {
    let mut values = [f32::NAN; FEATURE_COUNT];
    // A row of empty cells only is still a row, so only whole blank lines at the end are dropped.
    for (line, text) in numbered_lines(text) {
        let place = || format!("line {line}");
        let mut cells = text.split(',');
        let mut problem = None;
        let mut found = 0;
        for ((feature, value), cell) in Feature::ALL.into_iter().zip(&mut values).zip(&mut cells) {
            found += 1;
            match parse_cell(cell) {
                Ok(number) => *value = number,
                Err(why) => problem = problem.or(Some((feature, cell, why))),
            }
        }
        let count = found + cells.count();
        if count != FEATURE_COUNT {
            expect_count(&place(), count)?;
            values[found..].fill(f32::NAN);
        }
        if let Some((feature, cell, why)) = problem {
            let (place, column) = (place(), column(feature));
            let cell = shorten(cell.trim());
            return Err(Refusal::bad(format!("{place}, {column}: `{cell}` {why}")));
        }
        if rows.len() == rows.most {
            rows.push(&values, &place())?;
        }
        rows.values.extend_from_slice(&values);
    }
    Ok(())
}

/// Refuses a row that has too many values, or less than the documented request; features that came after that may be
/// left out.
pub(super) fn expect_count(place: &str, found: usize) -> Result<(), Refusal> {
    if (REQUIRED_COUNT..=FEATURE_COUNT).contains(&found) {
        return Ok(());
    }
    let message = format!(
        "{place}: {found} values, but a row has {FEATURE_COUNT}, from {} to {}",
        Feature::ALL[0].name(),
        Feature::ALL[FEATURE_COUNT - 1].name()
    );
    Err(Refusal::bad(message))
}

/// A column as named in refusals, counted from 1.
pub(super) fn column(feature: Feature) -> String {
    format!("column {} ({})", feature.index() + 1, feature.name())
}

/// The beginning of a value, so that a refusal does not repeat a whole body.
pub(super) fn shorten(value: &str) -> String {
    const SHOWN: usize = 40;
    match value.char_indices().nth(SHOWN) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}…", &value[..end]),
    }
}
