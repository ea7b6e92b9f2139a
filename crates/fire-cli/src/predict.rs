//! Predicts a row with an endpoint.

use anyhow::{Context as _, bail};
use sagemaker_ops::endpoint::{Payload, invoke};
use sagemaker_ops::{Clients, EndpointName, VariantName};
use serde::Deserialize;

/// An endpoint's prediction for a row.
#[derive(Debug, Deserialize)]
pub struct Prediction {
    /// The probability of fire.
    pub fire_probability: f64,
    /// Whether the probability reaches the model's threshold.
    pub fire_detected: bool,
    /// One warning for each value outside the range seen in training.
    #[serde(default)]
    pub warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Response {
    predictions: Vec<Prediction>,
}

/// Sends the row to the endpoint, or to one of its variants regardless of the traffic weights.
/// Returns the prediction and the name of the variant that made it.
///
/// # Errors
/// The endpoint rejects the row, or its response is not in the documented format.
pub async fn predict_row(
    clients: &Clients,
    endpoint: &EndpointName,
    variant: Option<&VariantName>,
    row: &[f32],
) -> anyhow::Result<(Prediction, Option<String>)> {
    let payload = Payload {
        content_type: "text/csv".to_owned(),
        accept: Some("application/json".to_owned()),
        body: csv_row(row).into_bytes(),
    };
    let response = invoke(clients, endpoint, variant, payload).await?;
    let Response { predictions } = serde_json::from_slice(&response.body).with_context(|| {
        format!("the response of endpoint {endpoint} is not in the documented format")
    })?;
    let count = predictions.len();
    let Ok([prediction]) = <[Prediction; 1]>::try_from(predictions) else {
        bail!("endpoint {endpoint} returned {count} predictions for one row");
    };
    Ok((prediction, response.variant))
}

/// The row as CSV; a missing value is an empty field.
pub fn csv_row(row: &[f32]) -> String {
    let fields = row.iter().map(|value| match value {
        value if value.is_nan() => String::new(),
        value => value.to_string(),
    });
    fields.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_are_encoded_as_empty_csv_fields() {
        assert_eq!(csv_row(&[25.0, f32::NAN, 0.1]), "25,,0.1");
    }
}
