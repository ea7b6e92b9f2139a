//! AWS's wording for requests that break a rule of the service's model.
//!
//! SageMaker reports all violations of a request at once: `2 validation errors detected: Value 'x' at 'a'
//! failed to satisfy constraint: ...; Value ...`. `shapes` applies the rules of the model; the services
//! add those that the model lacks.

use std::fmt::Display;

use super::ApiError;
use super::names::S3Uri;

/// The pattern of `S3Uri`.
const S3_PATTERN: &str = "(https|s3)://([^/]+)/?(.*)";
/// The pattern of `ChannelName`.
const CHANNEL_PATTERN: &str = "[A-Za-z0-9\\.\\-_]+";

/// The violations found in one request.
#[derive(Default)]
pub(crate) struct Violations(Vec<String>);

impl Violations {
    /// Records a required member as missing if it is.
    pub(crate) fn required<T>(&mut self, path: &str, value: Option<&T>) {
        if value.is_none() {
            self.missing(path);
        }
    }

    /// Records a missing required member.
    pub(crate) fn missing(&mut self, path: &str) {
        self.0.push(format!(
            "Value null at '{path}' failed to satisfy constraint: Member must not be null"
        ));
    }

    /// Records a member that the operation does not have.
    pub(crate) fn unknown(&mut self, operation: &str, path: &str) {
        self.0.push(format!(
            "The local server does not know the member '{path}' of {operation}"
        ));
    }

    /// Records a member that another one excludes.
    pub(crate) fn excluded(&mut self, path: &str, by: &str) {
        self.0
            .push(format!("'{path}' cannot be given together with '{by}'"));
    }

    /// Checks a location in S3. The model also allows `https://` URLs, which refer to other hosts.
    pub(crate) fn s3_uri(&mut self, path: &str, value: &str) {
        if S3Uri::parse(value).is_none() {
            self.mismatch(path, value, S3_PATTERN);
        }
    }

    /// Checks the name of an input channel. The name becomes a directory below `/opt/ml/input/data`, so
    /// `.` and `..` are rejected too.
    pub(crate) fn channel(&mut self, path: &str, value: &str) {
        if value == "." || value == ".." {
            self.mismatch(path, value, CHANNEL_PATTERN);
        }
    }

    /// Checks a member with an enumerated set of values.
    pub(crate) fn one_of(&mut self, path: &str, value: &str, allowed: &[String]) {
        if !allowed.iter().any(|allowed| allowed == value) {
            let set = allowed.join(", ");
            self.add(
                path,
                value,
                &format!("Member must satisfy enum value set: [{set}]"),
            );
        }
    }

    /// Checks a number against inclusive bounds.
    pub(crate) fn range(&mut self, path: &str, value: i64, least: i64, most: i64) {
        if value < least {
            self.below(path, value, least);
        } else if value > most {
            self.add(
                path,
                value,
                &format!("Member must have value less than or equal to {most}"),
            );
        }
    }

    /// Records a number that is too small.
    pub(crate) fn below(&mut self, path: &str, value: impl Display, least: i64) {
        let constraint = format!("Member must have value greater than or equal to {least}");
        self.add(path, value, &constraint);
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

    /// Records a text, list or map that is too short.
    pub(crate) fn too_short(&mut self, path: &str, value: impl Display, least: i64) {
        let constraint = format!("Member must have length greater than or equal to {least}");
        self.add(path, value, &constraint);
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

    /// Records a text that does not match its pattern.
    pub(crate) fn mismatch(&mut self, path: &str, value: &str, pattern: &str) {
        let constraint = format!("Member must satisfy regular expression pattern: ^{pattern}");
        self.add(path, value, &constraint);
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

    /// Records one violation, with AWS's wording.
    fn add(&mut self, path: &str, value: impl Display, constraint: &str) {
        self.0.push(format!(
            "Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"
        ));
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
    fn all_violations_are_reported_at_once() {
        let found = message(|violations| {
            violations.missing("roleArn");
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
    fn a_channel_name_cannot_lead_out_of_its_directory() {
        for (name, good) in [
            ("train", true),
            ("alarm-test.1_a", true),
            ("..", false),
            (".", false),
        ] {
            let found = message(|violations| violations.channel("c", name));
            assert_eq!(found.is_empty(), good, "{name}");
        }
    }

    #[test]
    fn data_must_be_in_s3() {
        for (uri, good) in [
            ("s3://b/k", true),
            ("https://b/k", false),
            ("s3:///k", false),
        ] {
            let found = message(|violations| violations.s3_uri("u", uri));
            assert_eq!(found.is_empty(), good, "{uri}");
        }
    }
}
