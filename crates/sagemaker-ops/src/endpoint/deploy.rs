//! Creates models, configuration and endpoint, in this order, and deletes them again if a step fails.
//! Models and configurations that already exist were created by an earlier call, and are reused.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sagemaker::operation::update_endpoint::builders::UpdateEndpointFluentBuilder;
use aws_sdk_sagemaker::types;
use serde::Serialize;

use super::wire::{capture, rollout, tags, variant};
use super::{Deployment, Endpoint, EndpointStatus, NewVariant, describe, remove, shift};
use crate::clients::Clients;
use crate::error::{Error, ErrorKind, if_found};
use crate::names::{EndpointConfigName, EndpointName, ModelName, VariantName};
use crate::wait::{Pace, poll_until};

/// As documented, `CreateEndpoint` may not see a configuration that has just been created. These are
/// the pauses between attempts.
const SETTLE: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// The pace of waiting for a failed endpoint's deletion, which takes seconds.
const GONE: Pace = Pace {
    interval: Duration::from_secs(1),
    deadline: Some(Duration::from_mins(5)),
    tolerated_errors: 0,
};

/// The outcome of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Deployed {
    /// The endpoint is new, or replaces a failed one.
    Created,
    /// The endpoint existed, and serves the old models until the new ones are ready.
    Updated,
    /// The endpoint already serves this deployment, or is being created with it.
    Unchanged,
}

/// The resources that this call has created, and must delete if a later step is rejected.
#[derive(Default)]
struct Created<'a> {
    models: Vec<&'a ModelName>,
    config: Option<&'a EndpointConfigName>,
}

/// Creates models and configuration, then creates the endpoint or updates it.
///
/// Returns as soon as the service has accepted the request; [`describe`] shows the progress.
/// Existing models and configurations of these names are reused: an earlier, interrupted call created
/// them. If the endpoint already serves this configuration, only the variants' traffic weights are
/// corrected ([`shift()`]).
/// If a step is rejected, the models and the configuration that this call created are deleted again.
/// Fails with [`ErrorKind::Conflict`] during another change of the endpoint, and like
/// [`Deployment::check`], before any call.
///
/// Calls [`CreateModel`], [`CreateEndpointConfig`], and [`CreateEndpoint`] or [`UpdateEndpoint`].
///
/// [`CreateModel`]: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html
/// [`CreateEndpointConfig`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html
/// [`CreateEndpoint`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
/// [`UpdateEndpoint`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
pub async fn deploy(clients: &Clients, deployment: &Deployment) -> Result<Deployed, Error> {
    deployment.check()?;
    let existing = existing(clients, deployment).await?;
    if let Some(endpoint) = existing.as_ref().filter(|found| serves(found, deployment)) {
        set_weights(clients, deployment, endpoint).await?;
        return Ok(Deployed::Unchanged);
    }
    let mut created = Created::default();
    if let Err(error) = prepare(clients, deployment, &mut created).await {
        created.delete(clients).await;
        return Err(error);
    }
    // Models and configuration come first: the endpoint's request fails if one of them is missing.
    let status = existing.map(|found| found.status);
    match put_endpoint(clients, deployment, status).await {
        Ok(done) => Ok(done),
        // The response to an accepted request was lost, and the SDK's retry found its own endpoint.
        Err(_) if is_in_place(clients, deployment).await => Ok(Deployed::Created),
        Err(error) => {
            // After these errors, the request may still have been accepted.
            if !matches!(error.kind(), ErrorKind::Transport | ErrorKind::Service) {
                created.delete(clients).await;
            }
            Err(error)
        }
    }
}

/// Ensures that models and configuration exist, and records which of them are new.
async fn prepare<'a>(
    clients: &Clients,
    deployment: &'a Deployment,
    created: &mut Created<'a>,
) -> Result<(), Error> {
    for variant in &deployment.variants {
        if is_new(create_model(clients, deployment, variant).await)? {
            created.models.push(&variant.model);
        }
    }
    if is_new(create_config(clients, deployment).await)? {
        created.config = Some(&deployment.config);
    }
    Ok(())
}

/// Whether the resource was created. A name with a content hash can only be taken by the same content.
fn is_new(result: Result<(), Error>) -> Result<bool, Error> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::Conflict => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the endpoint serves this deployment, or is being created with it.
fn serves(found: &Endpoint, deployment: &Deployment) -> bool {
    found.config.as_ref() == Some(&deployment.config)
        && matches!(
            found.status,
            EndpointStatus::InService | EndpointStatus::Creating
        )
}

/// Resets the variants' traffic weights to those of the deployment if they have been changed.
async fn set_weights(
    clients: &Clients,
    deployment: &Deployment,
    endpoint: &Endpoint,
) -> Result<(), Error> {
    let desired: Vec<(VariantName, f64)> = deployment
        .variants
        .iter()
        .map(|variant| (variant.name.clone(), variant.weight))
        .collect();
    let differs = |(name, weight): &(VariantName, f64)| {
        let current = endpoint
            .variants
            .iter()
            .find(|current| current.name == name.as_str())
            .and_then(|current| current.weight);
        // The service stores weights in single precision.
        current.is_some_and(|current| (current as f32).to_bits() != (*weight as f32).to_bits())
    };
    if endpoint.status == EndpointStatus::InService && desired.iter().any(differs) {
        shift(clients, &deployment.endpoint, &desired).await?;
    }
    Ok(())
}

/// Whether the endpoint exists with this deployment's configuration.
async fn is_in_place(clients: &Clients, deployment: &Deployment) -> bool {
    let found = describe(clients, &deployment.endpoint).await;
    found.is_ok_and(|found| found.config.as_ref() == Some(&deployment.config))
}

impl Created<'_> {
    /// Deletes the resources created for an endpoint that was then rejected.
    async fn delete(&self, clients: &Clients) {
        // The rejection is the error to report. Leftovers cost nothing and serve no requests.
        if let Some(config) = self.config {
            let _ = remove::delete_config(clients, config.as_str()).await;
        }
        for model in &self.models {
            let _ = remove::delete_model(clients, model.as_str()).await;
        }
    }
}

/// The endpoint before this call changes it; `None` if it does not exist.
async fn existing(clients: &Clients, deployment: &Deployment) -> Result<Option<Endpoint>, Error> {
    let Some(found) = if_found(describe(clients, &deployment.endpoint).await)? else {
        return Ok(None);
    };
    let status = &found.status;
    if status.is_settled() || serves(&found, deployment) {
        return Ok(Some(found));
    }
    let ready = match status {
        EndpointStatus::Deleting => "deleted",
        _ => "InService",
    };
    let message = format!(
        "{}: it is {status}; try again when it is {ready}",
        deployment.endpoint
    );
    Err(Error::new(
        ErrorKind::Conflict,
        "update the endpoint",
        message,
    ))
}

async fn create_model(
    clients: &Clients,
    deployment: &Deployment,
    variant: &NewVariant,
) -> Result<(), Error> {
    let environment: HashMap<_, _> = variant.environment.clone().into_iter().collect();
    let container = types::ContainerDefinition::builder()
        .image(variant.image.as_str())
        .model_data_url(variant.model_data.to_string())
        .set_environment(Some(environment).filter(|map| !map.is_empty()))
        .build();
    let request = clients
        .sagemaker
        .create_model()
        .model_name(variant.model.as_str())
        .primary_container(container);
    let request = request
        .execution_role_arn(deployment.role.as_str())
        .set_tags(tags(deployment));
    let sent = request.send().await;
    sent.map(|_| ())
        .map_err(|error| Error::from_sdk("create the model", &variant.model, error))
}

async fn create_config(clients: &Clients, deployment: &Deployment) -> Result<(), Error> {
    const OP: &str = "create the endpoint configuration";
    let request = clients
        .sagemaker
        .create_endpoint_config()
        .endpoint_config_name(deployment.config.as_str());
    let sent = request
        .set_production_variants(Some(deployment.variants.iter().map(variant).collect()))
        .set_data_capture_config(capture(deployment))
        .set_tags(tags(deployment))
        .send()
        .await;
    sent.map(|_| ())
        .map_err(|error| Error::from_sdk(OP, &deployment.config, error))
}

/// Creates or updates the endpoint, and tries again after a pause while the service does not see the
/// new configuration yet.
async fn put_endpoint(
    clients: &Clients,
    deployment: &Deployment,
    existing: Option<EndpointStatus>,
) -> Result<Deployed, Error> {
    // An endpoint with any other status has failed, and is replaced.
    let update = matches!(
        existing,
        Some(EndpointStatus::InService | EndpointStatus::OutOfService)
    );
    // SageMaker rejects updates of a failed endpoint, so its name is freed first.
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
            .endpoint_config_name(config)
            .set_deployment_config(rollout(deployment));
        let sent = retain_instances(request, deployment).send().await;
        sent.map_err(|error| Error::from_sdk("update the endpoint", endpoint, error))?;
        return Ok(Deployed::Updated);
    }
    let request = clients
        .sagemaker
        .create_endpoint()
        .endpoint_name(endpoint)
        .endpoint_config_name(config)
        .set_deployment_config(rollout(deployment));
    let sent = request.set_tags(tags(deployment)).send().await;
    sent.map_err(|error| Error::from_sdk("create the endpoint", endpoint, error))?;
    Ok(Deployed::Created)
}

/// Keeps the current number of instances if the deployment requests it, but not the current weights.
fn retain_instances(
    request: UpdateEndpointFluentBuilder,
    deployment: &Deployment,
) -> UpdateEndpointFluentBuilder {
    if !deployment.rollout.keep_instances {
        return request;
    }
    let weight = types::VariantProperty::builder()
        .variant_property_type(types::VariantPropertyType::DesiredWeight)
        .build();
    request
        .retain_all_variant_properties(true)
        .exclude_retained_variant_properties(weight)
}

fn is_unsettled(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound
        && error
            .to_string()
            .contains("Could not find endpoint configuration")
}

/// Deletes a failed endpoint, which cannot be updated, and waits until its name is free.
async fn delete_failed(clients: &Clients, endpoint: &EndpointName) -> Result<(), Error> {
    remove::delete_endpoint(clients, endpoint).await?;
    poll_until(GONE, "the failed endpoint to be deleted", async || {
        let found = if_found(describe(clients, endpoint).await)?;
        Ok(found.is_none().then_some(()))
    })
    .await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::deployment::tests::{deployment, variant as named};
    use super::*;
    use crate::scripted::{Reply, Scripted, ok, rejection};

    fn done() -> Reply {
        ok("{}")
    }

    fn missing(what: &str) -> Reply {
        rejection(
            "ValidationException",
            &format!("Could not find {what} \"arn\"."),
        )
    }

    fn endpoint_that_is(status: &str) -> Reply {
        ok(&json!({"EndpointName": "e", "EndpointStatus": status}).to_string())
    }

    /// Deploys against the script; returns the outcome, and the operations after the first
    /// `DescribeEndpoint`.
    async fn deployed(script: Vec<Reply>) -> (Result<Deployed, ErrorKind>, Vec<String>) {
        let server = Scripted::start(script).await;
        let outcome = deploy(&server.clients(), &deployment())
            .await
            .map_err(|error| error.kind());
        let operations = server.operations();
        assert_eq!(operations[0], "DescribeEndpoint");
        (outcome, operations[1..].to_vec())
    }

    #[tokio::test]
    async fn creating_an_endpoint_is_retried_until_its_configuration_is_visible() {
        let unsettled = missing("endpoint configuration");
        let script = vec![missing("endpoint"), done(), done(), unsettled, done()];
        let (outcome, operations) = deployed(script).await;
        assert_eq!(outcome, Ok(Deployed::Created));
        let expected = [
            "CreateModel",
            "CreateEndpointConfig",
            "CreateEndpoint",
            "CreateEndpoint",
        ];
        assert_eq!(operations, expected);
    }

    #[tokio::test]
    async fn an_endpoint_in_service_is_updated() {
        let (outcome, operations) =
            deployed(vec![endpoint_that_is("InService"), done(), done(), done()]).await;
        assert_eq!(outcome, Ok(Deployed::Updated));
        assert_eq!(
            operations,
            ["CreateModel", "CreateEndpointConfig", "UpdateEndpoint"]
        );
    }

    #[tokio::test]
    async fn a_failed_endpoint_is_replaced() {
        let script = vec![
            endpoint_that_is("Failed"),
            done(),
            done(),
            done(),
            missing("endpoint"),
            done(),
        ];
        let (outcome, operations) = deployed(script).await;
        assert_eq!(outcome, Ok(Deployed::Created));
        assert_eq!(
            operations[2..],
            ["DeleteEndpoint", "DescribeEndpoint", "CreateEndpoint"]
        );
    }

    #[tokio::test]
    async fn an_endpoint_that_is_changing_is_not_modified() {
        for status in ["Creating", "Updating", "Deleting", "RollingBack"] {
            let (outcome, operations) = deployed(vec![endpoint_that_is(status)]).await;
            assert_eq!(
                (outcome, operations.len()),
                (Err(ErrorKind::Conflict), 0),
                "{status}"
            );
        }
    }

    #[tokio::test]
    async fn the_error_for_a_changing_endpoint_says_when_to_try_again() {
        for (status, ready) in [("Creating", "InService"), ("Deleting", "deleted")] {
            let server = Scripted::start([endpoint_that_is(status)]).await;
            let error = deploy(&server.clients(), &deployment()).await.unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "cannot update the endpoint e: it is {status}; try again when it is {ready}"
                )
            );
        }
    }

    #[tokio::test]
    async fn a_rejected_step_deletes_what_was_created_for_it() {
        let quota = || rejection("ResourceLimitExceeded", "The limit is 0 Instances");
        let script = vec![missing("endpoint"), done(), quota(), done()];
        let (outcome, operations) = deployed(script).await;
        assert_eq!(outcome, Err(ErrorKind::Quota));
        assert_eq!(operations[2..], ["DeleteModel"]);

        let gone = || missing("endpoint");
        let script = vec![gone(), done(), done(), quota(), gone(), done(), done()];
        let (outcome, operations) = deployed(script).await;
        assert_eq!(outcome, Err(ErrorKind::Quota));
        assert_eq!(operations[4..], ["DeleteEndpointConfig", "DeleteModel"]);

        let taken = rejection(
            "ValidationException",
            "Cannot create already existing model",
        );
        let script = vec![gone(), taken, quota(), gone()];
        let (outcome, operations) = deployed(script).await;
        assert_eq!(outcome, Err(ErrorKind::Quota));
        assert_eq!(
            operations,
            ["CreateModel", "CreateEndpointConfig"],
            "a model that existed before is not deleted"
        );
    }

    #[tokio::test]
    async fn resources_created_by_an_interrupted_call_are_reused() {
        let taken = |what: &str| {
            let text = format!("Cannot create already existing {what} \"arn\".");
            rejection("ValidationException", &text)
        };
        let script = vec![
            missing("endpoint"),
            taken("model"),
            taken("endpoint configuration"),
            done(),
        ];
        let (outcome, operations) = deployed(script).await;
        assert_eq!(outcome, Ok(Deployed::Created));
        assert_eq!(operations[2..], ["CreateEndpoint"]);
    }

    #[tokio::test]
    async fn an_endpoint_with_this_deployment_is_unchanged_except_for_its_weights() {
        let endpoint = |status: &str, config: &str, weight: f64| {
            let (name, config) = (deployment().variants[0].name.clone(), config.to_owned());
            ok(&json!({
                "EndpointName": "e", "EndpointStatus": status, "EndpointConfigName": config,
                "ProductionVariants": [{"VariantName": name, "CurrentWeight": weight}],
            })
            .to_string())
        };
        let requested = deployment().variants[0].weight;
        let unchanged = Ok(Deployed::Unchanged);
        let conflict = Err(ErrorKind::Conflict);
        for (status, config, weight, outcome, calls) in [
            ("InService", "c-1", requested, unchanged, vec![]),
            ("Creating", "c-1", requested, unchanged, vec![]),
            (
                "InService",
                "c-1",
                requested + 1.0,
                unchanged,
                vec!["UpdateEndpointWeightsAndCapacities"],
            ),
            ("Creating", "c-0", requested, conflict, vec![]),
            ("Updating", "c-1", requested, conflict, vec![]),
        ] {
            let script = vec![endpoint(status, config, weight), done()];
            let done = deployed(script).await;
            assert_eq!(done.0, outcome, "{status} {config}");
            assert_eq!(done.1, calls, "{status} {config}");
        }
    }

    #[tokio::test]
    async fn a_configuration_that_the_endpoint_may_use_is_kept() {
        let taken = rejection(
            "ValidationException",
            "Cannot create already existing endpoint",
        );
        let ours = ok(&json!({
            "EndpointName": "e", "EndpointStatus": "Creating", "EndpointConfigName": "c-1",
        })
        .to_string());
        let script = vec![missing("endpoint"), done(), done(), taken, ours];
        assert_eq!(deployed(script).await.0, Ok(Deployed::Created));

        let broken = rejection("InternalFailure", "").status(500);
        let script = vec![
            missing("endpoint"),
            done(),
            done(),
            broken,
            missing("endpoint"),
        ];
        let (outcome, operations) = deployed(script).await;
        assert_eq!(outcome, Err(ErrorKind::Service));
        assert_eq!(operations[2..], ["CreateEndpoint", "DescribeEndpoint"]);
    }

    #[tokio::test]
    async fn models_created_before_a_rejected_one_are_deleted() {
        let deployment = Deployment {
            variants: vec![named("a", "m-1", 1.0), named("b", "m-2", 1.0)],
            ..deployment()
        };
        let denied = rejection("AccessDeniedException", "no");
        let server = Scripted::start([missing("endpoint"), done(), denied, done()]).await;
        let error = deploy(&server.clients(), &deployment).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert_eq!(server.operations()[3..], ["DeleteModel"]);
        assert_eq!(server.json(3)["ModelName"], "m-1");
    }

    #[tokio::test]
    async fn an_invalid_deployment_is_rejected_before_any_call() {
        let server = Scripted::start([]).await;
        let nothing = Deployment {
            variants: Vec::new(),
            ..deployment()
        };
        let error = deploy(&server.clients(), &nothing).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(server.seen().is_empty());
    }
}
