//! `InvokeEndpoint`: forwards a request to a variant, and reports failures as the runtime does.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request, Response, StatusCode};
use bytes::Bytes;
use tokio::time::{Instant, timeout};

use super::Endpoints;
use super::capture::Exchange;
use super::fleet::RunningVariant;
use super::proxy::{ContainerResponse, ProxyError};
use super::replica::Replica;
use crate::machine::clock::Timestamp;
use crate::protocol::names::{ACCOUNT, log_group_arn};
use crate::protocol::{ApiError, json};
use crate::services::metrics::Invocation;

/// Maximum size of a request's body: 6,291,456 bytes, as in the service's model.
const MAX_BODY: usize = 6 << 20;
/// How long a container may take to respond.
const RESPONSE_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a request waits for a container that is restarting.
const RESTART_TIMEOUT: Duration = Duration::from_secs(10);

impl Endpoints {
    /// `InvokeEndpoint`.
    pub(crate) async fn invoke(
        &self,
        name: &str,
        region: &str,
        request: Request<Body>,
    ) -> Response<Body> {
        match self.try_invoke(name, region, request).await {
            Ok(response) => response,
            Err(error) => json::error_response(&error),
        }
    }

    /// The container's response, or the error the runtime maps it to.
    async fn try_invoke(
        &self,
        name: &str,
        region: &str,
        request: Request<Body>,
    ) -> Result<Response<Body>, ApiError> {
        let fleet = self.await_fleet(name).await.ok_or_else(|| {
            ApiError::new(
                "ValidationError",
                format!("Endpoint {name} of account {ACCOUNT} not found."),
            )
        })?;
        let (parts, body) = request.into_parts();
        let target = parts
            .headers
            .get("x-amzn-sagemaker-target-variant")
            .and_then(|value| value.to_str().ok());
        let variant = fleet.select(target).ok_or_else(|| {
            let target = target.unwrap_or("with a weight above zero");
            ApiError::new(
                "ValidationError",
                format!("Variant {target} of endpoint {name} not found."),
            )
        })?;
        // Buffer the whole body so that it can be resent if the container has just exited.
        let body = to_bytes(body, MAX_BODY).await.map_err(|_| {
            let text = format!("The request body is longer than {MAX_BODY} bytes, or incomplete.");
            ApiError::new("ValidationError", text).with_status(StatusCode::PAYLOAD_TOO_LARGE)
        })?;
        let begin = Instant::now();
        let result = timeout(
            RESPONSE_TIMEOUT,
            self.forward(variant, &parts.headers, body.clone()),
        )
        .await;
        let reply = result.as_ref().ok().and_then(|reply| reply.as_ref().ok());
        let model_latency = reply.map_or(begin.elapsed(), |reply| reply.latency);
        self.shared.metrics.record_invocation(&Invocation {
            endpoint: name,
            variant: &variant.name,
            instances: variant.count(),
            status: reply.map(|reply| reply.response.status.as_u16()),
            model: model_latency,
            overhead: begin.elapsed().saturating_sub(model_latency),
        });
        let context = InvocationContext {
            endpoint: name,
            region,
        };
        let Reply {
            response, replica, ..
        } = result.map_err(|_| context.timed_out())??;
        if self.shared.faults.crash_is_due() {
            replica.crash();
        }
        if let (Some(capture), true) = (&fleet.capture, response.status.is_success())
            && capture.samples(variant.requests())
        {
            let content_type = response
                .headers
                .get("content-type")
                .and_then(|value| value.to_str().ok());
            let exchange = Exchange {
                headers: &parts.headers,
                input: &body,
                output_type: content_type.unwrap_or("application/octet-stream"),
                output: &response.body,
            };
            if let Some(prefix) = capture.prefix(name, &variant.name) {
                let line = capture.line(&exchange, Timestamp::now());
                self.captures.append(name, &variant.name, &prefix, &line);
            }
        }
        context.client_response(response, &variant.name)
    }

    /// Forwards a request to one of the variant's containers; waits if the container is restarting.
    async fn forward(
        &self,
        variant: &RunningVariant,
        headers: &axum::http::HeaderMap,
        body: Bytes,
    ) -> Result<Reply, ApiError> {
        let unavailable = |why: &str| {
            ApiError::new(
                "ServiceUnavailable",
                format!("The service is unavailable. Try your call again. ({why})"),
            )
            .with_status(StatusCode::SERVICE_UNAVAILABLE)
        };
        // Each attempt waits for a new port, so a few are enough to get past one restart.
        for _ in 0..3 {
            let Some(replica) = variant.next() else {
                break;
            };
            let port = replica.port_within(RESTART_TIMEOUT).await;
            let port = port.ok_or_else(|| unavailable("the container is restarting"))?;
            let begin = Instant::now();
            match self.proxy.invoke(port, headers, body.clone()).await {
                Ok(response) => {
                    let latency = begin.elapsed();
                    return Ok(Reply {
                        response,
                        latency,
                        replica,
                    });
                }
                Err(ProxyError::Broken(why)) => return Err(unavailable(&why)),
                // The container has exited, but its supervisor has not noticed yet.
                Err(ProxyError::Refused) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        Err(unavailable("nothing is listening on the container's port"))
    }
}

/// A container's response, with its latency and origin.
struct Reply {
    /// The response.
    response: ContainerResponse,
    /// Time from sending the request to the complete response.
    latency: Duration,
    /// The container that responded.
    replica: Arc<Replica>,
}

/// The names that responses and error messages contain.
struct InvocationContext<'a> {
    /// The endpoint's name.
    endpoint: &'a str,
    /// The region of the request.
    region: &'a str,
}

impl InvocationContext<'_> {
    /// The runtime's response to the client; an error response of the container becomes `ModelError`.
    fn client_response(
        &self,
        container_response: ContainerResponse,
        variant: &str,
    ) -> Result<Response<Body>, ApiError> {
        if !container_response.status.is_success() {
            return Err(self.model_error(&container_response));
        }
        let mut response = Response::new(Body::from(container_response.body));
        *response.headers_mut() = container_response.headers;
        if let Ok(variant) = HeaderValue::from_str(variant) {
            response
                .headers_mut()
                .insert("x-amzn-invoked-production-variant", variant);
        }
        Ok(response)
    }

    /// The error for an error response of the container, with its status and message.
    fn model_error(&self, response: &ContainerResponse) -> ApiError {
        let status = response.status.as_u16();
        let text = String::from_utf8_lossy(&response.body).into_owned();
        let side = if response.status.is_client_error() {
            "client"
        } else {
            "server"
        };
        let message = format!(
            "Received {side} error ({status}) from primary with message \"{text}\". {}",
            self.hint()
        );
        self.error(message)
            .with_field("OriginalStatusCode", status)
            .with_field("OriginalMessage", text)
    }

    /// The error for a container that did not respond.
    fn timed_out(&self) -> ApiError {
        let text = "Your invocation timed out while waiting for a response from container primary.";
        self.error(format!("{text} {}", self.hint()))
            .with_field("OriginalStatusCode", 0)
            .with_field("OriginalMessage", text)
    }

    /// A `ModelError` with this message, HTTP status 424.
    fn error(&self, message: String) -> ApiError {
        ApiError::new("ModelError", message)
            .with_status(StatusCode::FAILED_DEPENDENCY)
            .with_field(
                "LogStreamArn",
                log_group_arn(
                    self.region,
                    &format!("/aws/sagemaker/Endpoints/{}", self.endpoint),
                ),
            )
    }

    /// Points to the local log, where AWS points to CloudWatch.
    fn hint(&self) -> String {
        format!(
            "See /_local/endpoints/{}/log on the local server in account {ACCOUNT} for more information.",
            self.endpoint
        )
    }
}
