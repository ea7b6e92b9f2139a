//! The status of a training job and of an endpoint.

use std::fmt;

use serde::Serialize;

/// The status of a training job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    #[serde(untagged)]
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

    pub(crate) fn from_word(word: &str) -> Self {
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

/// The status of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum EndpointStatus {
    /// Being created; does not serve requests yet.
    Creating,
    /// Serves requests.
    InService,
    /// Serves the old model while the new one starts.
    Updating,
    /// Serves requests during maintenance by the service.
    SystemUpdating,
    /// Serves the old model, because the new one failed.
    RollingBack,
    /// Does not serve requests, but can be updated.
    OutOfService,
    /// Being deleted.
    Deleting,
    /// Does not serve requests, and can only be deleted.
    Failed,
    /// The update and the rollback both failed.
    UpdateRollbackFailed,
    /// A status that this crate does not know.
    #[serde(untagged)]
    Other(String),
}

impl EndpointStatus {
    const KNOWN: [Self; 9] = [
        Self::Creating,
        Self::InService,
        Self::Updating,
        Self::SystemUpdating,
        Self::RollingBack,
        Self::OutOfService,
        Self::Deleting,
        Self::Failed,
        Self::UpdateRollbackFailed,
    ];

    /// The status as the service spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Creating => "Creating",
            Self::InService => "InService",
            Self::Updating => "Updating",
            Self::SystemUpdating => "SystemUpdating",
            Self::RollingBack => "RollingBack",
            Self::OutOfService => "OutOfService",
            Self::Deleting => "Deleting",
            Self::Failed => "Failed",
            Self::UpdateRollbackFailed => "UpdateRollbackFailed",
            Self::Other(word) => word,
        }
    }

    /// Whether the status is stable until a change is requested.
    pub fn is_settled(&self) -> bool {
        matches!(
            self,
            Self::InService | Self::OutOfService | Self::Failed | Self::UpdateRollbackFailed
        )
    }

    pub(crate) fn from_word(word: &str) -> Self {
        Self::KNOWN
            .into_iter()
            .find(|status| status.as_str() == word)
            .unwrap_or_else(|| Self::Other(word.to_owned()))
    }
}

impl fmt::Display for EndpointStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
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

    #[test]
    fn a_status_keeps_the_services_spelling_and_may_be_settled() {
        for status in EndpointStatus::KNOWN {
            assert_eq!(EndpointStatus::from_word(status.as_str()), status);
            assert_eq!(serde_json::to_value(&status).unwrap(), status.to_string());
        }
        let settled = EndpointStatus::KNOWN
            .into_iter()
            .filter(EndpointStatus::is_settled);
        let words: Vec<_> = settled.map(|status| status.to_string()).collect();
        assert_eq!(
            words,
            [
                "InService",
                "OutOfService",
                "Failed",
                "UpdateRollbackFailed"
            ]
        );
        assert_eq!(
            EndpointStatus::from_word("New"),
            EndpointStatus::Other("New".to_owned())
        );
    }
}
