//! HTTP requests to the containers: `/ping` and `/invocations`.

use axum::http::{HeaderMap, HeaderName, Method, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Maximum size of a container's response in bytes, well above AWS's limit.
const MAX_RESPONSE: usize = 25 << 20;

/// The request headers forwarded to the container; SageMaker drops all others.
const REQUEST_HEADERS: [&str; 10] = [
    "content-type",
    "accept",
    "x-amzn-sagemaker-custom-attributes",
    "x-amzn-sagemaker-target-model",
    "x-amzn-sagemaker-target-variant",
    "x-amzn-sagemaker-target-container-hostname",
    "x-amzn-sagemaker-inference-id",
    "x-amzn-sagemaker-enable-explanations",
    "x-amzn-sagemaker-inference-component",
    "x-amzn-sagemaker-session-id",
];

/// The headers of the container's response that are returned to the client.
const RESPONSE_HEADERS: [&str; 4] = [
    "content-type",
    "x-amzn-sagemaker-custom-attributes",
    "x-amzn-sagemaker-new-session-id",
    "x-amzn-sagemaker-closed-session-id",
];

/// An HTTP client for the loopback interface.
#[derive(Clone)]
pub(crate) struct Proxy(Client<HttpConnector, Full<Bytes>>);

/// A container's complete response.
pub(crate) struct ContainerResponse {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The headers in `RESPONSE_HEADERS`.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

/// The reason for a missing response.
pub(crate) enum ProxyError {
    /// Nothing is listening: the request was not sent, so it is safe to retry.
    Refused,
    /// The connection broke, or the response was too long.
    Broken(String),
}

impl Proxy {
    /// A client without open connections.
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        // Head and body of a request are two writes, and the second must not wait for the first's
        // acknowledgement, which the container's system delays by 40 ms.
        connector.set_nodelay(true);
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    /// `GET /ping`; succeeds only with status 200.
    pub(crate) async fn ping(&self, port: u16) -> Result<(), String> {
        let request =
            request(Method::GET, port, "ping", Bytes::new()).map_err(|error| error.to_string())?;
        match self.0.request(request).await {
            Ok(response) if response.status() == StatusCode::OK => Ok(()),
            Ok(response) => Err(format!("status {}", response.status())),
            Err(error) if error.is_connect() => Err("nothing is listening on the port".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// `POST /invocations`, with the headers in `REQUEST_HEADERS`.
    pub(crate) async fn invoke(
        &self,
        port: u16,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<ContainerResponse, ProxyError> {
        let broken = |error: &dyn std::error::Error| ProxyError::Broken(crate::error::chain(error));
        let mut request =
            request(Method::POST, port, "invocations", body).map_err(|error| broken(&error))?;
        request
            .headers_mut()
            .extend(only(headers, &REQUEST_HEADERS));
        let response = match self.0.request(request).await {
            Ok(response) => response,
            Err(error) if error.is_connect() => return Err(ProxyError::Refused),
            Err(error) => return Err(broken(&error)),
        };
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_RESPONSE).collect().await;
        let body = body
            .map_err(|error| ProxyError::Broken(error.to_string()))?
            .to_bytes();
        Ok(ContainerResponse {
            status: parts.status,
            headers: only(&parts.headers, &RESPONSE_HEADERS).collect(),
            body,
        })
    }
}

/// A request to a container on the loopback interface.
fn request(
    method: Method,
    port: u16,
    path: &str,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, axum::http::Error> {
    let uri = format!("http://127.0.0.1:{port}/{path}");
    Request::builder()
        .method(method)
        .uri(uri)
        .header(header::USER_AGENT, "AmazonSageMaker")
        .body(Full::new(body))
}

/// The headers with these names.
fn only(
    headers: &HeaderMap,
    names: &'static [&'static str],
) -> impl Iterator<Item = (HeaderName, axum::http::HeaderValue)> {
    names
        .iter()
        .filter_map(|name| Some((HeaderName::from_static(name), headers.get(*name)?.clone())))
}
