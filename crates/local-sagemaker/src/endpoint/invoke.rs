//! `InvokeEndpoint`: one request to one variant, and the runtime's own errors.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request, Response, StatusCode};
use bytes::Bytes;
use tokio::time::{Instant, timeout};

use super::Endpoints;
use super::capture::Exchange;
use super::fleet::Member;
use super::proxy::{Answer, Unanswered};
use super::replica::Replica;
use crate::arn::{self, ACCOUNT};
use crate::clock::Stamp;
use crate::metrics::Invocation;
use crate::wire::ApiError;

/// Longest request body: the model of the service says 6,291,456 bytes.
const LONGEST_BODY: usize = 6 << 20;
/// How long a container may take for its answer.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a request waits for a program that is being started again.
const RESTART_PATIENCE: Duration = Duration::from_secs(10);

/// The endpoint's name in the path of a runtime request.
pub(crate) fn endpoint_of(path: &str) -> Option<&str> {
    let name = path
        .strip_prefix("/endpoints/")?
        .strip_suffix("/invocations")?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

impl Endpoints {
    /// `InvokeEndpoint`.
    pub(crate) async fn invoke(
        &self,
        name: &str,
        region: &str,
        request: Request<Body>,
    ) -> Response<Body> {
        match self.invoked(name, region, request).await {
            Ok(response) => response,
            Err(error) => error.response(),
        }
    }

    /// The container's answer, or the error that the runtime makes of it.
    async fn invoked(
        &self,
        name: &str,
        region: &str,
        request: Request<Body>,
    ) -> Result<Response<Body>, ApiError> {
        let fleet = self.live_soon(name).await.ok_or_else(|| {
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
        let member = fleet.member(target).ok_or_else(|| {
            let wanted = target.unwrap_or("with a weight above zero");
            ApiError::new(
                "ValidationError",
                format!("Variant {wanted} of endpoint {name} not found."),
            )
        })?;
        // Whole, because a program that has just ended means sending it once more.
        let body = to_bytes(body, LONGEST_BODY).await.map_err(|_| {
            let text = format!(
                "The body of the request is longer than {LONGEST_BODY} bytes, or was cut off."
            );
            ApiError::new("ValidationError", text).with_status(StatusCode::PAYLOAD_TOO_LARGE)
        })?;
        let begin = Instant::now();
        let asked = timeout(
            ANSWER_TIMEOUT,
            self.ask(member, &parts.headers, body.clone()),
        )
        .await;
        let answered = asked.as_ref().ok().and_then(|asked| asked.as_ref().ok());
        let model = answered.map_or(begin.elapsed(), |answered| answered.time);
        self.ground.metrics.invocation(&Invocation {
            endpoint: name,
            variant: &member.name,
            instances: member.count(),
            status: answered.map(|answered| answered.answer.status.as_u16()),
            model,
            overhead: begin.elapsed().saturating_sub(model),
        });
        let where_to_look = LogStream {
            endpoint: name,
            region,
        };
        let Answered {
            answer, replica, ..
        } = asked.map_err(|_| where_to_look.timed_out())??;
        if self.ground.faults.crashes_now() {
            replica.crash();
        }
        if let (Some(capture), true) = (&fleet.capture, answer.status.is_success())
            && capture.takes(member.requests())
        {
            let kind = answer
                .headers
                .get("content-type")
                .and_then(|kind| kind.to_str().ok());
            let exchange = Exchange {
                headers: &parts.headers,
                input: &body,
                output_type: kind.unwrap_or("application/octet-stream"),
                output: &answer.body,
            };
            let line = capture.line(&exchange, Stamp::now());
            capture.keep(&self.captures(name), (name, &member.name), &line);
        }
        where_to_look.response(answer, &member.name)
    }

    /// Asks the variant; a program that is not there is waited for, as long as it is being
    /// started again.
    async fn ask(
        &self,
        member: &Member,
        headers: &axum::http::HeaderMap,
        body: Bytes,
    ) -> Result<Answered, ApiError> {
        let unavailable = |why: &str| {
            ApiError::new(
                "ServiceUnavailable",
                format!("The service is unavailable. Try your call again. ({why})"),
            )
            .with_status(StatusCode::SERVICE_UNAVAILABLE)
        };
        // Each attempt waits for a new port, so few are enough to get past one restart.
        for _ in 0..3 {
            let Some(replica) = member.next() else {
                break;
            };
            let port = replica.port_within(RESTART_PATIENCE).await;
            let port = port.ok_or_else(|| unavailable("the container is being started again"))?;
            let begin = Instant::now();
            match self.proxy.invoke(port, headers, body.clone()).await {
                Ok(answer) => {
                    let time = begin.elapsed();
                    return Ok(Answered {
                        answer,
                        time,
                        replica,
                    });
                }
                Err(Unanswered::Broken(why)) => return Err(unavailable(&why)),
                // The process has ended and its supervisor is about to notice.
                Err(Unanswered::Refused) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        Err(unavailable("nothing listens on the container's port"))
    }
}

/// The answer of a process.
struct Answered {
    /// The answer.
    answer: Answer,
    /// How long it took.
    time: Duration,
    /// The process.
    replica: Arc<Replica>,
}

/// Where an error of the container can be read about.
struct LogStream<'a> {
    /// The endpoint's name.
    endpoint: &'a str,
    /// The region of the request.
    region: &'a str,
}

impl LogStream<'_> {
    /// The container's answer as the runtime passes it on: its errors become `ModelError`.
    fn response(&self, answer: Answer, variant: &str) -> Result<Response<Body>, ApiError> {
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

    /// The container said no, or broke: its status and words are passed on.
    fn model_error(&self, answer: &Answer) -> ApiError {
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

    /// The container said nothing.
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
                arn::endpoint_logs(self.region, self.endpoint),
            )
    }

    /// Where this server keeps the log that AWS would keep in CloudWatch.
    fn hint(&self) -> String {
        format!(
            "See /_local/endpoints/{}/log on the local server in account {ACCOUNT} for more information.",
            self.endpoint
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_path_names_the_endpoint() {
        for (path, expected) in [
            ("/endpoints/a-b/invocations", Some("a-b")),
            ("/endpoints//invocations", None),
            ("/endpoints/a/b/invocations", None),
            ("/endpoints/a", None),
            ("/bucket/endpoints/a/invocations", None),
        ] {
            assert_eq!(endpoint_of(path), expected, "{path}");
        }
    }
}
