//! URIs of objects and prefixes in S3.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{BucketName, InvalidName};

/// The URI of an object, or of a prefix of objects, in a bucket: `s3://bucket/key`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct S3Uri {
    bucket: BucketName,
    key: String,
}

impl S3Uri {
    /// The maximum length that the services accept, in bytes.
    const LONGEST: usize = 1024;

    /// The URI of `key` in `bucket`. Leading slashes are removed; an empty key is the whole bucket.
    pub fn new(bucket: &BucketName, key: &str) -> Self {
        Self {
            bucket: bucket.clone(),
            key: key.trim_start_matches('/').to_owned(),
        }
    }

    /// The bucket.
    pub fn bucket(&self) -> &BucketName {
        &self.bucket
    }

    /// The key, without a leading slash.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Appends `part`, separated by exactly one slash.
    #[must_use]
    pub fn join(&self, part: &str) -> Self {
        let (base, part) = (self.key.trim_end_matches('/'), part.trim_start_matches('/'));
        Self::new(&self.bucket, &format!("{base}/{part}"))
    }

    /// The object `name` next to this one: the key up to its last slash, then `name`.
    #[must_use]
    pub fn sibling(&self, name: &str) -> Self {
        let prefix = self.key.rsplit_once('/').map_or("", |(prefix, _)| prefix);
        Self::new(&self.bucket, &format!("{prefix}/{name}"))
    }
}

impl fmt::Display for S3Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

impl FromStr for S3Uri {
    type Err = InvalidName;

    fn from_str(value: &str) -> Result<Self, InvalidName> {
        let invalid = |rule| Err(InvalidName::new("the S3 URI", value, rule));
        let Some(rest) = value.strip_prefix("s3://") else {
            return invalid("must look like s3://bucket/key");
        };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if key.starts_with('/') || key.contains(char::is_control) {
            return invalid(
                "must have a key without control characters and without a leading slash",
            );
        }
        if value.len() > Self::LONGEST {
            return invalid("must be at most 1024 bytes long");
        }
        Ok(Self {
            bucket: BucketName::new(bucket)?,
            key: key.to_owned(),
        })
    }
}

impl TryFrom<String> for S3Uri {
    type Error = InvalidName;

    fn try_from(value: String) -> Result<Self, InvalidName> {
        value.parse()
    }
}

impl From<S3Uri> for String {
    fn from(uri: S3Uri) -> String {
        uri.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::tests::check;

    #[test]
    fn uris_round_trip_and_join_with_one_slash() {
        for text in ["s3://bucket/", "s3://bucket/a/b.tar.gz", "s3://bucket/a/"] {
            assert_eq!(text.parse::<S3Uri>().unwrap().to_string(), text);
        }
        for (base, part, joined) in [
            ("s3://bucket", "a", "s3://bucket/a"),
            ("s3://bucket/a", "b/c", "s3://bucket/a/b/c"),
            ("s3://bucket/a/", "/b/", "s3://bucket/a/b/"),
        ] {
            assert_eq!(
                base.parse::<S3Uri>().unwrap().join(part).to_string(),
                joined
            );
        }
        for (object, sibling) in [
            ("s3://bucket/a/m.tar.gz", "s3://bucket/a/o"),
            ("s3://bucket/m", "s3://bucket/o"),
        ] {
            assert_eq!(
                object.parse::<S3Uri>().unwrap().sibling("o").to_string(),
                sibling
            );
        }
        let long = format!("s3://bucket/{}", "k".repeat(1024));
        let invalid = [
            "",
            "bucket/key",
            "https://bucket/key",
            "s3://",
            "s3://UPPER/k",
            "s3://bucket//k",
            "s3://bucket/a\nb",
            &long,
        ];
        check::<S3Uri>(&[&long[..1024]], &invalid);
    }
}
