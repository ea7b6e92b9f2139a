//! The subset of CBOR (RFC 8949) that `CloudWatch` uses, converted to and from JSON.

use serde_json::{Map, Value};

/// The key of an object that represents a timestamp.
const TIME: &str = "$time";

pub(super) fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(value, &mut bytes);
    bytes
}

fn write(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Null => bytes.push(0xf6),
        Value::Bool(truth) => bytes.push(0xf4 + u8::from(*truth)),
        Value::Number(number) => {
            bytes.push(0xfb);
            bytes.extend(number.as_f64().unwrap().to_be_bytes());
        }
        Value::String(text) => {
            head(3, text.len(), bytes);
            bytes.extend(text.bytes());
        }
        Value::Array(items) => {
            head(4, items.len(), bytes);
            for item in items {
                write(item, bytes);
            }
        }
        Value::Object(members) => {
            if let Some(seconds) = members.get(TIME) {
                bytes.push(0xc1);
                return write(seconds, bytes);
            }
            head(5, members.len(), bytes);
            for (name, member) in members {
                write(&Value::String(name.clone()), bytes);
                write(member, bytes);
            }
        }
    }
}

/// Writes the major type of an item and its length, which is always encoded in four bytes here.
fn head(major_type: u8, length: usize, bytes: &mut Vec<u8>) {
    bytes.push((major_type << 5) | 0x1a);
    bytes.extend((length as u32).to_be_bytes());
}

pub(super) fn decode(bytes: &[u8]) -> Value {
    let mut rest = bytes;
    let value = read(&mut rest).unwrap();
    assert!(rest.is_empty(), "{} bytes are left over", rest.len());
    value
}

/// Reads the next item; `None` for the break code that ends an item of indefinite length.
fn read(rest: &mut &[u8]) -> Option<Value> {
    let first = take(rest, 1)[0];
    let (major_type, length) = (first >> 5, first & 0x1f);
    if first == 0xff {
        return None;
    }
    if major_type == 7 {
        return Some(match length {
            20 | 21 => Value::Bool(length == 21),
            26 => f64::from(f32::from_be_bytes(take(rest, 4).try_into().unwrap())).into(),
            27 => f64::from_be_bytes(take(rest, 8).try_into().unwrap()).into(),
            _ => Value::Null,
        });
    }
    let indefinite = length == 31;
    let length = match length {
        short @ 0..24 => u64::from(short),
        31 => u64::MAX,
        long => {
            let bytes = take(rest, 1 << (long - 24));
            bytes
                .iter()
                .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
        }
    };
    Some(match major_type {
        0 => length.into(),
        1 => (-1 - length as i64).into(),
        3 => String::from_utf8(take(rest, length as usize).to_vec())
            .unwrap()
            .into(),
        4 => {
            let mut items = Vec::new();
            while indefinite || (items.len() as u64) < length {
                let Some(item) = read(rest) else { break };
                items.push(item);
            }
            items.into()
        }
        5 => {
            let mut members = Map::new();
            while indefinite || (members.len() as u64) < length {
                let Some(Value::String(name)) = read(rest) else {
                    break;
                };
                members.insert(name, read(rest).unwrap());
            }
            members.into()
        }
        6 => serde_json::json!({TIME: read(rest)}),
        other => panic!("unexpected major type {other}"),
    })
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(count);
    *rest = left;
    taken
}
