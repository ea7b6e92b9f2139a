//! Automatic scaling of the variants by their load.

use fire_cli::{Console, usage};
use sagemaker_ops::endpoint::{Deployment, NewVariant};
use sagemaker_ops::scaling::{self, ScalingTarget};
use sagemaker_ops::{Clients, ErrorKind, VariantName, if_found};

use crate::plan::Plan;

/// One target per variant, or none if the plan leaves existing scaling unchanged.
///
/// # Errors
/// A variant whose instances cannot be scaled, detected without a call to the backend.
pub(crate) fn targets(plan: &Plan, deployment: &Deployment) -> anyhow::Result<Vec<ScalingTarget>> {
    if plan.serving.scaling.is_none() {
        return Ok(Vec::new());
    }
    let target = |variant: &NewVariant| {
        ScalingTarget::new(&deployment.endpoint, &variant.name, &variant.capacity).map_err(usage)
    };
    deployment.variants.iter().map(target).collect()
}

/// Removes the scaling of an endpoint whose configuration is about to change: SageMaker rejects a new
/// instance type for a variant that is registered for scaling.
pub(crate) async fn suspend(
    clients: &Clients,
    deployment: &Deployment,
    console: &mut Console<'_>,
) -> anyhow::Result<()> {
    let endpoint = &deployment.endpoint;
    let found = sagemaker_ops::endpoint::describe(clients, endpoint).await;
    let Some(found) = if_found(found)? else {
        return Ok(());
    };
    if found.config.as_ref() == Some(&deployment.config) {
        return Ok(());
    }
    let names = found
        .variants
        .iter()
        .filter_map(|variant| variant.name.parse().ok());
    let names: Vec<VariantName> = names.collect();
    let registered = match scaling::describe(clients, endpoint, &names).await {
        Ok(registered) => registered,
        // Without permission for scaling, or on a server without it, assume nothing is registered.
        Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Denied) => {
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    for target in &registered {
        if let Some(name) = names.iter().find(|name| name.as_str() == target.variant) {
            scaling::deregister(clients, endpoint, name).await?;
            console.note(format!(
                "removed the scaling of variant {name} ({}..{}) for this change; pass --autoscale to set it up again",
                target.min, target.max
            ))?;
        }
    }
    Ok(())
}

/// Registers the variants of an in-service endpoint for scaling, if the plan scales them.
pub(crate) async fn begin(
    clients: &Clients,
    plan: &Plan,
    targets: &[ScalingTarget],
    console: &mut Console<'_>,
) -> anyhow::Result<()> {
    let Some(rule) = &plan.serving.scaling else {
        return Ok(());
    };
    for target in targets {
        scaling::register(clients, target, rule).await?;
    }
    let instances = rule.instances;
    console.note(format!(
        "each variant scales between {} and {} instances",
        instances.min(),
        instances.max()
    ))?;
    Ok(())
}
