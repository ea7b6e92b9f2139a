//! Carries out a deployment, step by step.

use std::time::Instant;

use fire_cli::{Console, Exit, Project};
use fire_run::records::DeployTimings;
use sagemaker_ops::Clients;
use sagemaker_ops::endpoint::EndpointStatus;

use crate::plan::{Plan, Preflight};
use crate::record::Outcome;
use crate::{deployment, endpoint, models, preflight, probe, record, scaling};

/// Loads, checks, stores, deploys, scales and tests the models, then writes the record.
pub(crate) async fn deploy(
    plan: &Plan,
    project: &Project,
    clients: &Clients,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let mut timings = DeployTimings::default();
    let started = Instant::now();
    let models = models::load(clients, plan).await?;
    let deployment = deployment::resolve(plan, project, &models)?;
    let targets = scaling::targets(plan, &deployment)?;
    if plan.preflight != Preflight::Skip {
        let report = preflight::check(clients, plan, &deployment, &models, console).await?;
        if plan.preflight == Preflight::DryRun {
            return preflight::say(&report, &deployment, console);
        }
    }
    // Everything before this line changes nothing.
    project.ensure_bucket(clients).await?;
    for (model, variant) in models.iter().zip(&deployment.variants) {
        models::store(clients, model, &variant.model_data).await?;
        record::say_model(model, &variant.model_data, console)?;
    }
    timings.combine = Some(started.elapsed().as_secs_f64());

    console.notice().set(format!(
        "Resources already created remain; delete them with: {}",
        plan.delete_command
    ));
    let (started, since) = (Instant::now(), fire_cli::now());
    endpoint::until_free(clients, plan, console).await?;
    scaling::suspend(clients, &deployment, console).await?;
    endpoint::create_or_update(clients, &deployment, console).await?;
    let mut status = EndpointStatus::Creating;
    if let Some(timeout) = plan.wait {
        status = endpoint::in_service(clients, &deployment, timeout, since, console).await?;
        timings.deploy = Some(started.elapsed().as_secs_f64());
    }
    scaling::begin(clients, plan, &targets, console).await?;

    let mut responses = Vec::new();
    if plan.test {
        let started = Instant::now();
        responses = probe::test(clients, &deployment, &models).await?;
        timings.test = Some(started.elapsed().as_secs_f64());
    }
    let outcome = Outcome {
        status,
        responses,
        timings,
    };
    let record = record::new(plan, &deployment, &models, outcome)?;
    record::write(plan, &record)?;
    record::say(&record, console)?;
    console.json(&record)?;
    let all_passed = record.test.iter().all(|response| response.right);
    Ok(if all_passed {
        Exit::Done
    } else {
        Exit::WorkFailed
    })
}
