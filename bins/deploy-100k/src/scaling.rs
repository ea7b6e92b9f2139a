//! Automatic scaling of the variants by their load.

use fire_cli::{Console, usage};
use sagemaker_ops::endpoint::{Deployment, NewVariant};
use sagemaker_ops::scaling::{self, ScalingTarget};
use sagemaker_ops::{Clients, ErrorKind, VariantName};

use crate::plan::Plan;

/// One target for each variant, or none if the plan leaves the scaling as it is.
///
/// # Errors
/// A variant whose instances cannot be scaled. This makes no call, so it can be known in advance.
pub(crate) fn targets(plan: &Plan, deployment: &Deployment) -> anyhow::Result<Vec<ScalingTarget>> {
    if plan.serving.scaling.is_none() {
        return Ok(Vec::new());
    }
    let target = |variant: &NewVariant| {
        ScalingTarget::new(&deployment.endpoint, &variant.name, &variant.capacity).map_err(usage)
    };
    deployment.variants.iter().map(target).collect()
}

/// Removes the scaling of an endpoint before it changes: SageMaker rejects another instance type for
/// a variant that is registered.
pub(crate) async fn suspend(
    clients: &Clients,
    deployment: &Deployment,
    console: &mut Console<'_>,
) -> anyhow::Result<()> {
    let endpoint = &deployment.endpoint;
    let found = match sagemaker_ops::endpoint::describe(clients, endpoint).await {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
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
        // Credentials that may not scale, or a server that cannot, have registered nothing.
        Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Denied) => {
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    for one in &registered {
        if let Some(name) = names.iter().find(|name| name.as_str() == one.variant) {
            scaling::deregister(clients, endpoint, name).await?;
            console.note(format!(
                "removed the scaling of variant {name} ({}..{}) for this change; pass --autoscale to set it up again",
                one.min, one.max
            ))?;
        }
    }
    Ok(())
}

/// Registers the variants of an endpoint that is in service, if the plan scales them.
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
