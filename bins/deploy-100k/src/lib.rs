//! `deploy-100k`: deploys trained models to a SageMaker endpoint and tests it.
//!
//! The arguments are turned into a [`plan::Command`] before any call to the backend. These modules
//! carry out a deployment; each imports only earlier ones:
//!
//! 1. [`plan`]: the validated command;
//! 2. [`models`]: load the models; [`combine`] merges several into an ensemble, using the
//!    predictions saved by their training jobs instead of the dataset;
//! 3. [`deployment`]: the resources to create, and their names;
//! 4. [`preflight`]: checks before anything is created or spent; `--dry-run` ends here;
//! 5. [`endpoint`]: create or update the endpoint and wait for it; an existing one keeps serving the
//!    old model if the new one fails;
//! 6. [`scaling`]: scale the number of instances with the load;
//! 7. [`probe`]: send every variant the probe rows stored in its model, and compare the responses
//!    with the probabilities computed when the model was packed;
//! 8. [`record`]: print the result, and save it for `report-100k`.
//!
//! [`deploy`] runs these steps in order. [`existing`] deletes an endpoint or changes the traffic
//! weights of its variants.
//!
//! The names of models and endpoint configurations end in a content hash, so repeating an
//! interrupted call reuses the resources it finds.

mod plan;

mod cli;
mod serving_args;

mod combine;
mod models;

mod deployment;

mod endpoint;
mod preflight;
mod probe;
mod record;
mod scaling;

mod deploy;
mod existing;

use fire_cli::{Console, Exit, Project};

use plan::Command;

pub use cli::Args;
pub use serving_args::{ServingArgs, VariantSpec, Weight};

/// Runs the command described by the arguments; results go to the console.
///
/// # Errors
/// Invalid input such as an archive without a model (exit code 2), an endpoint that
/// fails or returns wrong predictions (1), a backend that rejects a call (3), a timeout (4).
pub async fn run(args: Args, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let command = args.command()?;
    let clients = args.common.connect(console).await?;
    match command {
        Command::Deploy(plan) => {
            let project = Project::planned(&args.project, &clients).await?;
            deploy::deploy(&plan, &project, &clients, console).await
        }
        Command::Delete(endpoint) => existing::delete(&clients, &endpoint, console).await,
        Command::Shift(shift) => existing::shift(&clients, &shift, console).await,
    }
}
