//! `deploy-100k`: from trained models to an endpoint that answers.
//!
//! The steps, each in its own module:
//!
//! 1. [`combine`]: load the models; several are weighed into one ensemble by the
//!    predictions that their training jobs left on the validation part, so no data
//!    is needed here;
//! 2. [`preflight`]: whatever can be found wrong before anything is created or spent;
//!    `--dry-run` stops there;
//! 3. [`deployment`]: models, endpoint configuration, endpoint; an endpoint that
//!    exists is updated and goes on serving the old model should the new one fail;
//!    [`scaling`] of its variants by their load;
//! 4. [`probe`]: send every variant the rows that the artifact carries and compare the answers
//!    with what this very model computed when it was packed.
//!
//! [`deploy`] takes these steps one after the other. Only the endpoint's name is chosen: those of models and configurations
//! end in digits that follow from their content, so that a call that was cut off and is made again takes up what it finds.

mod cli;
mod serving_args;

mod combine;
mod deploy;
mod deployment;
mod preflight;
mod probe;
mod scaling;
mod shift;
mod summary;

use fire_cli::{Console, Exit};
use sagemaker_ops::Clients;
use sagemaker_ops::endpoint::Deleted;

pub use cli::Args;
pub use serving_args::{ServingArgs, VariantSpec, Weight};

/// Does what the arguments say; results go to the console.
///
/// # Errors
/// Wrong input such as an archive that is no model (exit code 2), an endpoint that
/// fails or answers wrongly (1), a backend that refuses (3), time that ran out (4).
pub async fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let names = args.names()?;
    let clients = args.common.connect(console).await?;
    if args.delete {
        return delete(&clients, &names.endpoint, console).await;
    }
    if !args.serving.shift.is_empty() {
        return shift::shift(&clients, &names.endpoint, &args, console).await;
    }
    deploy::deploy(&args, &names, &clients, console).await
}

async fn delete(
    clients: &Clients,
    endpoint: &sagemaker_ops::EndpointName,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let deleted = sagemaker_ops::endpoint::delete(clients, endpoint).await?;
    if deleted == Deleted::default() {
        console.say(format!(
            "endpoint {endpoint} does not exist; nothing to delete"
        ))?;
    }
    let rest = deleted
        .configs
        .iter()
        .chain(&deleted.models)
        .map(String::as_str);
    for name in deleted
        .endpoint
        .then_some(endpoint.as_str())
        .into_iter()
        .chain(rest)
    {
        console.say(format!("deleted {name}"))?;
    }
    console.json(&serde_json::json!({ "endpoint": endpoint, "deleted": deleted }))?;
    Ok(Exit::Done)
}
