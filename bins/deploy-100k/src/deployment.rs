//! The endpoint: planned, created or updated, waited for.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::anyhow;
use fire_cli::{Console, Project, failed};
use sagemaker_ops::endpoint::{
    ContentDigest, Deployed, Deployment, Endpoint, EndpointStatus, Failure, NewVariant,
    explain_failure,
};
use sagemaker_ops::{BackendKind, Clients, EndpointName, ErrorKind, Pace, VariantName};

use crate::Args;
use crate::cli::Names;
use crate::combine::Deployable;

/// A variant with the model that it serves.
pub(crate) struct Served {
    pub(crate) name: VariantName,
    pub(crate) weight: f64,
    pub(crate) model: Deployable,
}

/// What is to be created, all names decided by what they name: the same call again means the same names.
pub(crate) fn plan(
    args: &Args,
    names: &Names,
    (project, served): (&Project, &[Served]),
) -> anyhow::Result<Deployment> {
    let tags = args.tags()?;
    let variant = |served: &Served| {
        // All that CreateModel is told, and the endpoint: what it uses goes with it.
        let content = (
            (&names.endpoint, &served.name, &served.model.identity),
            (&project.image, &project.role, &tags),
        );
        Ok(NewVariant {
            name: served.name.clone(),
            weight: served.weight,
            model: names.model_of(&served.name, &ContentDigest::of(&content)?)?,
            image: project.image.clone(),
            model_data: served.model.uri.clone(),
            capacity: args.serving.capacity()?,
            environment: BTreeMap::new(),
            startup_timeout_seconds: None,
        })
    };
    let variants: Vec<NewVariant> = served.iter().map(variant).collect::<anyhow::Result<_>>()?;
    let capture = args.serving.capture()?;
    // All that CreateEndpointConfig is told; where a model lies is said by its name.
    let content: Vec<_> = variants
        .iter()
        .map(|variant| {
            (
                &variant.name,
                &variant.model,
                variant.weight,
                &variant.capacity,
            )
        })
        .collect();
    let config = ContentDigest::of(&(content, &capture, &tags))?;
    let deployment = Deployment {
        endpoint: names.endpoint.clone(),
        config: names.config(&config)?,
        role: project.role.clone(),
        variants,
        capture,
        rollout: args.serving.rollout(),
        tags,
    };
    deployment.check()?;
    Ok(deployment)
}

/// What happened, in a sentence.
pub(crate) fn sentence(plan: &Deployment, done: Deployed) -> String {
    let verb = match done {
        Deployed::Created => "is being created",
        Deployed::Updated => "is being updated",
        Deployed::Unchanged => "needs no change: it was deployed before",
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

/// Lines of a failed container's log that are shown.
const LOG_LINES: usize = 20;

/// Waits until the endpoint serves this very deployment, which began at `since` (seconds since 1970).
///
/// # Errors
/// The endpoint failed, or an update failed and the old model still serves: both with
/// the reason and the end of the container's log.
pub(crate) async fn wait(
    clients: &Clients,
    plan: &Deployment,
    (timeout, since): (Duration, f64),
    console: &Console<'_>,
) -> anyhow::Result<EndpointStatus> {
    let endpoint = settled(clients, &plan.endpoint, timeout, console).await?;
    if endpoint.status == EndpointStatus::InService
        && endpoint.config.as_ref() == Some(&plan.config)
    {
        return Ok(endpoint.status);
    }
    let what = if endpoint.status == EndpointStatus::InService {
        format!(
            "the update of endpoint {} failed and the old model still serves",
            plan.endpoint
        )
    } else {
        format!("endpoint {} is {}", plan.endpoint, endpoint.status)
    };
    let failure = explain_failure(clients, &endpoint, LOG_LINES, since).await;
    Err(failed(anyhow!("{what}: {}", in_words(&failure))))
}

/// Waits until the endpoint can be changed: an earlier call that was cut off may have left it in the middle.
pub(crate) async fn until_free(
    clients: &Clients,
    plan: &Deployment,
    timeout: Duration,
    console: &Console<'_>,
) -> anyhow::Result<()> {
    let exists = match sagemaker_ops::endpoint::describe(clients, &plan.endpoint).await {
        // One that goes is not waited for: nobody can say what its name is meant for.
        Ok(found) => found.status != EndpointStatus::Deleting,
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(error.into()),
    };
    if exists {
        settled(clients, &plan.endpoint, timeout, console).await?;
    }
    Ok(())
}

/// Waits until nothing changes the endpoint any more.
pub(crate) async fn settled(
    clients: &Clients,
    endpoint: &EndpointName,
    timeout: Duration,
    console: &Console<'_>,
) -> anyhow::Result<Endpoint> {
    let interval = match clients.kind() {
        BackendKind::Local => Duration::from_millis(100),
        BackendKind::Aws => Duration::from_secs(15),
    };
    let pace = Pace {
        interval,
        deadline: Some(timeout),
        tolerated_errors: 0,
    };
    let what = format!("endpoint {endpoint}");
    let bar = console.bar("endpoint", 0);
    let found = sagemaker_ops::poll_until(pace, &what, async || {
        bar.tick();
        let found = sagemaker_ops::endpoint::describe(clients, endpoint).await?;
        Ok(found.status.is_settled().then_some(found))
    })
    .await?;
    bar.finish_and_clear();
    Ok(found)
}

/// The reason, the last health check and the end of the containers' log.
fn in_words(failure: &Failure) -> String {
    let reason = failure.reason.as_deref().unwrap_or("no reason was given");
    let ping = failure
        .last_ping
        .map(|status| format!("the last health check was answered with {status}"));
    let mut lines: Vec<String> = std::iter::once(reason.to_owned()).chain(ping).collect();
    // The local server's reason ends with the log already.
    if failure.log.is_empty()
        || failure
            .log
            .iter()
            .any(|line| reason.contains(line.as_str()))
    {
        lines.push(format!("the log: {}", failure.log_command));
    } else {
        lines.push("the containers said last:".to_owned());
        lines.extend(failure.log.iter().map(|line| format!("  {line}")));
    }
    lines.join("\n")
}
