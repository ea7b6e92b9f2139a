//! What a call did: for people, for programs, and for `report-100k`.

use std::path::Path;

use anyhow::Context as _;
use ensemble::metrics::Scores;
use fire_cli::Console;
use fire_run::records::{
    self, AutoscaleRecord, DeployRecord, DeployTimings, EndpointRecord, InstanceLimits,
    ModelRecord, VariantRecord,
};
use fire_run::report::weights_by_algorithm;
use fire_run::{Channel, RunName, layout};
use sagemaker_ops::S3Uri;
use sagemaker_ops::endpoint::{Deployment, EndpointStatus};
use sagemaker_ops::scaling::Scaling;

use crate::Args;
use crate::cli::Names;
use crate::combine::Deployable;
use crate::deployment::Served;

/// The record of a deployment, which is also its JSON result.
pub(crate) struct Summary {
    pub(crate) record: DeployRecord,
    run: Option<RunName>,
}

impl Summary {
    pub(crate) fn new(
        args: &Args,
        names: &Names,
        served: &[Served],
        plan: &Deployment,
    ) -> anyhow::Result<Self> {
        let first = served.first().context("an endpoint has a variant")?;
        let models: Vec<&str> = plan
            .variants
            .iter()
            .map(|variant| variant.model.as_str())
            .collect();
        let record = DeployRecord {
            backend: args.common.backend.to_string(),
            model: model_record(args, &first.model),
            variants: served.iter().map(variant_record).collect(),
            endpoint: EndpointRecord {
                name: plan.endpoint.to_string(),
                status: EndpointStatus::Creating.to_string(),
                model: models.join(","),
                config: plan.config.to_string(),
                instance_type: args.serving.instance_type.clone(),
                instance_count: args.serving.instance_count,
                autoscale: args.serving.scaling().as_ref().map(autoscale_record),
                hourly_usd: plan.hourly_usd(),
            },
            test: Vec::new(),
            delete_command: args.delete_command(names)?,
            timings_seconds: DeployTimings::default(),
        };
        Ok(Self {
            record,
            run: run_of(&args.model_uri),
        })
    }

    /// Keeps the document in the state directory, where `report-100k` looks for it, if
    /// all models are of one run: as the last deployment, and as the last ensemble too,
    /// which a later deployment of a single model leaves alone.
    pub(crate) fn write(&self, state_dir: &Path) -> anyhow::Result<()> {
        let Some(run) = &self.run else {
            return Ok(());
        };
        let folder = records::folder(state_dir, run);
        if !self.record.model.combined_from.is_empty() {
            records::write(&folder.join(records::ENSEMBLE), &self.record)?;
        }
        Ok(records::write(&folder.join(records::DEPLOY), &self.record)?)
    }

    pub(crate) fn say(&self, console: &mut Console<'_>) -> std::io::Result<()> {
        console.say(format!(
            "endpoint {}: {}",
            self.record.endpoint.name, self.record.endpoint.status
        ))?;
        for answer in &self.record.test {
            let variant = match &answer.variant {
                Some(variant) if self.record.variants.len() > 1 => format!("{variant}: "),
                _ => String::new(),
            };
            console.say(format!(
                "  {} {variant}{:<18} fire probability {:.4}, {}",
                if answer.right { "ok   " } else { "WRONG" },
                answer.name,
                answer.fire_probability,
                if answer.fire_detected {
                    "fire"
                } else {
                    "no fire"
                },
            ))?;
            if !answer.warnings.is_empty() {
                console.say(format!(
                    "        outside what was seen in training: {}",
                    answer.warnings.join("; ")
                ))?;
            }
        }
        if let Some(usd) = self.record.endpoint.hourly_usd {
            let where_ = if self.record.backend == "aws" {
                "costs about"
            } else {
                "would cost, on AWS, about"
            };
            console.say(format!("it {where_} {usd:.3} USD an hour until deleted:"))?;
        }
        console.say(format!("  {}", self.record.delete_command))
    }
}

fn variant_record(served: &Served) -> VariantRecord {
    VariantRecord {
        name: served.name.to_string(),
        weight: served.weight,
        model_uri: served.model.uri.to_string(),
    }
}

fn model_record(args: &Args, model: &Deployable) -> ModelRecord {
    let artifact = &model.package.artifact;
    let members = args.model_uri.iter().filter(|_| model.is_combined());
    ModelRecord {
        model_uri: model.uri.to_string(),
        combined_from: members.map(S3Uri::to_string).collect(),
        weights: weights_by_algorithm(artifact),
        threshold: artifact.threshold,
        validation: artifact.validation.clone(),
        test: artifact.test.clone(),
        alarm: model.package.evaluation.alarm.clone(),
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

/// The one run that all models come from, if there is one.
fn run_of(uris: &[S3Uri]) -> Option<RunName> {
    let mut runs = uris.iter().map(|uri| {
        let job = uri.key().rsplit('/').nth(2)?;
        layout::run_of_job(job).ok()
    });
    let first = runs.next()??;
    runs.all(|run| run.as_ref() == Some(&first))
        .then_some(first)
}

/// The weights and figures of the model about to be deployed.
pub(crate) fn say_model(model: &Deployable, console: &mut Console<'_>) -> std::io::Result<()> {
    console.say(format!("model {}", model.uri))?;
    for (name, weight) in weights_by_algorithm(&model.package.artifact) {
        console.say(format!("  {name:<20} weight {weight:.4}"))?;
    }
    for (channel, scores) in [
        (Channel::Validation, &model.package.artifact.validation),
        (Channel::Test, &model.package.artifact.test),
    ] {
        if let Some(scores) = scores {
            console.say(format!("  {channel:<10} {}", scores_line(scores)))?;
        }
    }
    if let Some(alarm) = &model.package.evaluation.alarm {
        console.say(format!(
            "  alarm      {}",
            fire_cli::rule_in_words(&alarm.choice.rule)
        ))?;
    }
    Ok(())
}

fn scores_line(scores: &Scores) -> String {
    format!(
        "AUC {:.4}  accuracy {:.4}  F1 {:.4}  precision {:.4}  recall {:.4}",
        scores.auc, scores.accuracy, scores.f1, scores.precision, scores.recall
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_known_when_all_models_are_of_it() {
        let uri = |job: &str| {
            format!("s3://bucket-of-models/p/models/{job}/output/model.tar.gz")
                .parse()
                .unwrap()
        };
        let check = |jobs: &[&str], expected: Option<&str>| {
            let uris: Vec<S3Uri> = jobs.iter().map(|job| uri(job)).collect();
            assert_eq!(
                run_of(&uris).map(String::from).as_deref(),
                expected,
                "{jobs:?}"
            );
        };
        check(&["flir-scd41-rf-100k-a", "flir-scd41-lr-100k-a"], Some("a"));
        check(&["flir-scd41-rf-100k-a", "flir-scd41-lr-100k-b"], None);
        check(&["model-name"], None);
        check(&[], None);
    }
}
