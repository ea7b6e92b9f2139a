//! Sends rows with known predictions to the endpoint.

use anyhow::{Context as _, bail};
use ensemble::artifact::Probe;
use fire_run::records::ProbeResponse;
use sagemaker_ops::endpoint::{Deployment, Payload};
use sagemaker_ops::{Clients, EndpointName, VariantName};
use serde::Deserialize;

use crate::models::Model;

/// Largest accepted difference between a returned probability and the one computed when the model was
/// packed. Probabilities are serialized as decimal text that parses back to the same number.
const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Response {
    predictions: Vec<Prediction>,
}

#[derive(Deserialize)]
struct Prediction {
    fire_probability: f64,
    fire_detected: bool,
    /// Absent when there is nothing to warn about.
    #[serde(default)]
    warnings: Vec<String>,
}

/// Sends every probe row of a variant's model to that variant, regardless of its traffic weight.
///
/// # Errors
/// The endpoint rejects a row, or its response is not in the documented format.
pub(crate) async fn test(
    clients: &Clients,
    deployment: &Deployment,
    models: &[Model],
) -> anyhow::Result<Vec<ProbeResponse>> {
    let mut responses = Vec::new();
    for (variant, model) in deployment.variants.iter().zip(models) {
        for probe in &model.package.artifact.probes {
            let response = send(clients, &deployment.endpoint, &variant.name, probe).await;
            responses.push(response.with_context(|| format!("variant {}", variant.name))?);
        }
    }
    Ok(responses)
}

async fn send(
    clients: &Clients,
    endpoint: &EndpointName,
    variant: &VariantName,
    probe: &Probe,
) -> anyhow::Result<ProbeResponse> {
    let input = csv(&probe.row);
    let payload = Payload {
        content_type: "text/csv".to_owned(),
        accept: Some("application/json".to_owned()),
        body: input.clone().into_bytes(),
    };
    let invocation =
        sagemaker_ops::endpoint::invoke_variant(clients, endpoint, variant, payload).await?;
    let response: Response = serde_json::from_slice(&invocation.body).with_context(|| {
        format!("the response of endpoint {endpoint} is not in the documented format")
    })?;
    let [prediction] = response.predictions.as_slice() else {
        bail!(
            "endpoint {endpoint} returned {} predictions for one row",
            response.predictions.len()
        );
    };
    Ok(ProbeResponse {
        variant: invocation.variant,
        ..compare(probe, input, prediction)
    })
}

fn compare(probe: &Probe, input: String, prediction: &Prediction) -> ProbeResponse {
    let probability_matches = (prediction.fire_probability - probe.probability).abs() <= TOLERANCE;
    let decision_matches = probe
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
        right: probability_matches && decision_matches,
    }
}

fn csv(row: &[f32]) -> String {
    // A missing value is an empty field.
    let field = |value: &f32| {
        if value.is_nan() {
            String::new()
        } else {
            value.to_string()
        }
    };
    row.iter().map(field).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_passes_only_if_probability_and_decision_match() {
        let cases = [
            (Some(true), 0.9, true, true),
            (Some(true), 0.9, false, false),
            (Some(true), 0.8, true, false),
            (None, 0.9, false, true),
            (None, 0.900_001, false, false),
        ];
        for (expected, fire_probability, fire_detected, passed) in cases {
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
            assert_eq!(compare(&probe, String::new(), &prediction).right, passed);
        }
    }

    #[test]
    fn missing_values_are_encoded_as_empty_csv_fields() {
        assert_eq!(csv(&[25.0, f32::NAN, 0.1]), "25,,0.1");
    }
}
