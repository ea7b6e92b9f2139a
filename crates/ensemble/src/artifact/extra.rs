//! Values that callers store with a model, such as a decision rule for its probabilities.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use super::Artifact;
use crate::error::Error;
use crate::stored::{Reader, Stored, reject};

/// Maximum nesting of arrays and objects: reading recurses, and a file must not exhaust the stack.
const DEPTH: u32 = 16;

impl Artifact {
    /// Stores `value` with the model under `name`, which is also its key in the manifest.
    ///
    /// Numbers are restored bit for bit. Fails on values that JSON cannot represent.
    pub fn set_extra(&mut self, name: &str, value: &impl Serialize) -> Result<(), Error> {
        let value = serde_json::to_value(value).map_err(|source| failed(name, source))?;
        self.extras.insert(name.to_owned(), value);
        Ok(())
    }

    /// The value stored under `name`; `None` if there is none or it is null. Fails if it is not a `T`.
    pub fn extra<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let value = self.extras.get(name).cloned().unwrap_or_default();
        serde_json::from_value(value).map_err(|source| failed(name, source))
    }
}

fn failed(name: &str, source: serde_json::Error) -> Error {
    Error::Extra {
        name: name.to_owned(),
        source,
    }
}

impl Stored for BTreeMap<String, Value> {
    fn write(&self, out: &mut Vec<u8>) {
        (self.len() as u32).write(out);
        for (name, value) in self {
            name.write(out);
            write(value, out);
        }
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        let mut extras = Self::new();
        read_entries(reader, DEPTH, |name, value| {
            extras.insert(name, value);
        })?;
        Ok(extras)
    }
}

/// Not written as JSON text, because `serde_json` parses some decimal fractions one bit off.
fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0),
        Value::Bool(flag) => out.push(1 + u8::from(*flag)),
        Value::Number(number) => {
            if let Some(whole) = number.as_u64() {
                out.push(3);
                whole.write(out);
            } else if let Some(negative) = number.as_i64() {
                out.push(4);
                negative.cast_unsigned().write(out);
            } else {
                out.push(5);
                number.as_f64().unwrap_or_default().write(out);
            }
        }
        Value::String(text) => {
            out.push(6);
            text.write(out);
        }
        Value::Array(items) => {
            out.push(7);
            (items.len() as u32).write(out);
            for item in items {
                write(item, out);
            }
        }
        Value::Object(entries) => {
            out.push(8);
            (entries.len() as u32).write(out);
            let mut entries: Vec<_> = entries.iter().collect();
            // The map's order depends on a serde_json feature that any crate in the build may enable.
            entries.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in entries {
                name.write(out);
                write(value, out);
            }
        }
    }
}

fn read(reader: &mut Reader, depth: u32) -> Result<Value, Error> {
    let deeper = || {
        depth
            .checked_sub(1)
            .ok_or_else(|| reject("an extra is nested too deeply"))
    };
    Ok(match reader.read::<u8>()? {
        0 => Value::Null,
        tag @ 1..=2 => Value::Bool(tag == 2),
        3 => Value::from(reader.read::<u64>()?),
        4 => match reader.read::<u64>()?.cast_signed() {
            negative @ ..0 => Value::from(negative),
            _ => return Err(reject("a number of an extra has the wrong type")),
        },
        5 => Number::from_f64(reader.read()?)
            .map(Value::Number)
            .ok_or_else(|| reject("a number of an extra is not finite"))?,
        6 => Value::String(reader.read()?),
        7 => {
            let (depth, count) = (deeper()?, reader.read::<u32>()?);
            let mut items = Vec::new();
            for _ in 0..count {
                items.push(read(reader, depth)?);
            }
            Value::Array(items)
        }
        8 => {
            let mut entries = Map::new();
            read_entries(reader, deeper()?, |name, value| {
                entries.insert(name, value);
            })?;
            Value::Object(entries)
        }
        _ => return Err(reject("an extra has an unknown type")),
    })
}

fn read_entries(
    reader: &mut Reader,
    depth: u32,
    mut insert: impl FnMut(String, Value),
) -> Result<(), Error> {
    let mut last = None;
    for _ in 0..reader.read::<u32>()? {
        let name: String = reader.read()?;
        // Only one order is valid, so that equal artifacts have equal bytes.
        if last.as_ref().is_some_and(|last| *last >= name) {
            return Err(reject("the names of extras are not sorted"));
        }
        last = Some(name.clone());
        insert(name, read(reader, depth)?);
    }
    Ok(())
}
