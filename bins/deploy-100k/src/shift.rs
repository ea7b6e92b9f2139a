//! Changing the shares of variants that serve.

use fire_cli::{Console, Exit};
use sagemaker_ops::endpoint::Endpoint;
use sagemaker_ops::{Clients, EndpointName, VariantName};

use crate::Args;
use crate::deployment;

/// Changes the weights, waits for it where that is asked for, and says what the endpoint has now.
pub(crate) async fn shift(
    clients: &Clients,
    endpoint: &EndpointName,
    args: &Args,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let weights = args.serving.shift.iter();
    let weights: Vec<(VariantName, f64)> = weights
        .map(|shift| (shift.name.clone(), shift.weight))
        .collect();
    sagemaker_ops::endpoint::shift(clients, endpoint, &weights).await?;
    let found = if args.waits() {
        deployment::settled(clients, endpoint, args.timeout(), console).await?
    } else {
        sagemaker_ops::endpoint::describe(clients, endpoint).await?
    };
    console.say(format!("endpoint {endpoint}: {}", found.status))?;
    for line in lines(&found) {
        console.say(line)?;
    }
    console.json(&serde_json::json!({ "endpoint": found }))?;
    Ok(Exit::Done)
}

fn lines(found: &Endpoint) -> impl Iterator<Item = String> + '_ {
    let sum: f64 = found
        .variants
        .iter()
        .filter_map(|variant| variant.weight)
        .sum();
    found.variants.iter().map(move |variant| {
        let share = variant.weight.unwrap_or_default() / sum.max(f64::MIN_POSITIVE);
        format!(
            "  {:<20} {:>5.1} % of the requests",
            variant.name,
            100.0 * share
        )
    })
}
