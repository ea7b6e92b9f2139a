//! Rows in JSON: arrays of 18 values, or objects by feature name.

use sensor_model::{FEATURE_COUNT, Feature};
use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::request::{column, expect_count, numbered_lines, shorten};

/// The rows of a JSON document: one row, a list of rows, or `{"instances": [rows]}`.
pub(super) fn document(text: &str) -> Result<Vec<f32>, Refusal> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let value = parse(text, "the body")?;
    let rows = match &value {
        Value::Object(map) => match map.get("instances") {
            Some(Value::Array(rows)) if map.len() == 1 => rows.as_slice(),
            Some(_) => {
                return Err(Refusal::bad(
                    "`instances` must be a list of rows and stand alone",
                ));
            }
            None => std::slice::from_ref(&value),
        },
        Value::Array(items) if items.iter().any(|item| item.is_array() || item.is_object()) => {
            items
        }
        // Otherwise an empty list would be a row of no values.
        Value::Array(items) if items.is_empty() => &[],
        _ => std::slice::from_ref(&value),
    };
    let mut values = Vec::with_capacity(rows.len() * FEATURE_COUNT);
    for (i, value) in rows.iter().enumerate() {
        row(value, &format!("row {}", i + 1), &mut values)?;
    }
    Ok(values)
}

/// The rows of JSON Lines: one row, or one `{"instances": [row]}`, per line.
pub(super) fn lines(text: &str) -> Result<Vec<f32>, Refusal> {
    let mut values = Vec::new();
    for (line, text) in numbered_lines(text) {
        let place = format!("line {line}");
        row(&parse(text, &place)?, &place, &mut values)?;
    }
    Ok(values)
}

/// The text as JSON; `place` says which text in the refusal.
fn parse(text: &str, place: &str) -> Result<Value, Refusal> {
    serde_json::from_str(text).map_err(|error| {
        // Python's json module writes it unasked.
        let hint = if text.contains("NaN") {
            "; write null for a missing value"
        } else {
            ""
        };
        Refusal::bad(format!("{place} is not JSON: {error}{hint}"))
    })
}

/// Appends one row, given as a list of 18 values or as an object by feature name.
fn row(value: &Value, place: &str, values: &mut Vec<f32>) -> Result<(), Refusal> {
    match value {
        Value::Array(items) => {
            expect_count(place, items.len())?;
            for (feature, item) in Feature::ALL.into_iter().zip(items) {
                values.push(number(item, place, feature)?);
            }
            Ok(())
        }
        Value::Object(map) => named(map, place, values),
        other => Err(Refusal::bad(format!(
            "{place}: `{}` is not a row; a row is a list of {FEATURE_COUNT} numbers or an object \
             by feature name",
            shorten(&other.to_string())
        ))),
    }
}

/// Appends a row given by name: every feature once and nothing else, so that a misspelt name is
/// not taken for a missing value.
fn named(map: &Map<String, Value>, place: &str, values: &mut Vec<f32>) -> Result<(), Refusal> {
    if let Some(name) = map.keys().find(|name| Feature::from_name(name).is_none()) {
        return Err(Refusal::bad(format!(
            "{place}: there is no feature `{}`",
            shorten(name)
        )));
    }
    for feature in Feature::ALL {
        let Some(value) = map.get(feature.name()) else {
            let name = feature.name();
            let message = format!("{place}: feature {name} is absent; give null if it is missing");
            return Err(Refusal::bad(message));
        };
        values.push(number(value, place, feature)?);
    }
    Ok(())
}

/// A finite number, or NaN for null.
fn number(value: &Value, place: &str, feature: Feature) -> Result<f32, Refusal> {
    let refuse = |problem| {
        let (column, value) = (column(feature), shorten(&value.to_string()));
        Refusal::bad(format!("{place}, {column}: `{value}` {problem}"))
    };
    if value.is_null() {
        return Ok(f32::NAN);
    }
    let number = value
        .as_f64()
        .ok_or_else(|| refuse("is not a number; give null if it is missing"))?;
    // A number beyond the range of f32 becomes infinite here.
    let number = number as f32;
    if number.is_finite() {
        Ok(number)
    } else {
        Err(refuse("is too large for a sensor value"))
    }
}
