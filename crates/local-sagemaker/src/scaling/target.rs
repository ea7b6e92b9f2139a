//! Scalable targets as they are named, kept and told of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::policy::Policy;
use crate::arn::ACCOUNT;
use crate::clock::Stamp;
use crate::wire::ApiError;

/// The only namespace here.
const NAMESPACE: &str = "sagemaker";
/// The only dimension here.
const DIMENSION: &str = "sagemaker:variant:DesiredInstanceCount";
/// How many activities are kept.
const MOST_ACTIVITIES: usize = 50;

/// A variant that may be scaled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Target {
    /// The endpoint's name.
    pub(super) endpoint: String,
    /// The variant's name.
    pub(super) variant: String,
    /// The region of the request.
    pub(super) region: String,
    /// The least number of instances.
    pub(super) min: i64,
    /// The most.
    pub(super) max: i64,
    /// Who scales; nobody assumes it.
    pub(super) role: String,
    /// `SuspendedState`.
    pub(super) suspended: Suspended,
    /// When it was registered.
    pub(super) created: Stamp,
    /// By name.
    pub(super) policies: BTreeMap<String, Policy>,
    /// What was done, the newest first.
    pub(super) activities: Vec<Activity>,
}

/// `SuspendedState`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Suspended {
    /// No shrinking.
    #[serde(rename = "DynamicScalingInSuspended")]
    pub(super) shrinking: bool,
    /// No growing.
    #[serde(rename = "DynamicScalingOutSuspended")]
    pub(super) growing: bool,
    /// There are no schedules here.
    #[serde(rename = "ScheduledScalingSuspended")]
    schedules: bool,
}

/// Something that was done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Activity {
    /// Why.
    pub(super) cause: String,
    /// The number of instances that was asked for.
    pub(super) count: i64,
    /// When it began.
    pub(super) start: Stamp,
    /// Why it was not done, if it was not.
    pub(super) failure: Option<String>,
}

/// The members by which requests name a target.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Place {
    /// `sagemaker`.
    service_namespace: Option<String>,
    /// `endpoint/NAME/variant/VARIANT`.
    resource_id: Option<String>,
    /// `sagemaker:variant:DesiredInstanceCount`.
    scalable_dimension: Option<String>,
}

impl Place {
    /// The endpoint and the variant.
    pub(super) fn names(&self) -> Result<(String, String), ApiError> {
        self.check_namespace()?;
        self.check_dimension()?;
        let id = self.resource_id.as_deref().unwrap_or_default();
        self.parts().ok_or_else(|| {
            ApiError::validation(format!(
                "Unsupported resource ID: '{id}' for service namespace: {NAMESPACE}; it is \
                 endpoint/ENDPOINT-NAME/variant/VARIANT-NAME"
            ))
        })
    }

    /// The endpoint and the variant, where the request need not name them.
    pub(super) fn optional_names(&self) -> Result<Option<(String, String)>, ApiError> {
        self.check_namespace()?;
        if self.scalable_dimension.is_some() {
            self.check_dimension()?;
        }
        self.resource_id
            .is_some()
            .then(|| {
                let place = Self {
                    scalable_dimension: Some(DIMENSION.to_owned()),
                    ..self.clone()
                };
                place.names()
            })
            .transpose()
    }

    /// The names in the resource's id.
    fn parts(&self) -> Option<(String, String)> {
        let mut parts = self.resource_id.as_deref()?.split('/');
        let mut next = || parts.next();
        match (next()?, next()?, next()?, next()?, next()) {
            ("endpoint", endpoint, "variant", variant, None) => {
                let named = |text: &str| {
                    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
                    !text.is_empty() && text.chars().all(plain)
                };
                (named(endpoint) && named(variant))
                    .then(|| (endpoint.to_owned(), variant.to_owned()))
            }
            _ => None,
        }
    }

    /// Only `SageMaker` is scaled here.
    pub(super) fn check_namespace(&self) -> Result<(), ApiError> {
        match self.service_namespace.as_deref() {
            Some(NAMESPACE) => Ok(()),
            other => Err(ApiError::validation(format!(
                "The local server scales the service namespace {NAMESPACE} only, not '{}'",
                other.unwrap_or_default()
            ))),
        }
    }

    /// Only instances of variants are scaled here.
    fn check_dimension(&self) -> Result<(), ApiError> {
        match self.scalable_dimension.as_deref() {
            Some(DIMENSION) => Ok(()),
            other => Err(ApiError::validation(format!(
                "Unsupported service namespace, resource type or scalable dimension: the local server scales \
                 {DIMENSION} only, not '{}'",
                other.unwrap_or_default()
            ))),
        }
    }
}

impl Target {
    /// The name of its record. Neither part holds a dot.
    pub(super) fn key(&self) -> String {
        key(&self.endpoint, &self.variant)
    }

    /// `endpoint/NAME/variant/VARIANT`.
    pub(super) fn resource(&self) -> String {
        format!("endpoint/{}/variant/{}", self.endpoint, self.variant)
    }

    /// The target's resource name. Its id follows from its place.
    pub(super) fn arn(&self) -> String {
        let id = self.resource().bytes().fold(7_u64, |sum, byte| {
            sum.wrapping_mul(1_099_511_628_211)
                .wrapping_add(u64::from(byte))
        });
        format!(
            "arn:aws:application-autoscaling:{}:{ACCOUNT}:scalable-target/{id:016x}{:04x}",
            self.region,
            id % 65_521
        )
    }

    /// Notes something that was done.
    pub(super) fn note(&mut self, activity: Activity) {
        self.activities.insert(0, activity);
        self.activities.truncate(MOST_ACTIVITIES);
    }

    /// The members that name it.
    pub(super) fn place(&self) -> Value {
        json!({"ServiceNamespace": NAMESPACE, "ResourceId": self.resource(), "ScalableDimension": DIMENSION})
    }

    /// One element of `ScalableTargets`.
    pub(super) fn wire(&self) -> Value {
        let mut wire = self.place();
        wire["MinCapacity"] = self.min.into();
        wire["MaxCapacity"] = self.max.into();
        wire["RoleARN"] = self.role.clone().into();
        wire["CreationTime"] = self.created.wire();
        wire["SuspendedState"] = json!(self.suspended);
        wire["ScalableTargetARN"] = self.arn().into();
        wire
    }

    /// One element of `ScalingActivities`.
    pub(super) fn wire_activity(&self, activity: &Activity) -> Value {
        let mut wire = self.place();
        let start = activity.start;
        wire["ActivityId"] = format!("{}-{}", self.variant.to_lowercase(), start.millis()).into();
        wire["Description"] =
            format!("Setting desired instance count to {}.", activity.count).into();
        wire["Cause"] = activity.cause.clone().into();
        wire["StartTime"] = start.wire();
        wire["EndTime"] = start.wire();
        match &activity.failure {
            None => {
                wire["StatusCode"] = "Successful".into();
                wire["StatusMessage"] = format!(
                    "Successfully set desired instance count to {}.",
                    activity.count
                )
                .into();
            }
            Some(reason) => {
                wire["StatusCode"] = "Failed".into();
                wire["StatusMessage"] = reason.clone().into();
            }
        }
        wire
    }
}

/// The name of a target's record.
pub(super) fn key(endpoint: &str, variant: &str) -> String {
    format!("{endpoint}.{variant}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_named_in_three_members() {
        let good = [NAMESPACE, "endpoint/e/variant/v", DIMENSION];
        for (index, value, expected) in [
            (0, NAMESPACE, ""),
            (0, "ecs", "namespace sagemaker only, not 'ecs'"),
            (1, "endpoint/e", "Unsupported resource ID"),
            (1, "endpoint/e/variant/v/x", "Unsupported resource ID"),
            (1, "endpoint/../variant/v", "Unsupported resource ID"),
            (
                2,
                "sagemaker:variant:DesiredProvisionedConcurrency",
                "scalable dimension",
            ),
        ] {
            let mut members = good;
            members[index] = value;
            let [namespace, resource, dimension] = members;
            let place: Place = serde_json::from_value(
                json!({"ServiceNamespace": namespace, "ResourceId": resource, "ScalableDimension": dimension}),
            )
            .unwrap();
            let found = place
                .names()
                .map_or_else(|error| error.message().to_owned(), |_| String::new());
            assert!(found.contains(expected), "{value}: {found}");
            assert_eq!(found.is_empty(), expected.is_empty(), "{value}: {found}");
        }
    }
}
