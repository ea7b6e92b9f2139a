//! Sends rows with known predictions to the endpoint.

use anyhow::Context as _;
use ensemble::artifact::Probe;
use fire_cli::{Prediction, csv_row};
use fire_run::records::ProbeResponse;
use sagemaker_ops::endpoint::Deployment;
use sagemaker_ops::{Clients, EndpointName, VariantName};

use crate::models::Model;

/// Largest accepted difference between a returned probability and the one computed when the model was
/// packed. Probabilities are serialized as decimal text that parses back to the same number.
const TOLERANCE: f64 = 1e-12;

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
    let (prediction, variant) =
        fire_cli::predict_row(clients, endpoint, Some(variant), &probe.row).await?;
    Ok(ProbeResponse {
        variant,
        ..compare(probe, prediction)
    })
}

fn compare(probe: &Probe, prediction: Prediction) -> ProbeResponse {
    let probability_matches = (prediction.fire_probability - probe.probability).abs() <= TOLERANCE;
    let decision_matches = probe
        .expected
        .is_none_or(|fire| fire == prediction.fire_detected);
    ProbeResponse {
        variant: None,
        name: probe.name.clone(),
        input: csv_row(&probe.row),
        fire_probability: prediction.fire_probability,
        fire_detected: prediction.fire_detected,
        warnings: prediction.warnings,
        expected: probe.expected,
        expected_probability: probe.probability,
        right: probability_matches && decision_matches,
    }
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
            assert_eq!(compare(&probe, prediction).right, passed);
        }
    }
}
