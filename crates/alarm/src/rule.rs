//! The rule that starts and ends alarms.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The name under which the model's rule is stored in a model file.
pub const EXTRA: &str = "alarm";

/// The maximum window in seconds: after ten minutes, an alarm would be too late to be useful.
const LONGEST_S: u32 = 600;
/// The default release threshold, as a fraction of the threshold.
const RELEASE_SHARE: f64 = 0.5;

/// The unchecked parameters of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmParams {
    /// A row counts towards an alarm if its probability is at least this; above 0 and at most 1.
    pub threshold: f64,
    /// The number of rows that must be at or above the threshold, at least 1.
    pub k: u32,
    /// The length of the window in seconds, from `k` to 600. A second without a row counts as below the threshold.
    pub n: u32,
    /// An alarm ends when fewer than `k` rows are at or above this; from 0 to the threshold.
    pub release: f64,
    /// Whether an alarm continues until [`AlarmState::reset`](crate::AlarmState::reset), regardless of the
    /// probabilities.
    pub latch: bool,
}

/// A rule with valid parameters. Its `Display` is a clause: "when 2 of the last 3 s are at …".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "AlarmParams", into = "AlarmParams")]
pub struct AlarmRule(AlarmParams);

impl AlarmParams {
    /// `k` rows of `n` seconds at or above `threshold`, released at half the threshold, without latching.
    pub fn new(threshold: f64, k: u32, n: u32) -> Self {
        Self {
            threshold,
            k,
            n,
            release: threshold * RELEASE_SHARE,
            latch: false,
        }
    }

    /// Checks the range of every parameter.
    pub fn check(self) -> Result<AlarmRule, Error> {
        let reject = |name, value: String, expected| {
            Err(Error::Parameter {
                name,
                value,
                expected,
            })
        };
        if !(self.threshold > 0.0 && self.threshold <= 1.0) {
            let value = self.threshold.to_string();
            return reject("threshold", value, "a number above 0 and at most 1");
        }
        if !(1..=LONGEST_S).contains(&self.n) {
            return reject("n", self.n.to_string(), "a whole number from 1 to 600");
        }
        if !(1..=self.n).contains(&self.k) {
            return reject("k", self.k.to_string(), "a whole number from 1 to n");
        }
        if !(0.0..=self.threshold).contains(&self.release) {
            let value = self.release.to_string();
            return reject("release", value, "a number from 0 to the threshold");
        }
        Ok(AlarmRule(self))
    }
}

impl AlarmRule {
    /// The parameters.
    pub fn params(&self) -> &AlarmParams {
        &self.0
    }

    /// The same rule at another threshold; the release threshold keeps its ratio to the threshold.
    pub fn at(&self, threshold: f64) -> Result<Self, Error> {
        let ratio = self.0.release / self.0.threshold;
        // With a ratio of 1, rounding may put it above the threshold.
        let release = (threshold * ratio).min(threshold);
        AlarmParams {
            threshold,
            release,
            ..self.0
        }
        .check()
    }
}

impl fmt::Display for AlarmRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AlarmParams {
            threshold,
            k,
            n,
            release,
            latch,
        } = self.0;
        let latch = if latch { ", and stays" } else { "" };
        write!(
            f,
            "when {k} of the last {n} s are at {threshold:.3} or above, until fewer are at {release:.3}{latch}"
        )
    }
}

impl TryFrom<AlarmParams> for AlarmRule {
    type Error = Error;

    fn try_from(params: AlarmParams) -> Result<Self, Error> {
        params.check()
    }
}

impl From<AlarmRule> for AlarmParams {
    fn from(rule: AlarmRule) -> Self {
        rule.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_out_of_range_are_reported() {
        let check = |change: fn(&mut AlarmParams), expected: &str| {
            let mut params = AlarmParams::new(0.5, 3, 5);
            change(&mut params);
            let error = params.check().unwrap_err().to_string();
            assert_eq!(error, format!("parameter {expected}"));
        };
        let threshold = "it must be a number above 0 and at most 1";
        check(
            |p| p.threshold = 0.0,
            &format!("`threshold` is `0`; {threshold}"),
        );
        check(
            |p| p.threshold = 1.5,
            &format!("`threshold` is `1.5`; {threshold}"),
        );
        check(
            |p| p.threshold = f64::NAN,
            &format!("`threshold` is `NaN`; {threshold}"),
        );
        check(
            |p| p.n = 601,
            "`n` is `601`; it must be a whole number from 1 to 600",
        );
        check(
            |p| p.k = 0,
            "`k` is `0`; it must be a whole number from 1 to n",
        );
        check(
            |p| p.k = 6,
            "`k` is `6`; it must be a whole number from 1 to n",
        );
        let release = "it must be a number from 0 to the threshold";
        check(
            |p| p.release = 0.6,
            &format!("`release` is `0.6`; {release}"),
        );
        check(
            |p| p.release = f64::NAN,
            &format!("`release` is `NaN`; {release}"),
        );
    }

    #[test]
    fn changing_the_threshold_keeps_the_release_ratio() {
        let rule = AlarmParams::new(0.8, 1, 1).check().unwrap();
        let lower = rule.at(0.5).unwrap();
        assert_eq!(*lower.params(), AlarmParams::new(0.5, 1, 1));
        assert!(rule.at(0.0).is_err());
        let without_hysteresis = AlarmParams {
            release: 0.3,
            ..AlarmParams::new(0.3, 1, 1)
        };
        let rule = without_hysteresis.check().unwrap();
        assert_eq!(rule.at(0.7).unwrap().params().release, 0.7);
    }

    #[test]
    fn a_rule_is_checked_when_it_is_deserialised() {
        let rule = AlarmParams::new(0.5, 3, 5).check().unwrap();
        let text = serde_json::to_string(&rule).unwrap();
        assert_eq!(
            text,
            r#"{"threshold":0.5,"k":3,"n":5,"release":0.25,"latch":false}"#
        );
        assert_eq!(serde_json::from_str::<AlarmRule>(&text).unwrap(), rule);
        for (from, to) in [(r#""k":3"#, r#""k":9"#), (r#""k":3"#, r#""k":3,"x":1"#)] {
            let altered = text.replace(from, to);
            assert!(
                serde_json::from_str::<AlarmRule>(&altered).is_err(),
                "{altered}"
            );
        }
    }
}
