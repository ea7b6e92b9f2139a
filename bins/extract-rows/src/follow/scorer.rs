//! Predicts rows with a model or an endpoint.

use std::path::Path;

use alarm::AlarmRule;
use anyhow::anyhow;
use ensemble::artifact::Artifact;
use fire_cli::{Console, Prediction, predict_row, read_artifact, usage};
use sagemaker_ops::{Clients, EndpointName};
use sensor_model::{FEATURE_COUNT, fingerprint};

use super::FollowJob;

/// A local model or an endpoint.
pub(super) enum Scorer {
    Model(Box<Artifact>),
    Endpoint {
        clients: Box<Clients>,
        name: EndpointName,
    },
}

/// The model or endpoint, and the alarm rule: from `--alarm-rule`, otherwise from the model.
pub(super) async fn load(
    job: &FollowJob,
    console: &mut Console<'_>,
) -> anyhow::Result<(Scorer, AlarmRule)> {
    let model = job.model.as_deref();
    let artifact = model
        .map(|path| read_artifact(path, fingerprint()))
        .transpose()?;
    let stored = artifact
        .as_ref()
        .map(|artifact| artifact.extra::<AlarmRule>(alarm::EXTRA));
    let rule = job
        .rule
        .or(stored.transpose().map_err(usage)?.flatten())
        .ok_or_else(|| usage(anyhow!("{}", no_rule_message(model))))?;
    // With both, the model only provides the rule.
    let scorer = match (&job.endpoint, artifact) {
        (Some(name), _) => Scorer::Endpoint {
            clients: Box::new(job.common.connect(console).await?),
            name: name.clone(),
        },
        (None, Some(artifact)) => Scorer::Model(Box::new(artifact)),
        (None, None) => {
            return Err(usage(anyhow!("--follow needs --model or --endpoint")));
        }
    };
    Ok((scorer, rule))
}

fn no_rule_message(model: Option<&Path>) -> String {
    match model {
        Some(path) => format!(
            "{} has no alarm rule; give one with --alarm-rule THRESHOLD:K:N",
            path.display()
        ),
        None => "no alarm rule; give one with --alarm-rule THRESHOLD:K:N, or give a model that has one with --model"
            .to_owned(),
    }
}

impl Scorer {
    /// Predicts one row.
    pub(super) async fn predict(&self, row: &[f32; FEATURE_COUNT]) -> anyhow::Result<Prediction> {
        match self {
            Self::Model(artifact) => {
                let fire_probability = artifact.predict_row(row);
                Ok(Prediction {
                    fire_probability,
                    fire_detected: fire_probability >= artifact.threshold,
                    warnings: artifact.warnings(row),
                })
            }
            Self::Endpoint { clients, name } => Ok(predict_row(clients, name, None, row).await?.0),
        }
    }
}
