//! Instance types, sizes and times, by the service's own limits; no call is made.

use super::{Check, HostingPlan};
use crate::endpoint::{Capacity, NewVariant};
use crate::instances::serves;
use crate::price::Purpose;
use crate::scaling::ScalingTarget;
use crate::training::TrainingRequest;

const NAME: &str = "instance type";

/// 28 days.
const LONGEST_RUNTIME: u32 = 28 * 24 * 3600;

/// The machines of a job.
pub(super) fn of_job(job: &TrainingRequest) -> Check {
    let instance_type = job.instance_type.as_str();
    if !serves(Purpose::Training, instance_type) {
        return unoffered(Purpose::Training, instance_type);
    }
    let wait = job.spot.as_ref().map(|spot| spot.max_wait_seconds);
    let runtime = job.max_runtime_seconds;
    if !(1..=LONGEST_RUNTIME).contains(&runtime) {
        let detail = format!("{runtime} seconds cannot be the longest runtime");
        return Check::failed(NAME, detail, "give 1 to 2419200 with --max-runtime");
    }
    if wait.is_some_and(|wait| wait < runtime) {
        let detail = "a spot job must be allowed to wait at least as long as it may run";
        return Check::failed(NAME, detail, "shorten --max-runtime, or wait longer");
    }
    let count = job.instance_count;
    if count == 0 || job.volume_gb == 0 {
        let detail = "a job needs at least one instance and 1 GB of disk";
        return Check::failed(NAME, detail, "raise the number or the volume size");
    }
    let spot = if wait.is_some() { ", spot" } else { "" };
    let disk = job.volume_gb;
    Check::passed(NAME, format!("{instance_type} x {count}{spot}, {disk} GB"))
}

/// What serves the variants of a deployment, and whether it can be scaled where that is wanted.
pub(super) fn of_deployment(plan: &HostingPlan<'_>) -> Vec<Check> {
    if let Err(error) = plan.deployment.check() {
        let remedy = "correct the variants that are given";
        return vec![Check::failed("deployment", error.to_string(), remedy)];
    }
    let variants = &plan.deployment.variants;
    let mut checks: Vec<Check> = variants.iter().map(of_variant).collect();
    if plan.scaling.is_some() {
        checks.extend(variants.iter().map(|variant| scalable(plan, variant)));
    }
    checks
}

fn of_variant(variant: &NewVariant) -> Check {
    match &variant.capacity {
        Capacity::Instances { instance_type, .. } if !serves(Purpose::Hosting, instance_type) => {
            unoffered(Purpose::Hosting, instance_type)
        }
        Capacity::Instances { count: 0, .. } => {
            let detail = format!("variant {} has no instance", variant.name);
            Check::failed(NAME, detail, "give --instance-count 1 or more")
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

fn scalable(plan: &HostingPlan<'_>, variant: &NewVariant) -> Check {
    const NAME: &str = "scaling";
    let endpoint = &plan.deployment.endpoint;
    match ScalingTarget::new(endpoint, &variant.name, &variant.capacity) {
        Ok(_) => Check::passed(NAME, format!("variant {} can be scaled", variant.name)),
        Err(refused) => Check::failed(
            NAME,
            refused.to_string(),
            "give --instance-type ml.m5.large, or leave --autoscale away",
        ),
    }
}

fn unoffered(purpose: Purpose, instance_type: &str) -> Check {
    let (verb, other, example) = match purpose {
        Purpose::Training => ("trains on", Purpose::Hosting, "ml.m5.4xlarge"),
        Purpose::Hosting => ("hosts on", Purpose::Training, "ml.m5.large"),
    };
    let known = match (serves(other, instance_type), other) {
        (true, Purpose::Training) => "; it only trains on it",
        (true, Purpose::Hosting) => "; it only hosts on it",
        (false, _) => "; it does not know the type",
    };
    Check::failed(
        NAME,
        format!("SageMaker never {verb} {instance_type}{known}"),
        format!(
            "give --instance-type {example}, or --skip-preflight for a type newer than this program"
        ),
    )
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
    fn a_job_needs_machines_that_train_and_times_that_fit() {
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
            (on("ml.t2.medium"), Some("it only hosts")),
            (on("ml.m5.4xlage"), Some("does not know the type")),
            (spot(14_400), None),
            (spot(14_399), Some("wait at least as long")),
            (running(0), Some("longest runtime")),
            (running(LONGEST_RUNTIME), None),
            (running(LONGEST_RUNTIME + 1), Some("longest runtime")),
            (diskless, Some("1 GB of disk")),
        ] {
            let check = of_job(&job);
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
    fn an_endpoint_needs_machines_that_host_and_that_scale_where_that_is_wanted() {
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
            (instances("ml.t3.medium", 1), false, Some("it only trains")),
            (instances("ml.m5.large", 0), false, Some("--instance-count")),
            (serverless.clone(), false, None),
            (serverless, true, Some("scales by itself")),
        ] {
            let variant = NewVariant {
                capacity,
                ..variant("AllTraffic", "m-1", 1.0)
            };
            let deployment = Deployment {
                variants: vec![variant],
                ..deployment()
            };
            let checks = of_deployment(&HostingPlan {
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
