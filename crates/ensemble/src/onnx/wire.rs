//! Protobuf encoding of messages, field by field.

use micropb::{PbEncoder, Tag, WIRE_TYPE_LEN, WIRE_TYPE_VARINT};

/// The fields of a message written so far. Nothing is declared in advance: field numbers and types are those of
/// `onnx.proto`, named where they are written.
#[derive(Debug)]
pub(super) struct Message(PbEncoder<Vec<u8>>);

// Writing to memory cannot fail; the error type has no values.
impl Message {
    /// A message without fields.
    pub(super) fn new() -> Self {
        Self(PbEncoder::new(Vec::new()))
    }

    /// The encoded message.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0.into_writer()
    }

    /// An integer.
    pub(super) fn whole(&mut self, field: u32, value: i64) {
        let Ok(()) = self.0.encode_tag(Tag::from_parts(field, WIRE_TYPE_VARINT));
        let Ok(()) = self.0.encode_int64(value);
    }

    /// Bytes or any other length-delimited value.
    pub(super) fn bytes(&mut self, field: u32, value: &[u8]) {
        let Ok(()) = self.0.encode_tag(Tag::from_parts(field, WIRE_TYPE_LEN));
        let Ok(()) = self.0.encode_bytes(value);
    }

    /// A string.
    pub(super) fn text(&mut self, field: u32, value: &str) {
        self.bytes(field, value.as_bytes());
    }

    /// A nested message, whose fields `write` adds.
    pub(super) fn message(&mut self, field: u32, write: impl FnOnce(&mut Self)) {
        let mut nested = Self::new();
        write(&mut nested);
        self.bytes(field, nested.0.as_writer());
    }

    /// Integers, packed.
    pub(super) fn wholes(&mut self, field: u32, values: &[i64]) {
        self.packed(field, values, |packed, value| {
            let Ok(()) = packed.encode_int64(value);
        });
    }

    /// Numbers in single precision, packed.
    pub(super) fn floats(&mut self, field: u32, values: &[f32]) {
        self.packed(field, values, |packed, value| {
            let Ok(()) = packed.encode_float(value);
        });
    }

    /// Numbers in double precision, packed.
    pub(super) fn doubles(&mut self, field: u32, values: &[f64]) {
        self.packed(field, values, |packed, value| {
            let Ok(()) = packed.encode_double(value);
        });
    }

    fn packed<T: Copy>(
        &mut self,
        field: u32,
        values: &[T],
        encode: impl Fn(&mut PbEncoder<Vec<u8>>, T),
    ) {
        if values.is_empty() {
            return;
        }
        let mut packed = PbEncoder::new(Vec::new());
        for &value in values {
            encode(&mut packed, value);
        }
        self.bytes(field, packed.as_writer());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples from the encoding's documentation, and a negative number.
    fn example(message: &mut Message) {
        message.whole(1, 150);
        message.text(2, "testing");
        message.wholes(6, &[3, 270, 86_942]);
        message.wholes(7, &[]);
        message.floats(8, &[1.0]);
        message.doubles(20, &[-2.0]);
        message.whole(1, -1);
    }

    #[test]
    fn fields_are_encoded_as_documented() {
        let inner: Vec<u8> = [
            &[0x08, 0x96, 0x01][..],
            b"\x12\x07testing",
            &[0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05],
            &[0x42, 0x04, 0, 0, 0x80, 0x3f],
            &[0xa2, 0x01, 0x08, 0, 0, 0, 0, 0, 0, 0, 0xc0],
            &[
                0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
            ],
        ]
        .concat();
        let mut message = Message::new();
        example(&mut message);
        assert_eq!(message.into_bytes(), inner);
        let length = inner.len() as u8;
        let outer = [&[0x1a, length], &inner[..], &[0x1a, length], &inner].concat();
        let mut message = Message::new();
        message.message(3, example);
        message.message(3, example);
        assert_eq!(message.into_bytes(), outer);
    }
}
