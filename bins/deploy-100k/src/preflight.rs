//! Checks made before anything is created or spent.

use fire_cli::{Console, Exit};
use sagemaker_ops::Clients;
use sagemaker_ops::endpoint::Deployment;
use sagemaker_ops::preflight::{self, HostingPlan, Report};
use serde::Serialize;

use crate::models::Model;
use crate::plan::Plan;

/// The JSON output of `--dry-run`.
#[derive(Serialize)]
struct DryRun<'a> {
    preflight: &'a Report,
    deployment: &'a Deployment,
}

/// Checks everything that the deployment needs.
///
/// # Errors
/// Lists all failed checks, each with a remedy.
pub(crate) async fn check(
    clients: &Clients,
    plan: &Plan,
    deployment: &Deployment,
    models: &[Model],
    console: &mut Console<'_>,
) -> anyhow::Result<Report> {
    // An ensemble is uploaded only after these checks, so look for its first member instead.
    let mut stored = deployment.clone();
    for (variant, model) in stored.variants.iter_mut().zip(models) {
        if let Some(member) = model.source.members().first() {
            variant.model_data = member.clone();
        }
    }
    let plan = HostingPlan {
        deployment: &stored,
        scaling: plan.serving.scaling.as_ref(),
        max_hourly_usd: plan.max_hourly_usd,
    };
    let report = preflight::hosting(clients, &plan).await;
    fire_cli::passed(report, console)
}

/// Prints what would be done; nothing has been created.
pub(crate) fn say(
    report: &Report,
    deployment: &Deployment,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    console.say_all(report.checks.iter().map(ToString::to_string))?;
    for variant in &deployment.variants {
        console.say(format!(
            "would deploy {} to {} as variant {} with weight {}",
            variant.model_data, deployment.endpoint, variant.name, variant.weight
        ))?;
    }
    console.say("nothing was created")?;
    console.json(&DryRun {
        preflight: report,
        deployment,
    })?;
    Ok(Exit::Done)
}
