//! Request bodies to rows of 18 values.

use sensor_model::{FEATURE_COUNT, Feature, parse_cell};

use super::json;
use super::media::Media;
use super::refusal::Refusal;

/// Rows of a request, flattened; NaN is a missing value.
#[derive(Debug, Default)]
pub(super) struct RequestRows {
    pub(super) values: Vec<f32>,
}

impl RequestRows {
    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.values.len() / FEATURE_COUNT
    }

    /// The rows in their order, 18 values each.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(FEATURE_COUNT)
    }
}

/// Reads a body; at least one row.
pub(super) fn parse(media: Media, body: &[u8]) -> Result<RequestRows, Refusal> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Refusal::bad(format!(
            "the body is not UTF-8 text (byte {})",
            error.valid_up_to() + 1
        ))
    })?;
    let values = match media {
        Media::Csv => csv(text)?,
        Media::Json => json::document(text)?,
        Media::JsonLines => json::lines(text)?,
    };
    if values.is_empty() {
        let message = format!("the body holds no rows; send {FEATURE_COUNT} values per row");
        return Err(Refusal::bad(message));
    }
    Ok(RequestRows { values })
}

/// The lines of a text, numbered from 1, without blank ones at the end.
pub(super) fn numbered_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.trim_end()
        .lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line))
}

/// The rows of CSV without a header, as the documented request sends them.
fn csv(text: &str) -> Result<Vec<f32>, Refusal> {
    let mut values = Vec::new();
    // A row of empty cells only is still a row, so only whole blank lines at the end are dropped.
    for (line, cells) in numbered_lines(text) {
        let place = format!("line {line}");
        let cells: Vec<&str> = cells.split(',').collect();
        expect_count(&place, cells.len())?;
        for (feature, cell) in Feature::ALL.into_iter().zip(cells) {
            let value = parse_cell(cell).map_err(|problem| {
                let column = column(feature);
                Refusal::bad(format!(
                    "{place}, {column}: `{}` {problem}",
                    shorten(cell.trim())
                ))
            })?;
            values.push(value);
        }
    }
    Ok(values)
}

/// Refuses a row that has not 18 values.
pub(super) fn expect_count(place: &str, found: usize) -> Result<(), Refusal> {
    if found == FEATURE_COUNT {
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
    if value.chars().count() <= SHOWN {
        return value.to_owned();
    }
    let mut short: String = value.chars().take(SHOWN).collect();
    short.push('…');
    short
}
