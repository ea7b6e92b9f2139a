//! Content hashes for names: deploying the same content again finds the existing resources.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind};

/// Digits of a digest in a name. Among a million names, the probability of a collision is about 1 in
/// 500.
pub(super) const DIGITS: usize = 12;

/// The first 12 hexadecimal digits of a SHA-256, as the suffix of a name.
///
/// Repeating an interrupted deployment derives the same names from the same content, so existing
/// resources are reused instead of created twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentDigest(String);

impl ContentDigest {
    /// The digest of a value's JSON.
    ///
    /// Fails with [`ErrorKind::Invalid`] for values that JSON cannot represent, such as maps whose keys
    /// are not strings.
    pub fn of(content: &impl Serialize) -> Result<Self, Error> {
        const OP: &str = "compute the digest of";
        let json = serde_json::to_vec(content);
        json.map(|json| Self::of_bytes(&json))
            .map_err(|error| Error::new(ErrorKind::Invalid, OP, "a value").with_source(error))
    }

    /// The digest of `bytes`.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(hex::encode(&Sha256::digest(bytes)[..DIGITS / 2]))
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the text is formatted like a digest.
pub(super) fn is_digest(text: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    text.len() == DIGITS && text.chars().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_a_prefix_of_the_sha_256() {
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
