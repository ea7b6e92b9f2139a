//! What is to be watched, and by what.

use std::path::PathBuf;

use alarm::{AlarmParams, AlarmRule};
use fire_cli::CommonArgs;
use sagemaker_ops::EndpointName;
use sensor_model::recording::{Co2Columns, FrameOptions};

/// The arguments of `--follow`.
pub(crate) struct Watch {
    pub(crate) common: CommonArgs,
    /// `-` is standard input.
    pub(crate) frames: PathBuf,
    pub(crate) options: FrameOptions,
    pub(crate) co2: Option<(PathBuf, Co2Columns)>,
    pub(crate) start_unix_s: Option<f64>,
    /// Gives the probabilities, unless there is an endpoint, and the rule, unless there is another.
    pub(crate) model: Option<PathBuf>,
    pub(crate) endpoint: Option<EndpointName>,
    pub(crate) rule: Option<AlarmRule>,
}

/// A rule written `THRESHOLD:K:N`.
pub(crate) fn alarm_rule(text: &str) -> Result<AlarmRule, String> {
    let form = || "must be THRESHOLD:K:N, for example 0.8:3:5".to_owned();
    let parts: Vec<_> = text.split(':').collect();
    let &[threshold, k, n] = parts.as_slice() else {
        return Err(form());
    };
    let params = AlarmParams::new(
        threshold.parse().map_err(|_| form())?,
        k.parse().map_err(|_| form())?,
        n.parse().map_err(|_| form())?,
    );
    params.check().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_three_numbers_in_range() {
        let rule = alarm_rule("0.8:3:5").unwrap();
        assert_eq!(*rule.params(), AlarmParams::new(0.8, 3, 5));
        for (text, expected) in [
            ("", "THRESHOLD:K:N"),
            ("0.8:3", "THRESHOLD:K:N"),
            ("0.8:3:5:7", "THRESHOLD:K:N"),
            ("much:3:5", "THRESHOLD:K:N"),
            ("0.8:-3:5", "THRESHOLD:K:N"),
            ("1.8:3:5", "`threshold` is `1.8`"),
            ("NaN:3:5", "`threshold` is `NaN`"),
            ("0.8:6:5", "`k` is `6`"),
        ] {
            let refused = alarm_rule(text).unwrap_err();
            assert!(refused.contains(expected), "{text}: {refused}");
        }
    }
}
