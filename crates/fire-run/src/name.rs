//! The name of a run.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Maximum length of a run name: `flir-scd41-rf-100k-<run>` must fit SageMaker's 63 characters.
const LONGEST: usize = 44;

/// The name that ties a dataset, its jobs, its models and its report together.
///
/// 1 to 44 letters, digits and hyphens, with no hyphen at either end: training job names, which
/// SageMaker limits to 63 characters, are derived from it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunName(String);

impl RunName {
    /// A time as a name: `YYYYMMDD-HHMMSS` in UTC, which sorts by time and is valid in every AWS name.
    pub fn from_time(time: SystemTime) -> Self {
        let utc = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
        let utc = utc.to_zoned(TimeZone::UTC);
        Self(utc.strftime("%Y%m%d-%H%M%S").to_string())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<RunName> for String {
    fn from(name: RunName) -> Self {
        name.0
    }
}

impl FromStr for RunName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for RunName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let edges = !text.starts_with('-') && !text.ends_with('-');
        if !text.is_empty() && text.len() <= LONGEST && edges && text.chars().all(allowed) {
            return Ok(Self(text));
        }
        Err(Error::RunName {
            name: text,
            longest: LONGEST,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn names_follow_sagemakers_rules() {
        let longest = "a".repeat(LONGEST);
        let too_long = "a".repeat(LONGEST + 1);
        let cases = [
            ("20261123-024109", true),
            ("nightly", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("-a", false),
            ("a-", false),
            ("a_b", false),
            ("a/b", false),
        ];
        for (text, valid) in cases {
            assert_eq!(text.parse::<RunName>().is_ok(), valid, "{text}");
        }
    }

    #[test]
    fn names_made_from_times_are_in_utc_and_sort_by_time() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_401_669);
        let name = RunName::from_time(time);
        assert_eq!(name.as_str(), "20261123-024109");
        assert!(RunName::from_time(time + Duration::from_secs(1)) > name);
    }
}
