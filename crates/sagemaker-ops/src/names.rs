//! Names of AWS resources, each validated once, by the service's own rule, before any call is made.
//!
//! The rules are those of the service model, so the service never rejects a valid name because of its
//! format. In requests and in JSON, each name is a plain string.
//!
//! Each kind of name has its own type: a job name cannot be passed as an endpoint name. The
//! service accepts any string, and would only report that the endpoint does not exist.

mod s3_uri;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use s3_uri::S3Uri;

/// The maximum length of the name of a job, model, endpoint or endpoint configuration.
pub(crate) const LONGEST_NAME: usize = 63;

/// An invalid name, with the rule that it violates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} `{value}` is not valid: it {rule}")]
pub struct InvalidName {
    kind: &'static str,
    value: String,
    rule: &'static str,
}

impl InvalidName {
    /// `kind` is the kind of name, such as "the job name"; the message ends with "it {rule}".
    pub(crate) fn new(kind: &'static str, value: &str, rule: &'static str) -> Self {
        Self {
            kind,
            value: value.to_owned(),
            rule,
        }
    }
}

/// Declares a validated string type: its kind, its rule in words, and its rule as a predicate.
macro_rules! checked_name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:expr, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Validates `value` by the service's rule.
            pub fn new(value: impl Into<String>) -> Result<Self, InvalidName> {
                let value = value.into();
                let valid: fn(&str) -> bool = $valid;
                if valid(&value) {
                    return Ok(Self(value));
                }
                Err(InvalidName::new($kind, &value, $rule))
            }

            /// The name as a string.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(value: &str) -> Result<Self, InvalidName> {
                Self::new(value)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(value: String) -> Result<Self, InvalidName> {
                Self::new(value)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

/// Adds `suffixed` to name types with a maximum of 63 characters.
macro_rules! suffixed_name {
    ($($name:ident),*) => {$(
        impl $name {
            /// `{base}-{suffix}`. If that is too long, the base is truncated, because the suffix makes
            /// the name unique.
            pub fn suffixed(base: &str, suffix: &str) -> Result<Self, InvalidName> {
                let room = LONGEST_NAME.saturating_sub(suffix.len() + 1);
                let cut: String = base.chars().take(room).collect();
                Self::new(format!("{}-{suffix}", cut.trim_end_matches('-')))
            }
        }
    )*};
}

impl RoleArn {
    /// The ID of the account that the role belongs to.
    pub(crate) fn account(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }

    /// The name of the role, without the path before it.
    pub(crate) fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl VariantName {
    /// The usual name of a single variant.
    pub fn all_traffic() -> Self {
        Self("AllTraffic".to_owned())
    }
}

const HYPHENATED_RULE: &str =
    "must be 1 to 63 letters, digits and hyphens, and start and end with a letter or digit";

checked_name!(
    /// Name of a training job.
    JobName, "the job name", HYPHENATED_RULE, is_hyphenated
);
checked_name!(
    /// Name of a model in `SageMaker`.
    ModelName, "the model name", HYPHENATED_RULE, is_hyphenated
);
checked_name!(
    /// Name of an endpoint, the only name that clients of the model need.
    EndpointName, "the endpoint name", HYPHENATED_RULE, is_hyphenated
);
checked_name!(
    /// Name of an endpoint configuration.
    EndpointConfigName, "the endpoint configuration name", HYPHENATED_RULE, is_hyphenated
);
checked_name!(
    /// Name of a variant of an endpoint, such as `AllTraffic`.
    VariantName, "the variant name", HYPHENATED_RULE, is_hyphenated
);
suffixed_name!(JobName, ModelName, EndpointName, EndpointConfigName);

checked_name!(
    /// Name of an S3 bucket.
    BucketName, "the bucket name",
    "must be 3 to 63 lower-case letters, digits, hyphens and single dots, start and end with a \
     letter or digit, and be neither an IP address nor a name that S3 reserves (xn--..., \
     ...-s3alias)",
    is_bucket
);
checked_name!(
    /// ARN of the role that the service assumes.
    RoleArn, "the role", "must look like arn:aws:iam::123456789012:role/NAME", is_role
);
checked_name!(
    /// Container image, with registry and tag.
    ImageUri, "the image", "must be 1 to 255 characters without white space", is_image
);
checked_name!(
    /// ID of an AWS account.
    AccountId, "the account", "must be 12 digits", is_account
);

/// `[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}` in the service model, with its length of at most 63.
fn is_hyphenated(value: &str) -> bool {
    let inner = value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-');
    inner && value.len() <= LONGEST_NAME && ends_are(value, u8::is_ascii_alphanumeric)
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn is_bucket(value: &str) -> bool {
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let inner = value.bytes().all(|b| plain(&b) || b == b'-' || b == b'.');
    let reserved = value.starts_with("xn--") || value.ends_with("-s3alias") || value.contains("..");
    let ip = value.parse::<std::net::Ipv4Addr>().is_ok();
    inner && (3..=63).contains(&value.len()) && ends_are(value, plain) && !reserved && !ip
}

/// Whether the first and the last byte both pass; false for an empty value.
fn ends_are(value: &str, pass: impl Fn(&u8) -> bool) -> bool {
    let bytes = value.as_bytes();
    bytes.first().is_some_and(&pass) && bytes.last().is_some_and(&pass)
}

/// `arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+` in the service model.
///
/// Here the slash after `role` is required, because every role of IAM has it.
fn is_role(value: &str) -> bool {
    let named = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&b);
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts[..] else {
        return false;
    };
    let Some(name) = resource.strip_prefix("role") else {
        return false;
    };
    let partition_ok = partition.starts_with("aws")
        && partition[3..]
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b == b'-');
    let name_ok = name.len() > 1 && name.starts_with('/') && name.bytes().all(named);
    partition_ok && is_account(account) && name_ok && value.len() <= 2048
}

fn is_image(value: &str) -> bool {
    (1..=255).contains(&value.len()) && !value.contains(char::is_whitespace)
}

fn is_account(value: &str) -> bool {
    value.len() == 12 && value.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn check<T: FromStr>(valid: &[&str], invalid: &[&str]) {
        for value in valid {
            assert!(value.parse::<T>().is_ok(), "must be accepted: {value:?}");
        }
        for value in invalid {
            assert!(value.parse::<T>().is_err(), "must be rejected: {value:?}");
        }
    }

    #[test]
    fn job_model_and_endpoint_names_follow_the_service_model() {
        let long = "a".repeat(63);
        let longer = "a".repeat(64);
        let valid = [
            "a",
            "0",
            "flir-scd41-rf-100k-20260101-120000",
            "a--9",
            "A9",
            long.as_str(),
        ];
        let invalid = [
            "",
            "-a",
            "a-",
            "a_b",
            "a.b",
            "a b",
            "ä",
            "-",
            longer.as_str(),
        ];
        check::<JobName>(&valid, &invalid);
        check::<ModelName>(&valid, &invalid);
        check::<EndpointName>(&valid, &invalid);
        check::<EndpointConfigName>(&valid, &invalid);
        check::<VariantName>(&valid, &invalid);
    }

    #[test]
    fn bucket_names_follow_the_rules_of_s3() {
        let valid = [
            "fire-detection-training-691595239825",
            "abc",
            "a.b.c",
            "1a2",
        ];
        let invalid = [
            "ab",
            "Abc",
            "a_b",
            "-abc",
            "abc-",
            "a..b",
            ".abc",
            "192.168.0.1",
            "xn--123",
            "abc-s3alias",
            "",
        ];
        check::<BucketName>(&valid, &invalid);
    }

    #[test]
    fn roles_images_and_accounts_follow_their_patterns() {
        check::<RoleArn>(
            &[
                "arn:aws:iam::691595239825:role/SageMakerExecutionRole",
                "arn:aws-cn:iam::123456789012:role/service-role/Name_1+=,.@-",
            ],
            &[
                "",
                "SageMakerExecutionRole",
                "arn:aws:iam::12345678901:role/Name",
                "arn:aws:iam::123456789012:user/Name",
                "arn:aws:iam::123456789012:role/",
                "arn:aws:iam::123456789012:role/with space",
                "arn:AWS:iam::123456789012:role/Name",
                "arn:aws:iam:us-east-1:123456789012:role/Name",
            ],
        );
        check::<ImageUri>(
            &["691595239825.dkr.ecr.us-east-1.amazonaws.com/fire-container:0.0.0"],
            &["", "a b", "a\tb"],
        );
        check::<AccountId>(
            &["691595239825"],
            &["", "69159523982", "69159523982x", "6915952398255"],
        );
    }

    #[test]
    fn a_long_base_is_truncated_and_the_suffix_is_kept() {
        let stamp = "20260101-120000";
        for (base, expected) in [
            ("flir", "flir-20260101-120000".to_owned()),
            (&"b".repeat(80), format!("{}-{stamp}", "b".repeat(47))),
            (
                &format!("{}-c", "b".repeat(46)),
                format!("{}-{stamp}", "b".repeat(46)),
            ),
        ] {
            assert_eq!(ModelName::suffixed(base, stamp).unwrap().as_str(), expected);
        }
        assert!(ModelName::suffixed("bad_base", stamp).is_err());
    }

    #[test]
    fn an_invalid_name_is_reported_with_its_value_and_the_rule() {
        let error = JobName::new("bad_name!").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the job name `bad_name!` is not valid: it must be 1 to 63 letters, digits and \
             hyphens, and start and end with a letter or digit"
        );
    }

    #[test]
    fn names_are_plain_strings_in_json_and_are_validated_when_deserialized() {
        let name: JobName = serde_json::from_str("\"a-b\"").unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), "\"a-b\"");
        assert!(serde_json::from_str::<JobName>("\"a_b\"").is_err());
        let uri: S3Uri = serde_json::from_str("\"s3://bucket/k\"").unwrap();
        assert_eq!(serde_json::to_string(&uri).unwrap(), "\"s3://bucket/k\"");
    }
}
