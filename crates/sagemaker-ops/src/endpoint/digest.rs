//! Names that follow from what they name: whoever deploys the same thing again finds what is there.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind};

/// Digits of a digest in a name: of a million names, two alike are found once in 500 times.
pub(super) const DIGITS: usize = 12;

/// The first 12 hexadecimal digits of a SHA-256, to end a name with.
///
/// A deployment that was cut off and is run again makes the same names of the same content, and so
/// takes up what it had created instead of creating it twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentDigest(String);

impl ContentDigest {
    /// The digest of anything that can be written as JSON, by that JSON.
    ///
    /// Fails with [`ErrorKind::Invalid`] for what JSON cannot hold, such as maps without text keys.
    pub fn of(content: &impl Serialize) -> Result<Self, Error> {
        const OP: &str = "name a thing after its content";
        let json = serde_json::to_vec(content);
        json.map(|json| Self::of_bytes(&json))
            .map_err(|error| Error::new(ErrorKind::Invalid, OP, error.to_string()))
    }

    /// The digest of bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let hash = Sha256::digest(bytes);
        let number = hash[..DIGITS / 2]
            .iter()
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        Self(format!("{number:0DIGITS$x}"))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a name could end so.
pub(super) fn is_digest(text: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    text.len() == DIGITS && text.chars().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_sha_256_and_fit_a_name() {
        let abc = ContentDigest::of_bytes(b"abc");
        assert_eq!(abc.as_str(), "ba7816bf8f01");
        assert!(is_digest(abc.as_str()));
        let quoted = ContentDigest::of_bytes(b"\"abc\"");
        assert_eq!(ContentDigest::of(&"abc").unwrap(), quoted);
        for other in [
            "",
            "ba7816bf8f0",
            "ba7816bf8f011",
            "BA7816BF8F01",
            "ga7816bf8f01",
        ] {
            assert!(!is_digest(other), "{other}");
        }
    }
}
