//! The status of a training job.

use std::fmt;

use serde::{Serialize, Serializer};

/// The status of a training job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobStatus {
    /// Waiting, downloading, training or uploading.
    InProgress,
    /// Ended with a model.
    Completed,
    /// Ended with an error.
    Failed,
    /// Stopping, but not yet ended.
    Stopping,
    /// Stopped on request or by its time limit. There may be a model.
    Stopped,
    /// A status that this crate does not know.
    Other(String),
}

impl JobStatus {
    /// The status as the service spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::InProgress => "InProgress",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::Other(word) => word,
        }
    }

    /// Whether the status is final.
    ///
    /// An unknown status is not treated as final, because waiting too long is harmless.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Stopped)
    }

    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "InProgress" => Self::InProgress,
            "Completed" => Self::Completed,
            "Failed" => Self::Failed,
            "Stopping" => Self::Stopping,
            "Stopped" => Self::Stopped,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for JobStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_keeps_the_services_spelling() {
        for word in [
            "InProgress",
            "Completed",
            "Failed",
            "Stopping",
            "Stopped",
            "Deleting",
        ] {
            let status = JobStatus::from_word(word);
            assert_eq!(status.to_string(), word);
            assert_eq!(serde_json::to_value(&status).unwrap(), word);
            assert_eq!(
                status.is_final(),
                ["Completed", "Failed", "Stopped"].contains(&word)
            );
        }
    }
}
