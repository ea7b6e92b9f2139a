//! The account, the names of its resources, and locations in S3.

use std::fmt;

/// The account id in the documented S3 locations, which therefore work here unchanged.
pub(crate) const ACCOUNT: &str = "691595239825";

/// The region of a request without a credential scope.
pub(crate) const DEFAULT_REGION: &str = "us-east-1";

/// `arn:aws:sagemaker:REGION:ACCOUNT:KIND/NAME`, with the name in lower case, as in SageMaker.
pub(crate) fn sagemaker_arn(region: &str, kind: &str, name: &str) -> String {
    format!(
        "arn:aws:sagemaker:{region}:{ACCOUNT}:{kind}/{}",
        name.to_lowercase()
    )
}

/// The ARN of a log group.
pub(crate) fn log_group_arn(region: &str, name: &str) -> String {
    format!("arn:aws:logs:{region}:{ACCOUNT}:log-group:{name}")
}

/// A bucket, and a key or a key prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct S3Uri {
    /// The bucket's name.
    pub(crate) bucket: String,
    /// The key, without a leading slash; may be empty.
    pub(crate) key: String,
}

impl S3Uri {
    /// Parses `s3://bucket/key`. `https://` URLs, which the service's pattern allows, are rejected because
    /// they refer to an external host.
    pub(crate) fn parse(uri: &str) -> Option<Self> {
        let (bucket, key) = match uri.strip_prefix("s3://")?.split_once('/') {
            Some((bucket, key)) => (bucket, key),
            None => (uri.strip_prefix("s3://")?, ""),
        };
        (!bucket.is_empty()).then(|| Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    /// The location `suffix` below this prefix, joined by exactly one slash.
    pub(crate) fn below(&self, suffix: &str) -> Self {
        let prefix = self.key.trim_end_matches('/');
        let key = if prefix.is_empty() {
            suffix.to_owned()
        } else {
            format!("{prefix}/{suffix}")
        };
        Self {
            bucket: self.bucket.clone(),
            key,
        }
    }
}

impl fmt::Display for S3Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_s3_location_must_have_a_bucket() {
        for (uri, expected) in [
            ("s3://b/k/x", Some("s3://b/k/x")),
            ("s3://b", Some("s3://b/")),
            ("s3:///k", None),
            ("b/k", None),
            ("https://b/k", None),
        ] {
            assert_eq!(
                S3Uri::parse(uri).map(|uri| uri.to_string()).as_deref(),
                expected,
                "{uri}"
            );
        }
    }

    #[test]
    fn a_location_below_a_prefix_is_joined_by_one_slash() {
        for (prefix, expected) in [
            ("s3://b", "s3://b/j/m"),
            ("s3://b/p", "s3://b/p/j/m"),
            ("s3://b/p//", "s3://b/p/j/m"),
        ] {
            assert_eq!(
                S3Uri::parse(prefix).unwrap().below("j/m").to_string(),
                expected
            );
        }
    }
}
