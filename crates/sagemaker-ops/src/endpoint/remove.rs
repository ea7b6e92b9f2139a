//! Deleting an endpoint with what only it used.

use serde::Serialize;

use super::{EndpointStatus, describe};
use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::names::EndpointName;

/// What was deleted; empty when nothing was there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Deleted {
    /// The endpoint.
    pub endpoint: bool,
    /// Names of the configurations.
    pub configs: Vec<String>,
    /// Names of the models.
    pub models: Vec<String>,
}

/// Deletes the endpoint, its configuration and that configuration's models; what is gone already is
/// no error.
///
/// The endpoint goes first, since it is what costs money.
/// Calls [`DeleteEndpoint`], [`DeleteEndpointConfig`] and [`DeleteModel`].
///
/// [`DeleteEndpoint`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpoint.html
/// [`DeleteEndpointConfig`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpointConfig.html
/// [`DeleteModel`]: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteModel.html
pub async fn delete(clients: &Clients, endpoint: &EndpointName) -> Result<Deleted, Error> {
    let mut deleted = Deleted::default();
    let found = match describe(clients, endpoint).await {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(deleted),
        Err(error) => return Err(error),
    };
    // Asked before anything is deleted: afterwards nothing would lead to the models.
    let config = found.config.map(String::from);
    let models = match &config {
        Some(config) => models_of(clients, config).await?,
        None => Vec::new(),
    };
    // One that is on its way out already refuses to be deleted once more.
    deleted.endpoint =
        found.status != EndpointStatus::Deleting && delete_endpoint(clients, endpoint).await?;
    if let Some(config) = config
        && delete_config(clients, &config).await?
    {
        deleted.configs.push(config);
    }
    for model in models {
        if delete_model(clients, &model).await? {
            deleted.models.push(model);
        }
    }
    Ok(deleted)
}

/// Names of the models behind a configuration; none when the configuration is gone.
async fn models_of(clients: &Clients, config: &str) -> Result<Vec<String>, Error> {
    let sent = clients
        .sagemaker
        .describe_endpoint_config()
        .endpoint_config_name(config)
        .send()
        .await;
    match sent
        .map_err(|error| Error::from_sdk("describe the endpoint configuration", config, error))
    {
        Ok(found) => {
            let mut models: Vec<String> = found
                .production_variants
                .unwrap_or_default()
                .into_iter()
                .filter_map(|v| v.model_name)
                .collect();
            models.sort();
            models.dedup();
            Ok(models)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Whether there was something to delete.
pub(super) async fn delete_endpoint(
    clients: &Clients,
    endpoint: &EndpointName,
) -> Result<bool, Error> {
    let sent = clients
        .sagemaker
        .delete_endpoint()
        .endpoint_name(endpoint.as_str())
        .send()
        .await;
    was_there(
        sent.map(|_| ())
            .map_err(|error| Error::from_sdk("delete the endpoint", endpoint, error)),
    )
}

/// Whether there was something to delete.
pub(super) async fn delete_config(clients: &Clients, config: &str) -> Result<bool, Error> {
    let sent = clients
        .sagemaker
        .delete_endpoint_config()
        .endpoint_config_name(config)
        .send()
        .await;
    was_there(
        sent.map(|_| ())
            .map_err(|error| Error::from_sdk("delete the endpoint configuration", config, error)),
    )
}

/// Whether there was something to delete.
pub(super) async fn delete_model(clients: &Clients, model: &str) -> Result<bool, Error> {
    let sent = clients
        .sagemaker
        .delete_model()
        .model_name(model)
        .send()
        .await;
    was_there(
        sent.map(|_| ())
            .map_err(|error| Error::from_sdk("delete the model", model, error)),
    )
}

fn was_there(done: Result<(), Error>) -> Result<bool, Error> {
    match done {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scripted::{Scripted, ok, refusal};

    #[tokio::test]
    async fn an_endpoint_goes_with_its_configuration_and_models_and_twice_is_no_error() {
        let endpoint =
            json!({"EndpointName": "e", "EndpointStatus": "InService", "EndpointConfigName": "c"});
        let variants = json!([{"ModelName": "b"}, {"ModelName": "a"}, {"ModelName": "a"}]);
        let config = json!({"EndpointConfigName": "c", "ProductionVariants": variants});
        let gone = || refusal("ValidationException", "Could not find model \"arn\".");
        let script = [
            ok(&endpoint.to_string()),
            ok(&config.to_string()),
            ok("{}"),
            ok("{}"),
            gone(),
            ok("{}"),
            refusal("ValidationException", "Could not find endpoint \"arn\"."),
        ];
        let server = Scripted::start(script).await;
        let (clients, name) = (server.clients(), EndpointName::new("e").unwrap());
        let expected = Deleted {
            endpoint: true,
            configs: vec!["c".to_owned()],
            models: vec!["b".to_owned()],
        };
        assert_eq!(delete(&clients, &name).await.unwrap(), expected);
        assert_eq!(delete(&clients, &name).await.unwrap(), Deleted::default());
        let deletions = [
            "DeleteEndpoint",
            "DeleteEndpointConfig",
            "DeleteModel",
            "DeleteModel",
        ];
        assert_eq!(server.operations()[2..6], deletions);
    }

    #[tokio::test]
    async fn an_endpoint_whose_configuration_is_gone_is_deleted_alone() {
        let endpoint =
            json!({"EndpointName": "e", "EndpointStatus": "Failed", "EndpointConfigName": "c"});
        let gone = || {
            refusal(
                "ValidationException",
                "Could not find endpoint configuration \"arn\".",
            )
        };
        let server = Scripted::start([ok(&endpoint.to_string()), gone(), ok("{}"), gone()]).await;
        let deleted = delete(&server.clients(), &EndpointName::new("e").unwrap())
            .await
            .unwrap();
        assert_eq!(
            deleted,
            Deleted {
                endpoint: true,
                ..Deleted::default()
            }
        );
    }
}
