//! Instance types, sizes and times, checked against the service's limits without any call.

use aws_sdk_sagemaker::types::{ProductionVariantInstanceType, TrainingInstanceType};

use super::{Check, Finding, HostingPlan};
use crate::endpoint::{Capacity, NewVariant};
use crate::price::Purpose;
use crate::scaling::ScalingTarget;
use crate::training::TrainingRequest;

const NAME: &str = "instance type";

/// 28 days, in seconds.
const LONGEST_RUNTIME: u32 = 28 * 24 * 3600;

/// Checks the instances and time limits of a job.
pub(super) fn job(job: &TrainingRequest) -> Check {
    let instance_type = job.instance_type.as_str();
    let wait = job.spot.as_ref().map(|spot| spot.max_wait_seconds);
    let (count, disk, runtime) = (job.instance_count, job.volume_gb, job.max_runtime_seconds);
    let finding = if !is_offered(Purpose::Training, instance_type) {
        not_offered(Purpose::Training, instance_type)
    } else if !(1..=LONGEST_RUNTIME).contains(&runtime) {
        Finding::Runtime(runtime)
    } else if wait.is_some_and(|wait| wait < runtime) {
        Finding::SpotWait
    } else if count == 0 || disk == 0 {
        Finding::NoMachine
    } else {
        let spot = if wait.is_some() { ", spot" } else { "" };
        return Check::passed(NAME, format!("{instance_type} x {count}{spot}, {disk} GB"));
    };
    Check::failed(NAME, finding)
}

/// Checks the instances of every variant, and that they can be scaled if that is planned.
pub(super) fn deployment(plan: &HostingPlan<'_>) -> Vec<Check> {
    if let Err(error) = plan.deployment.check() {
        let finding = Finding::Deployment(error.to_string());
        return vec![Check::failed("deployment", finding)];
    }
    let variants = &plan.deployment.variants;
    let mut checks: Vec<Check> = variants.iter().map(variant).collect();
    if plan.scaling.is_some() {
        checks.extend(variants.iter().map(|variant| scaling(plan, variant)));
    }
    checks
}

fn variant(variant: &NewVariant) -> Check {
    match &variant.capacity {
        Capacity::Instances { instance_type, .. }
            if !is_offered(Purpose::Hosting, instance_type) =>
        {
            Check::failed(NAME, not_offered(Purpose::Hosting, instance_type))
        }
        Capacity::Instances { count: 0, .. } => {
            Check::failed(NAME, Finding::NoInstances(variant.name.to_string()))
        }
        Capacity::Instances {
            instance_type,
            count,
        } => Check::passed(NAME, format!("{instance_type} x {count}")),
        Capacity::Serverless(size) => {
            Check::passed(NAME, format!("serverless, {} MB", size.memory_mb()))
        }
    }
}

fn scaling(plan: &HostingPlan<'_>, variant: &NewVariant) -> Check {
    const NAME: &str = "scaling";
    let endpoint = &plan.deployment.endpoint;
    match ScalingTarget::new(endpoint, &variant.name, &variant.capacity) {
        Ok(_) => Check::passed(NAME, format!("variant {} can be scaled", variant.name)),
        Err(error) => Check::failed(NAME, Finding::NotScalable(error.to_string())),
    }
}

fn not_offered(purpose: Purpose, instance_type: &str) -> Finding {
    let other = match purpose {
        Purpose::Training => Purpose::Hosting,
        Purpose::Hosting => Purpose::Training,
    };
    Finding::InstanceType {
        instance_type: instance_type.to_owned(),
        purpose,
        other: Some(other).filter(|other| is_offered(*other, instance_type)),
    }
}

/// Whether the SDK lists the type for this purpose.
fn is_offered(purpose: Purpose, instance_type: &str) -> bool {
    let offered = match purpose {
        Purpose::Training => TrainingInstanceType::values(),
        Purpose::Hosting => ProductionVariantInstanceType::values(),
    };
    offered.contains(&instance_type)
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;
    use crate::endpoint::deployment_tests::{deployment, variant};
    use crate::endpoint::{Deployment, Serverless};
    use crate::scaling::Scaling;
    use crate::training::Spot;
    use crate::training::submit::tests::request;

    #[test]
    fn instance_types_are_offered_by_purpose() {
        for (instance_type, trains, hosts) in [
            ("ml.m5.4xlarge", true, true),
            ("ml.t2.medium", false, true),
            ("ml.t3.medium", true, false),
            ("ml.trn1.2xlarge", true, true),
            ("ml.m5.4xlage", false, false),
        ] {
            let offered = [Purpose::Training, Purpose::Hosting]
                .map(|purpose| is_offered(purpose, instance_type));
            assert_eq!(offered, [trains, hosts], "{instance_type}");
        }
    }

    #[test]
    fn a_job_needs_a_training_instance_type_and_valid_time_limits() {
        let on = |instance_type: &str| TrainingRequest {
            instance_type: instance_type.to_owned(),
            ..request()
        };
        let spot = |max_wait_seconds| TrainingRequest {
            spot: Some(Spot {
                max_wait_seconds,
                checkpoints: None,
            }),
            ..request()
        };
        let running = |max_runtime_seconds| TrainingRequest {
            max_runtime_seconds,
            ..request()
        };
        let diskless = TrainingRequest {
            volume_gb: 0,
            ..request()
        };
        for (job, failure) in [
            (request(), None),
            (on("ml.t2.medium"), Some("for hosting only")),
            (on("ml.m5.4xlage"), Some("the type is unknown")),
            (spot(14_400), None),
            (spot(14_399), Some("must be at least as long")),
            (running(0), Some("maximum runtime")),
            (running(LONGEST_RUNTIME), None),
            (running(LONGEST_RUNTIME + 1), Some("maximum runtime")),
            (diskless, Some("1 GB of disk")),
        ] {
            let check = super::job(&job);
            assert_eq!(
                check.outcome == Outcome::Failed,
                failure.is_some(),
                "{check}"
            );
            assert!(
                check.to_string().contains(failure.unwrap_or_default()),
                "{check}"
            );
        }
    }

    #[test]
    fn an_endpoint_needs_a_hosting_instance_type_that_can_be_scaled_if_planned() {
        let scaling = Scaling {
            instances: "1..4".parse().unwrap(),
            target_invocations: 70.0,
            scale_out_cooldown_seconds: None,
            scale_in_cooldown_seconds: None,
        };
        let instances = |instance_type: &str, count| Capacity::Instances {
            instance_type: instance_type.to_owned(),
            count,
        };
        let serverless = Capacity::Serverless(Serverless::new(2048, 5).unwrap());
        for (capacity, scaled, failure) in [
            (instances("ml.t2.medium", 1), false, None),
            (instances("ml.t2.medium", 1), true, Some("ml.m5.large")),
            (instances("ml.m5.large", 1), true, None),
            (
                instances("ml.t3.medium", 1),
                false,
                Some("for training only"),
            ),
            (instances("ml.m5.large", 0), false, Some("has no instances")),
            (serverless.clone(), false, None),
            (serverless, true, Some("scales automatically")),
        ] {
            let variant = NewVariant {
                capacity,
                ..variant("AllTraffic", "m-1", 1.0)
            };
            let deployment = Deployment {
                variants: vec![variant],
                ..deployment()
            };
            let checks = super::deployment(&HostingPlan {
                deployment: &deployment,
                scaling: Some(&scaling).filter(|_| scaled),
                max_hourly_usd: None,
            });
            let failed = checks.iter().find(|check| check.outcome == Outcome::Failed);
            assert_eq!(failed.is_some(), failure.is_some(), "{checks:?}");
            let said = failed.map(ToString::to_string).unwrap_or_default();
            assert!(said.contains(failure.unwrap_or_default()), "{said}");
        }
    }
}
