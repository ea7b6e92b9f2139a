//! Model, configuration, endpoint: created in this order, and deleted in reverse if a step fails.
//! What exists already was created by an earlier call, and is used.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sagemaker::operation::update_endpoint::builders::UpdateEndpointFluentBuilder;
use aws_sdk_sagemaker::types;
use serde::Serialize;

use super::wire::{capture, rollout, tags, variant};
use super::{Deployment, Endpoint, EndpointStatus, NewVariant, describe, remove, shift};
use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::names::{EndpointConfigName, EndpointName, ModelName, VariantName};
use crate::wait::{Pace, poll_until};

/// `CreateEndpoint` may not know a configuration that was created a moment ago, as its documentation
/// says. These are the pauses before it is called again.
const SETTLE: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// A failed endpoint is deleted within seconds.
const GONE: Pace = Pace {
    interval: Duration::from_secs(1),
    deadline: Some(Duration::from_mins(5)),
    tolerated_errors: 0,
};

/// The outcome for the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Deployed {
    /// It is new, or replaces a failed one.
    Created,
    /// It existed, and answers with the old model until the new one is ready.
    Updated,
    /// It serves this deployment already, or will soon.
    Unchanged,
}

/// What this call has created, and must delete if a later step is rejected.
#[derive(Default)]
struct Made<'a> {
    models: Vec<&'a ModelName>,
    config: Option<&'a EndpointConfigName>,
}

/// Creates models and configuration, then creates the endpoint or updates it.
///
/// Returns as soon as the service has accepted it; [`describe`] shows the progress.
/// Existing models and configurations of these names come from an earlier call that was
/// interrupted, and are used. If the endpoint serves this configuration already, only the variants'
/// shares of the requests are corrected ([`shift()`]).
/// If a step is rejected, the models and the configuration created for it are deleted again.
/// Fails with [`ErrorKind::Conflict`] during another change of the endpoint, and with
/// [`ErrorKind::Invalid`] if [`Deployment::check`] does, before any call.
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
        set_shares(clients, deployment, endpoint).await?;
        return Ok(Deployed::Unchanged);
    }
    let mut made = Made::default();
    if let Err(error) = prepare(clients, deployment, &mut made).await {
        made.delete(clients).await;
        return Err(error);
    }
    let status = existing.map(|found| found.status);
    match put_endpoint(clients, deployment, status).await {
        Ok(done) => Ok(done),
        // The answer to an accepted request was lost, and the SDK's retry met its own endpoint.
        Err(_) if is_in_place(clients, deployment).await => Ok(Deployed::Created),
        Err(error) => {
            // Without an answer, the endpoint may still come to use what was created for it.
            if !matches!(error.kind(), ErrorKind::Transport | ErrorKind::Service) {
                made.delete(clients).await;
            }
            Err(error)
        }
    }
}

/// Makes sure that models and configuration exist, and notes which of them are new.
async fn prepare<'a>(
    clients: &Clients,
    deployment: &'a Deployment,
    made: &mut Made<'a>,
) -> Result<(), Error> {
    for variant in &deployment.variants {
        if is_new(create_model(clients, deployment, variant).await)? {
            made.models.push(&variant.model);
        }
    }
    if is_new(create_config(clients, deployment).await)? {
        made.config = Some(&deployment.config);
    }
    Ok(())
}

/// Whether it was created. A name that follows from the content can only be taken by the same
/// content.
fn is_new(created: Result<(), Error>) -> Result<bool, Error> {
    match created {
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

/// Sets the variants' shares to those of the deployment, if someone has changed them since.
async fn set_shares(
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
        let now = endpoint
            .variants
            .iter()
            .find(|now| now.name == name.as_str())
            .and_then(|now| now.weight);
        // The service keeps weights in single precision.
        now.is_some_and(|now| (now as f32).to_bits() != (*weight as f32).to_bits())
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

impl Made<'_> {
    /// Deletes what was created for an endpoint that was then rejected.
    async fn delete(&self, clients: &Clients) {
        // The rejection is the error to report. A leftover costs nothing and answers no requests.
        if let Some(config) = self.config {
            let _ = remove::delete_config(clients, config.as_str()).await;
        }
        for model in &self.models {
            let _ = remove::delete_model(clients, model.as_str()).await;
        }
    }
}

/// The endpoint before anything is created; `None` if it does not exist.
async fn existing(clients: &Clients, deployment: &Deployment) -> Result<Option<Endpoint>, Error> {
    let found = match describe(clients, &deployment.endpoint).await {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let status = &found.status;
    if status.is_settled() || serves(&found, deployment) {
        return Ok(Some(found));
    }
    let then = match status {
        EndpointStatus::Deleting => "gone",
        _ => "InService",
    };
    let message = format!(
        "{}: it is {status}; run this again when it is {then}",
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

/// Creates or updates the endpoint, and tries again after a pause while its new configuration is
/// not known everywhere.
async fn put_endpoint(
    clients: &Clients,
    deployment: &Deployment,
    existing: Option<EndpointStatus>,
) -> Result<Deployed, Error> {
    // Only an endpoint that answers, or could, has something worth keeping during an update.
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

/// Keeps the number of instances if the deployment says so; the weights are always the new ones.
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

/// A failed endpoint can only be deleted, and its name is free once it is gone.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::deployment::tests::{deployment, variant as named};
    use super::*;
    use crate::scripted::{Answer, Scripted, ok, rejection};

    fn done() -> Answer {
        ok("{}")
    }

    fn missing(what: &str) -> Answer {
        rejection(
            "ValidationException",
            &format!("Could not find {what} \"arn\"."),
        )
    }

    fn endpoint_that_is(status: &str) -> Answer {
        ok(&json!({"EndpointName": "e", "EndpointStatus": status}).to_string())
    }

    /// Deploys against the script; returns the outcome, and the operations after the first
    /// description.
    async fn deployed(script: Vec<Answer>) -> (Result<Deployed, ErrorKind>, Vec<String>) {
        let server = Scripted::start(script).await;
        let outcome = deploy(&server.clients(), &deployment())
            .await
            .map_err(|error| error.kind());
        let operations = server.operations();
        assert_eq!(operations[0], "DescribeEndpoint");
        (outcome, operations[1..].to_vec())
    }

    #[tokio::test]
    async fn a_new_endpoint_is_created_once_its_configuration_is_known() {
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
    async fn an_endpoint_in_the_middle_of_a_change_is_left_alone() {
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
    async fn an_endpoint_that_is_changing_says_when_to_try_again() {
        for (status, then) in [("Creating", "InService"), ("Deleting", "gone")] {
            let server = Scripted::start([endpoint_that_is(status)]).await;
            let error = deploy(&server.clients(), &deployment()).await.unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "cannot update the endpoint e: it is {status}; run this again when it is {then}"
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
    async fn what_an_interrupted_call_has_created_is_used() {
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
    async fn an_endpoint_with_this_deployment_is_unchanged_except_for_its_shares() {
        let endpoint = |status: &str, config: &str, weight: f64| {
            let (name, config) = (deployment().variants[0].name.clone(), config.to_owned());
            ok(&json!({
                "EndpointName": "e", "EndpointStatus": status, "EndpointConfigName": config,
                "ProductionVariants": [{"VariantName": name, "CurrentWeight": weight}],
            })
            .to_string())
        };
        let asked = deployment().variants[0].weight;
        let unchanged = Ok(Deployed::Unchanged);
        let conflict = Err(ErrorKind::Conflict);
        for (status, config, weight, outcome, calls) in [
            ("InService", "c-1", asked, unchanged, vec![]),
            ("Creating", "c-1", asked, unchanged, vec![]),
            (
                "InService",
                "c-1",
                asked + 1.0,
                unchanged,
                vec!["UpdateEndpointWeightsAndCapacities"],
            ),
            ("Creating", "c-0", asked, conflict, vec![]),
            ("Updating", "c-1", asked, conflict, vec![]),
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
