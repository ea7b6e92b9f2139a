//! The maximum cost, by the dated price table. No call is made.

use super::{Check, Finding, HostingPlan, TrainingPlan};
use crate::endpoint::Capacity;
use crate::price::{self, Purpose};

const NAME: &str = "cost";

/// The cost of all jobs if each uses its maximum runtime, and the check against the plan's limit.
///
/// Most jobs end much earlier, but only the maximum is certain.
pub(super) fn jobs(plan: &TrainingPlan<'_>) -> (Option<f64>, Check) {
    let costs = plan.jobs.iter().map(|job| {
        let (count, seconds) = (job.instance_count, f64::from(job.max_runtime_seconds));
        price::estimate_usd(Purpose::Training, &job.instance_type, count, seconds)
    });
    let cost: Option<f64> = costs.sum();
    let check = match (cost, plan.max_cost_usd) {
        (None, limit) => unknown(limit),
        (Some(usd), Some(limit)) if usd > limit => {
            let longest = plan.jobs.iter().map(|job| job.max_runtime_seconds).max();
            let seconds = (f64::from(longest.unwrap_or_default()) * limit / usd).floor();
            let finding = Finding::JobsTooExpensive {
                usd,
                limit,
                affordable_seconds: (seconds >= 60.0).then_some(seconds as u32),
            };
            Check::failed(NAME, finding)
        }
        (Some(usd), _) => {
            let spot = plan.jobs.iter().any(|job| job.spot.is_some());
            let less = if spot {
                " on demand; spot is cheaper"
            } else {
                ""
            };
            let (jobs, as_of) = (plan.jobs.len(), price::AS_OF);
            let detail = format!("at most {usd:.2} USD for {jobs} jobs{less} (prices of {as_of})");
            Check::passed(NAME, detail)
        }
    };
    (cost, check)
}

/// The hourly cost of all instances, including those that scaling may add, and the check against the
/// plan's limit.
pub(super) fn endpoint(plan: &HostingPlan<'_>) -> (Option<f64>, Check) {
    let variants = &plan.deployment.variants;
    let serverless = |capacity: &Capacity| matches!(capacity, Capacity::Serverless(_));
    if variants.iter().any(|variant| serverless(&variant.capacity)) {
        let detail = "serverless: billed per request, not per hour";
        return (None, Check::not_applicable(NAME, detail));
    }
    let largest = |capacity: &Capacity| match (capacity, plan.scaling) {
        (Capacity::Instances { instance_type, .. }, Some(scaling)) => Capacity::Instances {
            instance_type: instance_type.clone(),
            count: scaling.instances.max(),
        },
        (capacity, _) => capacity.clone(),
    };
    let costs = variants
        .iter()
        .map(|variant| largest(&variant.capacity).hourly_usd());
    let cost: Option<f64> = costs.sum();
    let check = match (cost, plan.max_hourly_usd) {
        (None, limit) => unknown(limit),
        (Some(usd), Some(limit)) if usd > limit => {
            Check::failed(NAME, Finding::EndpointTooExpensive { usd, limit })
        }
        (Some(usd), _) => {
            let as_of = price::AS_OF;
            // 730 hours are a twelfth of a year.
            let month = usd * 730.0;
            let detail = format!(
                "at most {usd:.3} USD per hour or {month:.0} USD per month, until it is deleted \
                 (prices of {as_of})"
            );
            Check::passed(NAME, detail)
        }
    };
    (cost, check)
}

/// The check for an unknown price, which fails only if there is a limit.
fn unknown(limit: Option<f64>) -> Check {
    match limit {
        Some(_) => Check::failed(NAME, Finding::NoPrice),
        None => Check::not_applicable(NAME, "the price of the instance type is unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;
    use crate::endpoint::deployment_tests::deployment;
    use crate::scaling::Scaling;
    use crate::storage::BucketOrigin;
    use crate::training::TrainingRequest;
    use crate::training::submit::tests::request;

    #[test]
    fn jobs_are_priced_at_their_maximum_runtime() {
        let bucket = "bucket".parse().unwrap();
        let check = |instance_type: &str, max_cost_usd, outcome, text: &str| {
            let job = TrainingRequest {
                instance_type: instance_type.to_owned(),
                ..request()
            };
            let jobs = [job.clone(), job.clone(), job];
            let (_, check) = super::jobs(&TrainingPlan {
                bucket: (&bucket, BucketOrigin::Named),
                jobs: &jobs,
                data_is_there: true,
                max_cost_usd,
            });
            assert_eq!(check.outcome, outcome, "{check}");
            assert!(check.to_string().contains(text), "{check}");
        };
        // Three jobs of four hours at 0.922 USD are 11.06 USD.
        check("ml.m5.4xlarge", None, Outcome::Passed, "11.06 USD");
        check("ml.m5.4xlarge", Some(11.07), Outcome::Passed, "11.06 USD");
        check(
            "ml.m5.4xlarge",
            Some(5.532),
            Outcome::Failed,
            "shorten the maximum runtime",
        );
        check(
            "ml.m5.4xlarge",
            Some(0.0),
            Outcome::Failed,
            "raise the limit",
        );
        check("ml.x9.large", None, Outcome::NotApplicable, "is unknown");
        check(
            "ml.x9.large",
            Some(100.0),
            Outcome::Failed,
            "cannot be checked",
        );
    }

    #[test]
    fn an_endpoint_is_priced_at_its_maximum_number_of_instances() {
        let deployment = deployment();
        let scaling = Scaling {
            instances: "1..4".parse().unwrap(),
            target_invocations: 70.0,
            scale_out_cooldown_seconds: None,
            scale_in_cooldown_seconds: None,
        };
        let check = |scaled, max_hourly_usd, outcome, text: &str| {
            let (_, check) = super::endpoint(&HostingPlan {
                deployment: &deployment,
                scaling: Some(&scaling).filter(|_| scaled),
                max_hourly_usd,
            });
            assert_eq!(check.outcome, outcome, "{check}");
            assert!(check.to_string().contains(text), "{check}");
        };
        check(
            false,
            None,
            Outcome::Passed,
            "0.056 USD per hour or 41 USD per month",
        );
        check(true, None, Outcome::Passed, "0.224 USD per hour");
        check(true, Some(0.2), Outcome::Failed, "limit of 0.200 USD");
    }
}
