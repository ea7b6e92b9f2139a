//! Automatic scaling of the variants.

use fire_cli::{Console, usage};
use sagemaker_ops::endpoint::Deployment;
use sagemaker_ops::scaling::{self, Scaling, ScalingTarget};
use sagemaker_ops::{Clients, ErrorKind, VariantName};

/// What each variant of the plan is scaled by; refused where its machines cannot be scaled, before any call.
pub(crate) fn targets(plan: &Deployment) -> anyhow::Result<Vec<ScalingTarget>> {
    let target = |variant: &sagemaker_ops::endpoint::NewVariant| {
        ScalingTarget::new(&plan.endpoint, &variant.name, &variant.capacity).map_err(usage)
    };
    plan.variants.iter().map(target).collect()
}

/// Ends the scaling of an endpoint that is to change, since a variant that is registered refuses another instance type.
///
/// An endpoint that is new has none, and neither has a server that scales nothing.
pub(crate) async fn suspend(
    clients: &Clients,
    plan: &Deployment,
    console: &mut Console<'_>,
) -> anyhow::Result<()> {
    let endpoint = &plan.endpoint;
    let found = match sagemaker_ops::endpoint::describe(clients, endpoint).await {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if found.config.as_ref() == Some(&plan.config) {
        return Ok(());
    }
    let names = found
        .variants
        .iter()
        .filter_map(|variant| variant.name.parse().ok());
    let names: Vec<VariantName> = names.collect();
    let registered = match scaling::describe(clients, endpoint, &names).await {
        Ok(registered) => registered,
        // Whoever may not scale has registered nothing either.
        Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Denied) => {
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    for one in &registered {
        if let Some(name) = names.iter().find(|name| name.as_str() == one.variant) {
            scaling::deregister(clients, endpoint, name).await?;
            console.note(format!(
                "scaling of variant {name} ({}..{}) ended for the change; give --autoscale to have it again",
                one.min, one.max
            ))?;
        }
    }
    Ok(())
}

/// Registers the variants of an endpoint that is in service.
pub(crate) async fn begin(
    clients: &Clients,
    targets: &[ScalingTarget],
    scaling: &Scaling,
) -> anyhow::Result<()> {
    for target in targets {
        scaling::register(clients, target, scaling).await?;
    }
    Ok(())
}
