//! Parses request bodies into rows of values.
//!
//! CSV is split by hand for speed: a request has no quotes, escapes or header.

use std::fmt::Display;

use hyper::StatusCode;
use sensor_model::{FEATURE_COUNT, Feature, REQUIRED_COUNT, parse_cell};

use super::json;
use super::media::Media;
use super::rejection::Rejection;

/// Row limits of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowLimits {
    pub(super) rows: usize,
    /// The limit for a request with explanations.
    pub(super) explained: usize,
    /// Whether explanations are requested.
    pub(super) is_explained: bool,
}

/// The values of a request, row by row; NaN marks a missing value.
#[derive(Debug)]
pub(super) struct Rows {
    values: Vec<f32>,
    limits: RowLimits,
}

impl Rows {
    /// Marks explanations as requested, which lowers the row limit.
    pub(super) fn explain(&mut self) {
        self.limits.is_explained = true;
    }

    /// Whether explanations are requested.
    pub(super) fn are_explained(&self) -> bool {
        self.limits.is_explained
    }

    /// The values, row by row.
    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.values.len() / FEATURE_COUNT
    }

    /// Appends a row; 413 if the limit is reached. `place` locates the row and is formatted only in that case.
    pub(super) fn push(
        &mut self,
        row: &[f32; FEATURE_COUNT],
        place: impl Display,
    ) -> Result<(), Rejection> {
        if self.len() == self.limit() {
            return Err(self.too_many(&place));
        }
        self.values.extend_from_slice(row);
        Ok(())
    }

    /// The row limit that applies.
    fn limit(&self) -> usize {
        let RowLimits { rows, .. } = self.limits;
        let explained = self.limits.is_explained.then_some(self.limits.explained);
        explained.map_or(rows, |explained| explained.min(rows))
    }

    #[cold]
    fn too_many(&self, place: &dyn Display) -> Rejection {
        let limit = self.limit();
        let with = if self.are_explained() {
            " with explanations"
        } else {
            ""
        };
        let message = format!("{place}: too many rows; send at most {limit} at once{with}");
        Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    }
}

/// Parses a body of at least one row.
pub(super) fn parse(media: Media, body: &[u8], limits: RowLimits) -> Result<Rows, Rejection> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Rejection::bad(format!(
            "the body is not UTF-8 text (byte {})",
            error.valid_up_to() + 1
        ))
    })?;
    let values = Vec::new();
    let mut rows = Rows { values, limits };
    match media {
        Media::Csv => csv(text, &mut rows)?,
        Media::Json => json::document(text, &mut rows)?,
        Media::JsonLines => json::lines(text, &mut rows)?,
    }
    if rows.len() == 0 {
        let message = format!("the body has no rows; send {FEATURE_COUNT} values per row");
        return Err(Rejection::bad(message));
    }
    Ok(rows)
}

/// The lines of a text, numbered from 1, without blank lines at the end.
pub(super) fn numbered_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.trim_end()
        .lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line))
}

/// Parses CSV without a header, as in the documented request.
fn csv(text: &str, rows: &mut Rows) -> Result<(), Rejection> {
    let mut values = [f32::NAN; FEATURE_COUNT];
    for (line, text) in numbered_lines(text) {
        let place = format_args!("line {line}");
        let mut cells = text.split(',');
        // Reported after the count: a wrong delimiter must not be reported as an invalid number.
        let mut problem = None;
        let mut found = 0;
        for ((feature, value), cell) in Feature::ALL.into_iter().zip(&mut values).zip(&mut cells) {
            found += 1;
            match parse_cell(cell) {
                Ok(number) => *value = number,
                Err(reason) => problem = problem.or(Some((feature, cell, reason))),
            }
        }
        let count = found + cells.count();
        if count != FEATURE_COUNT {
            expect_count(place, count)?;
            // The buffer still has the values of the previous line.
            values[found..].fill(f32::NAN);
        }
        if let Some((feature, cell, reason)) = problem {
            let column = column(feature);
            let cell = shorten(cell.trim());
            return Err(Rejection::bad(format!(
                "{place}, {column}: `{cell}` {reason}"
            )));
        }
        rows.push(&values, place)?;
    }
    Ok(())
}

/// 400 unless the row has one value per feature. Features newer than the documented request may be omitted at the end.
pub(super) fn expect_count(place: impl Display, found: usize) -> Result<(), Rejection> {
    if (REQUIRED_COUNT..=FEATURE_COUNT).contains(&found) {
        return Ok(());
    }
    let (first, last) = (
        Feature::ALL[0].name(),
        Feature::ALL[FEATURE_COUNT - 1].name(),
    );
    let message = format!(
        "{place}: a row has {FEATURE_COUNT} values, from {first} to {last}, but this one has {found}"
    );
    Err(Rejection::bad(message))
}

/// A column as named in messages, counted from 1.
pub(super) fn column(feature: Feature) -> String {
    format!("column {} ({})", feature.index() + 1, feature.name())
}

/// The first 40 characters of a value: a message must not repeat a whole body.
pub(super) fn shorten(value: &str) -> String {
    const SHOWN: usize = 40;
    match value.char_indices().nth(SHOWN) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}…", &value[..end]),
    }
}
