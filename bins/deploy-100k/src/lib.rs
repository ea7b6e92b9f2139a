//! `deploy-100k`: from trained models to an endpoint that answers.
//!
//! The steps, each in its own module:
//!
//! 1. [`combine`]: load the models; several are weighed into one ensemble by the
//!    predictions that their training jobs left on the validation part, so no data
//!    is needed here;
//! 2. [`deployment`]: model, endpoint configuration, endpoint; an endpoint that
//!    exists is updated and goes on serving the old model should the new one fail;
//! 3. [`probe`]: send the rows that the artifact carries and compare the answers
//!    with what this very model computed when it was packed.
//!
//! Only the endpoint's name is stable; models and configurations end in a time stamp.

mod cli;
mod combine;
mod deployment;
mod probe;
mod summary;

use std::time::{Instant, SystemTime};

use fire_cli::{Console, Exit, Project, Stamp};
use sagemaker_ops::Clients;
use sagemaker_ops::endpoint::Deleted;

pub use cli::Args;
use summary::{Summary, Timings};

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
    let project = Project::resolve(&args.project, &clients).await?;
    let stamp = Stamp::precise(SystemTime::now());
    let mut timings = Timings::default();

    let started = Instant::now();
    let model = combine::load(&clients, &args.model_uri, args.policy()).await?;
    let model = combine::store(&clients, model, &project, &names.model_stamped(&stamp)).await?;
    timings.combine = Some(started.elapsed().as_secs_f64());
    summary::say_model(&model, console)?;

    let started = Instant::now();
    let plan = deployment::plan(&args, &names, (&project, &model), &stamp)?;
    console.notice().set(format!(
        "What was created goes on; remove it with: {}",
        args.delete_command(&names)?
    ));
    let done = sagemaker_ops::endpoint::deploy(&clients, &plan).await?;
    console.note(deployment::sentence(&plan, done))?;
    let mut summary = Summary::new(&args, &names, &model, &plan)?;
    if args.waits() {
        summary.endpoint.status =
            deployment::wait(&clients, &plan, args.timeout(), console).await?;
        timings.deploy = Some(started.elapsed().as_secs_f64());
    }
    let mut exit = Exit::Done;
    if args.test {
        let started = Instant::now();
        summary.test = probe::test(&clients, &names.endpoint, &model.artifact).await?;
        timings.test = Some(started.elapsed().as_secs_f64());
        if summary.test.iter().any(|answer| !answer.right) {
            exit = Exit::WorkFailed;
        }
    }
    summary.timings_seconds = timings;
    summary.record(&args.common.state_dir()?)?;
    summary.say(console)?;
    console.json(&summary)?;
    Ok(exit)
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
