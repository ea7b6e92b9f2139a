//! The channels of a training job.

use std::fmt;

use serde::{Deserialize, Serialize};
use split::Part;

/// An input channel of a training job: one partition of the dataset, which SageMaker mounts at
/// `/opt/ml/input/data/<channel>`.
// In alphabetical order, so that maps by channel list their JSON keys in that order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Whole episodes for evaluating the alarm rule.
    AlarmTest,
    /// Whole episodes for choosing the alarm rule.
    AlarmValidation,
    /// Held-out rows, used neither for fitting nor for any choice.
    Test,
    /// Rows for fitting models.
    Train,
    /// Rows for early stopping, thresholds and ensemble weights.
    Validation,
}

impl Channel {
    /// Every channel, in the order in which a job reads them.
    pub const ALL: [Self; 5] = [
        Self::Train,
        Self::Validation,
        Self::Test,
        Self::AlarmValidation,
        Self::AlarmTest,
    ];

    /// The channels that a training job reads once its model and threshold are fixed.
    pub const OPTIONAL: [Self; 3] = [Self::Test, Self::AlarmValidation, Self::AlarmTest];

    /// The channels that the rows of a dataset are split into.
    pub const PARTITIONS: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// The channels of whole episodes, which not every dataset has.
    pub const ALARM: [Self; 2] = [Self::AlarmValidation, Self::AlarmTest];

    /// The name in SageMaker, in S3 keys and in JSON documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlarmTest => "alarm-test",
            Self::AlarmValidation => "alarm-validation",
            Self::Test => "test",
            Self::Train => "train",
            Self::Validation => "validation",
        }
    }

    /// The file in `output.tar.gz` with a model's predictions on this channel.
    pub fn predictions_file(self) -> String {
        format!("{self}.csv")
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<Part> for Channel {
    fn from(part: Part) -> Self {
        match part {
            Part::Train => Self::Train,
            Part::Validation => Self::Validation,
            Part::Test => Self::Test,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_uses_the_same_names_as_sagemaker_and_lists_them_alphabetically() {
        let mut names = Vec::new();
        let mut sorted = Channel::ALL;
        sorted.sort();
        for channel in sorted {
            let json = serde_json::to_value(channel).unwrap();
            assert_eq!(json, channel.as_str());
            assert_eq!(serde_json::from_value::<Channel>(json).unwrap(), channel);
            names.push(channel.as_str());
        }
        assert!(names.is_sorted());
    }
}
