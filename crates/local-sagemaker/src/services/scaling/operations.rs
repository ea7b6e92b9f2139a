//! The operations on scalable targets and scaling policies.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Scaling;
use super::target::{Policy, Suspended, Target, TargetId, key};
use crate::error::chain;
use crate::machine::clock::Timestamp;
use crate::protocol::names::ACCOUNT;
use crate::protocol::{ApiError, Call};
use crate::services::sagemaker::endpoint::Endpoints;

/// Entries per page.
const PAGE: usize = 50;

/// `RegisterScalableTargetRequest`, without the members that identify the target.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Register {
    /// The minimum number of instances.
    min_capacity: Option<i64>,
    /// The maximum number of instances.
    max_capacity: Option<i64>,
    /// The ARN of the role for scaling.
    #[serde(rename = "RoleARN")]
    role: Option<String>,
    /// The scaling activities to suspend.
    suspended_state: Option<Suspended>,
}

/// The members of requests about policies, and of list requests.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    /// The policy's name.
    policy_name: Option<String>,
    /// The policy's type.
    policy_type: Option<String>,
    /// The configuration of a target tracking policy.
    target_tracking_scaling_policy_configuration: Option<Value>,
    /// Only these resources.
    resource_ids: Option<Vec<String>>,
    /// Only these policies.
    policy_names: Option<Vec<String>>,
    /// The token from the previous page.
    next_token: Option<String>,
    /// Page size, at most 50.
    max_results: Option<usize>,
}

impl Scaling {
    /// `RegisterScalableTarget`; also updates a registered target.
    pub(super) fn register(&self, call: &Call, endpoints: &Endpoints) -> Result<Value, ApiError> {
        let (endpoint, variant) = call.read::<TargetId>()?.names()?;
        let request: Register = call.read()?;
        let deployed = endpoints.variant(&endpoint, &variant).ok_or_else(|| {
            ApiError::validation(format!(
                "Could not find endpoint \"{endpoint}\" with variant \"{variant}\": \
                 no such resource endpoint/{endpoint}/variant/{variant}"
            ))
        })?;
        let instance_type = deployed.instance_type.as_deref().unwrap_or_default();
        if deployed.instances.is_none() || instance_type.starts_with("ml.t") {
            return Err(ApiError::validation(format!(
                "The variant \"{variant}\" cannot be scaled: SageMaker doesn't support automatic scaling for \
                 burstable performance instances such as T2, or for serverless variants here; its instance type is '{instance_type}'."
            )));
        }
        let old = self.table.get(&key(&endpoint, &variant));
        let min = request.min_capacity.or(old.as_ref().map(|old| old.min));
        let max = request.max_capacity.or(old.as_ref().map(|old| old.max));
        let (Some(min), Some(max)) = (min, max) else {
            return Err(ApiError::validation(
                "MinCapacity and MaxCapacity must be specified when a new scalable target is registered",
            ));
        };
        if min < 1 || max < min {
            return Err(ApiError::validation(format!(
                "Minimum capacity must be at least 1 and at most the maximum capacity: {min}, {max}"
            )));
        }
        let role = "aws-service-role/sagemaker.application-autoscaling.amazonaws.com/\
                    AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint";
        let mut target = old.clone().unwrap_or_else(|| Target {
            endpoint,
            variant,
            region: call.region.clone(),
            min,
            max,
            role: format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
            suspended: Suspended::default(),
            created: Timestamp::now(),
            policies: std::collections::BTreeMap::new(),
            activities: Vec::new(),
        });
        (target.min, target.max) = (min, max);
        if let Some(role) = request.role {
            target.role = role;
        }
        if let Some(suspended) = request.suspended_state {
            target.suspended = suspended;
        }
        let arn = target.arn();
        let name = target.key();
        if old.is_some() {
            self.table.update(&name, |row| *row = target);
        } else {
            let added = self.table.insert_new(&name, target);
            added.map_err(|error| ApiError::internal(chain(&error)))?;
        }
        Ok(json!({"ScalableTargetARN": arn}))
    }

    /// `DescribeScalableTargets`.
    pub(super) fn describe_targets(&self, call: &Call) -> Result<Value, ApiError> {
        let request: Request = call.read()?;
        let matches = |target: &Target| {
            let ids = request.resource_ids.as_ref();
            ids.is_none_or(|ids| ids.contains(&target.resource()))
        };
        let targets = self.table.active().into_iter().filter(matches);
        request.page(
            "ScalableTargets",
            targets.map(|target| target.wire()).collect(),
        )
    }

    /// `DeregisterScalableTarget`; also removes the target's policies.
    pub(super) fn deregister(&self, call: &Call) -> Result<Value, ApiError> {
        let target = self.registered(call)?;
        self.remove(&target);
        Ok(json!({}))
    }

    /// `PutScalingPolicy`.
    pub(super) fn put_policy(&self, call: &Call) -> Result<Value, ApiError> {
        let request: Request = call.read()?;
        let target = self.registered(call)?;
        let name = request.name()?;
        let configuration = request
            .target_tracking_scaling_policy_configuration
            .as_ref();
        let mut policy = Policy::read(name, request.policy_type.as_deref(), configuration)?;
        if let Some(old) = target.policies.get(name) {
            policy.keep_creation_time(old);
        }
        let response = json!({"PolicyARN": policy.arn(&target), "Alarms": policy.alarms(&target)});
        self.table.update(&target.key(), |target| {
            target.policies.insert(name.to_owned(), policy);
        });
        Ok(response)
    }

    /// `DescribeScalingPolicies`.
    pub(super) fn describe_policies(&self, call: &Call) -> Result<Value, ApiError> {
        let request: Request = call.read()?;
        let mut policies = Vec::new();
        for target in self.targets(call)? {
            for (name, policy) in &target.policies {
                let names = request.policy_names.as_ref();
                if names.is_none_or(|names| names.contains(name)) {
                    policies.push(policy.wire(&target));
                }
            }
        }
        request.page("ScalingPolicies", policies)
    }

    /// `DeleteScalingPolicy`.
    pub(super) fn delete_policy(&self, call: &Call) -> Result<Value, ApiError> {
        let request: Request = call.read()?;
        let name = request.name()?;
        let target = self.registered(call)?;
        if !target.policies.contains_key(name) {
            let id = target.id_members();
            return Err(not_found(&format!("No scaling policy found: {name}, {id}")));
        }
        self.table.update(&target.key(), |target| {
            target.policies.remove(name);
        });
        Ok(json!({}))
    }

    /// `DescribeScalingActivities`.
    pub(super) fn describe_activities(&self, call: &Call) -> Result<Value, ApiError> {
        let request: Request = call.read()?;
        let mut activities = Vec::new();
        for target in self.targets(call)? {
            activities.extend(
                target
                    .activities
                    .iter()
                    .map(|activity| target.wire_activity(activity)),
            );
        }
        request.page("ScalingActivities", activities)
    }

    /// The targets that a request selects: one or all.
    fn targets(&self, call: &Call) -> Result<Vec<Target>, ApiError> {
        let names = call.read::<TargetId>()?.optional_names()?;
        let mut targets = self.table.active();
        if let Some((endpoint, variant)) = names {
            targets.retain(|target| target.endpoint == endpoint && target.variant == variant);
        }
        Ok(targets)
    }

    /// The registered target identified by a request.
    fn registered(&self, call: &Call) -> Result<Target, ApiError> {
        let (endpoint, variant) = call.read::<TargetId>()?.names()?;
        self.table.get(&key(&endpoint, &variant)).ok_or_else(|| {
            not_found(&format!(
                "No scalable target registered for service namespace: sagemaker, resource ID: \
                 endpoint/{endpoint}/variant/{variant}, scalable dimension: sagemaker:variant:DesiredInstanceCount"
            ))
        })
    }
}

impl Request {
    /// The policy's name.
    fn name(&self) -> Result<&str, ApiError> {
        let name = self.policy_name.as_deref().filter(|name| !name.is_empty());
        name.ok_or_else(|| ApiError::validation("PolicyName must not be null"))
    }

    /// One page of entries.
    fn page(&self, member: &str, entries: Vec<Value>) -> Result<Value, ApiError> {
        let size = self.max_results.unwrap_or(PAGE).clamp(1, PAGE);
        let start = match &self.next_token {
            None => 0,
            Some(token) => token.parse().map_err(|_| {
                ApiError::new(
                    "InvalidNextTokenException",
                    "The NextToken value is not valid.",
                )
            })?,
        };
        let more = start + size < entries.len();
        let page: Vec<_> = entries.into_iter().skip(start).take(size).collect();
        let mut response = json!({});
        response[member] = page.into();
        if more {
            response["NextToken"] = (start + size).to_string().into();
        }
        Ok(response)
    }
}

/// The error for something that does not exist.
fn not_found(message: &str) -> ApiError {
    ApiError::new("ObjectNotFoundException", message.to_owned())
}
