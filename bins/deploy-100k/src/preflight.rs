//! What can be found wrong before anything is created or spent.

use fire_cli::{Console, Exit};
use sagemaker_ops::Clients;
use sagemaker_ops::endpoint::Deployment;
use sagemaker_ops::preflight::{self, HostingPlan, Report};
use serde::Serialize;

use crate::Args;

/// What `--dry-run` prints as JSON.
#[derive(Serialize)]
struct DryRun<'a> {
    preflight: &'a Report,
    deployment: &'a Deployment,
}

/// Checks the deployment as it is planned. A model that is yet to be combined is looked for as its first member.
///
/// # Errors
/// Each check that failed, with what to run or to change.
pub(crate) async fn check(
    clients: &Clients,
    plan: &Deployment,
    args: &Args,
    console: &mut Console<'_>,
) -> anyhow::Result<Report> {
    let scaling = args.serving.scaling();
    let plan = HostingPlan {
        deployment: plan,
        scaling: scaling.as_ref(),
        max_hourly_usd: args.spending.max_cost,
    };
    let report = preflight::hosting(clients, &plan).await;
    let report = report.with_settings(fire_cli::settings_for);
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
    plan: &Deployment,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    for check in &report.checks {
        console.say(check.to_string())?;
    }
    for variant in &plan.variants {
        console.say(format!(
            "would put {} behind {} as variant {} with weight {}",
            variant.model_data, plan.endpoint, variant.name, variant.weight
        ))?;
    }
    console.say("nothing was created")?;
    console.json(&DryRun {
        preflight: report,
        deployment: plan,
    })?;
    Ok(Exit::Done)
}
