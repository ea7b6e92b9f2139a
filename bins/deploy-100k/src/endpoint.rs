//! Creates or updates the endpoint and waits for it.

use std::time::Duration;

use anyhow::anyhow;
use fire_cli::{Console, failed, log_command};
use sagemaker_ops::endpoint::{
    Deployed, Deployment, Endpoint, EndpointStatus, Failure, explain_failure,
};
use sagemaker_ops::{BackendKind, Clients, EndpointName, Pace, if_found};

use crate::plan::Plan;

/// Number of log lines shown for a failed container.
const LOG_LINES: usize = 20;

/// Waits until the endpoint can be changed; does nothing if the plan does not wait.
///
/// An earlier, interrupted call may have left a change in progress.
pub(crate) async fn until_free(
    clients: &Clients,
    plan: &Plan,
    console: &Console<'_>,
) -> anyhow::Result<()> {
    let Some(timeout) = plan.wait else {
        return Ok(());
    };
    let found = if_found(sagemaker_ops::endpoint::describe(clients, &plan.endpoint).await)?;
    // An endpoint that is being deleted, perhaps by another user, is not waited for.
    if found.is_some_and(|found| found.status != EndpointStatus::Deleting) {
        until_settled(clients, &plan.endpoint, timeout, console).await?;
    }
    Ok(())
}

/// Creates or updates the endpoint and prints which; does not wait for the result.
pub(crate) async fn create_or_update(
    clients: &Clients,
    deployment: &Deployment,
    console: &mut Console<'_>,
) -> anyhow::Result<()> {
    let change = match sagemaker_ops::endpoint::deploy(clients, deployment).await? {
        Deployed::Created => "is being created",
        Deployed::Updated => "is being updated",
        Deployed::Unchanged => "needs no change: it already serves this deployment",
    };
    let models = deployment.variants.iter();
    let models: Vec<&str> = models.map(|variant| variant.model.as_str()).collect();
    console.note(format!(
        "endpoint {} {change}, model {}",
        deployment.endpoint,
        models.join(", ")
    ))?;
    Ok(())
}

/// Waits until the endpoint serves this deployment, which began at `since` (seconds since 1970).
///
/// # Errors
/// The endpoint failed, or the update failed and the old model still serves. The error includes the
/// reason and the end of the container's log.
pub(crate) async fn in_service(
    clients: &Clients,
    deployment: &Deployment,
    timeout: Duration,
    since: f64,
    console: &Console<'_>,
) -> anyhow::Result<EndpointStatus> {
    let endpoint = until_settled(clients, &deployment.endpoint, timeout, console).await?;
    let serves = endpoint.status == EndpointStatus::InService;
    // After a failed update the endpoint is in service again, with its old configuration.
    if serves && endpoint.config.as_ref() == Some(&deployment.config) {
        return Ok(endpoint.status);
    }
    let problem = if serves {
        format!(
            "the update of endpoint {} failed and the old model still serves",
            endpoint.name
        )
    } else {
        format!("endpoint {} is {}", endpoint.name, endpoint.status)
    };
    let failure = explain_failure(clients, &endpoint, LOG_LINES, since).await;
    Err(failed(anyhow!("{problem}: {}", explanation(&failure))))
}

/// Waits until the endpoint has no change in progress.
pub(crate) async fn until_settled(
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
        // Fail at the first error: the SDK has already retried each call.
        tolerated_errors: 0,
    };
    let label = format!("endpoint {endpoint}");
    let bar = console.bar("endpoint", 0);
    let found = sagemaker_ops::poll_until(pace, &label, async || {
        bar.tick();
        let found = sagemaker_ops::endpoint::describe(clients, endpoint).await?;
        Ok(found.status.is_settled().then_some(found))
    })
    .await?;
    bar.finish_and_clear();
    Ok(found)
}

/// The reason, the last health check and the end of the containers' log.
fn explanation(failure: &Failure) -> String {
    let reason = failure.reason.as_deref().unwrap_or("no reason was given");
    let ping = failure
        .last_ping
        .map(|status| format!("the last health check returned {status}"));
    let mut lines: Vec<String> = std::iter::once(reason.to_owned()).chain(ping).collect();
    let is_repeated = |line: &String| reason.contains(line.as_str());
    // The local server's reason already ends with the log.
    if failure.log.is_empty() || failure.log.iter().any(is_repeated) {
        lines.push(format!("the log: {}", log_command(&failure.log_location)));
    } else {
        lines.push("the end of the container log:".to_owned());
        lines.extend(failure.log.iter().map(|line| format!("  {line}")));
    }
    lines.join("\n")
}
