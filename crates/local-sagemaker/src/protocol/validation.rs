//! AWS's rules for names and values, with AWS's wording for violations.
//!
//! SageMaker reports all violations of a request at once: `2 validation errors detected: Value 'x' at 'a'
//! failed to satisfy constraint: ...; Value ...`. Patterns and instance types are those of the service
//! model (`service-2.json` of botocore 1.43.11).

use std::fmt::Display;

use super::ApiError;
use super::names::S3Uri;

/// The instance types for training, one per line, without `ml.t2`.
const TRAINING_TYPES: &str = include_str!("instance_types_training.txt");
/// The instance types for hosting, one per line.
const HOSTING_TYPES: &str = include_str!("instance_types_hosting.txt");

/// Maximum length of the name of a job, model, configuration, endpoint or variant.
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

/// The violations found in one request.
#[derive(Default)]
pub(crate) struct Violations(Vec<String>);

impl Violations {
    /// Returns a required member. If it is missing, records that and returns an empty string.
    pub(crate) fn required<'a>(&mut self, path: &str, value: Option<&'a str>) -> &'a str {
        if value.is_none() {
            self.missing(path);
        }
        value.unwrap_or_default()
    }

    /// Records a missing required member.
    pub(crate) fn missing(&mut self, path: &str) {
        self.0.push(format!(
            "Value null at '{path}' failed to satisfy constraint: Member must not be null"
        ));
    }

    /// Checks the name of a job, configuration, endpoint or variant.
    pub(crate) fn name(&mut self, path: &str, value: Option<&str>) {
        self.text(path, value, NAME_LENGTH, |name| {
            is_name(name).then_some(()).ok_or(NAME_PATTERN)
        });
    }

    /// Checks the name of a model.
    pub(crate) fn model_name(&mut self, path: &str, value: Option<&str>) {
        self.text(path, value, NAME_LENGTH, |name| {
            is_name(name).then_some(()).ok_or(MODEL_PATTERN)
        });
    }

    /// Checks the ARN of an execution role.
    pub(crate) fn role(&mut self, path: &str, value: Option<&str>) {
        self.text(path, value, 2048, |role| {
            is_role(role).then_some(()).ok_or(ROLE_PATTERN)
        });
    }

    /// Checks a location in S3.
    pub(crate) fn s3_uri(&mut self, path: &str, value: Option<&str>) {
        self.text(path, value, 1024, |uri| {
            S3Uri::parse(uri).map(drop).ok_or(S3_PATTERN)
        });
    }

    /// Checks the name of an input channel.
    pub(crate) fn channel(&mut self, path: &str, value: Option<&str>) {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        // The name becomes a folder below /opt/ml/input/data, so `.` and `..` are rejected too.
        let good = |name: &str| {
            !name.is_empty() && name.chars().all(allowed) && name != "." && name != ".."
        };
        self.text(path, value, 64, |name| {
            good(name).then_some(()).ok_or(CHANNEL_PATTERN)
        });
    }

    /// Checks a member with an enumerated set of values.
    pub(crate) fn one_of(&mut self, path: &str, value: &str, allowed: &[&str]) {
        if !allowed.contains(&value) {
            let set = allowed.join(", ");
            self.add(
                path,
                value,
                &format!("Member must satisfy enum value set: [{set}]"),
            );
        }
    }

    /// Checks an instance type for training jobs.
    pub(crate) fn training_instance_type(&mut self, path: &str, value: &str) {
        self.one_of(path, value, &TRAINING_TYPES.lines().collect::<Vec<_>>());
    }

    /// Checks an instance type for endpoints.
    pub(crate) fn hosting_instance_type(&mut self, path: &str, value: &str) {
        self.one_of(path, value, &HOSTING_TYPES.lines().collect::<Vec<_>>());
    }

    /// Checks a number against inclusive bounds.
    pub(crate) fn range(&mut self, path: &str, value: i64, least: i64, most: i64) {
        if value < least {
            self.add(
                path,
                value,
                &format!("Member must have value greater than or equal to {least}"),
            );
        } else if value > most {
            self.add(
                path,
                value,
                &format!("Member must have value less than or equal to {most}"),
            );
        }
    }

    /// Checks the length of a text in characters.
    pub(crate) fn length(&mut self, path: &str, value: &str, most: usize) {
        if value.chars().count() > most {
            self.add(
                path,
                value,
                &format!("Member must have length less than or equal to {most}"),
            );
        }
    }

    /// Checks the length of a list.
    pub(crate) fn count(&mut self, path: &str, length: usize, most: usize) {
        if length > most {
            self.add(
                path,
                format!("[{length} members]"),
                &format!("Member must have length less than or equal to {most}"),
            );
        }
    }

    /// Checks the length of a list against inclusive bounds.
    pub(crate) fn list(&mut self, path: &str, length: usize, least: usize, most: usize) {
        if length < least {
            self.add(
                path,
                format!("[{length} members]"),
                &format!("Member must have length greater than or equal to {least}"),
            );
        }
        self.count(path, length, most);
    }

    /// A single error that lists all violations, if there are any.
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

    /// Checks the length and the pattern of a required text; `matches` returns the violated pattern as its
    /// error.
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
            self.add(
                path,
                value,
                &format!("Member must satisfy regular expression pattern: {pattern}"),
            );
        }
    }

    /// Records one violation, with AWS's wording.
    fn add(&mut self, path: &str, value: impl Display, constraint: &str) {
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

/// Matches `arn:aws...:iam::ACCOUNT:role/PATH`, part by part as in the pattern.
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
    fn names_must_match_the_pattern_of_the_service() {
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
    fn all_violations_are_reported_at_once() {
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
    fn a_role_must_be_the_arn_of_an_iam_role() {
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
    fn a_channel_name_cannot_lead_out_of_its_folder() {
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

    #[test]
    fn t2_instances_are_valid_for_hosting_but_not_for_training() {
        let found = message(|violations| violations.training_instance_type("i", "ml.t2.medium"));
        assert!(found.contains("Value 'ml.t2.medium' at 'i'"), "{found}");
        assert!(
            found.contains("Member must satisfy enum value set: [")
                && found.contains("ml.m5.4xlarge"),
            "{found}"
        );
        for found in [
            message(|violations| violations.hosting_instance_type("i", "ml.t2.medium")),
            message(|violations| violations.training_instance_type("i", "ml.m5.4xlarge")),
        ] {
            assert_eq!(found, "");
        }
    }
}
