//! AWS's rules for names and values, with its own words for what breaks them.
//!
//! SageMaker reports all violations of a request at once: `2 validation errors detected: Value
//! 'x' at 'a' failed to satisfy constraint: ...; Value ...`. The patterns are those of the
//! service model (`service-2.json` of botocore 1.43.11).

use std::fmt::Display;

use crate::wire::ApiError;

/// Longest name of a job, model, configuration, endpoint or variant.
const NAME_LENGTH: usize = 63;

/// The pattern of `TrainingJobName`, `EndpointName`, `EndpointConfigName` and `VariantName`.
const NAME_PATTERN: &str = "^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}";
/// The pattern of `ModelName`.
const MODEL_PATTERN: &str = "^[a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?";
/// The pattern of `RoleArn`.
const ROLE_PATTERN: &str = "^arn:aws[a-z\\-]*:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+$";
/// The pattern of `S3Uri`.
const S3_PATTERN: &str = "^(https|s3)://([^/]+)/?(.*)$";
/// The pattern of `ChannelName`.
const CHANNEL_PATTERN: &str = "^[A-Za-z0-9\\.\\-_]+";

/// Violations gathered over one request.
#[derive(Default)]
pub(crate) struct Violations(Vec<String>);

impl Violations {
    /// A required member; a missing one is noted and stands for the empty string until
    /// [`Self::finish`].
    pub(crate) fn required<'a>(&mut self, path: &str, value: Option<&'a str>) -> &'a str {
        if value.is_none() {
            self.missing(path);
        }
        value.unwrap_or_default()
    }

    /// A required member that is absent.
    pub(crate) fn missing(&mut self, path: &str) {
        self.0.push(format!(
            "Value null at '{path}' failed to satisfy constraint: Member must not be null"
        ));
    }

    /// The name of a job, configuration, endpoint or variant.
    pub(crate) fn name(&mut self, path: &str, value: Option<&str>) {
        self.text(path, value, NAME_LENGTH, |name| {
            is_name(name).then_some(()).ok_or(NAME_PATTERN)
        });
    }

    /// The name of a model.
    pub(crate) fn model_name(&mut self, path: &str, value: Option<&str>) {
        self.text(path, value, NAME_LENGTH, |name| {
            is_name(name).then_some(()).ok_or(MODEL_PATTERN)
        });
    }

    /// The execution role.
    pub(crate) fn role(&mut self, path: &str, value: Option<&str>) {
        self.text(path, value, 2048, |role| {
            is_role(role).then_some(()).ok_or(ROLE_PATTERN)
        });
    }

    /// A location in S3.
    pub(crate) fn s3_uri(&mut self, path: &str, value: Option<&str>) {
        self.text(path, value, 1024, |uri| {
            S3Uri::parse(uri).map(drop).ok_or(S3_PATTERN)
        });
    }

    /// The name of an input channel.
    pub(crate) fn channel(&mut self, path: &str, value: Option<&str>) {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        // The name becomes a folder below /opt/ml/input/data, so the two names that climb are
        // refused with the rest.
        let good = |name: &str| {
            !name.is_empty() && name.chars().all(allowed) && name != "." && name != ".."
        };
        self.text(path, value, 64, |name| {
            good(name).then_some(()).ok_or(CHANNEL_PATTERN)
        });
    }

    /// A member with a closed set of values.
    pub(crate) fn one_of(&mut self, path: &str, value: &str, allowed: &[&str]) {
        if !allowed.contains(&value) {
            let set = allowed.join(", ");
            self.note(
                path,
                value,
                &format!("Member must satisfy enum value set: [{set}]"),
            );
        }
    }

    /// A number with bounds, both inclusive.
    pub(crate) fn range(&mut self, path: &str, value: i64, least: i64, most: i64) {
        if value < least {
            self.note(
                path,
                value,
                &format!("Member must have value greater than or equal to {least}"),
            );
        } else if value > most {
            self.note(
                path,
                value,
                &format!("Member must have value less than or equal to {most}"),
            );
        }
    }

    /// A text with a greatest length in characters.
    pub(crate) fn length(&mut self, path: &str, value: &str, most: usize) {
        if value.chars().count() > most {
            self.note(
                path,
                value,
                &format!("Member must have length less than or equal to {most}"),
            );
        }
    }

    /// A list with a greatest length.
    pub(crate) fn count(&mut self, path: &str, length: usize, most: usize) {
        if length > most {
            self.note(
                path,
                format!("[{length} members]"),
                &format!("Member must have length less than or equal to {most}"),
            );
        }
    }

    /// Everything at once, or nothing to complain about.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        let errors = match self.0.len() {
            0 => return Ok(()),
            1 => "1 validation error".to_owned(),
            count => format!("{count} validation errors"),
        };
        Err(ApiError::validation(format!(
            "{errors} detected: {}",
            self.0.join("; ")
        )))
    }

    /// A required text with a greatest length and a pattern, which `matches` gives when it is
    /// broken.
    fn text(
        &mut self,
        path: &str,
        value: Option<&str>,
        most: usize,
        matches: impl Fn(&str) -> Result<(), &'static str>,
    ) {
        let value = match value {
            None => return self.missing(path),
            Some(value) if value.len() > most => return self.length(path, value, most),
            Some(value) => value,
        };
        if let Err(pattern) = matches(value) {
            self.note(
                path,
                value,
                &format!("Member must satisfy regular expression pattern: {pattern}"),
            );
        }
    }

    /// One violation in AWS's words.
    fn note(&mut self, path: &str, value: impl Display, constraint: &str) {
        self.0.push(format!(
            "Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"
        ));
    }
}

/// Letters, digits and hyphens, with a letter or digit at both ends.
fn is_name(name: &str) -> bool {
    let good = |letter: char| letter.is_ascii_alphanumeric();
    name.chars().all(|letter| good(letter) || letter == '-')
        && name.starts_with(good)
        && name.ends_with(good)
}

/// `arn:aws...:iam::ACCOUNT:role/PATH`, part by part as the pattern has them.
fn is_role(role: &str) -> bool {
    let mut parts = role.splitn(6, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (arn, partition, iam, region, account, resource) =
        (next(), next(), next(), next(), next(), next());
    let path = resource.strip_prefix("role").unwrap_or_default();
    arn == "arn"
        && partition
            .strip_prefix("aws")
            .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        && (iam, region) == ("iam", "")
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && !path.is_empty()
        && path
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c))
}

/// A bucket and a key or key prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct S3Uri {
    /// The bucket's name.
    pub(crate) bucket: String,
    /// The key, without a leading slash; may be empty.
    pub(crate) key: String,
}

impl S3Uri {
    /// `s3://bucket/key`. The `https://` form of the service's pattern is refused, because it
    /// names a host outside.
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

    /// The location `suffix` below this prefix, with one slash between.
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

impl Display for S3Uri {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(note: impl FnOnce(&mut Violations)) -> String {
        let mut violations = Violations::default();
        note(&mut violations);
        violations
            .finish()
            .map_or_else(|error| error.message().to_owned(), |()| String::new())
    }

    #[test]
    fn names_follow_the_pattern_and_its_words() {
        let long = "a".repeat(64);
        for (name, expected) in [
            ("a", ""),
            ("flir-scd41--rf", ""),
            (
                "bad_name!",
                "1 validation error detected: Value 'bad_name!' at 'trainingJobName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
            ),
            ("-a", "pattern"),
            ("a-", "pattern"),
            ("", "pattern"),
            (
                long.as_str(),
                "Member must have length less than or equal to 63",
            ),
        ] {
            let found = message(|violations| violations.name("trainingJobName", Some(name)));
            assert!(
                found.contains(expected) && found.is_empty() == expected.is_empty(),
                "{name}: {found}"
            );
        }
    }

    #[test]
    fn all_violations_are_told_at_once() {
        let found = message(|violations| {
            violations.role("roleArn", None);
            violations.range("resourceConfig.instanceCount", 0, 1, 10);
        });
        assert_eq!(
            found,
            "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; \
             Value '0' at 'resourceConfig.instanceCount' failed to satisfy constraint: \
             Member must have value greater than or equal to 1"
        );
    }

    #[test]
    fn roles_are_arns_of_iam_roles() {
        for (role, good) in [
            (
                "arn:aws:iam::691595239825:role/SageMakerExecutionRole",
                true,
            ),
            ("arn:aws-cn:iam::691595239825:role/path/x", true),
            ("arn:aws:iam::69159523982:role/x", false),
            ("arn:aws:iam::691595239825:user/x", false),
            ("SageMakerExecutionRole", false),
            ("arn:aws:iam::691595239825:role/has space", false),
        ] {
            assert_eq!(is_role(role), good, "{role}");
        }
    }

    #[test]
    fn s3_locations_have_a_bucket() {
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
    fn a_location_below_a_prefix_has_one_slash_between() {
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

    #[test]
    fn channels_never_climb() {
        for (name, good) in [
            ("train", true),
            ("alarm-test.1_a", true),
            ("..", false),
            ("a/b", false),
            ("", false),
        ] {
            assert_eq!(
                message(|violations| violations.channel("c", Some(name))).is_empty(),
                good,
                "{name}"
            );
        }
    }
}
