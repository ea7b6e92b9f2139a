//! What can be found wrong before anything is created or spent.

use fire_cli::{Console, Exit, SpendingArgs};
use sagemaker_ops::Clients;
use sagemaker_ops::preflight::{self, Report, TrainingPlan};
use sagemaker_ops::training::TrainingRequest;
use serde::Serialize;

use crate::jobs::Order;

/// What `--dry-run` prints as JSON.
#[derive(Serialize)]
struct DryRun<'a> {
    run: &'a str,
    preflight: &'a Report,
    jobs: Vec<TrainingRequest>,
}

/// Checks the jobs as they are planned.
///
/// # Errors
/// Each check that failed, with what to run or to change.
pub(crate) async fn check(
    clients: &Clients,
    order: &Order<'_>,
    args: &SpendingArgs,
    console: &mut Console<'_>,
) -> anyhow::Result<Report> {
    let jobs = order.requests()?;
    let (bucket, origin) = &order.project.bucket;
    let plan = TrainingPlan {
        bucket: (bucket, *origin),
        jobs: &jobs,
        // They are sent by this very call, or were by the one that it resumes.
        data_is_there: false,
        max_cost_usd: args.max_cost,
    };
    let report = preflight::training(clients, &plan).await;
    for check in &report.checks {
        console.detail(check.to_string())?;
    }
    match report.error() {
        Some(error) => Err(error.into()),
        None => Ok(report),
    }
}

/// Says what would be done; nothing has been created.
pub(crate) fn say(
    report: &Report,
    order: &Order<'_>,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let jobs = order.requests()?;
    for check in &report.checks {
        console.say(check.to_string())?;
    }
    for job in &jobs {
        console.say(format!(
            "would create {} on {} with channels {}",
            job.job,
            job.instance_type,
            order.parts.join(", ")
        ))?;
    }
    console.say("nothing was created")?;
    console.json(&DryRun {
        run: order.run.as_str(),
        preflight: report,
        jobs,
    })?;
    Ok(Exit::Done)
}
