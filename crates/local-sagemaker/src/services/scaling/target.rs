//! Scalable targets and their policies: identification, storage and description.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::machine::clock::Timestamp;
use crate::machine::table::{Index, Row};
use crate::protocol::ApiError;
use crate::protocol::names::ACCOUNT;

/// The only supported service namespace.
const NAMESPACE: &str = "sagemaker";
/// The only supported scalable dimension.
const DIMENSION: &str = "sagemaker:variant:DesiredInstanceCount";
/// Maximum number of activities kept per target.
const MAX_ACTIVITIES: usize = 50;

/// A variant that can be scaled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Target {
    /// The endpoint's name.
    pub(super) endpoint: String,
    /// The variant's name.
    pub(super) variant: String,
    /// The region of the request.
    pub(super) region: String,
    /// The minimum number of instances.
    pub(super) min: i64,
    /// The maximum number of instances.
    pub(super) max: i64,
    /// The ARN of the role for scaling; nothing assumes it.
    pub(super) role: String,
    /// `SuspendedState`.
    pub(super) suspended: Suspended,
    /// When it was registered.
    pub(super) created: Timestamp,
    /// The policies, by name.
    pub(super) policies: BTreeMap<String, Policy>,
    /// The scaling activities, newest first.
    pub(super) activities: Vec<Activity>,
}

/// `SuspendedState`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Suspended {
    /// Whether scaling in is suspended.
    #[serde(rename = "DynamicScalingInSuspended")]
    pub(super) shrinking: bool,
    /// Whether scaling out is suspended.
    #[serde(rename = "DynamicScalingOutSuspended")]
    pub(super) growing: bool,
    /// Whether scheduled scaling is suspended; it is not supported.
    #[serde(rename = "ScheduledScalingSuspended")]
    schedules: bool,
}

/// A scaling activity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Activity {
    /// The trigger, as text.
    pub(super) cause: String,
    /// The requested number of instances.
    pub(super) count: i64,
    /// When it began.
    pub(super) start: Timestamp,
    /// Why it failed, if it did.
    pub(super) failure: Option<String>,
}

/// The member that identifies a target in a request; `members` has checked the namespace and the
/// dimension.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TargetId {
    /// `endpoint/NAME/variant/VARIANT`.
    resource_id: Option<String>,
}

impl TargetId {
    /// The endpoint and the variant.
    pub(super) fn names(&self) -> Result<(String, String), ApiError> {
        let id = self.resource_id.as_deref().unwrap_or_default();
        self.parts().ok_or_else(|| {
            ApiError::validation(format!(
                "Unsupported resource ID: '{id}' for service namespace: {NAMESPACE}; expected \
                 endpoint/ENDPOINT-NAME/variant/VARIANT-NAME"
            ))
        })
    }

    /// The endpoint and the variant, in requests where they are optional.
    pub(super) fn optional_names(&self) -> Result<Option<(String, String)>, ApiError> {
        self.resource_id.is_some().then(|| self.names()).transpose()
    }

    /// Parses the resource's id.
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
}

impl Row for Target {
    fn index(&self) -> Index {
        Index {
            arn: self.key(),
            active: true,
            ..Index::default()
        }
    }
}

impl Target {
    /// The name of the target's record. Neither part contains a dot.
    pub(super) fn key(&self) -> String {
        key(&self.endpoint, &self.variant)
    }

    /// `endpoint/NAME/variant/VARIANT`.
    pub(super) fn resource(&self) -> String {
        format!("endpoint/{}/variant/{}", self.endpoint, self.variant)
    }

    /// The target's ARN. The id in it is derived from the resource.
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

    /// Records an activity.
    pub(super) fn note(&mut self, activity: Activity) {
        self.activities.insert(0, activity);
        self.activities.truncate(MAX_ACTIVITIES);
    }

    /// The members that identify the target.
    pub(super) fn id_members(&self) -> Value {
        json!({"ServiceNamespace": NAMESPACE, "ResourceId": self.resource(), "ScalableDimension": DIMENSION})
    }

    /// One element of `ScalableTargets`.
    pub(super) fn wire(&self) -> Value {
        let mut wire = self.id_members();
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
        let mut wire = self.id_members();
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

/// A policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Policy {
    /// Its name.
    name: String,
    /// `TargetTrackingScalingPolicyConfiguration` as it was sent.
    configuration: Value,
    /// The parsed configuration.
    pub(super) tracking: Tracking,
    /// When the first policy with this name was created.
    created: Timestamp,
}

/// The configuration of a target tracking policy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tracking {
    /// Invocations per instance and minute.
    pub(super) target_value: f64,
    /// Minimum seconds between scaling out and scaling out again.
    #[serde(default = "default_cooldown")]
    pub(super) scale_out_cooldown: u32,
    /// Minimum seconds between any change and scaling in.
    #[serde(default = "default_cooldown")]
    pub(super) scale_in_cooldown: u32,
    /// Whether the policy never scales in.
    #[serde(default)]
    pub(super) disable_scale_in: bool,
}

/// AWS's default cooldown for variants of endpoints, in seconds.
fn default_cooldown() -> u32 {
    300
}

impl Policy {
    /// Parses the policy in a request.
    pub(super) fn read(
        name: &str,
        policy_type: Option<&str>,
        configuration: Option<&Value>,
    ) -> Result<Self, ApiError> {
        // The default is `StepScaling`.
        if policy_type.is_none() {
            return Err(ApiError::validation(
                "The local server does not support step scaling; set PolicyType to TargetTrackingScaling.",
            ));
        }
        let configuration = configuration.ok_or_else(|| {
            ApiError::validation("TargetTrackingScalingPolicyConfiguration must not be null")
        })?;
        let metric = configuration.pointer("/PredefinedMetricSpecification/PredefinedMetricType");
        if metric.is_none() {
            return Err(ApiError::validation(
                "PredefinedMetricSpecification must not be null",
            ));
        }
        let tracking = Tracking::deserialize(configuration)
            .map_err(|error| ApiError::new("SerializationException", error.to_string()))?;
        if tracking.target_value <= 0.0 {
            return Err(ApiError::validation("TargetValue must be greater than 0"));
        }
        Ok(Self {
            name: name.to_owned(),
            configuration: configuration.clone(),
            tracking,
            created: Timestamp::now(),
        })
    }

    /// Copies the creation time of the policy that this one replaces.
    pub(super) fn keep_creation_time(&mut self, old: &Self) {
        self.created = old.created;
    }

    /// The policy's ARN.
    pub(super) fn arn(&self, target: &Target) -> String {
        let resource = target.resource();
        format!(
            "arn:aws:autoscaling:{}:{ACCOUNT}:scalingPolicy:{}:resource/sagemaker/{resource}:policyName/{}",
            target.region,
            target.created.millis(),
            self.name
        )
    }

    /// The alarms that the policy would have on AWS; here, they exist in name only.
    pub(super) fn alarms(&self, target: &Target) -> Value {
        let alarm = |side: &str| {
            let name = format!(
                "TargetTracking-{}-{side}-{}",
                target.resource(),
                self.created.millis()
            );
            let arn = format!(
                "arn:aws:cloudwatch:{}:{ACCOUNT}:alarm:{name}",
                target.region
            );
            json!({"AlarmName": name, "AlarmARN": arn})
        };
        json!([alarm("AlarmHigh"), alarm("AlarmLow")])
    }

    /// One element of `ScalingPolicies`.
    pub(super) fn wire(&self, target: &Target) -> Value {
        let mut wire = target.id_members();
        wire["PolicyARN"] = self.arn(target).into();
        wire["PolicyName"] = self.name.clone().into();
        wire["PolicyType"] = "TargetTrackingScaling".into();
        wire["TargetTrackingScalingPolicyConfiguration"] = self.configuration.clone();
        wire["Alarms"] = self.alarms(target);
        wire["CreationTime"] = self.created.wire();
        wire
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_variant_of_an_endpoint() {
        for (resource, good) in [
            ("endpoint/e/variant/v", true),
            ("endpoint/e", false),
            ("endpoint/e/variant/v/x", false),
            ("endpoint/../variant/v", false),
        ] {
            let id: TargetId = serde_json::from_value(json!({"ResourceId": resource})).unwrap();
            assert_eq!(id.names().is_ok(), good, "{resource}");
        }
    }
}
