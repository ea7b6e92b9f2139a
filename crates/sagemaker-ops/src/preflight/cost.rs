//! What it costs at most, by the dated price table; no call is made.

use super::{Check, HostingPlan, TrainingPlan};
use crate::endpoint::Capacity;
use crate::price::{self, Purpose};

const NAME: &str = "cost";

/// All jobs, each for as long as it may run, and the check against what they may cost.
///
/// Jobs mostly end long before; only the limit on their runtime is certain.
pub(super) fn of_jobs(plan: &TrainingPlan<'_>) -> (Option<f64>, Check) {
    let at_most = plan.jobs.iter().map(|job| {
        let (count, seconds) = (job.instance_count, f64::from(job.max_runtime_seconds));
        price::estimate_usd(Purpose::Training, &job.instance_type, count, seconds)
    });
    let at_most: Option<f64> = at_most.sum();
    let check = match (at_most, plan.max_cost_usd) {
        (None, Some(_)) => unpriced("--max-cost"),
        (None, None) => Check::not_applicable(NAME, "no price is known for the instance type"),
        (Some(usd), Some(most)) if usd > most => Check::failed(
            NAME,
            format!("{usd:.2} USD at most is more than {most:.2} USD"),
            affordable(plan, usd, most),
        ),
        (Some(usd), _) => {
            let spot = plan.jobs.iter().any(|job| job.spot.is_some());
            let less = if spot {
                ", on demand; spot is cheaper"
            } else {
                ""
            };
            let (jobs, as_of) = (plan.jobs.len(), price::AS_OF);
            let detail = format!("at most {usd:.2} USD for {jobs} jobs{less} (prices of {as_of})");
            Check::passed(NAME, detail)
        }
    };
    (at_most, check)
}

/// The runtime that the money suffices for.
fn affordable(plan: &TrainingPlan<'_>, usd: f64, most: f64) -> String {
    let longest = plan.jobs.iter().map(|job| job.max_runtime_seconds).max();
    let seconds = (f64::from(longest.unwrap_or_default()) * most / usd).floor();
    if seconds < 60.0 {
        return "raise --max-cost, or use a cheaper --instance-type".to_owned();
    }
    format!("give --max-runtime {seconds}, raise --max-cost, or use a cheaper --instance-type")
}

/// All machines of an endpoint for an hour, the most that scaling may add included, and the check
/// against what they may cost.
pub(super) fn of_endpoint(plan: &HostingPlan<'_>) -> (Option<f64>, Check) {
    let variants = &plan.deployment.variants;
    let serverless = |capacity: &Capacity| matches!(capacity, Capacity::Serverless(_));
    if variants.iter().any(|variant| serverless(&variant.capacity)) {
        let detail = "serverless: paid by the request, nothing by the hour";
        return (None, Check::not_applicable(NAME, detail));
    }
    let most = |capacity: &Capacity| match (capacity, plan.scaling) {
        (Capacity::Instances { instance_type, .. }, Some(scaling)) => Capacity::Instances {
            instance_type: instance_type.clone(),
            count: scaling.instances.max(),
        },
        (capacity, _) => capacity.clone(),
    };
    let hourly = variants
        .iter()
        .map(|variant| most(&variant.capacity).hourly_usd());
    let hourly: Option<f64> = hourly.sum();
    let check = match (hourly, plan.max_hourly_usd) {
        (None, Some(_)) => unpriced("--max-cost"),
        (None, None) => Check::not_applicable(NAME, "no price is known for the instance type"),
        (Some(usd), Some(most)) if usd > most => Check::failed(
            NAME,
            format!("{usd:.3} USD an hour at most is more than {most:.3} USD"),
            "use fewer or smaller instances, or raise --max-cost",
        ),
        (Some(usd), _) => {
            let as_of = price::AS_OF;
            let month = usd * 730.0;
            let detail = format!(
                "at most {usd:.3} USD an hour, {month:.0} USD a month, until it is deleted (prices \
                 of {as_of})"
            );
            Check::passed(NAME, detail)
        }
    };
    (hourly, check)
}

fn unpriced(flag: &str) -> Check {
    Check::failed(
        NAME,
        "no price is known for the instance type, so no limit can be kept",
        format!("use a type of the price table such as ml.m5.4xlarge, or leave {flag} away"),
    )
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
    fn jobs_may_cost_what_they_cost_when_they_run_to_their_limit() {
        let bucket = "bucket".parse().unwrap();
        let check = |instance_type: &str, max_cost_usd, outcome, text: &str| {
            let job = TrainingRequest {
                instance_type: instance_type.to_owned(),
                ..request()
            };
            let jobs = [job.clone(), job.clone(), job];
            let (_, check) = of_jobs(&TrainingPlan {
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
            "--max-runtime 7200",
        );
        check(
            "ml.m5.4xlarge",
            Some(0.0),
            Outcome::Failed,
            "raise --max-cost",
        );
        check("ml.x9.large", None, Outcome::NotApplicable, "no price");
        check(
            "ml.x9.large",
            Some(100.0),
            Outcome::Failed,
            "no limit can be kept",
        );
    }

    #[test]
    fn an_endpoint_may_cost_what_all_its_machines_cost() {
        let deployment = deployment();
        let scaling = Scaling {
            instances: "1..4".parse().unwrap(),
            target_invocations: 70.0,
            scale_out_cooldown_seconds: None,
            scale_in_cooldown_seconds: None,
        };
        let check = |scaled, max_hourly_usd, outcome, text: &str| {
            let (_, check) = of_endpoint(&HostingPlan {
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
            "0.056 USD an hour, 41 USD a month",
        );
        check(true, None, Outcome::Passed, "0.224 USD an hour");
        check(true, Some(0.2), Outcome::Failed, "--max-cost");
    }
}
