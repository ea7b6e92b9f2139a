//! Requests to the model behind an endpoint.

use aws_sdk_sagemakerruntime::error::SdkError;
use aws_sdk_sagemakerruntime::operation::invoke_endpoint::InvokeEndpointError;
use aws_sdk_sagemakerruntime::primitives::Blob;
use aws_sdk_sagemakerruntime::types::error::ModelError;

use crate::clients::Clients;
use crate::error::{Error, ErrorKind};
use crate::names::{EndpointName, VariantName};

const OP: &str = "invoke the endpoint";

/// A request to the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The media type of the body, such as `text/csv`.
    pub content_type: String,
    /// The requested media type of the response; `None` lets the container choose.
    pub accept: Option<String>,
    /// The request body, at most 6 MiB.
    pub body: Vec<u8>,
}

/// The container's response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The body, unchanged.
    pub body: Vec<u8>,
    /// The media type of the body.
    pub content_type: Option<String>,
    /// The variant that served the request.
    pub variant: Option<String>,
}

/// Sends the payload to the endpoint ([`InvokeEndpoint`]) and waits for the response, for which the
/// service allows a minute.
///
/// With `variant`, that variant serves the request, whatever its traffic weight.
///
/// Fails with [`ErrorKind::Model`] and the container's status and message if
/// the container rejects the request, and with
/// [`ErrorKind::NotFound`] if the endpoint does not exist.
///
/// [`InvokeEndpoint`]:
/// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
pub async fn invoke(
    clients: &Clients,
    endpoint: &EndpointName,
    variant: Option<&VariantName>,
    payload: Payload,
) -> Result<Invocation, Error> {
    let request = clients
        .runtime
        .invoke_endpoint()
        .endpoint_name(endpoint.as_str());
    let request = request
        .content_type(payload.content_type)
        .set_accept(payload.accept)
        .set_target_variant(variant.map(ToString::to_string));
    match request.body(Blob::new(payload.body)).send().await {
        Ok(response) => Ok(Invocation {
            body: response.body.map(Blob::into_inner).unwrap_or_default(),
            content_type: response.content_type,
            variant: response.invoked_production_variant,
        }),
        Err(error) => Err(match rejection(&error) {
            Some(text) => Error::new(ErrorKind::Model, OP, format!("{endpoint}: {text}")),
            None => Error::from_sdk(OP, endpoint, error),
        }),
    }
}

/// The container's status and message, if it was the container that rejected the request.
fn rejection<R>(error: &SdkError<InvokeEndpointError, R>) -> Option<String> {
    let InvokeEndpointError::ModelError(model) = error.as_service_error()? else {
        return None;
    };
    let status = model.original_status_code;
    let status = status.map_or("an error".to_owned(), |status| status.to_string());
    let text = text_of(model);
    Some(format!("the container returned {status}: {text}"))
}

/// The container's message, or the service's if the container sent none.
fn text_of(model: &ModelError) -> &str {
    // Many containers end their message with a line break, and some send only that.
    let original = model
        .original_message
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty());
    original.or(model.message.as_deref()).unwrap_or("nothing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Reply, Scripted, ok, rejection};

    async fn invoked(reply: Reply) -> Result<Invocation, Error> {
        let server = Scripted::start([reply]).await;
        let payload = Payload {
            content_type: "text/csv".to_owned(),
            accept: Some("application/json".to_owned()),
            body: b"1,2".to_vec(),
        };
        let outcome = invoke(&server.clients(), &"e".parse().unwrap(), None, payload).await;
        assert_eq!(server.operations(), ["POST /endpoints/e/invocations"]);
        assert_eq!(server.seen()[0].body, "1,2");
        outcome
    }

    #[tokio::test]
    async fn the_containers_response_is_returned_unchanged() {
        let reply = ok("{\"x\":1}")
            .header("content-type", "application/json")
            .header("x-amzn-invoked-production-variant", "AllTraffic");
        let expected = Invocation {
            body: b"{\"x\":1}".to_vec(),
            content_type: Some("application/json".to_owned()),
            variant: Some("AllTraffic".to_owned()),
        };
        assert_eq!(invoked(reply).await.unwrap(), expected);
    }

    #[tokio::test]
    async fn a_request_can_target_a_variant_by_name() {
        let server = Scripted::start([ok("0.5"), ok("0.5")]).await;
        let (clients, endpoint) = (server.clients(), "e".parse().unwrap());
        let payload = Payload {
            content_type: "text/csv".to_owned(),
            accept: None,
            body: b"1,2".to_vec(),
        };
        let variant = "new".parse().unwrap();
        let targeted = invoke(&clients, &endpoint, Some(&variant), payload.clone()).await;
        targeted.unwrap();
        invoke(&clients, &endpoint, None, payload).await.unwrap();
        let header = |index: usize| {
            let seen = &server.seen()[index];
            seen.headers.get("x-amzn-sagemaker-target-variant").cloned()
        };
        assert_eq!(header(0).unwrap(), "new");
        assert_eq!(header(1), None);
    }

    #[tokio::test]
    async fn rejections_by_the_container_and_by_the_service_are_distinguished() {
        let body = "{\"OriginalStatusCode\":400,\"OriginalMessage\":\"line 1: 17 values\\n\",\
                    \"Message\":\"Received client error\"}";
        let rejected = ok(body)
            .status(424)
            .header("x-amzn-errortype", "ModelError");
        let error = invoked(rejected).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Model);
        assert_eq!(
            error.to_string(),
            "cannot invoke the endpoint e: the container returned 400: line 1: 17 values"
        );
        let missing = rejection("ValidationError", "Endpoint e of account 1 not found.")
            .header("x-amzn-errortype", "ValidationError");
        let error = invoked(missing).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
