//! SHA-256 in hexadecimal: digests of images, and ids that follow from what they stand for.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The digest in 64 digits.
pub(crate) fn sha256(bytes: impl AsRef<[u8]>) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut hex, byte| {
        // Writing to memory does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
