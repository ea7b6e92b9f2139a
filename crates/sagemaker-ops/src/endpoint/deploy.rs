//! Model, configuration, endpoint: created in this order, taken back in the other when a step fails.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_sagemaker::types;
use serde::Serialize;

use super::{EndpointStatus, describe, remove};
use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::names::{EndpointConfigName, EndpointName, ImageUri, ModelName, RoleArn, S3Uri};
use crate::wait::{Pace, poll_until};

/// Name of the only variant.
const VARIANT: &str = "AllTraffic";

/// A configuration that was just created may be unknown to the endpoint's side for a moment (`CreateEndpoint` says so).
const SETTLE: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// A failed endpoint is gone within seconds.
const GONE: Pace = Pace {
    interval: Duration::from_secs(1),
    deadline: Some(Duration::from_secs(300)),
};

/// What is put behind an endpoint.
///
/// Only the endpoint's name is stable: model and configuration are new with every deployment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deployment {
    /// New name of the model.
    pub model: ModelName,
    /// New name of the configuration.
    pub config: EndpointConfigName,
    /// Name of the endpoint, new or existing.
    pub endpoint: EndpointName,
    /// Container image; it is called with the argument `serve`.
    pub image: ImageUri,
    /// Role that the container works under.
    pub role: RoleArn,
    /// A `model.tar.gz`.
    pub model_data: S3Uri,
    /// Such as `ml.t2.medium`.
    pub instance_type: String,
    /// Number of instances.
    pub instance_count: u32,
    /// Further environment of the container.
    pub environment: BTreeMap<String, String>,
    /// Seconds, 60 to 3600, that the container may take until it answers its health check; none is the service's default.
    pub startup_timeout_seconds: Option<u32>,
    /// Tags of model, configuration and endpoint.
    pub tags: BTreeMap<String, String>,
}

/// What became of the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Deployed {
    /// It is new, or it replaces one that had failed.
    Created,
    /// It existed, and goes on answering with the old model until the new one is ready.
    Updated,
}

/// Creates model and configuration, then creates the endpoint or updates it.
///
/// Returns as soon as the service has accepted it: see [`describe`] for what comes of it.
/// When a step is refused, the model and configuration that were created for it are deleted again.
/// Fails with [`ErrorKind::Conflict`] when the endpoint is in the middle of another change.
pub async fn deploy(clients: &Clients, deployment: &Deployment) -> Result<Deployed, Error> {
    let existing = existing_status(clients, deployment).await?;
    create_model(clients, deployment).await?;
    let done = match create_config(clients, deployment).await {
        Ok(()) => put_endpoint(clients, deployment, existing).await,
        Err(error) => Err(error),
    };
    if done.is_err() {
        // The refusal is the error to report; what cannot be taken back costs nothing and answers nobody.
        let _ = remove::delete_config(clients, deployment.config.as_str()).await;
        let _ = remove::delete_model(clients, deployment.model.as_str()).await;
    }
    done
}

/// State of the endpoint before anything is created; none when there is no such endpoint.
async fn existing_status(
    clients: &Clients,
    deployment: &Deployment,
) -> Result<Option<EndpointStatus>, Error> {
    let status = match describe(clients, &deployment.endpoint).await {
        Ok(found) => found.status,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if status.is_settled() {
        return Ok(Some(status));
    }
    let message = format!(
        "{} is {status}: wait until that has ended",
        deployment.endpoint
    );
    Err(Error::new(
        ErrorKind::Conflict,
        "update the endpoint",
        message,
    ))
}

async fn create_model(clients: &Clients, deployment: &Deployment) -> Result<(), Error> {
    let environment: HashMap<_, _> = deployment.environment.clone().into_iter().collect();
    let container = types::ContainerDefinition::builder()
        .image(deployment.image.as_str())
        .model_data_url(deployment.model_data.to_string())
        .set_environment(Some(environment).filter(|map| !map.is_empty()))
        .build();
    let request = clients
        .sagemaker
        .create_model()
        .model_name(deployment.model.as_str())
        .primary_container(container);
    let request = request
        .execution_role_arn(deployment.role.as_str())
        .set_tags(tags(deployment));
    let sent = request.send().await;
    sent.map(|_| ())
        .map_err(|error| Error::from_sdk("create the model", &deployment.model, error))
}

async fn create_config(clients: &Clients, deployment: &Deployment) -> Result<(), Error> {
    let startup = deployment
        .startup_timeout_seconds
        .map(|seconds| seconds as i32);
    let variant = types::ProductionVariant::builder()
        .variant_name(VARIANT)
        .model_name(deployment.model.as_str())
        .instance_type(types::ProductionVariantInstanceType::from(
            deployment.instance_type.as_str(),
        ))
        .initial_instance_count(deployment.instance_count as i32)
        .initial_variant_weight(1.0)
        .set_container_startup_health_check_timeout_in_seconds(startup)
        .build();
    let request = clients
        .sagemaker
        .create_endpoint_config()
        .endpoint_config_name(deployment.config.as_str());
    let sent = request
        .production_variants(variant)
        .set_tags(tags(deployment))
        .send()
        .await;
    sent.map(|_| ()).map_err(|error| {
        Error::from_sdk(
            "create the endpoint configuration",
            &deployment.config,
            error,
        )
    })
}

/// Creates or updates the endpoint, and again after a pause while its new configuration is not known everywhere.
async fn put_endpoint(
    clients: &Clients,
    deployment: &Deployment,
    existing: Option<EndpointStatus>,
) -> Result<Deployed, Error> {
    let update = matches!(
        existing,
        Some(EndpointStatus::InService | EndpointStatus::OutOfService)
    );
    if existing.is_some() && !update {
        delete_failed(clients, &deployment.endpoint).await?;
    }
    for pause in SETTLE {
        match put_once(clients, deployment, update).await {
            Err(error) if is_unsettled(&error) => tokio::time::sleep(pause).await,
            done => return done,
        }
    }
    put_once(clients, deployment, update).await
}

async fn put_once(
    clients: &Clients,
    deployment: &Deployment,
    update: bool,
) -> Result<Deployed, Error> {
    let (endpoint, config) = (deployment.endpoint.as_str(), deployment.config.as_str());
    if update {
        let request = clients
            .sagemaker
            .update_endpoint()
            .endpoint_name(endpoint)
            .endpoint_config_name(config);
        let sent = request.send().await;
        sent.map_err(|error| Error::from_sdk("update the endpoint", endpoint, error))?;
        return Ok(Deployed::Updated);
    }
    let request = clients
        .sagemaker
        .create_endpoint()
        .endpoint_name(endpoint)
        .endpoint_config_name(config);
    let sent = request.set_tags(tags(deployment)).send().await;
    sent.map_err(|error| Error::from_sdk("create the endpoint", endpoint, error))?;
    Ok(Deployed::Created)
}

fn is_unsettled(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound
        && error
            .to_string()
            .contains("Could not find endpoint configuration")
}

/// An endpoint that failed can only be deleted, and its name is free once it is gone.
async fn delete_failed(clients: &Clients, endpoint: &EndpointName) -> Result<(), Error> {
    remove::delete_endpoint(clients, endpoint).await?;
    poll_until(
        GONE,
        "the failed endpoint to be deleted",
        async || match describe(clients, endpoint).await {
            Ok(_) => Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(())),
            Err(error) => Err(error),
        },
    )
    .await
}

fn tags(deployment: &Deployment) -> Option<Vec<types::Tag>> {
    let tag =
        |(key, value): (&String, &String)| types::Tag::builder().key(key).value(value).build();
    Some(deployment.tags.iter().map(tag).collect()).filter(|tags: &Vec<_>| !tags.is_empty())
}
