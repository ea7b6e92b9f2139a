//! Which service a request is for, and which operation of it.
//!
//! All services share one port. In this order: our own `/_local` paths; `X-Amz-Target`, which
//! AWS JSON services send; `/endpoints/NAME/invocations` signed for `sagemaker`; a form signed
//! for `sts`; everything else is S3.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::arn::DEFAULT_REGION;
use crate::endpoint::{self, Endpoints};
use crate::model::Models;
use crate::s3::Storage;
use crate::sts;
use crate::training::Jobs;
use crate::wire::{ApiError, Call, plain_json, success, unknown_operation};

/// Longest body of a control call.
const LONGEST_CALL: usize = 4 << 20;

/// Everything that answers requests.
pub(crate) struct Services {
    /// S3.
    pub(crate) storage: Storage,
    /// Training jobs.
    pub(crate) jobs: Arc<Jobs>,
    /// Models.
    pub(crate) models: Models,
    /// Endpoints, their configurations, and the runtime.
    pub(crate) endpoints: Arc<Endpoints>,
    /// What `/_local/health` says.
    pub(crate) health: Value,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// One of our own paths.
    Local(String),
    /// An operation of SageMaker's control plane.
    SageMaker(String),
    /// `InvokeEndpoint` of this endpoint.
    Invoke(String),
    /// A form-encoded call.
    Sts,
    /// An AWS JSON service that is not here.
    Unknown(String),
    /// Anything else.
    S3,
}

/// The credential scope of a request: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The region that resource names are made with.
    pub(crate) region: String,
    /// The service that the request was signed for; `None` when it was not signed.
    service: Option<String>,
}

impl Scope {
    /// Reads the `Authorization` header, or the query of a presigned URL.
    fn of(headers: &HeaderMap, query: Option<&str>) -> Self {
        let header = headers
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        let credential = header
            .and_then(|header| header.split_once("Credential="))
            .map(|(_, rest)| rest.replace("%2F", "/"));
        let presigned = query
            .and_then(|query| query.split_once("X-Amz-Credential="))
            .map(|(_, rest)| rest.replace("%2F", "/"));
        let credential = credential.or(presigned).unwrap_or_default();
        let parts: Vec<_> = credential
            .split([',', '&', ' '])
            .next()
            .unwrap_or_default()
            .rsplit('/')
            .collect();
        // Read from the end, because an access key may itself hold slashes.
        match parts.as_slice() {
            [_, service, region, _, ..] => Self {
                region: (*region).to_owned(),
                service: Some((*service).to_owned()),
            },
            _ => Self {
                region: DEFAULT_REGION.to_owned(),
                service: None,
            },
        }
    }
}

impl Operation {
    /// Decides by the head of the request alone: a fault can be put before any work is done,
    /// and bodies can be streamed.
    pub(crate) fn of<T>(request: &Request<T>, scope: &Scope) -> Self {
        let path = request.uri().path();
        let header = |name: &str| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        if let Some(local) = path.strip_prefix("/_local/") {
            return Self::Local(local.to_owned());
        }
        // Other AWS JSON services get their arm here.
        if let Some((service, operation)) = header("x-amz-target").split_once('.') {
            let name = operation.to_owned();
            return if service == "SageMaker" {
                Self::SageMaker(name)
            } else {
                Self::Unknown(format!("{service}.{name}"))
            };
        }
        // `endpoints` may also be a bucket, so the path alone does not decide.
        let runtime = scope
            .service
            .as_deref()
            .is_none_or(|service| service == "sagemaker");
        if let (&Method::POST, true, Some(name)) =
            (request.method(), runtime, endpoint::endpoint_of(path))
        {
            return Self::Invoke(name.to_owned());
        }
        // S3 has no POST to the root.
        let form = header("content-type").starts_with("application/x-www-form-urlencoded");
        if request.method() == Method::POST && path == "/" && form {
            return Self::Sts;
        }
        Self::S3
    }
}

impl Services {
    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let scope = Scope::of(request.headers(), request.uri().query());
        match Operation::of(&request, &scope) {
            Operation::S3 => self.storage.serve(request, &scope.region).await,
            Operation::Invoke(name) => self.endpoints.invoke(&name, &scope.region, request).await,
            Operation::SageMaker(name) => match self.control(&name, scope.region, request).await {
                Ok(answer) => success(&answer),
                Err(refusal) => refusal.response(),
            },
            Operation::Sts => match to_bytes(request.into_body(), LONGEST_CALL).await {
                Ok(form) => sts::answer(&String::from_utf8_lossy(&form)),
                Err(error) => ApiError::new("RequestEntityTooLarge", error.to_string()).response(),
            },
            Operation::Unknown(name) => unknown_operation(&name).response(),
            Operation::Local(path) => self.local(&path).await,
        }
    }

    /// One call of SageMaker's control plane. A new operation is one line here.
    async fn control(
        &self,
        name: &str,
        region: String,
        request: Request<Body>,
    ) -> Result<Value, ApiError> {
        let body = to_bytes(request.into_body(), LONGEST_CALL).await;
        let body =
            body.map_err(|error| ApiError::new("RequestEntityTooLarge", error.to_string()))?;
        let body = serde_json::from_slice(&body)
            .map_err(|error| ApiError::new("SerializationException", error.to_string()))?;
        let call = &Call { region, body };
        let (jobs, models, endpoints) = (&self.jobs, &self.models, &self.endpoints);
        match name {
            "CreateTrainingJob" => jobs.clone().create(call).await,
            "DescribeTrainingJob" => jobs.describe(call),
            "ListTrainingJobs" => jobs.list(call),
            "StopTrainingJob" => jobs.stop(call),
            "CreateModel" => models.create(call),
            "DescribeModel" => models.describe(call),
            "ListModels" => models.list(call),
            "DeleteModel" => models.delete(call),
            "CreateEndpointConfig" => endpoints.configs.create(call, models),
            "DescribeEndpointConfig" => endpoints.configs.describe(call),
            "ListEndpointConfigs" => endpoints.configs.list(call),
            "DeleteEndpointConfig" => endpoints.configs.delete(call),
            "CreateEndpoint" => endpoints.clone().create(call, models),
            "UpdateEndpoint" => endpoints.clone().update(call, models),
            "DescribeEndpoint" => endpoints.describe(call),
            "ListEndpoints" => endpoints.list(call),
            "DeleteEndpoint" => endpoints.clone().delete(call),
            other => Err(unknown_operation(&format!("SageMaker.{other}"))),
        }
    }

    /// Whether a job or an endpoint is at work.
    pub(crate) fn busy(&self) -> bool {
        self.jobs.busy() || self.endpoints.busy()
    }

    /// What the server is, and whether ending it would cut anything off.
    fn health(&self) -> Response<Body> {
        let mut health = self.health.clone();
        health["idle"] = (!self.busy()).into();
        plain_json(&health)
    }

    /// `health`, `jobs/NAME/log` and `endpoints/NAME/log`.
    async fn local(&self, path: &str) -> Response<Body> {
        let parts: Vec<_> = path.split('/').collect();
        let log = match parts.as_slice() {
            ["health"] => return self.health(),
            ["jobs", name, "log"] => self.jobs.log(name),
            ["endpoints", name, "log"] => self.endpoints.log(name),
            _ => None,
        };
        let Some(log) = log else {
            let mut response =
                plain_json(&json!({"message": format!("nothing is known at /_local/{path}")}));
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        };
        // A job that has just been accepted has no log file yet.
        Response::new(Body::from(tokio::fs::read(log).await.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=AK/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        )
    }

    fn operation(method: Method, path: &str, headers: &[(&str, &str)]) -> Operation {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        Operation::of(
            &request,
            &Scope::of(request.headers(), request.uri().query()),
        )
    }

    #[test]
    fn one_port_is_shared_by_what_the_request_says() {
        let form = [(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        )];
        let target = [("x-amz-target", "SageMaker.CreateModel")];
        let logs = [("x-amz-target", "Logs_20140328.GetLogEvents")];
        let (s3, sagemaker) = (signed("s3"), signed("sagemaker"));
        for (method, path, headers, expected) in [
            (
                Method::POST,
                "/",
                &target[..],
                Operation::SageMaker("CreateModel".into()),
            ),
            (
                Method::POST,
                "/",
                &logs[..],
                Operation::Unknown("Logs_20140328.GetLogEvents".into()),
            ),
            (Method::POST, "/", &form[..], Operation::Sts),
            (
                Method::POST,
                "/endpoints/e/invocations",
                &[("authorization", &*sagemaker)],
                Operation::Invoke("e".into()),
            ),
            (
                Method::POST,
                "/endpoints/e/invocations",
                &[],
                Operation::Invoke("e".into()),
            ),
            (
                Method::POST,
                "/endpoints/e/invocations",
                &[("authorization", &*s3)],
                Operation::S3,
            ),
            (Method::GET, "/endpoints/e/invocations", &[], Operation::S3),
            (Method::GET, "/", &[], Operation::S3),
            (Method::PUT, "/bucket/key", &[], Operation::S3),
            (
                Method::GET,
                "/_local/health",
                &[],
                Operation::Local("health".into()),
            ),
        ] {
            assert_eq!(
                operation(method, path, headers),
                expected,
                "{path} {headers:?}"
            );
        }
    }

    #[test]
    fn the_region_is_that_of_the_credential_scope() {
        for (authorization, query, expected) in [
            (signed("s3"), None, ("eu-west-1", Some("s3"))),
            (
                String::new(),
                Some("X-Amz-Credential=AK%2F20260101%2Fus-west-2%2Fs3%2Faws4_request&X-Amz-Date=1"),
                ("us-west-2", Some("s3")),
            ),
            (String::new(), None, ("us-east-1", None)),
            ("AWS AK:signature".to_owned(), None, ("us-east-1", None)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("authorization", authorization.parse().unwrap());
            let scope = Scope::of(&headers, query);
            assert_eq!(
                (scope.region.as_str(), scope.service.as_deref()),
                expected,
                "{authorization} {query:?}"
            );
        }
    }
}
