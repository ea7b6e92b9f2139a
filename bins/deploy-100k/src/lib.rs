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
//! Only the endpoint's name is stable; models and configurations end in a time stamp.

mod cli;
mod serving_args;

mod combine;
mod deployment;
mod preflight;
mod probe;
mod scaling;
mod shift;
mod summary;

use std::time::{Instant, SystemTime};

use fire_cli::{Console, Exit, Project, Stamp};
use sagemaker_ops::Clients;
use sagemaker_ops::endpoint::Deleted;

pub use cli::Args;
use cli::Names;
use deployment::Served;
pub use serving_args::{ServingArgs, VariantSpec, Weight};
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
    if !args.serving.shift.is_empty() {
        return shift::shift(&clients, &names.endpoint, &args, console).await;
    }
    deploy(&args, &names, &clients, console).await
}

async fn deploy(
    args: &Args,
    names: &Names,
    clients: &Clients,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let project = Project::planned(&args.project, clients).await?;
    let stamp = Stamp::precise(SystemTime::now());
    let mut timings = Timings::default();

    let started = Instant::now();
    let mut served = Vec::new();
    for variant in args.variants() {
        served.push(Served {
            model: combine::load(clients, &variant.models, args.policy()).await?,
            name: variant.name,
            weight: variant.weight,
        });
    }
    let planned = deployment::plan(args, names, (&project, &served), &stamp)?;
    let targets = match args.serving.autoscale {
        Some(_) => scaling::targets(&planned)?,
        None => Vec::new(),
    };
    if !args.spending.skip_preflight {
        let report = preflight::check(clients, &planned, args, console).await?;
        if args.spending.dry_run {
            return preflight::say(&report, &planned, console);
        }
    }
    project.ensure_bucket(clients).await?;
    for one in &mut served {
        let name = names.model_stamped(&one.name, &stamp);
        combine::store(clients, &mut one.model, &project, &name).await?;
        summary::say_model(&one.model, console)?;
    }
    timings.combine = Some(started.elapsed().as_secs_f64());

    let plan = deployment::plan(args, names, (&project, &served), &stamp)?;
    console.notice().set(format!(
        "What was created goes on; remove it with: {}",
        args.delete_command(names)?
    ));
    let (started, since) = (Instant::now(), seconds_since_1970());
    scaling::suspend(clients, &plan.endpoint, console).await?;
    let done = sagemaker_ops::endpoint::deploy(clients, &plan).await?;
    console.note(deployment::sentence(&plan, done))?;
    let mut summary = Summary::new(args, names, &served, &plan)?;
    if args.waits() {
        let limits = (args.timeout(), since);
        summary.endpoint.status = deployment::wait(clients, &plan, limits, console).await?;
        timings.deploy = Some(started.elapsed().as_secs_f64());
    }
    if let Some(rule) = args.serving.scaling() {
        scaling::begin(clients, &targets, &rule).await?;
        console.note(format!(
            "each variant may have {} instances",
            rule.instances
        ))?;
    }
    let mut exit = Exit::Done;
    if args.test {
        let started = Instant::now();
        summary.test = probe::test(clients, &names.endpoint, &served).await?;
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

fn seconds_since_1970() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
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
