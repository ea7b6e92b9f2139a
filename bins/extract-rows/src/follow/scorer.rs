//! Who says how likely a fire is.

use std::path::Path;

use alarm::AlarmRule;
use anyhow::{Context as _, anyhow};
use ensemble::artifact::Artifact;
use fire_cli::{Console, read_artifact, usage};
use sagemaker_ops::endpoint::{Payload, invoke};
use sagemaker_ops::{Clients, EndpointName};
use sensor_model::{FEATURE_COUNT, fingerprint};
use serde::Deserialize;

use super::Watch;

/// A model at hand, or one behind an endpoint.
pub(super) enum Scorer {
    Model(Box<Artifact>),
    Endpoint {
        clients: Box<Clients>,
        name: EndpointName,
    },
}

/// The answer to a row.
#[derive(Debug, Deserialize)]
pub(super) struct Scored {
    pub(super) fire_probability: f64,
    /// The values outside what the model has seen in training.
    #[serde(default)]
    pub(super) warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Reply {
    predictions: Vec<Scored>,
}

/// The model or the endpoint, and the rule: the one that was given, else the one that travels with the model.
pub(super) async fn load(
    watch: &Watch,
    console: &mut Console<'_>,
) -> anyhow::Result<(Scorer, AlarmRule)> {
    let model = watch.model.as_deref();
    let artifact = model
        .map(|path| read_artifact(path, fingerprint()))
        .transpose()?;
    let stored = artifact
        .as_ref()
        .map(|artifact| artifact.extra(alarm::EXTRA));
    let stored = stored.transpose().map_err(|error| usage(anyhow!(error)))?;
    let rule = watch
        .rule
        .or(stored.flatten())
        .ok_or_else(|| usage(anyhow!("{}", without_rule(model))))?;
    let scorer = match (&watch.endpoint, artifact) {
        (Some(name), _) => Scorer::Endpoint {
            clients: Box::new(watch.common.connect(console).await?),
            name: name.clone(),
        },
        (None, Some(artifact)) => Scorer::Model(Box::new(artifact)),
        (None, None) => {
            return Err(usage(anyhow!(
                "--follow needs a model to ask; give --model or --endpoint"
            )));
        }
    };
    Ok((scorer, rule))
}

fn without_rule(model: Option<&Path>) -> String {
    match model {
        Some(path) => format!(
            "{} carries no alarm rule; give one by --alarm-rule THRESHOLD:K:N",
            path.display()
        ),
        None => "there is no alarm rule; give it by --alarm-rule THRESHOLD:K:N, or by --model the model that has one"
            .to_owned(),
    }
}

impl Scorer {
    /// How likely the row shows a fire.
    pub(super) async fn score(&self, row: &[f32; FEATURE_COUNT]) -> anyhow::Result<Scored> {
        match self {
            Self::Model(artifact) => Ok(Scored {
                fire_probability: artifact.predict_row(row),
                warnings: artifact.warnings(row),
            }),
            Self::Endpoint { clients, name } => ask(clients, name, row).await,
        }
    }
}

async fn ask(
    clients: &Clients,
    endpoint: &EndpointName,
    row: &[f32; FEATURE_COUNT],
) -> anyhow::Result<Scored> {
    let payload = Payload {
        content_type: "text/csv".to_owned(),
        accept: Some("application/json".to_owned()),
        body: csv(row).into_bytes(),
    };
    let answer = invoke(clients, endpoint, payload).await?;
    let form = || format!("endpoint {endpoint} answers in another form than the documented one");
    let reply: Reply = serde_json::from_slice(&answer.body).with_context(form)?;
    let mut predictions = reply.predictions.into_iter();
    predictions.next().with_context(form)
}

/// The row as the endpoint takes it; a missing value is an empty cell.
fn csv(row: &[f32; FEATURE_COUNT]) -> String {
    let cells = row.map(|value| match value {
        value if value.is_nan() => String::new(),
        value => value.to_string(),
    });
    cells.join(",")
}
