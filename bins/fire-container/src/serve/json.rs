//! Parses rows in JSON: arrays of values, or objects by feature name.
//!
//! Only rows are stored, so a document of millions of empty lists takes no more memory than its text. Numbers are
//! parsed from their text like CSV cells, so both formats give bit-identical rows.

use std::borrow::Cow;

use sensor_model::{FEATURE_COUNT, Feature, REQUIRED_COUNT, parse_cell};
use serde::Deserialize;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Deserializer;
use serde_json::value::RawValue;

use super::rejection::Rejection;
use super::request::{Rows, column, expect_count, numbered_lines, shorten};

/// Appends the rows of a JSON document: one row, a list of rows, or `{"instances": [rows]}`, which may also have
/// `"explain": true` or `false`.
pub(super) fn document(text: &str, rows: &mut Rows) -> Result<(), Rejection> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(());
    }
    let list = match text.as_bytes()[0] {
        b'[' => text,
        b'{' => match instances(text)? {
            Some((list, explained)) => {
                if explained {
                    rows.explain();
                }
                list
            }
            None => return row(text, "row 1", rows),
        },
        _ => {
            check_json(text, "the body")?;
            return row(text, "row 1", rows);
        }
    };
    let mut items = Items {
        rows,
        seen: 0,
        first_is_a_value: false,
        rejection: None,
    };
    read(list, &mut items, "the body")?;
    let Items {
        rejection,
        first_is_a_value,
        rows,
        ..
    } = items;
    match rejection {
        Some(rejection) => Err(rejection),
        None if !first_is_a_value => Ok(()),
        // A list of values is itself a row, but not as the value of `instances`.
        None if list.len() == text.len() => row(text, "row 1", rows),
        None => Err(invalid_instances()),
    }
}

/// Appends the rows of JSON Lines, one per line.
pub(super) fn lines(text: &str, rows: &mut Rows) -> Result<(), Rejection> {
    for (line, text) in numbered_lines(text) {
        let place = format!("line {line}");
        check_json(text, &place)?;
        row(text, &place, rows)?;
    }
    Ok(())
}

/// The text of the list in `{"instances": [...]}` and whether explanations are requested. `None` for an object without
/// `instances` or with other keys before it, which is treated as a row.
fn instances(text: &str) -> Result<Option<(&str, bool)>, Rejection> {
    let mut found = Instances::default();
    read(text, &mut found, "the body")?;
    let Some(list) = found.list else {
        return Ok(None);
    };
    if found.others || !list.starts_with('[') {
        return Err(invalid_instances());
    }
    match found.explain.unwrap_or("false").parse() {
        Ok(explained) => Ok(Some((list, explained))),
        Err(_) => Err(Rejection::bad("`explain` must be true or false")),
    }
}

fn invalid_instances() -> Rejection {
    Rejection::bad("`instances` must be a list of rows, and the only other key can be `explain`")
}

/// 400 unless the text is exactly one JSON value; `place` names the text in the message.
fn check_json(text: &str, place: &str) -> Result<(), Rejection> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(not_json(&error, text, place)),
    }
}

/// Drives a visitor over the text, which must be exactly one JSON value.
fn read<'t>(
    text: &'t str,
    visitor: impl Visitor<'t, Value = ()>,
    place: &str,
) -> Result<(), Rejection> {
    let mut deserializer = Deserializer::from_str(text);
    let read = deserializer
        .deserialize_any(visitor)
        .and_then(|()| deserializer.end());
    read.map_err(|error| not_json(&error, text, place))
}

fn not_json(error: &serde_json::Error, text: &str, place: &str) -> Rejection {
    // Python's json module writes NaN by default.
    let hint = if text.contains("NaN") {
        "; write null for a missing value"
    } else {
        ""
    };
    Rejection::bad(format!("{place} is not JSON: {error}{hint}"))
}

/// Appends the row in a text that is known to be valid JSON.
fn row(text: &str, place: &str, rows: &mut Rows) -> Result<(), Rejection> {
    let text = text.trim();
    let mut cells = Cells {
        place,
        values: [f32::NAN; FEATURE_COUNT],
        given: [false; FEATURE_COUNT],
        found: 0,
        rejection: None,
    };
    match text.as_bytes().first() {
        Some(b'[') => {
            read(text, &mut cells, place)?;
            expect_count(place, cells.found)?;
        }
        Some(b'{') => read(text, &mut cells, place)?,
        _ => {
            return Err(Rejection::bad(format!(
                "{place}: `{}` is not a row; a row is a list of {FEATURE_COUNT} numbers or an \
                 object by feature name",
                shorten(text)
            )));
        }
    }
    if let Some(rejection) = cells.rejection {
        return Err(rejection);
    }
    let mut required = cells.given[..REQUIRED_COUNT].iter();
    if let Some(at) = required.position(|given| !given) {
        let name = Feature::ALL[at].name();
        let message = format!("{place}: feature {name} is absent; send null for a missing value");
        return Err(Rejection::bad(message));
    }
    rows.push(&cells.values, place)
}

/// Parses a finite number, or null as NaN.
fn number(text: &str, place: &str, feature: Feature) -> Result<f32, Rejection> {
    if text == "null" {
        return Ok(f32::NAN);
    }
    let reject = |problem| {
        let (column, value) = (column(feature), shorten(text));
        Rejection::bad(format!("{place}, {column}: `{value}` {problem}"))
    };
    if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Err(reject("is not a number; send null for a missing value"));
    }
    parse_cell(text).map_err(|_| reject("is too large for a sensor value"))
}

/// Visits a list of rows and appends each to `rows` as it is parsed.
struct Items<'r> {
    rows: &'r mut Rows,
    seen: usize,
    /// If so, the list may itself be a row.
    first_is_a_value: bool,
    rejection: Option<Rejection>,
}

impl<'t> Visitor<'t> for &mut Items<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<&RawValue>()? {
            self.seen += 1;
            // A `RawValue` has no white space around it.
            let is_row = item.get().starts_with(['[', '{']);
            if self.seen == 1 && !is_row {
                self.first_is_a_value = true;
            }
            // The rest is parsed nevertheless, because invalid JSON is reported in preference to an invalid row.
            if self.rejection.is_none() && !self.first_is_a_value {
                let place = format!("row {}", self.seen);
                self.rejection = row(item.get(), &place, self.rows).err();
            }
        }
        Ok(())
    }
}

/// The values of `instances` and `explain`, if the object begins with these, and whether it has any other key.
#[derive(Default)]
struct Instances<'t> {
    list: Option<&'t str>,
    explain: Option<&'t str>,
    others: bool,
}

impl<'t> Visitor<'t> for &mut Instances<'t> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = entries.next_key()? {
            let value: &RawValue = entries.next_value()?;
            let place = match &*key {
                "instances" if !self.others => &mut self.list,
                "explain" => &mut self.explain,
                _ => {
                    self.others = true;
                    continue;
                }
            };
            self.others |= place.replace(value.get()).is_some();
        }
        Ok(())
    }
}

/// A key, borrowed from the text unless it contains escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'t>(#[serde(borrow)] Cow<'t, str>);

/// Collects the values of one row by position or by name. After the first problem the rest is parsed but not kept.
struct Cells<'p> {
    place: &'p str,
    values: [f32; FEATURE_COUNT],
    given: [bool; FEATURE_COUNT],
    /// Values in the list, including those after the last feature.
    found: usize,
    rejection: Option<Rejection>,
}

impl Cells<'_> {
    fn take(&mut self, feature: Feature, text: &str) {
        if self.rejection.is_some() {
            return;
        }
        match number(text, self.place, feature) {
            Ok(value) => {
                self.values[feature.index()] = value;
                self.given[feature.index()] = true;
            }
            Err(rejection) => self.rejection = Some(rejection),
        }
    }

    /// Rejects unknown and repeated names: a misspelt feature must not be treated as a missing value.
    fn take_named(&mut self, name: &str, text: &str) {
        let problem = match Feature::from_name(name) {
            None => "unknown feature",
            Some(feature) if self.given[feature.index()] => "two values for feature",
            Some(feature) => return self.take(feature, text),
        };
        let message = format!("{}: {problem} `{}`", self.place, shorten(name));
        self.rejection.get_or_insert(Rejection::bad(message));
    }
}

impl<'t> Visitor<'t> for &mut Cells<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a row")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut cells: A) -> Result<(), A::Error> {
        for feature in Feature::ALL {
            let Some(cell) = cells.next_element::<&RawValue>()? else {
                return Ok(());
            };
            self.found += 1;
            self.take(feature, cell.get());
        }
        while cells.next_element::<IgnoredAny>()?.is_some() {
            self.found += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = entries.next_key()? {
            let value: &RawValue = entries.next_value()?;
            self.take_named(&key, value.get());
        }
        Ok(())
    }
}
