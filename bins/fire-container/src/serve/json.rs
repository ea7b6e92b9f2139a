//! Rows in JSON: arrays of values, or objects by feature name.
//!
//! Nothing is built but the rows: a document of millions of empty lists takes no more memory than its text. Numbers
//! are read from their text as those of CSV are, so that both forms give the same row to the bit.

use std::borrow::Cow;

use sensor_model::{FEATURE_COUNT, Feature, REQUIRED_COUNT, parse_cell};
use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Deserializer;
use serde_json::value::RawValue;

use super::refusal::Refusal;
use super::request::{Rows, column, expect_count, numbered_lines, shorten};

/// Appends the rows of a JSON document: one row, a list of rows, or `{"instances": [rows]}`, which may have
/// `"explain": true` or `false` beside it.
pub(super) fn document(text: &str, rows: &mut Rows) -> Result<(), Refusal> {
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
            whole(text, "the body")?;
            return row(text, "row 1", rows);
        }
    };
    let mut items = Items {
        rows,
        seen: 0,
        first_is_a_value: false,
        refused: None,
    };
    read(list, &mut items, "the body")?;
    match items {
        Items {
            refused: Some(refusal),
            ..
        } => Err(refusal),
        // A list of values is a row, but no list within `instances` is.
        Items {
            first_is_a_value: true,
            rows,
            ..
        } if list.len() == text.len() => row(text, "row 1", rows),
        Items {
            first_is_a_value: true,
            ..
        } => Err(not_alone()),
        Items { .. } => Ok(()),
    }
}

/// Appends the rows of JSON Lines: a row a line.
pub(super) fn lines(text: &str, rows: &mut Rows) -> Result<(), Refusal> {
    for (line, text) in numbered_lines(text) {
        let place = format!("line {line}");
        whole(text, &place)?;
        row(text, &place, rows)?;
    }
    Ok(())
}

/// The text of the list in `{"instances": [...]}`, and whether the answer is to be explained; nothing of an object that
/// has other things than these two before its instances.
fn instances(text: &str) -> Result<Option<(&str, bool)>, Refusal> {
    let mut found = Instances::default();
    read(text, &mut found, "the body")?;
    let explained = match found.explain {
        None => Some(false),
        Some(word) => word.parse().ok(),
    };
    match found {
        Instances { list: None, .. } => Ok(None),
        Instances {
            list: Some(list),
            others: false,
            ..
        } if list.starts_with('[') => {
            let wrong = || Refusal::bad("`explain` must be true or false");
            Ok(Some((list, explained.ok_or_else(wrong)?)))
        }
        Instances { .. } => Err(not_alone()),
    }
}

fn not_alone() -> Refusal {
    Refusal::bad("`instances` must be a list of rows and stand alone")
}

/// Refuses a text that is not one JSON value; `place` says which text.
fn whole(text: &str, place: &str) -> Result<(), Refusal> {
    let mut deserializer = Deserializer::from_str(text);
    let read = deserializer
        .deserialize_ignored_any(IgnoredAny)
        .and_then(|_| deserializer.end());
    read.map_err(|error| not_json(&error, text, place))
}

/// Lets a visitor see the text, which must be one JSON value.
fn read<'t>(
    text: &'t str,
    visitor: impl Visitor<'t, Value = ()>,
    place: &str,
) -> Result<(), Refusal> {
    let mut deserializer = Deserializer::from_str(text);
    let read = deserializer
        .deserialize_any(visitor)
        .and_then(|()| deserializer.end());
    read.map_err(|error| not_json(&error, text, place))
}

fn not_json(error: &serde_json::Error, text: &str, place: &str) -> Refusal {
    // Python's json module writes it unasked.
    let hint = if text.contains("NaN") {
        "; write null for a missing value"
    } else {
        ""
    };
    Refusal::bad(format!("{place} is not JSON: {error}{hint}"))
}

/// Appends the row of a text that is JSON.
fn row(text: &str, place: &str, rows: &mut Rows) -> Result<(), Refusal> {
    let text = text.trim();
    let mut cells = Cells {
        place,
        values: [f32::NAN; FEATURE_COUNT],
        given: [false; FEATURE_COUNT],
        found: 0,
        refused: None,
    };
    match text.as_bytes().first() {
        Some(b'[') => {
            read(text, &mut cells, place)?;
            expect_count(place, cells.found)?;
        }
        Some(b'{') => read(text, &mut cells, place)?,
        _ => {
            return Err(Refusal::bad(format!(
                "{place}: `{}` is not a row; a row is a list of {FEATURE_COUNT} numbers or an \
                 object by feature name",
                shorten(text)
            )));
        }
    }
    if let Some(refusal) = cells.refused {
        return Err(refusal);
    }
    let mut required = cells.given[..REQUIRED_COUNT].iter();
    if let Some(at) = required.position(|given| !given) {
        let name = Feature::ALL[at].name();
        let message = format!("{place}: feature {name} is absent; give null if it is missing");
        return Err(Refusal::bad(message));
    }
    rows.push(&cells.values, place)
}

/// A finite number, or NaN for null.
fn number(text: &str, place: &str, feature: Feature) -> Result<f32, Refusal> {
    if text == "null" {
        return Ok(f32::NAN);
    }
    let refuse = |problem| {
        let (column, value) = (column(feature), shorten(text));
        Refusal::bad(format!("{place}, {column}: `{value}` {problem}"))
    };
    if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Err(refuse("is not a number; give null if it is missing"));
    }
    parse_cell(text).map_err(|_| refuse("is too large for a sensor value"))
}

/// The members of a list of rows, each taken to `rows` at once.
struct Items<'r> {
    rows: &'r mut Rows,
    seen: usize,
    /// So that the list may itself be a row.
    first_is_a_value: bool,
    refused: Option<Refusal>,
}

impl<'t> Visitor<'t> for &mut Items<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<&RawValue>()? {
            self.seen += 1;
            let is_row = item.get().starts_with(['[', '{']);
            if self.seen == 1 && !is_row {
                self.first_is_a_value = true;
            }
            // The rest is looked at all the same: a document that is no JSON is refused as such.
            if self.refused.is_none() && !self.first_is_a_value {
                let place = format!("row {}", self.seen);
                self.refused = row(item.get(), &place, self.rows).err();
            }
        }
        Ok(())
    }
}

/// What an object has under `instances` and `explain` if it begins with these, and whether it has anything else.
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
        while let Some(Key(key)) = entries.next_key_seed(Key::default())? {
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

/// A key, borrowed from the text unless it has escapes in it.
#[derive(Default)]
struct Key<'t>(Cow<'t, str>);

impl<'t> DeserializeSeed<'t> for Key<'t> {
    type Value = Self;

    fn deserialize<D: serde::Deserializer<'t>>(self, deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for Key<'t> {
    type Value = Self;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'t str) -> Result<Self, E> {
        Ok(Self(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self, E> {
        Ok(Self(Cow::Owned(text.to_owned())))
    }
}

/// The values of one row, by place or by name; the first problem ends the taking, not the reading.
struct Cells<'p> {
    place: &'p str,
    values: [f32; FEATURE_COUNT],
    given: [bool; FEATURE_COUNT],
    /// Members of a list, those beyond the last feature too.
    found: usize,
    refused: Option<Refusal>,
}

impl Cells<'_> {
    fn take(&mut self, feature: Feature, text: &str) {
        if self.refused.is_some() {
            return;
        }
        match number(text, self.place, feature) {
            Ok(value) => {
                self.values[feature.index()] = value;
                self.given[feature.index()] = true;
            }
            Err(refusal) => self.refused = Some(refusal),
        }
    }

    /// Every feature once and nothing else, so that a misspelt name is not taken for a missing value.
    fn take_named(&mut self, name: &str, text: &str) {
        let problem = match Feature::from_name(name) {
            None => "there is no feature",
            Some(feature) if self.given[feature.index()] => "there are two values of feature",
            Some(feature) => return self.take(feature, text),
        };
        let message = format!("{}: {problem} `{}`", self.place, shorten(name));
        self.refused.get_or_insert(Refusal::bad(message));
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
        while let Some(Key(key)) = entries.next_key_seed(Key::default())? {
            let value: &RawValue = entries.next_value()?;
            self.take_named(&key, value.get());
        }
        Ok(())
    }
}
