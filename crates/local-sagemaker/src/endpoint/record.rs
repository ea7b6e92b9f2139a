//! What is known of an endpoint, as it is kept on disk and as `DescribeEndpoint` tells it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::capture::Capture;
use super::fleet::Fleet;
use super::variant::Variant;
use crate::arn;
use crate::clock::Stamp;
use crate::process::Identity;
use crate::tags::Tag;

/// Longest `FailureReason`, in characters.
const LONGEST_REASON: usize = 1024;

/// `EndpointStatus`, as far as the server has use for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    /// Its first processes are being started.
    Creating,
    /// It serves.
    InService,
    /// It serves, while the processes of another configuration are being started.
    Updating,
    /// A new server is starting its processes again.
    SystemUpdating,
    /// Its first processes did not pass; it can only be deleted.
    Failed,
    /// Its processes are being ended.
    Deleting,
}

impl Status {
    /// The word on the wire.
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

/// One configuration put to work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Deployment {
    /// Tells the folders of one endpoint's deployments apart.
    pub(crate) generation: u64,
    /// The configuration's name.
    pub(crate) config: String,
    /// Its variants with their models, as they were then.
    pub(crate) variants: Vec<Variant>,
    /// What is written down of its requests and answers.
    #[serde(default)]
    pub(crate) capture: Option<Capture>,
}

/// An endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The name, as it was given.
    pub(crate) name: String,
    /// The region of the request.
    region: String,
    /// The status.
    pub(crate) status: Status,
    /// Why it failed, or why its last update did.
    failure: Option<String>,
    /// `CreationTime`.
    pub(crate) created: Stamp,
    /// `LastModifiedTime`.
    pub(crate) modified: Stamp,
    /// What serves, or is to serve first.
    pub(crate) current: Deployment,
    /// What an update is about to put in its place.
    pub(crate) next: Option<Deployment>,
    /// How many updates failed since the current deployment.
    pub(crate) updates: u64,
    /// The serving processes, by folder.
    pub(crate) processes: BTreeMap<String, Identity>,
    /// The endpoint's tags.
    #[serde(default)]
    pub(crate) tags: Vec<Tag>,
}

impl Record {
    /// An endpoint that is being created.
    pub(crate) fn new(name: &str, region: &str, first: Deployment) -> Self {
        let now = Stamp::now();
        Self {
            name: name.to_owned(),
            region: region.to_owned(),
            status: Status::Creating,
            failure: None,
            created: now,
            modified: now,
            current: first,
            next: None,
            updates: 0,
            processes: BTreeMap::new(),
            tags: Vec::new(),
        }
    }

    /// The endpoint's resource name.
    pub(crate) fn arn(&self) -> String {
        arn::sagemaker(&self.region, "endpoint", &self.name)
    }

    /// A new status, with the reason if something failed.
    pub(crate) fn enter(&mut self, status: Status, failure: Option<&str>) {
        self.status = status;
        self.failure = failure.map(|reason| reason.chars().take(LONGEST_REASON).collect());
        self.modified = Stamp::now();
    }

    /// An update has been accepted.
    pub(crate) fn begin_update(&mut self, next: Deployment) {
        self.next = Some(next);
        self.enter(Status::Updating, None);
    }

    /// The update has taken over.
    pub(crate) fn finish_update(&mut self) {
        if let Some(next) = self.next.take() {
            self.current = next;
            self.updates = 0;
        }
        self.enter(Status::InService, None);
    }

    /// The update did not pass; the old deployment goes on.
    pub(crate) fn reject_update(&mut self, reason: &str) {
        self.next = None;
        self.updates += 1;
        self.enter(Status::InService, Some(reason));
    }

    /// One element of `Endpoints` in `ListEndpointsOutput`.
    pub(crate) fn summary(&self) -> Value {
        json!({
            "EndpointName": self.name,
            "EndpointArn": self.arn(),
            "CreationTime": self.created.wire(),
            "LastModifiedTime": self.modified.wire(),
            "EndpointStatus": self.status.word(),
        })
    }

    /// `DescribeEndpointOutput`; `live` is what serves at the moment.
    pub(crate) fn describe(&self, live: Option<&Fleet>) -> Value {
        let mut answer = self.summary();
        answer["EndpointConfigName"] = self.current.config.clone().into();
        if self.status != Status::Creating {
            let summary = |variant: &Variant| {
                let member = live.and_then(|fleet| fleet.named(&variant.name));
                variant.summary(member.map(|member| (member.weight(), member.count())))
            };
            answer["ProductionVariants"] = self.current.variants.iter().map(summary).collect();
        }
        if let Some(capture) = &self.current.capture {
            answer["DataCaptureConfig"] = capture.summary();
        }
        if let Some(failure) = &self.failure {
            answer["FailureReason"] = failure.clone().into();
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(generation: u64, config: &str) -> Deployment {
        Deployment {
            generation,
            config: config.into(),
            variants: Vec::new(),
            capture: None,
        }
    }

    #[test]
    fn a_failed_update_leaves_the_old_configuration_and_says_why() {
        let mut record = Record::new("e", "us-east-1", deployment(0, "old"));
        record.enter(Status::InService, None);
        record.begin_update(deployment(1, "new"));
        assert_eq!(record.describe(None)["EndpointStatus"], "Updating");
        record.reject_update("no ping");
        let answer = record.describe(None);
        assert_eq!(
            (&answer["EndpointStatus"], &answer["EndpointConfigName"]),
            (&json!("InService"), &json!("old"))
        );
        assert_eq!(answer["FailureReason"], "no ping");
        assert_eq!(record.updates, 1);
    }

    #[test]
    fn an_update_that_passed_clears_an_earlier_reason() {
        let mut record = Record::new("e", "us-east-1", deployment(0, "old"));
        record.enter(Status::InService, Some("before"));
        record.begin_update(deployment(1, "new"));
        record.finish_update();
        let answer = record.describe(None);
        assert_eq!(answer["EndpointConfigName"], "new");
        assert!(answer.get("FailureReason").is_none());
    }
}
