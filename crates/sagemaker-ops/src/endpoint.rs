//! Endpoints: deploy, describe, list, shift traffic, invoke, delete.
//!
//! An endpoint serves a configuration, which names models. Clients know only the endpoint's name.
//! The names of configurations and models end with a content hash ([`ContentDigest`]): repeating an
//! interrupted deployment finds what already exists, and deleting the endpoint can find its earlier
//! configurations.

mod deploy;
mod deployment;
mod digest;
mod failure;
mod invoke;
mod remove;
mod shift;
mod wire;

use aws_sdk_sagemaker::primitives::DateTime;
use aws_sdk_sagemaker::types;
use serde::Serialize;

use crate::clients::Clients;
use crate::error::Error;
use crate::names::{EndpointConfigName, EndpointName};

pub use deploy::{Deployed, deploy};
pub use deployment::{Capacity, Capture, Deployment, NewVariant, Rollout, Serverless, Shift};
pub use digest::ContentDigest;
pub use failure::{Failure, explain_failure};
pub use invoke::{Invocation, Payload, invoke};
pub use remove::{Deleted, delete};
pub use shift::shift;

pub use crate::status::EndpointStatus;

#[cfg(test)]
pub(crate) use deployment::tests as deployment_tests;

/// An endpoint. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Endpoint {
    /// Its name.
    pub name: EndpointName,
    /// Its status.
    pub status: EndpointStatus,
    /// The reason why it, or its last update, failed.
    pub failure_reason: Option<String>,
    /// The configuration that it serves; during an update, the old one.
    pub config: Option<EndpointConfigName>,
    /// Its variants.
    pub variants: Vec<Variant>,
    /// When it was created.
    pub created: Option<f64>,
    /// When it last changed.
    pub modified: Option<f64>,
}

/// A variant: one of the models that an endpoint serves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variant {
    /// Its name, such as `AllTraffic`.
    pub name: String,
    /// Its traffic weight, relative to the other variants'.
    pub weight: Option<f64>,
    /// The current number of instances.
    pub instances: Option<u32>,
    /// The desired number of instances.
    pub desired_instances: Option<u32>,
}

/// An endpoint in a list. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndpointSummary {
    /// Its name.
    pub name: EndpointName,
    /// Its status.
    pub status: EndpointStatus,
    /// When it was created.
    pub created: Option<f64>,
    /// When it last changed.
    pub modified: Option<f64>,
}

/// Describes the endpoint's current state ([`DescribeEndpoint`]).
///
/// Fails with [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if it does not exist.
///
/// [`DescribeEndpoint`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
pub async fn describe(clients: &Clients, endpoint: &EndpointName) -> Result<Endpoint, Error> {
    const OP: &str = "describe the endpoint";
    let sent = clients
        .sagemaker
        .describe_endpoint()
        .endpoint_name(endpoint.as_str())
        .send()
        .await;
    let found = sent.map_err(|error| Error::from_sdk(OP, endpoint, error))?;
    Ok(Endpoint {
        name: endpoint.clone(),
        status: status(found.endpoint_status.as_ref()),
        failure_reason: found.failure_reason.filter(|reason| !reason.is_empty()),
        // Endpoints of inference components have no configuration; this crate creates none of those.
        config: found
            .endpoint_config_name
            .and_then(|name| EndpointConfigName::new(name).ok()),
        variants: found
            .production_variants
            .unwrap_or_default()
            .into_iter()
            .map(variant)
            .collect(),
        created: seconds(found.creation_time),
        modified: seconds(found.last_modified_time),
    })
}

/// Lists all endpoints of the account in this region, newest first ([`ListEndpoints`], all pages).
///
/// [`ListEndpoints`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListEndpoints.html
pub async fn list(clients: &Clients) -> Result<Vec<EndpointSummary>, Error> {
    const OP: &str = "list the endpoints of";
    let request = clients
        .sagemaker
        .list_endpoints()
        .sort_by(types::EndpointSortKey::CreationTime);
    let mut endpoints = request
        .sort_order(types::OrderKey::Descending)
        .into_paginator()
        .items()
        .send();
    let mut summaries = Vec::new();
    while let Some(listed) = endpoints.next().await {
        let listed = listed.map_err(|error| Error::from_sdk(OP, clients.region(), error))?;
        let name = EndpointName::new(listed.endpoint_name.unwrap_or_default());
        let name = name.map_err(|error| Error::invalid_response(OP, clients.region(), error))?;
        summaries.push(EndpointSummary {
            name,
            status: status(listed.endpoint_status.as_ref()),
            created: seconds(listed.creation_time),
            modified: seconds(listed.last_modified_time),
        });
    }
    Ok(summaries)
}

fn status(word: Option<&types::EndpointStatus>) -> EndpointStatus {
    EndpointStatus::from_word(word.map_or("", types::EndpointStatus::as_str))
}

/// Seconds since 1970.
pub(crate) fn seconds(time: Option<DateTime>) -> Option<f64> {
    time.map(|time| time.as_secs_f64())
}

/// Widens a 32-bit value from the protocol. Going through the shortest decimal text keeps 0.8 from
/// becoming 0.800000011920929.
pub(crate) fn shortest(value: f32) -> Option<f64> {
    value.to_string().parse().ok()
}

fn variant(found: types::ProductionVariantSummary) -> Variant {
    Variant {
        name: found.variant_name.unwrap_or_default(),
        weight: found.current_weight.and_then(shortest),
        instances: found
            .current_instance_count
            .and_then(|count| count.try_into().ok()),
        desired_instances: found
            .desired_instance_count
            .and_then(|count| count.try_into().ok()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ErrorKind;
    use crate::scripted::{Scripted, ok, rejection};

    #[tokio::test]
    async fn an_endpoint_is_described_with_its_variants() {
        let reply = json!({
            "EndpointName": "e", "EndpointStatus": "InService", "EndpointConfigName": "c",
            "CreationTime": 10.0, "LastModifiedTime": 20.0,
            "ProductionVariants": [{
                "VariantName": "AllTraffic", "CurrentWeight": 0.8, "CurrentInstanceCount": 2,
            }],
        });
        let missing = rejection("ValidationException", "Could not find endpoint \"arn\".");
        let server = Scripted::start([ok(&reply.to_string()), missing]).await;
        let (clients, name) = (server.clients(), EndpointName::new("e").unwrap());
        let endpoint = describe(&clients, &name).await.unwrap();
        assert_eq!(endpoint.status, EndpointStatus::InService);
        assert_eq!(endpoint.config.unwrap().as_str(), "c");
        assert_eq!(
            (endpoint.created, endpoint.modified),
            (Some(10.0), Some(20.0))
        );
        let variant = Variant {
            name: "AllTraffic".to_owned(),
            weight: Some(0.8),
            instances: Some(2),
            desired_instances: None,
        };
        assert_eq!(endpoint.variants, [variant]);
        assert_eq!(
            describe(&clients, &name).await.unwrap_err().kind(),
            ErrorKind::NotFound
        );
    }

    #[tokio::test]
    async fn a_list_follows_its_pages() {
        let page = |name: &str, next: Option<&str>| {
            let endpoint = json!({"EndpointName": name, "EndpointStatus": "Creating"});
            ok(&json!({"Endpoints": [endpoint], "NextToken": next}).to_string())
        };
        let server = Scripted::start([page("b", Some("t")), page("a", None)]).await;
        let endpoints = list(&server.clients()).await.unwrap();
        let names: Vec<_> = endpoints
            .iter()
            .map(|endpoint| endpoint.name.as_str())
            .collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(server.json(1)["NextToken"], "t");
    }
}
