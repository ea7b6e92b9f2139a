//! Probabilities to response bodies.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use ensemble::artifact::Artifact;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::media::Media;
use super::predictor::Predictor;
use super::refusal::Refusal;
use super::request::RequestRows;

/// What the client asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) media: Media,
    /// Whether each member's own probability is wanted too.
    pub(super) members: bool,
}

/// The answer to one row.
#[derive(Serialize)]
struct Prediction {
    fire_probability: f64,
    fire_detected: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    members: Map<String, Value>,
}

/// The JSON document.
#[derive(Serialize)]
struct Predictions {
    predictions: Vec<Prediction>,
}

/// The value as JSON; its keys stay in the order of the struct.
fn to_json(value: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string(value).map_err(|_| Refusal::defect())
}

/// One line per row, which is what batch transforms join by.
fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| line + "\n").collect()
}

/// Predicts the rows and writes them down, in the order of the request.
pub(super) fn answer(
    predictor: &Predictor,
    rows: &RequestRows,
    wanted: Wanted,
) -> Result<Response, Refusal> {
    let probabilities = predictor
        .probabilities(&rows.values)
        .map_err(|_| Refusal::defect())?;
    let artifact = predictor.artifact();
    let predictions = rows
        .iter()
        .zip(&probabilities)
        .map(|(row, &fire_probability)| Prediction {
            fire_probability,
            fire_detected: fire_probability >= artifact.threshold,
            warnings: artifact.warnings(row),
            members: if wanted.members {
                members(artifact, row)
            } else {
                Map::new()
            },
        });
    let body = match wanted.media {
        Media::Json => to_json(&Predictions {
            predictions: predictions.collect(),
        })?,
        Media::JsonLines => lines(
            predictions
                .map(|one| to_json(&one))
                .collect::<Result<Vec<_>, _>>()?,
        ),
        Media::Csv => lines(probabilities.iter().map(f64::to_string)),
    };
    Ok(([(CONTENT_TYPE, wanted.media.name())], body).into_response())
}

/// Each member's own probability, by its name.
fn members(artifact: &Artifact, row: &[f32]) -> Map<String, Value> {
    let probabilities = artifact.members_row(row);
    let members = artifact.members.iter().zip(probabilities);
    members
        .map(|(member, probability)| (member.name.clone(), json!(probability)))
        .collect()
}
