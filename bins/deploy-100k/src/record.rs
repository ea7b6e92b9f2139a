//! The result of a deployment as text, as JSON, and as a record for `report-100k`.

use anyhow::Context as _;
use ensemble::metrics::Scores;
use fire_cli::Console;
use fire_run::records::{
    self, AutoscaleRecord, DeployRecord, DeployTimings, EndpointRecord, InstanceLimits,
    ModelRecord, ProbeResponse, VariantRecord,
};
use fire_run::report::weights_by_algorithm;
use fire_run::{Channel, Package};
use sagemaker_ops::S3Uri;
use sagemaker_ops::endpoint::{Deployment, EndpointStatus, NewVariant};
use sagemaker_ops::scaling::Scaling;

use crate::models::Model;
use crate::plan::Plan;

/// Status, test responses and timings of a deployment.
pub(crate) struct Outcome {
    pub(crate) status: EndpointStatus,
    /// Responses to the probe rows; empty without a test.
    pub(crate) responses: Vec<ProbeResponse>,
    pub(crate) timings: DeployTimings,
}

/// The record, which is also the JSON result.
pub(crate) fn new(
    plan: &Plan,
    deployment: &Deployment,
    models: &[Model],
    outcome: Outcome,
) -> anyhow::Result<DeployRecord> {
    let variants = &deployment.variants;
    let (first, model) = variants
        .first()
        .zip(models.first())
        .context("a deployment has at least one variant")?;
    let names: Vec<&str> = variants
        .iter()
        .map(|variant| variant.model.as_str())
        .collect();
    Ok(DeployRecord {
        backend: plan.backend.to_string(),
        model: model_record(model, &first.model_data),
        variants: variants.iter().map(variant_record).collect(),
        endpoint: EndpointRecord {
            name: deployment.endpoint.to_string(),
            status: outcome.status.to_string(),
            model: names.join(","),
            config: deployment.config.to_string(),
            instance_type: plan.serving.instance_type.clone(),
            instance_count: plan.serving.instance_count,
            autoscale: plan.serving.scaling.as_ref().map(autoscale_record),
            hourly_usd: deployment.hourly_usd(),
        },
        test: outcome.responses,
        delete_command: plan.delete_command.clone(),
        timings_seconds: outcome.timings,
    })
}

fn model_record(model: &Model, uri: &S3Uri) -> ModelRecord {
    let artifact = &model.package.artifact;
    ModelRecord {
        model_uri: uri.to_string(),
        combined_from: model
            .source
            .members()
            .iter()
            .map(S3Uri::to_string)
            .collect(),
        weights: weights_by_algorithm(artifact),
        threshold: artifact.threshold,
        validation: artifact.validation.clone(),
        test: artifact.test.clone(),
        alarm: model.package.evaluation.alarm.clone(),
    }
}

fn variant_record(variant: &NewVariant) -> VariantRecord {
    VariantRecord {
        name: variant.name.to_string(),
        weight: variant.weight,
        model_uri: variant.model_data.to_string(),
    }
}

fn autoscale_record(scaling: &Scaling) -> AutoscaleRecord {
    AutoscaleRecord {
        instances: InstanceLimits {
            min: scaling.instances.min(),
            max: scaling.instances.max(),
        },
        target_invocations: scaling.target_invocations,
        scale_out_cooldown_seconds: scaling.scale_out_cooldown_seconds,
        scale_in_cooldown_seconds: scaling.scale_in_cooldown_seconds,
    }
}

/// Writes the record to the state directory, where `report-100k` looks for it, if all models come
/// from one run.
///
/// The record of an ensemble is also written to a separate file, which a later deployment of a
/// single model does not overwrite.
pub(crate) fn write(plan: &Plan, record: &DeployRecord) -> anyhow::Result<()> {
    let Some(run) = &plan.run else {
        return Ok(());
    };
    let dir = records::directory(&plan.state_dir, run);
    if !record.model.combined_from.is_empty() {
        records::write(&dir.join(records::ENSEMBLE), record)?;
    }
    Ok(records::write(&dir.join(records::DEPLOY), record)?)
}

/// Prints the endpoint's status, test responses and cost, and the command that deletes it.
pub(crate) fn say(record: &DeployRecord, console: &mut Console<'_>) -> std::io::Result<()> {
    let endpoint = &record.endpoint;
    console.say(format!("endpoint {}: {}", endpoint.name, endpoint.status))?;
    for response in &record.test {
        let variant = match &response.variant {
            Some(variant) if record.variants.len() > 1 => format!("{variant}: "),
            _ => String::new(),
        };
        console.say(format!(
            "  {} {variant}{:<18} fire probability {:.4}, {}",
            if response.right { "ok   " } else { "WRONG" },
            response.name,
            response.fire_probability,
            if response.fire_detected {
                "fire"
            } else {
                "no fire"
            },
        ))?;
        if !response.warnings.is_empty() {
            console.say(format!("        warning: {}", response.warnings.join("; ")))?;
        }
    }
    if let Some(usd) = endpoint.hourly_usd {
        let costs = if record.backend == "aws" {
            "it costs about"
        } else {
            "on AWS it would cost about"
        };
        console.say(format!("{costs} {usd:.3} USD an hour until deleted:"))?;
    }
    console.say(format!("  {}", record.delete_command))
}

/// Prints the model that is about to be deployed, with its weights and metrics.
pub(crate) fn say_model(
    model: &Model,
    uri: &S3Uri,
    console: &mut Console<'_>,
) -> std::io::Result<()> {
    let Package {
        artifact,
        evaluation,
    } = &model.package;
    console.say(format!("model {uri}"))?;
    for (name, weight) in weights_by_algorithm(artifact) {
        console.say(format!("  {name:<20} weight {weight:.4}"))?;
    }
    for (channel, scores) in [
        (Channel::Validation, &artifact.validation),
        (Channel::Test, &artifact.test),
    ] {
        if let Some(scores) = scores {
            console.say(format!("  {channel:<10} {}", scores_line(scores)))?;
        }
    }
    if let Some(alarm) = &evaluation.alarm {
        console.say(format!("  alarm      {}", alarm.choice.rule))?;
    }
    Ok(())
}

fn scores_line(scores: &Scores) -> String {
    format!(
        "AUC {:.4}  accuracy {:.4}  F1 {:.4}  precision {:.4}  recall {:.4}",
        scores.auc, scores.accuracy, scores.f1, scores.precision, scores.recall
    )
}
