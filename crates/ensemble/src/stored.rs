//! Little-endian serialization, and deserialization from untrusted bytes.
//!
//! Hand-written, because model files are untrusted: reading allocates no more than the bytes justify, and every
//! rejection has a specific reason. A serialization crate gives less control over both.

use crate::error::Error;

/// A part of the model file.
pub(crate) trait Stored: Sized {
    /// Appends the value.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads a value; fails with the reason if the bytes are invalid.
    fn read(reader: &mut Reader) -> Result<Self, Error>;
}

/// The remaining bytes.
#[derive(Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl Reader<'_> {
    /// The next `N` bytes.
    pub(crate) fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self
            .0
            .split_first_chunk()
            .ok_or_else(|| reject("it ends too early"))?;
        self.0 = rest;
        Ok(*taken)
    }

    /// Reads a value of type `T`.
    pub(crate) fn read<T: Stored>(&mut self) -> Result<T, Error> {
        T::read(self)
    }
}

/// The error for bytes that are not an artifact.
pub(crate) fn reject(reason: &'static str) -> Error {
    Error::ArtifactBytes { reason }
}

macro_rules! stored_numbers {
    ($($number:ty),*) => {$(
        impl Stored for $number {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend(self.to_le_bytes());
            }

            fn read(reader: &mut Reader) -> Result<Self, Error> {
                reader.take().map(Self::from_le_bytes)
            }
        }
    )*};
}

stored_numbers!(u8, u32, u64, f32, f64);

/// Stores a struct as its fields in the given order.
macro_rules! stored_fields {
    ($type:ident { $($field:ident),* }) => {
        impl $crate::stored::Stored for $type {
            fn write(&self, out: &mut Vec<u8>) {
                $($crate::stored::Stored::write(&self.$field, out);)*
            }

            fn read(reader: &mut $crate::stored::Reader) -> Result<Self, $crate::Error> {
                Ok(Self { $($field: reader.read()?),* })
            }
        }
    };
}
pub(crate) use stored_fields;

impl Stored for usize {
    fn write(&self, out: &mut Vec<u8>) {
        // 64 bits, so that the file is the same on every machine.
        (*self as u64).write(out);
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        Self::try_from(reader.read::<u64>()?).map_err(|_| reject("a count is too large"))
    }
}

impl Stored for bool {
    fn write(&self, out: &mut Vec<u8>) {
        u8::from(*self).write(out);
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        match reader.read::<u8>()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(reject("a flag is neither 0 nor 1")),
        }
    }
}

impl Stored for String {
    fn write(&self, out: &mut Vec<u8>) {
        (self.len() as u32).write(out);
        out.extend(self.as_bytes());
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        let length = reader.read::<u32>()? as usize;
        let (text, rest) = reader
            .0
            .split_at_checked(length)
            .ok_or_else(|| reject("a string is truncated"))?;
        reader.0 = rest;
        Self::from_utf8(text.to_vec()).map_err(|_| reject("a string is not UTF-8"))
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        (self.len() as u32).write(out);
        for item in self {
            item.write(out);
        }
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        let count = reader.read::<u32>()?;
        // Grown item by item, so that a forged count cannot cause a large allocation.
        let mut items = Self::new();
        for _ in 0..count {
            items.push(reader.read()?);
        }
        Ok(items)
    }
}

impl<T: Stored> Stored for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        if reader.read()? {
            reader.read().map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(reader: &mut Reader) -> Result<Self, Error> {
        Ok((reader.read()?, reader.read()?))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;

    fn round_trip<T: Stored + PartialEq + Debug>(value: &T) {
        let mut bytes = Vec::new();
        value.write(&mut bytes);
        let mut reader = Reader(&bytes);
        assert_eq!(&reader.read::<T>().unwrap(), value);
        assert!(reader.0.is_empty());
        for length in 0..bytes.len() {
            assert!(
                Reader(&bytes[..length]).read::<T>().is_err(),
                "{value:?} from {length} bytes"
            );
        }
    }

    #[test]
    fn values_round_trip_and_truncated_ones_are_rejected() {
        round_trip(&7_u8);
        round_trip(&u64::MAX);
        round_trip(&-0.1_f64);
        round_trip(&String::from("°C"));
        round_trip(&vec![(String::from("a"), true), (String::new(), false)]);
        round_trip(&vec![Some(1.5_f32), None]);
    }

    #[test]
    fn invalid_bytes_are_rejected() {
        let check = |result: Result<(), Error>, reason: &str| {
            assert_eq!(
                result.unwrap_err().to_string(),
                format!("not a usable model artifact: {reason}")
            );
        };
        check(
            Reader(&[2]).read::<bool>().map(drop),
            "a flag is neither 0 nor 1",
        );
        check(
            Reader(&[1, 0, 0, 0, 0xff]).read::<String>().map(drop),
            "a string is not UTF-8",
        );
        check(
            Reader(&[9, 0, 0, 0, b'a']).read::<String>().map(drop),
            "a string is truncated",
        );
        check(
            Reader(&[0xff; 4]).read::<Vec<u8>>().map(drop),
            "it ends too early",
        );
    }
}
