//! Automatic scaling of variants by load (Application Auto Scaling).
//!
//! A variant is registered with its minimum and maximum number of instances, and a policy keeps the
//! requests per instance and minute close to a target.
//! [`endpoint::delete`](crate::endpoint::delete) removes the registrations of its variants.
//!
//! The instance type of a registered variant cannot be changed: [`deregister`] it first, and register
//! it again after the update.

use std::fmt;
use std::str::FromStr;

use aws_sdk_applicationautoscaling::types::{
    MetricType, PolicyType, PredefinedMetricSpecification, ScalableDimension, ServiceNamespace,
    TargetTrackingScalingPolicyConfiguration,
};
use serde::Serialize;

use crate::clients::Clients;
use crate::endpoint::Capacity;
use crate::error::{Error, ErrorKind, if_found};
use crate::names::{EndpointName, InvalidName, VariantName};

/// The SageMaker console shows only the policy with this name.
const POLICY: &str = "SagemakerEndpointInvocationScalingPolicy";

/// A variant that can be scaled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalingTarget {
    endpoint: EndpointName,
    variant: VariantName,
}

impl ScalingTarget {
    /// A variant of the endpoint, unless its capacity cannot be scaled: the service rejects burstable
    /// types (`ml.t2`, `ml.t3`), and serverless variants scale automatically.
    pub fn new(
        endpoint: &EndpointName,
        variant: &VariantName,
        capacity: &Capacity,
    ) -> Result<Self, InvalidName> {
        const BURSTABLE: &str = "cannot be scaled automatically, because it is burstable; use \
                                 ml.m5.large or larger, or serverless capacity";
        match capacity {
            Capacity::Instances { instance_type, .. } if is_burstable(instance_type) => Err(
                InvalidName::new("the instance type", instance_type, BURSTABLE),
            ),
            Capacity::Serverless(_) => Err(InvalidName::new(
                "the serverless variant",
                variant.as_str(),
                "scales automatically; do not configure scaling for it",
            )),
            Capacity::Instances { .. } => Ok(Self {
                endpoint: endpoint.clone(),
                variant: variant.clone(),
            }),
        }
    }
}

/// Whether the type is burstable (`ml.t2`, `ml.t3`).
fn is_burstable(instance_type: &str) -> bool {
    instance_type.starts_with("ml.t")
        && instance_type[4..].starts_with(|c: char| c.is_ascii_digit())
}

fn resource(endpoint: &EndpointName, variant: &VariantName) -> String {
    format!("endpoint/{endpoint}/variant/{variant}")
}

/// The minimum and maximum number of instances of a variant, such as `1..4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct InstanceRange {
    min: u32,
    max: u32,
}

impl InstanceRange {
    /// `min` must be at least 1, and `max` at least `min`.
    pub fn new(min: u32, max: u32) -> Result<Self, InvalidName> {
        if min == 0 || max < min {
            let given = format!("{min}..{max}");
            let rule =
                "must look like 1..4, with a minimum of at least 1 and a maximum not below it";
            return Err(InvalidName::new("the number of instances", &given, rule));
        }
        Ok(Self { min, max })
    }

    /// The minimum number of instances.
    pub fn min(self) -> u32 {
        self.min
    }

    /// The maximum number of instances.
    pub fn max(self) -> u32 {
        self.max
    }
}

impl FromStr for InstanceRange {
    type Err = InvalidName;

    fn from_str(value: &str) -> Result<Self, InvalidName> {
        let ends = value
            .split_once("..")
            .map(|(min, max)| (min.parse(), max.parse()));
        let Some((Ok(min), Ok(max))) = ends else {
            return Err(InvalidName::new(
                "the number of instances",
                value,
                "must look like 1..4",
            ));
        };
        Self::new(min, max)
    }
}

impl fmt::Display for InstanceRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.min, self.max)
    }
}

/// The scaling settings of a variant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scaling {
    /// The minimum and maximum number of instances.
    pub instances: InstanceRange,
    /// The target: requests per instance and minute.
    pub target_invocations: f64,
    /// Seconds between two scale-outs; `None` uses the service's default of 300.
    pub scale_out_cooldown_seconds: Option<u32>,
    /// Seconds between two scale-ins; `None` uses the service's default of 300.
    pub scale_in_cooldown_seconds: Option<u32>,
}

/// The registration of a variant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Registered {
    /// The variant's name.
    pub variant: String,
    /// The minimum number of instances.
    pub min: u32,
    /// The maximum number of instances.
    pub max: u32,
    /// The target in requests per instance and minute; `None` without a target-tracking policy.
    pub target_invocations: Option<f64>,
}

/// Registers the variant with a policy, or updates both
/// ([`RegisterScalableTarget`], [`PutScalingPolicy`]).
///
/// The endpoint must be `InService`. Fails with [`ErrorKind::Invalid`] unless the target is above 0.
///
/// [`RegisterScalableTarget`]:
/// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
/// [`PutScalingPolicy`]:
/// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
pub async fn register(
    clients: &Clients,
    target: &ScalingTarget,
    scaling: &Scaling,
) -> Result<(), Error> {
    const OP: &str = "scale the variant";
    let resource = resource(&target.endpoint, &target.variant);
    let per_minute = scaling.target_invocations;
    if !(per_minute.is_finite() && per_minute > 0.0) {
        let message =
            format!("{resource}: the target of {per_minute} requests per minute must be above 0");
        return Err(Error::new(ErrorKind::Invalid, OP, message));
    }
    let request = clients
        .scaling
        .register_scalable_target()
        .service_namespace(ServiceNamespace::Sagemaker)
        .resource_id(&resource)
        .scalable_dimension(ScalableDimension::SageMakerVariantDesiredInstanceCount);
    let sent = request
        .min_capacity(scaling.instances.min as i32)
        .max_capacity(scaling.instances.max as i32)
        .send()
        .await;
    sent.map_err(|error| Error::from_sdk(OP, &resource, error))?;
    // The policy needs the registration, and both calls replace what exists, so repeating them is safe.
    let sent = clients
        .scaling
        .put_scaling_policy()
        .policy_name(POLICY)
        .service_namespace(ServiceNamespace::Sagemaker)
        .resource_id(&resource)
        .scalable_dimension(ScalableDimension::SageMakerVariantDesiredInstanceCount)
        .policy_type(PolicyType::TargetTrackingScaling)
        .target_tracking_scaling_policy_configuration(policy(scaling)?)
        .send()
        .await;
    sent.map(|_| ())
        .map_err(|error| Error::from_sdk(OP, &resource, error))
}

fn policy(scaling: &Scaling) -> Result<TargetTrackingScalingPolicyConfiguration, Error> {
    let unbuilt =
        |error| Error::new(ErrorKind::Invalid, "build", "a scaling policy").with_source(error);
    let metric = PredefinedMetricSpecification::builder()
        .predefined_metric_type(MetricType::SageMakerVariantInvocationsPerInstance)
        .build()
        .map_err(unbuilt)?;
    let cooldown = |seconds: Option<u32>| seconds.map(|seconds| seconds as i32);
    TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(scaling.target_invocations)
        .predefined_metric_specification(metric)
        .set_scale_out_cooldown(cooldown(scaling.scale_out_cooldown_seconds))
        .set_scale_in_cooldown(cooldown(scaling.scale_in_cooldown_seconds))
        .build()
        .map_err(unbuilt)
}

/// Describes the registrations of these variants, sorted by name ([`DescribeScalableTargets`],
/// [`DescribeScalingPolicies`]).
///
/// [`DescribeScalableTargets`]:
/// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalableTargets.html
/// [`DescribeScalingPolicies`]:
/// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalingPolicies.html
pub async fn describe(
    clients: &Clients,
    endpoint: &EndpointName,
    variants: &[VariantName],
) -> Result<Vec<Registered>, Error> {
    const OP: &str = "describe the scaling of";
    // With an empty list, the service would return all endpoints.
    if variants.is_empty() {
        return Ok(Vec::new());
    }
    let resources = variants.iter().map(|variant| resource(endpoint, variant));
    let mut pages = clients
        .scaling
        .describe_scalable_targets()
        .service_namespace(ServiceNamespace::Sagemaker)
        .set_resource_ids(Some(resources.collect()))
        .scalable_dimension(ScalableDimension::SageMakerVariantDesiredInstanceCount)
        .into_paginator()
        .items()
        .send();
    let mut registered = Vec::new();
    while let Some(found) = pages.next().await {
        let found = found.map_err(|error| Error::from_sdk(OP, endpoint, error))?;
        let variant = found.resource_id.rsplit('/').next().unwrap_or_default();
        registered.push(Registered {
            variant: variant.to_owned(),
            min: found.min_capacity.try_into().unwrap_or_default(),
            max: found.max_capacity.try_into().unwrap_or_default(),
            target_invocations: target_of(clients, endpoint, &found.resource_id).await?,
        });
    }
    registered.sort_by(|a, b| a.variant.cmp(&b.variant));
    Ok(registered)
}

/// The target of a registered variant's policy.
async fn target_of(
    clients: &Clients,
    endpoint: &EndpointName,
    resource: &str,
) -> Result<Option<f64>, Error> {
    let sent = clients
        .scaling
        .describe_scaling_policies()
        .service_namespace(ServiceNamespace::Sagemaker)
        .resource_id(resource)
        .send()
        .await;
    let found =
        sent.map_err(|error| Error::from_sdk("describe the scaling policy of", endpoint, error))?;
    let policies = found.scaling_policies.unwrap_or_default();
    let target = policies
        .into_iter()
        .find_map(|policy| policy.target_tracking_scaling_policy_configuration);
    Ok(target.map(|target| target.target_value))
}

/// Removes the variant's registration and policies ([`DeregisterScalableTarget`]); false if it was not
/// registered.
///
/// The variant keeps its current number of instances.
///
/// [`DeregisterScalableTarget`]:
/// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
pub async fn deregister(
    clients: &Clients,
    endpoint: &EndpointName,
    variant: &VariantName,
) -> Result<bool, Error> {
    let resource = resource(endpoint, variant);
    let sent = clients
        .scaling
        .deregister_scalable_target()
        .service_namespace(ServiceNamespace::Sagemaker)
        .resource_id(&resource)
        .scalable_dimension(ScalableDimension::SageMakerVariantDesiredInstanceCount)
        .send()
        .await;
    let sent = sent.map_err(|error| Error::from_sdk("end the scaling of", &resource, error));
    Ok(if_found(sent)?.is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::endpoint::Serverless;
    use crate::scripted::{Scripted, ok, rejection};

    const RESOURCE: &str = "endpoint/e/variant/AllTraffic";

    fn endpoint() -> EndpointName {
        "e".parse().unwrap()
    }

    fn on(instance_type: &str) -> Result<ScalingTarget, InvalidName> {
        let capacity = Capacity::Instances {
            instance_type: instance_type.to_owned(),
            count: 1,
        };
        ScalingTarget::new(&endpoint(), &VariantName::all_traffic(), &capacity)
    }

    fn scaling(target_invocations: f64) -> Scaling {
        Scaling {
            instances: "1..4".parse().unwrap(),
            target_invocations,
            scale_out_cooldown_seconds: Some(60),
            scale_in_cooldown_seconds: None,
        }
    }

    #[test]
    fn capacity_that_cannot_be_scaled_is_rejected_with_an_alternative() {
        for (instance_type, possible) in [
            ("ml.m5.large", true),
            ("ml.trn1.2xlarge", true),
            ("ml.t2.medium", false),
            ("ml.t3.large", false),
        ] {
            assert_eq!(on(instance_type).is_ok(), possible, "{instance_type}");
        }
        let error = on("ml.t2.medium").unwrap_err().to_string();
        assert!(error.contains("ml.m5.large"), "{error}");
        let serverless = Capacity::Serverless(Serverless::new(1024, 1).unwrap());
        let target = ScalingTarget::new(&endpoint(), &VariantName::all_traffic(), &serverless);
        assert!(
            target
                .unwrap_err()
                .to_string()
                .contains("scales automatically")
        );
    }

    #[test]
    fn ranges_are_parsed_from_two_numbers_separated_by_two_dots() {
        for (text, range) in [
            ("1..4", Some((1, 4))),
            ("2..2", Some((2, 2))),
            ("0..4", None),
            ("4..1", None),
            ("4", None),
            ("1..x", None),
            ("1..=4", None),
        ] {
            let parsed = text.parse::<InstanceRange>().ok();
            assert_eq!(
                parsed.map(|range| (range.min(), range.max())),
                range,
                "{text}"
            );
            assert!(parsed.is_none_or(|range| range.to_string() == text));
        }
    }

    #[tokio::test]
    async fn registering_sends_the_range_and_a_policy_that_the_console_shows() {
        let server = Scripted::start([ok("{}"), ok("{}")]).await;
        let target = on("ml.m5.large").unwrap();
        register(&server.clients(), &target, &scaling(70.0))
            .await
            .unwrap();
        let common = json!({
            "ServiceNamespace": "sagemaker", "ResourceId": RESOURCE,
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        });
        let (registered, policy) = (server.json(0), server.json(1));
        for sent in [&registered, &policy] {
            for (key, value) in common.as_object().unwrap() {
                assert_eq!(&sent[key], value);
            }
        }
        assert_eq!(
            (&registered["MinCapacity"], &registered["MaxCapacity"]),
            (&json!(1), &json!(4))
        );
        assert_eq!(
            policy["PolicyName"],
            "SagemakerEndpointInvocationScalingPolicy"
        );
        assert_eq!(policy["PolicyType"], "TargetTrackingScaling");
        let metric = json!({"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"});
        let tracking = &policy["TargetTrackingScalingPolicyConfiguration"];
        assert_eq!(tracking["PredefinedMetricSpecification"], metric);
        assert_eq!(tracking["TargetValue"], 70.0);
        assert_eq!(tracking["ScaleOutCooldown"], 60);
        assert!(tracking.get("ScaleInCooldown").is_none());
    }

    #[tokio::test]
    async fn a_target_of_zero_is_rejected_before_any_call() {
        let server = Scripted::start([]).await;
        for target_invocations in [0.0, -1.0, f64::INFINITY] {
            let target = on("ml.m5.large").unwrap();
            let scaling = scaling(target_invocations);
            let error = register(&server.clients(), &target, &scaling)
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
        }
        assert!(server.seen().is_empty());
    }

    #[tokio::test]
    async fn a_registration_is_described_with_its_target() {
        let targets = json!({"ScalableTargets": [{
            "ServiceNamespace": "sagemaker", "ResourceId": RESOURCE, "MinCapacity": 1,
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount", "MaxCapacity": 4,
            "RoleARN": "arn", "CreationTime": 1.0,
        }]});
        let policies = json!({"ScalingPolicies": [{
            "PolicyARN": "arn", "PolicyName": POLICY, "ServiceNamespace": "sagemaker",
            "ResourceId": RESOURCE, "PolicyType": "TargetTrackingScaling", "CreationTime": 1.0,
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
            "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0},
        }]});
        let none = ok("{\"ScalableTargets\":[]}");
        let script = [ok(&targets.to_string()), ok(&policies.to_string()), none];
        let server = Scripted::start(script).await;
        let variants = [VariantName::all_traffic()];
        let clients = server.clients();
        let expected = Registered {
            variant: "AllTraffic".to_owned(),
            min: 1,
            max: 4,
            target_invocations: Some(70.0),
        };
        let found = describe(&clients, &endpoint(), &variants).await.unwrap();
        assert_eq!(found, [expected]);
        assert_eq!(server.json(0)["ResourceIds"], json!([RESOURCE]));
        let found = describe(&clients, &endpoint(), &variants).await.unwrap();
        assert_eq!(found, []);
    }

    #[tokio::test]
    async fn deregistering_twice_is_not_an_error() {
        let missing = rejection("ObjectNotFoundException", "No scalable target found");
        let server = Scripted::start([ok("{}"), missing]).await;
        let (clients, variant) = (server.clients(), VariantName::all_traffic());
        assert!(deregister(&clients, &endpoint(), &variant).await.unwrap());
        assert!(!deregister(&clients, &endpoint(), &variant).await.unwrap());
    }
}
