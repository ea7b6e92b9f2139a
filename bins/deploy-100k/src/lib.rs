//! `deploy-100k`: from trained models to an endpoint that answers requests.
//!
//! The arguments become a [`plan::Command`] before any call to the backend. A deployment then goes
//! through these modules, each of which imports only earlier ones:
//!
//! 1. [`plan`]: what to do, with every flag checked;
//! 2. [`models`]: load the models; [`combine`] makes one ensemble of several from the predictions
//!    that their training jobs left, so no data is needed here;
//! 3. [`deployment`]: the names of everything that will be created;
//! 4. [`preflight`]: find what would fail before anything is created or spent; `--dry-run` ends here;
//! 5. [`endpoint`]: create or update the endpoint and wait for it; an existing one keeps serving the
//!    old model if the new one fails;
//! 6. [`scaling`]: let the number of instances follow the load;
//! 7. [`probe`]: send every variant the rows that its model carries, and compare the responses with
//!    what the same model computed when it was packed;
//! 8. [`record`]: say what was done, and keep it for `report-100k`.
//!
//! [`deploy`] takes these steps in order. [`existing`] deletes an endpoint or changes the shares of
//! its variants.
//!
//! You choose only the endpoint's name. Names of models and configurations end in digits that follow
//! from their content, so a call that was interrupted and is repeated reuses what it finds.

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

/// Runs the command that the arguments describe; results go to the console.
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
