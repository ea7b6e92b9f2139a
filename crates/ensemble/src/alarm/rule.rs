//! When an alarm is raised and when it ends.

use serde::{Deserialize, Serialize};

use super::recording::Recording;
use super::state::{Alarm, AlarmState};
use crate::error::Error;

/// The longest window, in seconds: what must be awaited for longer is no alarm.
const LONGEST_S: u32 = 600;
/// The release threshold as a share of the threshold, unless another is set.
const RELEASE_SHARE: f64 = 0.5;

/// The numbers of a rule, not yet checked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmParams {
    /// Probabilities of at least this speak for an alarm; above 0 and at most 1.
    pub threshold: f64,
    /// So many rows must be at or above the threshold, at least 1.
    pub k: u32,
    /// Among the rows of so many seconds: from `k` to 600. A second without a row is one below the threshold.
    pub n: u32,
    /// An alarm ends when fewer than `k` rows are at or above this; from 0 to the threshold.
    pub release: f64,
    /// Whether an alarm goes on until [`AlarmState::reset`], whatever the probabilities.
    pub latch: bool,
}

/// A rule whose every number is in range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "AlarmParams", into = "AlarmParams")]
pub struct AlarmRule(AlarmParams);

impl AlarmParams {
    /// `k` rows of `n` seconds at or above `threshold`; an alarm ends at half of that and does not latch.
    pub fn new(threshold: f64, k: u32, n: u32) -> Self {
        Self {
            threshold,
            k,
            n,
            release: threshold * RELEASE_SHARE,
            latch: false,
        }
    }

    /// Checks every range; only what comes out can raise alarms.
    pub fn check(self) -> Result<AlarmRule, Error> {
        let refuse = |name, value: String, expected| {
            Err(Error::ParameterValue {
                name,
                value,
                expected,
            })
        };
        if !(self.threshold > 0.0 && self.threshold <= 1.0) {
            let value = self.threshold.to_string();
            return refuse("threshold", value, "a number above 0 and at most 1");
        }
        if !(1..=LONGEST_S).contains(&self.n) {
            return refuse("n", self.n.to_string(), "a whole number from 1 to 600");
        }
        if !(1..=self.n).contains(&self.k) {
            return refuse("k", self.k.to_string(), "a whole number from 1 to n");
        }
        if !(0.0..=self.threshold).contains(&self.release) {
            let value = self.release.to_string();
            return refuse("release", value, "a number from 0 to the threshold");
        }
        Ok(AlarmRule(self))
    }
}

impl AlarmRule {
    /// What was checked.
    pub fn params(&self) -> &AlarmParams {
        &self.0
    }

    /// The same rule at another threshold; the release threshold keeps its share of it.
    pub fn at(&self, threshold: f64) -> Result<Self, Error> {
        let share = self.0.release / self.0.threshold;
        let release = (threshold * share).min(threshold);
        AlarmParams {
            threshold,
            release,
            ..self.0
        }
        .check()
    }

    /// All alarms of a recording, in order of time.
    pub fn alarms(&self, recording: &Recording) -> Vec<Alarm> {
        let mut state = AlarmState::new(*self);
        let rows = recording.rows();
        rows.filter_map(|(time_s, p)| state.push(time_s, p))
            .collect()
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
    fn numbers_out_of_range_are_named() {
        let check = |change: fn(&mut AlarmParams), expected: &str| {
            let mut params = AlarmParams::new(0.5, 3, 5);
            change(&mut params);
            let refused = params.check().unwrap_err().to_string();
            assert_eq!(refused, format!("parameter {expected}"));
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
    fn another_threshold_keeps_the_share_of_the_release() {
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
    fn a_rule_is_read_back_and_checked_while_it_is_read() {
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
