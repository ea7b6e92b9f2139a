//! Rows with known answers, sent to the endpoint.

use anyhow::Context as _;
use ensemble::artifact::{Artifact, Probe};
use fire_run::records::ProbeResponse;
use sagemaker_ops::endpoint::Payload;
use sagemaker_ops::{Clients, EndpointName, VariantName};
use serde::Deserialize;

use crate::deployment::Served;

/// Largest difference between an answer and what the packed model computed: the
/// probability travels as decimal text that reads back to the same number.
const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Reply {
    predictions: Vec<Prediction>,
}

#[derive(Deserialize)]
struct Prediction {
    fire_probability: f64,
    fire_detected: bool,
    /// Absent where there is nothing to warn of.
    #[serde(default)]
    warnings: Vec<String>,
}

/// Sends each variant every probe row of its model, whatever its share of the requests.
///
/// # Errors
/// The endpoint refuses a row or answers in another form than documented.
pub(crate) async fn test(
    clients: &Clients,
    endpoint: &EndpointName,
    served: &[Served],
) -> anyhow::Result<Vec<ProbeResponse>> {
    let mut answers = Vec::new();
    for variant in served {
        let name = &variant.name;
        let all = test_variant(clients, (endpoint, name), &variant.model.package.artifact).await;
        answers.extend(all.with_context(|| format!("variant {name}"))?);
    }
    Ok(answers)
}

async fn test_variant(
    clients: &Clients,
    (endpoint, variant): (&EndpointName, &VariantName),
    artifact: &Artifact,
) -> anyhow::Result<Vec<ProbeResponse>> {
    let mut answers = Vec::new();
    for probe in &artifact.probes {
        let input = csv(&probe.row);
        let payload = Payload {
            content_type: "text/csv".to_owned(),
            accept: Some("application/json".to_owned()),
            body: input.clone().into_bytes(),
        };
        let reply =
            sagemaker_ops::endpoint::invoke_variant(clients, endpoint, variant, payload).await?;
        let answered = reply.variant.clone();
        let reply: Reply = serde_json::from_slice(&reply.body).with_context(|| {
            format!("endpoint {endpoint} answers in another form than the documented one")
        })?;
        let [prediction] = reply.predictions.as_slice() else {
            anyhow::bail!(
                "endpoint {endpoint} answers one row with {}",
                reply.predictions.len()
            );
        };
        answers.push(ProbeResponse {
            variant: answered,
            ..judge(probe, input, prediction)
        });
    }
    Ok(answers)
}

fn judge(probe: &Probe, input: String, prediction: &Prediction) -> ProbeResponse {
    let near = (prediction.fire_probability - probe.probability).abs() <= TOLERANCE;
    let agrees = probe
        .expected
        .is_none_or(|fire| fire == prediction.fire_detected);
    ProbeResponse {
        variant: None,
        name: probe.name.clone(),
        input,
        fire_probability: prediction.fire_probability,
        fire_detected: prediction.fire_detected,
        warnings: prediction.warnings.clone(),
        expected: probe.expected,
        expected_probability: probe.probability,
        right: near && agrees,
    }
}

fn csv(row: &[f32]) -> String {
    // A missing value is an empty cell.
    let cell = |value: &f32| {
        if value.is_nan() {
            String::new()
        } else {
            value.to_string()
        }
    };
    row.iter().map(cell).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_right_only_when_probability_and_verdict_are() {
        let cases = [
            (Some(true), 0.9, true, true),
            (Some(true), 0.9, false, false),
            (Some(true), 0.8, true, false),
            (None, 0.9, false, true),
            (None, 0.900_001, false, false),
        ];
        for (expected, fire_probability, fire_detected, right) in cases {
            let probe = Probe {
                name: "fire".into(),
                row: vec![1.0],
                expected,
                probability: 0.9,
            };
            let prediction = Prediction {
                fire_probability,
                fire_detected,
                warnings: Vec::new(),
            };
            assert_eq!(judge(&probe, String::new(), &prediction).right, right);
        }
    }

    #[test]
    fn missing_values_travel_as_empty_cells() {
        assert_eq!(csv(&[25.0, f32::NAN, 0.1]), "25,,0.1");
    }
}
