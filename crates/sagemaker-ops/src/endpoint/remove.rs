//! Deletes an endpoint and its scaling, configurations and models.

use std::collections::BTreeSet;

use serde::Serialize;

use super::digest::{DIGITS, is_digest};
use super::{EndpointStatus, Variant, describe};
use crate::clients::Clients;
use crate::error::{Error, ErrorKind, if_found};
use crate::names::{EndpointName, LONGEST_NAME, VariantName};
use crate::scaling;

/// The deleted resources; empty if nothing existed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Deleted {
    /// Whether the endpoint was deleted.
    pub endpoint: bool,
    /// Names of the deleted configurations.
    pub configs: Vec<String>,
    /// Names of the deleted models.
    pub models: Vec<String>,
    /// Variants whose automatic scaling was removed.
    pub scaled_variants: Vec<String>,
}

/// Deletes the endpoint, its scaling, its configurations and their models. Resources that no longer
/// exist are not an error.
///
/// Its configurations are the one that it serves and those left by its earlier deployments, which are
/// named `{endpoint}-{digest}`, with a [`ContentDigest`](super::ContentDigest). Configurations with
/// other names are kept. If the endpoint's name is so long that it was truncated before the digest,
/// earlier configurations are kept too: a truncated name could belong to another endpoint.
///
/// The endpoint is deleted first, because only the endpoint costs money. Calling this again completes
/// an interrupted deletion.
///
/// Calls [`DeleteEndpoint`], [`DeregisterScalableTarget`], [`ListEndpointConfigs`],
/// [`DeleteEndpointConfig`] and [`DeleteModel`].
///
/// [`DeleteEndpoint`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpoint.html
/// [`DeregisterScalableTarget`]:
/// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
/// [`ListEndpointConfigs`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListEndpointConfigs.html
/// [`DeleteEndpointConfig`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpointConfig.html
/// [`DeleteModel`]: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteModel.html
pub async fn delete(clients: &Clients, endpoint: &EndpointName) -> Result<Deleted, Error> {
    let mut deleted = Deleted::default();
    if let Some(found) = if_found(describe(clients, endpoint).await)? {
        // The service rejects the deletion of an endpoint that is already being deleted.
        deleted.endpoint =
            found.status != EndpointStatus::Deleting && delete_endpoint(clients, endpoint).await?;
        deleted.scaled_variants = end_scaling(clients, endpoint, &found.variants).await?;
        if let Some(config) = found.config {
            delete_with_models(clients, config.as_str(), &mut deleted).await?;
        }
    }
    // Also after an interrupted deletion, when the endpoint is gone but its configurations are not.
    for config in left_configs(clients, endpoint).await? {
        delete_with_models(clients, &config, &mut deleted).await?;
    }
    Ok(deleted)
}

/// Removes the scaling of the variants; returns the variants that had been registered.
///
/// `SageMaker` does this when it deletes an endpoint, but other servers may not.
async fn end_scaling(
    clients: &Clients,
    endpoint: &EndpointName,
    variants: &[Variant],
) -> Result<Vec<String>, Error> {
    let mut ended = Vec::new();
    for variant in variants {
        let Ok(name) = VariantName::new(&variant.name) else {
            continue;
        };
        match scaling::deregister(clients, endpoint, &name).await {
            Ok(true) => ended.push(variant.name.clone()),
            Ok(false) => {}
            // Without scaling or the permission to remove it, there are still models to delete.
            Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Denied) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(ended)
}

/// The sorted names of the configurations left by earlier deployments of the endpoint.
async fn left_configs(clients: &Clients, endpoint: &EndpointName) -> Result<Vec<String>, Error> {
    const OP: &str = "list the endpoint configurations of";
    let prefix = format!("{endpoint}-");
    if prefix.len() + DIGITS > LONGEST_NAME {
        return Ok(Vec::new());
    }
    let request = clients.sagemaker.list_endpoint_configs();
    let mut pages = request
        .name_contains(&prefix)
        .into_paginator()
        .items()
        .send();
    let mut names = Vec::new();
    while let Some(listed) = pages.next().await {
        let listed = listed.map_err(|error| Error::from_sdk(OP, endpoint, error))?;
        let name = listed.endpoint_config_name.unwrap_or_default();
        if name.strip_prefix(&prefix).is_some_and(is_digest) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Deletes the models, then the configuration. If this is interrupted, the configuration still names
/// the remaining models.
async fn delete_with_models(
    clients: &Clients,
    config: &str,
    deleted: &mut Deleted,
) -> Result<(), Error> {
    for model in models_of(clients, config).await? {
        if delete_model(clients, &model).await? {
            deleted.models.push(model);
        }
    }
    if delete_config(clients, config).await? {
        deleted.configs.push(config.to_owned());
    }
    Ok(())
}

/// The names of a configuration's models; empty if the configuration does not exist.
async fn models_of(clients: &Clients, config: &str) -> Result<Vec<String>, Error> {
    const OP: &str = "describe the endpoint configuration";
    let request = clients.sagemaker.describe_endpoint_config();
    let sent = request.endpoint_config_name(config).send().await;
    let found = if_found(sent.map_err(|error| Error::from_sdk(OP, config, error)))?;
    let variants = found.and_then(|found| found.production_variants);
    let models = variants.into_iter().flatten().filter_map(|v| v.model_name);
    Ok(models.collect::<BTreeSet<_>>().into_iter().collect())
}

/// Deletes the endpoint; false if it did not exist.
pub(super) async fn delete_endpoint(
    clients: &Clients,
    endpoint: &EndpointName,
) -> Result<bool, Error> {
    let request = clients.sagemaker.delete_endpoint();
    let sent = request.endpoint_name(endpoint.as_str()).send().await;
    let sent = sent.map_err(|error| Error::from_sdk("delete the endpoint", endpoint, error));
    Ok(if_found(sent)?.is_some())
}

/// Deletes the configuration; false if it did not exist.
pub(super) async fn delete_config(clients: &Clients, config: &str) -> Result<bool, Error> {
    const OP: &str = "delete the endpoint configuration";
    let request = clients.sagemaker.delete_endpoint_config();
    let sent = request.endpoint_config_name(config).send().await;
    Ok(if_found(sent.map_err(|error| Error::from_sdk(OP, config, error)))?.is_some())
}

/// Deletes the model; false if it did not exist.
pub(super) async fn delete_model(clients: &Clients, model: &str) -> Result<bool, Error> {
    let request = clients.sagemaker.delete_model();
    let sent = request.model_name(model).send().await;
    let sent = sent.map_err(|error| Error::from_sdk("delete the model", model, error));
    Ok(if_found(sent)?.is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scripted::{Reply, Scripted, ok, rejection};

    fn endpoint(status: &str) -> Reply {
        let endpoint =
            json!({"EndpointName": "e", "EndpointStatus": status, "EndpointConfigName": "c"});
        ok(&endpoint.to_string())
    }

    fn config(models: &[&str]) -> Reply {
        let variants: Vec<_> = models.iter().map(|m| json!({"ModelName": m})).collect();
        ok(&json!({"EndpointConfigName": "c", "ProductionVariants": variants}).to_string())
    }

    fn page(names: &[&str], next: Option<&str>) -> Reply {
        let configs: Vec<_> = names
            .iter()
            .map(|name| json!({"EndpointConfigName": name}))
            .collect();
        ok(&json!({"EndpointConfigs": configs, "NextToken": next}).to_string())
    }

    fn gone(what: &str) -> Reply {
        let sentence = format!("Could not find {what} \"arn\".");
        rejection("ValidationException", &sentence)
    }

    fn done() -> Reply {
        ok("{}")
    }

    #[tokio::test]
    async fn deleting_an_endpoint_deletes_its_configuration_and_models_and_is_idempotent() {
        let script = [
            endpoint("InService"),
            done(),
            config(&["b", "a", "a"]),
            gone("model"),
            done(),
            done(),
            page(&[], None),
            gone("endpoint"),
            page(&[], None),
        ];
        let server = Scripted::start(script).await;
        let (clients, name) = (server.clients(), EndpointName::new("e").unwrap());
        let expected = Deleted {
            endpoint: true,
            configs: vec!["c".to_owned()],
            models: vec!["b".to_owned()],
            scaled_variants: vec![],
        };
        assert_eq!(delete(&clients, &name).await.unwrap(), expected);
        assert_eq!(delete(&clients, &name).await.unwrap(), Deleted::default());
        let first = [
            "DescribeEndpoint",
            "DeleteEndpoint",
            "DescribeEndpointConfig",
            "DeleteModel",
            "DeleteModel",
            "DeleteEndpointConfig",
            "ListEndpointConfigs",
        ];
        assert_eq!(server.operations()[..7], first);
    }

    #[tokio::test]
    async fn the_scaling_of_every_variant_is_removed_if_possible() {
        let variants = ["a", "b", "c", "d"].map(|name| json!({"VariantName": name}));
        let endpoint = json!({
            "EndpointName": "e", "EndpointStatus": "InService", "ProductionVariants": variants,
        });
        let script = [
            ok(&endpoint.to_string()),
            done(),
            done(),
            rejection("ObjectNotFoundException", "No scalable target found"),
            rejection("UnknownOperationException", "AnyScaleFrontendService.x"),
            rejection("AccessDeniedException", "not authorized"),
            page(&[], None),
        ];
        let server = Scripted::start(script).await;
        let deleted = delete(&server.clients(), &EndpointName::new("e").unwrap())
            .await
            .unwrap();
        assert_eq!(deleted.scaled_variants, ["a"]);
        assert_eq!(
            server.operations()[1..3],
            ["DeleteEndpoint", "DeregisterScalableTarget"]
        );
        assert_eq!(server.json(2)["ResourceId"], "endpoint/e/variant/a");
    }

    #[tokio::test]
    async fn leftovers_of_earlier_deployments_are_deleted_too() {
        let (old, older) = ("e-20260102abcd", "e-00000000abcd");
        let others = [
            "e-20260102",
            "e-2-20260102abcd",
            "e-20260102abcde",
            "e-20260102abcx",
            "fire-e-20260102abcd",
        ];
        let script = [
            gone("endpoint"),
            page(&[&others[..], &[old]].concat(), Some("t")),
            page(&[older], None),
            config(&["m-1"]),
            done(),
            done(),
            config(&["m-2"]),
            done(),
            done(),
        ];
        let server = Scripted::start(script).await;
        let deleted = delete(&server.clients(), &EndpointName::new("e").unwrap())
            .await
            .unwrap();
        let expected = Deleted {
            endpoint: false,
            configs: vec![older.to_owned(), old.to_owned()],
            models: vec!["m-1".to_owned(), "m-2".to_owned()],
            scaled_variants: vec![],
        };
        assert_eq!(deleted, expected);
        let operations = server.operations();
        assert_eq!(operations[1..3], ["ListEndpointConfigs"; 2]);
        assert_eq!(server.json(1)["NameContains"], "e-");
        assert_eq!(server.json(2)["NextToken"], "t");
        let names: Vec<_> = (3..9).map(|i| server.json(i)).collect();
        assert_eq!(names[0], json!({"EndpointConfigName": older}));
        assert_eq!(names[5], json!({"EndpointConfigName": old}));
    }

    #[tokio::test]
    async fn leftovers_of_a_name_too_long_for_a_digest_are_not_searched_for() {
        for (length, requests) in [(50, 2), (51, 1)] {
            let server = Scripted::start([gone("endpoint"), page(&[], None)]).await;
            let name = EndpointName::new("e".repeat(length)).unwrap();
            let deleted = delete(&server.clients(), &name).await.unwrap();
            assert_eq!(deleted, Deleted::default());
            assert_eq!(server.seen().len(), requests, "{length}");
        }
    }

    #[tokio::test]
    async fn an_endpoint_without_its_configuration_is_deleted() {
        for (status, endpoint_deleted) in [("Failed", true), ("Deleting", false)] {
            let missing = || gone("endpoint configuration");
            let deletion = endpoint_deleted.then(done);
            let rest = [missing(), missing(), page(&[], None)];
            let script = [endpoint(status)].into_iter().chain(deletion).chain(rest);
            let server = Scripted::start(script).await;
            let deleted = delete(&server.clients(), &EndpointName::new("e").unwrap())
                .await
                .unwrap();
            let expected = Deleted {
                endpoint: endpoint_deleted,
                ..Deleted::default()
            };
            assert_eq!(deleted, expected);
        }
    }
}
