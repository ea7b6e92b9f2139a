//! One deployment, step by step.

use std::time::{Instant, SystemTime};

use fire_cli::{Console, Exit, Project};
use fire_run::records::DeployTimings;
use sagemaker_ops::Clients;

use crate::Args;
use crate::cli::Names;
use crate::deployment::Served;
use crate::summary::Summary;
use crate::{combine, deployment, preflight, probe, scaling, summary};

/// Loads, checks, stores, deploys, scales and tests, in this order.
pub(crate) async fn deploy(
    args: &Args,
    names: &Names,
    clients: &Clients,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let project = Project::planned(&args.project, clients).await?;
    let mut timings = DeployTimings::default();

    let started = Instant::now();
    let mut served = Vec::new();
    for variant in args.variants() {
        served.push(Served {
            model: combine::load(clients, &variant.models, args.policy()).await?,
            name: variant.name,
            weight: variant.weight,
        });
    }
    let planned = deployment::plan(args, names, (&project, &served))?;
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
    for (one, variant) in served.iter_mut().zip(&planned.variants) {
        combine::store(clients, &mut one.model, &project, variant.model.as_str()).await?;
        summary::say_model(&one.model, console)?;
    }
    timings.combine = Some(started.elapsed().as_secs_f64());

    let plan = deployment::plan(args, names, (&project, &served))?;
    console.notice().set(format!(
        "What was created goes on; remove it with: {}",
        args.delete_command(names)?
    ));
    let (started, since) = (Instant::now(), seconds_since_1970());
    if args.waits() {
        deployment::until_free(clients, &plan, args.timeout(), console).await?;
    }
    scaling::suspend(clients, &plan, console).await?;
    let done = sagemaker_ops::endpoint::deploy(clients, &plan).await?;
    console.note(deployment::sentence(&plan, done))?;
    let mut summary = Summary::new(args, names, &served, &plan)?;
    if args.waits() {
        let limits = (args.timeout(), since);
        let status = deployment::wait(clients, &plan, limits, console).await?;
        summary.record.endpoint.status = status.to_string();
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
        summary.record.test = probe::test(clients, &names.endpoint, &served).await?;
        timings.test = Some(started.elapsed().as_secs_f64());
        if summary.record.test.iter().any(|answer| !answer.right) {
            exit = Exit::WorkFailed;
        }
    }
    summary.record.timings_seconds = timings;
    summary.write(&args.common.state_dir()?)?;
    summary.say(console)?;
    console.json(&summary.record)?;
    Ok(exit)
}

fn seconds_since_1970() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}
