//! Target tracking policies: as they are asked for, kept and told of.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::target::Target;
use crate::arn::ACCOUNT;
use crate::clock::Stamp;
use crate::wire::ApiError;

/// The only metric that policies track here.
const METRIC: &str = "SageMakerVariantInvocationsPerInstance";

/// A policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Policy {
    /// Its name.
    name: String,
    /// `TargetTrackingScalingPolicyConfiguration` as it came.
    configuration: Value,
    /// What is done of it.
    pub(super) tracking: Tracking,
    /// When it was first put.
    created: Stamp,
}

/// What a policy tracks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tracking {
    /// Invocations per instance and minute.
    pub(super) target_value: f64,
    /// Seconds after growing before more is added.
    #[serde(default = "default_cooldown")]
    pub(super) scale_out_cooldown: u32,
    /// Seconds after shrinking or growing before less is left.
    #[serde(default = "default_cooldown")]
    pub(super) scale_in_cooldown: u32,
    /// Whether it only grows.
    #[serde(default)]
    pub(super) disable_scale_in: bool,
}

/// What AWS waits for variants of endpoints when nothing is said.
fn default_cooldown() -> u32 {
    300
}

impl Policy {
    /// The policy that a request asks for.
    pub(super) fn read(
        name: &str,
        kind: Option<&str>,
        configuration: Option<&Value>,
    ) -> Result<Self, ApiError> {
        if kind != Some("TargetTrackingScaling") {
            return Err(ApiError::validation(format!(
                "The local server has policies of type TargetTrackingScaling only, not '{}'",
                kind.unwrap_or("StepScaling")
            )));
        }
        let configuration = configuration.ok_or_else(|| {
            ApiError::validation("TargetTrackingScalingPolicyConfiguration must not be null")
        })?;
        let metric = configuration.pointer("/PredefinedMetricSpecification/PredefinedMetricType");
        if metric.and_then(Value::as_str) != Some(METRIC) {
            return Err(ApiError::validation(format!(
                "The local server tracks the predefined metric {METRIC} only"
            )));
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
            created: Stamp::now(),
        })
    }

    /// The same policy put once more keeps its first time.
    pub(super) fn put_before(&mut self, old: &Self) {
        self.created = old.created;
    }

    /// The policy's resource name.
    pub(super) fn arn(&self, target: &Target) -> String {
        let resource = target.resource();
        format!(
            "arn:aws:autoscaling:{}:{ACCOUNT}:scalingPolicy:{}:resource/sagemaker/{resource}:policyName/{}",
            target.region,
            target.created.millis(),
            self.name
        )
    }

    /// The alarms that a policy has on AWS; here they are names only.
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
        let mut wire = target.place();
        wire["PolicyARN"] = self.arn(target).into();
        wire["PolicyName"] = self.name.clone().into();
        wire["PolicyType"] = "TargetTrackingScaling".into();
        wire["TargetTrackingScalingPolicyConfiguration"] = self.configuration.clone();
        wire["Alarms"] = self.alarms(target);
        wire["CreationTime"] = self.created.wire();
        wire
    }
}
