//! The endpoint: planned, created or updated, waited for.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::anyhow;
use fire_cli::{Console, Project, Stamp, failed, usage};
use sagemaker_ops::endpoint::{
    Capacity, Deployed, Deployment, EndpointStatus, NewVariant, Rollout,
};
use sagemaker_ops::{BackendKind, Clients, ModelName, Pace, VariantName};

use crate::Args;
use crate::cli::Names;
use crate::combine::Deployable;

/// What is to be created, all names decided.
pub(crate) fn plan(
    args: &Args,
    names: &Names,
    (project, model): (&Project, &Deployable),
    stamp: &Stamp,
) -> anyhow::Result<Deployment> {
    let variant = NewVariant {
        name: VariantName::all_traffic(),
        weight: 1.0,
        model: ModelName::new(names.model_stamped(stamp)).map_err(usage)?,
        image: project.image.clone(),
        model_data: model.uri.clone(),
        capacity: Capacity::Instances {
            instance_type: args.instance_type.clone(),
            count: args.instance_count,
        },
        environment: BTreeMap::new(),
        startup_timeout_seconds: None,
    };
    Ok(Deployment {
        endpoint: names.endpoint.clone(),
        config: names.config(stamp)?,
        role: project.role.clone(),
        variants: vec![variant],
        capture: None,
        rollout: Rollout::default(),
        tags: BTreeMap::new(),
    })
}

/// What happened, in a sentence.
pub(crate) fn sentence(plan: &Deployment, done: Deployed) -> String {
    let verb = match done {
        Deployed::Created => "is being created",
        Deployed::Updated => "is being updated",
    };
    let models: Vec<&str> = plan
        .variants
        .iter()
        .map(|variant| variant.model.as_str())
        .collect();
    format!(
        "endpoint {} {verb} with model {}",
        plan.endpoint,
        models.join(", ")
    )
}

/// Waits until the endpoint serves this very deployment.
///
/// # Errors
/// The endpoint failed, or an update failed and the old model still serves: both with
/// the reason and the end of the container's log.
pub(crate) async fn wait(
    clients: &Clients,
    plan: &Deployment,
    timeout: Duration,
    console: &Console<'_>,
) -> anyhow::Result<EndpointStatus> {
    let interval = match clients.kind() {
        BackendKind::Local => Duration::from_millis(100),
        BackendKind::Aws => Duration::from_secs(15),
    };
    let pace = Pace {
        interval,
        deadline: Some(timeout),
    };
    let what = format!("endpoint {}", plan.endpoint);
    let bar = console.bar("endpoint", 0);
    let endpoint = sagemaker_ops::poll_until(pace, &what, async || {
        bar.tick();
        let endpoint = sagemaker_ops::endpoint::describe(clients, &plan.endpoint).await?;
        Ok(endpoint.status.is_settled().then_some(endpoint))
    })
    .await?;
    bar.finish_and_clear();
    let reason = endpoint
        .failure_reason
        .as_deref()
        .unwrap_or("no reason was given");
    if endpoint.status != EndpointStatus::InService {
        return Err(failed(anyhow!(
            "endpoint {} is {}: {reason}",
            plan.endpoint,
            endpoint.status
        )));
    }
    if endpoint.config.as_ref() != Some(&plan.config) {
        return Err(failed(anyhow!(
            "the update of endpoint {} failed and the old model still serves: {reason}",
            plan.endpoint
        )));
    }
    Ok(endpoint.status)
}
