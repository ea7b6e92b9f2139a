//! Protobuf encoding of message fields.

use micropb::{PbEncoder, Tag, WIRE_TYPE_LEN, WIRE_TYPE_VARINT};

/// Encodes the fields of a message by field number.
#[derive(Debug)]
pub(super) struct Fields(PbEncoder<Vec<u8>>);

/// A protobuf message.
pub(super) trait Message {
    /// Writes the message's fields.
    fn write(&self, fields: &mut Fields);

    /// The encoded message.
    fn bytes(&self) -> Vec<u8> {
        let mut fields = Fields(PbEncoder::new(Vec::new()));
        self.write(&mut fields);
        fields.0.into_writer()
    }
}

// Writing to memory cannot fail; the error type has no values.
impl Fields {
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

    /// Repeated strings.
    pub(super) fn texts(&mut self, field: u32, values: &[String]) {
        for value in values {
            self.text(field, value);
        }
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

    /// A nested message.
    pub(super) fn message(&mut self, field: u32, value: &impl Message) {
        self.bytes(field, &value.bytes());
    }

    /// Repeated nested messages.
    pub(super) fn messages(&mut self, field: u32, values: &[impl Message]) {
        for value in values {
            self.message(field, value);
        }
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
    struct Example;

    impl Message for Example {
        fn write(&self, fields: &mut Fields) {
            fields.whole(1, 150);
            fields.text(2, "testing");
            fields.wholes(6, &[3, 270, 86_942]);
            fields.wholes(7, &[]);
            fields.floats(8, &[1.0]);
            fields.doubles(20, &[-2.0]);
            fields.whole(1, -1);
        }
    }

    /// Nested messages.
    struct Outer;

    impl Message for Outer {
        fn write(&self, fields: &mut Fields) {
            fields.messages(3, &[Example, Example]);
        }
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
        assert_eq!(Example.bytes(), inner);
        let length = inner.len() as u8;
        let outer = [&[0x1a, length], &inner[..], &[0x1a, length], &inner].concat();
        assert_eq!(Outer.bytes(), outer);
    }
}
