//! Smithy RPC v2 CBOR, which boto3 and the AWS SDKs use for `CloudWatch`. Requests are decoded to
//! JSON values, and responses are encoded from them.
//!
//! Unlike JSON, CBOR has a type for timestamps. In requests, they are decoded to seconds since the epoch;
//! in responses, the members `Timestamp` and `Timestamps` are encoded as timestamps.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};
use minicbor::data::{IanaTag, Type};
use minicbor::{Decoder, Encoder};
use serde_json::{Map, Value, json};

use super::ApiError;
use super::json::add_request_id;

/// Maximum nesting depth of requests, more than any operation needs.
const MAX_DEPTH: usize = 16;

/// Decodes the members of a request.
pub(crate) fn decode(body: &[u8]) -> Result<Value, String> {
    let mut decoder = Decoder::new(body);
    value(&mut decoder, MAX_DEPTH).map_err(|error| error.to_string())
}

/// Decodes one value with all nested values.
fn value(decoder: &mut Decoder<'_>, depth: usize) -> Result<Value, minicbor::decode::Error> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(minicbor::decode::Error::message(
            "the request is nested too deeply",
        ));
    };
    Ok(match decoder.datatype()? {
        Type::Bool => decoder.bool()?.into(),
        Type::Null | Type::Undefined => {
            decoder.skip()?;
            Value::Null
        }
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => decoder.u64()?.into(),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => decoder.i64()?.into(),
        Type::F16 => f64::from(decoder.f16()?).into(),
        Type::F32 => f64::from(decoder.f32()?).into(),
        Type::F64 => decoder.f64()?.into(),
        // A text of indefinite length consists of several chunks.
        Type::String | Type::StringIndef => {
            let parts: Result<Vec<_>, _> = decoder.str_iter()?.collect();
            parts?.concat().into()
        }
        Type::Tag => {
            decoder.tag()?;
            value(decoder, depth)?
        }
        Type::Array | Type::ArrayIndef => {
            let length = decoder.array()?;
            let mut elements = Vec::new();
            while has_more(decoder, length, elements.len())? {
                elements.push(value(decoder, depth)?);
            }
            elements.into()
        }
        Type::Map | Type::MapIndef => {
            let length = decoder.map()?;
            let mut members = Map::new();
            let mut count = 0;
            while has_more(decoder, length, count)? {
                let Value::String(name) = value(decoder, depth)? else {
                    return Err(minicbor::decode::Error::message(
                        "a member's name is not a string",
                    ));
                };
                members.insert(name, value(decoder, depth)?);
                count += 1;
            }
            members.into()
        }
        other => {
            let text = format!("values of type {other} are not supported");
            return Err(minicbor::decode::Error::message(text));
        }
    })
}

/// Whether an array or a map has another element. If its length is indefinite, it ends with a break.
fn has_more(
    decoder: &mut Decoder<'_>,
    length: Option<u64>,
    count: usize,
) -> Result<bool, minicbor::decode::Error> {
    match length {
        Some(length) => Ok((count as u64) < length),
        None if decoder.datatype()? == Type::Break => {
            decoder.skip()?;
            Ok(false)
        }
        None => Ok(true),
    }
}

/// Encodes a response.
fn encode(body: &Value) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    // Writing to memory cannot fail.
    let _ = write(&mut encoder, body, false);
    encoder.into_writer()
}

/// Encodes one value; if `times` is set, numbers are encoded as timestamps.
fn write(
    encoder: &mut Encoder<Vec<u8>>,
    value: &Value,
    times: bool,
) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
    match value {
        Value::Null => _ = encoder.null()?,
        Value::Bool(value) => _ = encoder.bool(*value)?,
        Value::String(value) => _ = encoder.str(value)?,
        Value::Number(value) => {
            if times {
                encoder.tag(IanaTag::Timestamp)?;
            }
            match (value.as_u64(), value.as_i64(), value.as_f64()) {
                (Some(value), _, _) => _ = encoder.u64(value)?,
                (None, Some(value), _) => _ = encoder.i64(value)?,
                (None, None, value) => _ = encoder.f64(value.unwrap_or_default())?,
            }
        }
        Value::Array(elements) => {
            encoder.array(elements.len() as u64)?;
            for element in elements {
                write(encoder, element, times)?;
            }
        }
        Value::Object(members) => {
            encoder.map(members.len() as u64)?;
            for (name, value) in members {
                encoder.str(name)?;
                write(encoder, value, name == "Timestamp" || name == "Timestamps")?;
            }
        }
    }
    Ok(())
}

/// A response in CBOR.
pub(crate) fn response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(encode(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/cbor"));
    headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    add_request_id(headers);
    response
}

/// An error response in CBOR.
pub(crate) fn error_response(error: &ApiError) -> Response<Body> {
    let error_type = format!("com.amazonaws.cloudwatch#{}", error.code());
    let body = json!({"__type": error_type, "message": error.message()});
    response(error.status(), &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_encoding_and_decoding() {
        let value = json!({"a": [1, -2, 0.5, "text", true, null], "Timestamps": [1_700_000_000.5], "m": {"Timestamp": 7}});
        assert_eq!(decode(&encode(&value)).unwrap(), value);
    }

    #[test]
    fn timestamps_are_tagged_and_numbers_are_not() {
        assert_eq!(
            encode(&json!({"Timestamp": 1})),
            b"\xa1\x69Timestamp\xc1\x01"
        );
        assert_eq!(encode(&json!({"Value": 1})), b"\xa1\x65Value\x01");
    }

    #[test]
    fn values_of_indefinite_length_are_decoded() {
        let body = b"\xbf\x61a\x9f\x01\x02\xff\x61b\x7f\x61x\x61y\xff\xff";
        assert_eq!(decode(body).unwrap(), json!({"a": [1, 2], "b": "xy"}));
    }

    #[test]
    fn malformed_and_deeply_nested_requests_are_rejected() {
        for body in [&b"\xa1\x61"[..], b"\xa1\x01\x02", b"\x5f", &[0x81; 40]] {
            assert!(decode(body).is_err(), "{body:?}");
        }
    }
}
