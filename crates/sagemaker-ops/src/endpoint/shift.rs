//! Changes the variants' traffic weights while the endpoint stays in service.

use aws_sdk_sagemaker::types::DesiredWeightAndCapacity;

use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::names::{EndpointName, VariantName};

const OP: &str = "shift the traffic of the endpoint";

/// Sets the variants' traffic weights, which are relative to each other
/// ([`UpdateEndpointWeightsAndCapacities`]). Variants that are not named keep theirs.
///
/// The endpoint keeps serving requests; its status is `Updating` until the change is complete.
/// Fails with [`ErrorKind::Invalid`] for a weight below 0, and with [`ErrorKind::Conflict`] during
/// another change of the endpoint.
///
/// [`UpdateEndpointWeightsAndCapacities`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpointWeightsAndCapacities.html
pub async fn shift(
    clients: &Clients,
    endpoint: &EndpointName,
    weights: &[(VariantName, f64)],
) -> Result<(), Error> {
    if let Some((variant, weight)) = weights.iter().find(|(_, weight)| !is_weight(*weight)) {
        let message = format!("{endpoint}: the weight {weight} of {variant} must be 0 or more");
        return Err(Error::new(ErrorKind::Invalid, OP, message));
    }
    let desired = weights.iter().map(|(variant, weight)| {
        DesiredWeightAndCapacity::builder()
            .variant_name(variant.as_str())
            .desired_weight(*weight as f32)
            .build()
    });
    let sent = clients
        .sagemaker
        .update_endpoint_weights_and_capacities()
        .endpoint_name(endpoint.as_str())
        .set_desired_weights_and_capacities(Some(desired.collect()))
        .send()
        .await;
    sent.map(|_| ())
        .map_err(|error| Error::from_sdk(OP, endpoint, error))
}

fn is_weight(weight: f64) -> bool {
    weight.is_finite() && weight >= 0.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scripted::{Scripted, ok, rejection};

    #[tokio::test]
    async fn weights_are_sent_by_variant_and_invalid_ones_are_rejected() {
        let changing = rejection("ValidationException", "Cannot update in-progress endpoint");
        let server = Scripted::start([ok("{}"), changing]).await;
        let (clients, endpoint) = (server.clients(), "e".parse().unwrap());
        let weights = |second: f64| {
            let name = |name: &str| name.parse().unwrap();
            [(name("old"), 0.75), (name("new"), second)]
        };
        for invalid in [-1.0, f64::NAN] {
            let error = shift(&clients, &endpoint, &weights(invalid)).await;
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Invalid);
        }
        assert!(server.seen().is_empty());
        shift(&clients, &endpoint, &weights(0.25)).await.unwrap();
        let sent = json!({
            "EndpointName": "e",
            "DesiredWeightsAndCapacities": [
                {"VariantName": "old", "DesiredWeight": 0.75},
                {"VariantName": "new", "DesiredWeight": 0.25},
            ],
        });
        assert_eq!(server.json(0), sent);
        let error = shift(&clients, &endpoint, &weights(0.25)).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Conflict);
    }
}
