//! `InvokeEndpoint`: one request to one variant, and the runtime's own errors.

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
/// How long a request waits for a program that is restarting.
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

    /// The container's response, or the error that the runtime makes of it.
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
            let wanted = target.unwrap_or("with a weight above zero");
            ApiError::new(
                "ValidationError",
                format!("Variant {wanted} of endpoint {name} not found."),
            )
        })?;
        // Read whole, because a program that has just ended means sending the body once more.
        let body = to_bytes(body, MAX_BODY).await.map_err(|_| {
            let text =
                format!("The body of the request is longer than {MAX_BODY} bytes, or was cut off.");
            ApiError::new("ValidationError", text).with_status(StatusCode::PAYLOAD_TOO_LARGE)
        })?;
        let begin = Instant::now();
        let result = timeout(
            RESPONSE_TIMEOUT,
            self.forward(variant, &parts.headers, body.clone()),
        )
        .await;
        let reply = result.as_ref().ok().and_then(|reply| reply.as_ref().ok());
        let model = reply.map_or(begin.elapsed(), |reply| reply.time);
        self.shared.metrics.record_invocation(&Invocation {
            endpoint: name,
            variant: &variant.name,
            instances: variant.count(),
            status: reply.map(|reply| reply.response.status.as_u16()),
            model,
            overhead: begin.elapsed().saturating_sub(model),
        });
        let log_stream = LogStream {
            endpoint: name,
            region,
        };
        let Reply {
            response, replica, ..
        } = result.map_err(|_| log_stream.timed_out())??;
        if self.shared.faults.crash_is_due() {
            replica.crash();
        }
        if let (Some(capture), true) = (&fleet.capture, response.status.is_success())
            && capture.samples(variant.requests())
        {
            let kind = response
                .headers
                .get("content-type")
                .and_then(|kind| kind.to_str().ok());
            let exchange = Exchange {
                headers: &parts.headers,
                input: &body,
                output_type: kind.unwrap_or("application/octet-stream"),
                output: &response.body,
            };
            let line = capture.line(&exchange, Timestamp::now());
            capture.append(&self.captures(name), name, &variant.name, &line);
        }
        log_stream.pass_on(response, &variant.name)
    }

    /// Forwards a request to the variant, and waits for a program that is restarting.
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
            let port = port.ok_or_else(|| unavailable("the container is being started again"))?;
            let begin = Instant::now();
            match self.proxy.invoke(port, headers, body.clone()).await {
                Ok(response) => {
                    let time = begin.elapsed();
                    return Ok(Reply {
                        response,
                        time,
                        replica,
                    });
                }
                Err(ProxyError::Broken(why)) => return Err(unavailable(&why)),
                // The process has ended, and its supervisor has not noticed yet.
                Err(ProxyError::Refused) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        Err(unavailable("nothing listens on the container's port"))
    }
}

/// The response of a process.
struct Reply {
    /// The response.
    response: ContainerResponse,
    /// How long it took.
    time: Duration,
    /// The process.
    replica: Arc<Replica>,
}

/// Where to read about an error of the container.
struct LogStream<'a> {
    /// The endpoint's name.
    endpoint: &'a str,
    /// The region of the request.
    region: &'a str,
}

impl LogStream<'_> {
    /// The container's response as the runtime passes it on: errors become `ModelError`.
    fn pass_on(
        &self,
        answer: ContainerResponse,
        variant: &str,
    ) -> Result<Response<Body>, ApiError> {
        if !answer.status.is_success() {
            return Err(self.model_error(&answer));
        }
        let mut response = Response::new(Body::from(answer.body));
        *response.headers_mut() = answer.headers;
        if let Ok(variant) = HeaderValue::from_str(variant) {
            response
                .headers_mut()
                .insert("x-amzn-invoked-production-variant", variant);
        }
        Ok(response)
    }

    /// The error for a container that responded with one: its status and message are passed on.
    fn model_error(&self, answer: &ContainerResponse) -> ApiError {
        let status = answer.status.as_u16();
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let side = if answer.status.is_client_error() {
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

    /// `ModelError`, HTTP 424.
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

    /// Where this server keeps the log that AWS keeps in CloudWatch.
    fn hint(&self) -> String {
        format!(
            "See /_local/endpoints/{}/log on the local server in account {ACCOUNT} for more information.",
            self.endpoint
        )
    }
}
