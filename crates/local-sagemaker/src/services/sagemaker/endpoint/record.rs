//! The record of an endpoint, as stored on disk and as returned by `DescribeEndpoint`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::capture::Capture;
use super::fleet::Fleet;
use super::variant::Variant;
use crate::machine::clock::Timestamp;
use crate::machine::process::ProcessId;
use crate::protocol::ApiError;
use crate::services::sagemaker::resource::{Header, Resource, failure_reason};

/// `EndpointStatus`, limited to the values that this server uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    /// Its first containers are starting.
    Creating,
    /// It is serving.
    InService,
    /// It is serving while a new configuration, weights or instance counts are applied.
    Updating,
    /// A restarted server is restarting its containers.
    SystemUpdating,
    /// Its first containers did not answer `/ping`; it can only be deleted.
    Failed,
    /// Its containers are being stopped.
    Deleting,
}

impl Status {
    /// The value of `EndpointStatus`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::InService => "InService",
            Self::Updating => "Updating",
            Self::SystemUpdating => "SystemUpdating",
            Self::Failed => "Failed",
            Self::Deleting => "Deleting",
        }
    }
}

/// A deployed configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Deployment {
    /// A number unique among the endpoint's deployments, which names the deployment's folder.
    pub(crate) generation: u64,
    /// The configuration's name.
    pub(crate) config: String,
    /// Its variants with their models, as they were when it was deployed.
    pub(crate) variants: Vec<Variant>,
    /// The data capture settings.
    #[serde(default)]
    pub(crate) capture: Option<Capture>,
}

impl Deployment {
    /// Rejects a data capture destination that is too long for the endpoint's name and variants.
    pub(crate) fn check_captures(&self, endpoint: &str) -> Result<(), ApiError> {
        let variants = self.variants.iter().map(|variant| variant.name.as_str());
        match &self.capture {
            Some(capture) => capture.check_keys(endpoint, variants),
            None => Ok(()),
        }
    }
}

/// The record of an endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Name, region, time and tags.
    #[serde(flatten)]
    pub(super) header: Header,
    /// The status.
    pub(crate) status: Status,
    /// Why the endpoint or its last update failed.
    failure: Option<String>,
    /// `LastModifiedTime`.
    pub(crate) modified: Timestamp,
    /// The deployment that is serving, or the first one while it starts.
    pub(crate) current: Deployment,
    /// The replacement, while an update is in progress.
    pub(crate) next: Option<Deployment>,
    /// `LastDeploymentConfig`: how the latest deployment was to be rolled out.
    #[serde(default)]
    pub(crate) deployment_config: Option<Value>,
    /// Number of failed updates since the current deployment.
    pub(crate) updates: u64,
    /// The serving processes, by GENERATION/VARIANT/INSTANCE.
    pub(crate) processes: BTreeMap<String, ProcessId>,
}

impl Resource for Record {
    const KIND: &'static str = "endpoint";
    const NAME_MEMBER: &'static str = "EndpointName";
    const LIST_MEMBER: &'static str = "Endpoints";

    fn header(&self) -> &Header {
        &self.header
    }

    fn header_mut(&mut self) -> &mut Header {
        &mut self.header
    }

    fn modified(&self) -> Timestamp {
        self.modified
    }

    fn status(&self) -> &'static str {
        self.status.word()
    }

    fn is_active(&self) -> bool {
        true
    }

    fn summary(&self) -> Value {
        json!({
            "EndpointName": self.header.name,
            "EndpointArn": self.arn(),
            "CreationTime": self.header.created.wire(),
            "LastModifiedTime": self.modified.wire(),
            "EndpointStatus": self.status.word(),
        })
    }
}

impl Record {
    /// An endpoint that is being created.
    pub(crate) fn new(header: Header, first: Deployment) -> Self {
        Self {
            modified: header.created,
            header,
            status: Status::Creating,
            failure: None,
            current: first,
            next: None,
            deployment_config: None,
            updates: 0,
            processes: BTreeMap::new(),
        }
    }

    /// Enters a status, with the reason if something failed.
    pub(crate) fn enter(&mut self, status: Status, failure: Option<&str>) {
        self.status = status;
        self.failure = failure.map(failure_reason);
        self.modified = Timestamp::now();
    }

    /// Begins an update.
    pub(crate) fn begin_update(&mut self, next: Deployment) {
        self.next = Some(next);
        self.enter(Status::Updating, None);
    }

    /// Completes the update: the next deployment takes over.
    pub(crate) fn finish_update(&mut self) {
        if let Some(next) = self.next.take() {
            self.current = next;
            self.updates = 0;
        }
        self.enter(Status::InService, None);
    }

    /// Abandons the update; the old deployment keeps serving.
    pub(crate) fn reject_update(&mut self, reason: &str) {
        self.next = None;
        self.updates += 1;
        self.enter(Status::InService, Some(reason));
    }

    /// `DescribeEndpointOutput`; `live` is the running fleet, if any.
    pub(crate) fn describe(&self, live: Option<&Fleet>) -> Value {
        let mut response = self.summary();
        response["EndpointConfigName"] = self.current.config.clone().into();
        if self.status != Status::Creating {
            let summary = |variant: &Variant| {
                let member = live.and_then(|fleet| fleet.variant(&variant.name));
                variant.summary(member.map(|member| (member.weight(), member.count())))
            };
            response["ProductionVariants"] = self.current.variants.iter().map(summary).collect();
        }
        if let Some(capture) = &self.current.capture {
            response["DataCaptureConfig"] = capture.summary();
        }
        if let Some(deployment_config) = &self.deployment_config {
            response["LastDeploymentConfig"] = deployment_config.clone();
        }
        if let Some(failure) = &self.failure {
            response["FailureReason"] = failure.clone().into();
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Call;

    fn deployment(generation: u64, config: &str) -> Deployment {
        Deployment {
            generation,
            config: config.into(),
            variants: Vec::new(),
            capture: None,
        }
    }

    fn record() -> Record {
        let call = Call {
            region: "us-east-1".into(),
            body: json!({}),
        };
        Record::new(Header::new("e", &call).unwrap(), deployment(0, "old"))
    }

    #[test]
    fn a_failed_update_keeps_the_old_configuration_and_reports_the_reason() {
        let mut record = record();
        record.enter(Status::InService, None);
        record.begin_update(deployment(1, "new"));
        assert_eq!(record.describe(None)["EndpointStatus"], "Updating");
        record.reject_update("no ping");
        let response = record.describe(None);
        assert_eq!(
            (&response["EndpointStatus"], &response["EndpointConfigName"]),
            (&json!("InService"), &json!("old"))
        );
        assert_eq!(response["FailureReason"], "no ping");
        assert_eq!(record.updates, 1);
    }

    #[test]
    fn a_successful_update_clears_an_earlier_failure() {
        let mut record = record();
        record.enter(Status::InService, Some("before"));
        record.begin_update(deployment(1, "new"));
        record.finish_update();
        let response = record.describe(None);
        assert_eq!(response["EndpointConfigName"], "new");
        assert!(response.get("FailureReason").is_none());
    }
}
