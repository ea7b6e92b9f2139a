//! What a call did: for people, for programs, and for `report-100k`.

use std::collections::BTreeMap;
use std::path::Path;

use alarm::AlarmTrial;
use anyhow::Context as _;
use ensemble::metrics::Scores;
use fire_cli::{Console, RunName};
use sagemaker_ops::S3Uri;
use sagemaker_ops::endpoint::{Deployment, EndpointStatus};
use sagemaker_ops::scaling::Scaling;
use serde::Serialize;

use crate::Args;
use crate::cli::Names;
use crate::combine::Deployable;
use crate::deployment::Served;
use crate::probe::Answer;

/// Seconds of each step; `None` where the step was not asked for.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Timings {
    pub(crate) combine: Option<f64>,
    pub(crate) deploy: Option<f64>,
    pub(crate) test: Option<f64>,
}

/// The JSON result; the same document is kept as `runs/<run>/deploy.json`.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    backend: String,
    /// The model of the first variant.
    model: ModelSummary,
    /// Every variant with its model and its share of the requests.
    variants: Vec<VariantSummary>,
    pub(crate) endpoint: EndpointSummary,
    pub(crate) test: Vec<Answer>,
    delete_command: String,
    pub(crate) timings_seconds: Timings,
    #[serde(skip)]
    run: Option<RunName>,
}

#[derive(Debug, Serialize)]
struct VariantSummary {
    name: String,
    weight: f64,
    model_uri: S3Uri,
}

#[derive(Debug, Serialize)]
struct ModelSummary {
    model_uri: S3Uri,
    combined_from: Vec<S3Uri>,
    weights: BTreeMap<String, f64>,
    threshold: f64,
    validation: Option<Scores>,
    test: Option<Scores>,
    alarm: Option<AlarmTrial>,
}

#[derive(Debug, Serialize)]
pub(crate) struct EndpointSummary {
    name: String,
    pub(crate) status: EndpointStatus,
    model: String,
    config: String,
    instance_type: String,
    instance_count: u32,
    /// How each variant scales; null where this call left it.
    autoscale: Option<Scaling>,
    hourly_usd: Option<f64>,
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
        Ok(Self {
            backend: args.common.backend.to_string(),
            model: ModelSummary::new(args, &first.model),
            variants: served.iter().map(VariantSummary::of).collect(),
            endpoint: EndpointSummary {
                name: plan.endpoint.to_string(),
                status: EndpointStatus::Creating,
                model: models.join(","),
                config: plan.config.to_string(),
                instance_type: args.serving.instance_type.clone(),
                instance_count: args.serving.instance_count,
                autoscale: args.serving.scaling(),
                hourly_usd: plan.hourly_usd(),
            },
            test: Vec::new(),
            delete_command: args.delete_command(names)?,
            timings_seconds: Timings::default(),
            run: run_of(&args.model_uri),
        })
    }

    /// Keeps the document in the state directory, where `report-100k` looks for it, if
    /// all models are of one run: as the last deployment, and as the last ensemble too,
    /// which a later deployment of a single model leaves alone.
    pub(crate) fn record(&self, state_dir: &Path) -> anyhow::Result<()> {
        let Some(run) = &self.run else {
            return Ok(());
        };
        let folder = fire_cli::run_folder(state_dir, run);
        if !self.model.combined_from.is_empty() {
            fire_cli::write_json(&folder.join("ensemble.json"), self)?;
        }
        fire_cli::write_json(&folder.join("deploy.json"), self)
    }

    pub(crate) fn say(&self, console: &mut Console<'_>) -> std::io::Result<()> {
        console.say(format!(
            "endpoint {}: {}",
            self.endpoint.name, self.endpoint.status
        ))?;
        for answer in &self.test {
            let variant = match &answer.variant {
                Some(variant) if self.variants.len() > 1 => format!("{variant}: "),
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
        if let Some(usd) = self.endpoint.hourly_usd {
            let where_ = if self.backend == "aws" {
                "costs about"
            } else {
                "would cost, on AWS, about"
            };
            console.say(format!("it {where_} {usd:.3} USD an hour until deleted:"))?;
        }
        console.say(format!("  {}", self.delete_command))
    }
}

impl VariantSummary {
    fn of(served: &Served) -> Self {
        Self {
            name: served.name.to_string(),
            weight: served.weight,
            model_uri: served.model.uri.clone(),
        }
    }
}

impl ModelSummary {
    fn new(args: &Args, model: &Deployable) -> Self {
        let artifact = &model.artifact;
        Self {
            model_uri: model.uri.clone(),
            combined_from: if model.is_combined() {
                args.model_uri.clone()
            } else {
                Vec::new()
            },
            weights: fire_cli::weights(artifact),
            threshold: artifact.threshold,
            validation: artifact.validation.clone(),
            test: artifact.test.clone(),
            alarm: model.judged.alarm.clone(),
        }
    }
}

/// The one run that all models come from, if there is one.
fn run_of(uris: &[S3Uri]) -> Option<RunName> {
    let mut runs = uris.iter().map(|uri| {
        let job = uri.key().rsplit('/').nth(2)?;
        RunName::of_job(job).ok()
    });
    let first = runs.next()??;
    runs.all(|run| run.as_ref() == Some(&first))
        .then_some(first)
}

/// The weights and figures of the model about to be deployed.
pub(crate) fn say_model(model: &Deployable, console: &mut Console<'_>) -> std::io::Result<()> {
    console.say(format!("model {}", model.uri))?;
    for (name, weight) in fire_cli::weights(&model.artifact) {
        console.say(format!("  {name:<20} weight {weight:.4}"))?;
    }
    for (part, scores) in [
        ("validation", &model.artifact.validation),
        ("test", &model.artifact.test),
    ] {
        if let Some(scores) = scores {
            console.say(format!("  {part:<10} {}", scores_line(scores)))?;
        }
    }
    if let Some(alarm) = &model.judged.alarm {
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
