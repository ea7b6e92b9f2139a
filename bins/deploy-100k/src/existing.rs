//! Deletes an existing endpoint, or changes the traffic weights of its variants.

use fire_cli::{Console, Exit};
use sagemaker_ops::endpoint::{Deleted, Endpoint};
use sagemaker_ops::{Clients, EndpointName};
use serde_json::json;

use crate::endpoint;
use crate::plan::ShiftPlan;

/// Deletes the endpoint with its scaling policies, configurations and models, and prints their names.
pub(crate) async fn delete(
    clients: &Clients,
    endpoint: &EndpointName,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let deleted = sagemaker_ops::endpoint::delete(clients, endpoint).await?;
    if deleted == Deleted::default() {
        console.say(format!(
            "endpoint {endpoint} does not exist; nothing to delete"
        ))?;
    }
    let endpoint_itself = deleted.endpoint.then_some(endpoint.as_str());
    let others = deleted.configs.iter().chain(&deleted.models);
    for name in endpoint_itself
        .into_iter()
        .chain(others.map(String::as_str))
    {
        console.say(format!("deleted {name}"))?;
    }
    console.json(&json!({ "endpoint": endpoint, "deleted": deleted }))?;
    Ok(Exit::Done)
}

/// Changes the traffic weights of the variants and prints each variant's share of the traffic.
pub(crate) async fn shift(
    clients: &Clients,
    plan: &ShiftPlan,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let endpoint = &plan.endpoint;
    sagemaker_ops::endpoint::shift(clients, endpoint, &plan.weights).await?;
    let found = match plan.wait {
        Some(timeout) => endpoint::until_settled(clients, endpoint, timeout, console).await?,
        None => sagemaker_ops::endpoint::describe(clients, endpoint).await?,
    };
    console.say(format!("endpoint {endpoint}: {}", found.status))?;
    console.say_all(shares(&found))?;
    console.json(&json!({ "endpoint": found }))?;
    Ok(Exit::Done)
}

fn shares(endpoint: &Endpoint) -> impl Iterator<Item = String> + '_ {
    let weights = endpoint
        .variants
        .iter()
        .filter_map(|variant| variant.weight);
    let sum: f64 = weights.sum();
    endpoint.variants.iter().map(move |variant| {
        // All weights are unknown, and their sum 0, while the endpoint is being created.
        let share = variant.weight.unwrap_or_default() / sum.max(f64::MIN_POSITIVE);
        format!(
            "  {:<20} {:>5.1} % of the requests",
            variant.name,
            100.0 * share
        )
    })
}
