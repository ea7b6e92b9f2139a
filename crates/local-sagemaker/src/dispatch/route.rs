//! Determines the service and the operation of a request.
//!
//! All services share one port. The checks, in order: the server's own `/_local` paths; the header
//! `X-Amz-Target` of AWS JSON services; the paths of `CloudWatch`'s CBOR protocol; the runtime's paths,
//! such as `/endpoints/NAME/invocations`, unsigned or signed for `sagemaker`; a form, as used by STS and
//! IAM; anything else in JSON or signed for a JSON service, which is an error. Everything else is S3.

use axum::http::{HeaderMap, Method, Request, StatusCode};

use crate::protocol::WireFormat;
use crate::protocol::names::DEFAULT_REGION;

/// A service whose requests contain the operation's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// `SageMaker`'s control plane.
    SageMaker,
    /// `CloudWatch` Logs.
    Logs,
    /// `CloudWatch`.
    Metrics,
    /// Application Auto Scaling.
    Scaling,
    /// ECR.
    Ecr,
}

impl Service {
    /// The service's name in IAM actions.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SageMaker => "sagemaker",
            Self::Logs => "logs",
            Self::Metrics => "cloudwatch",
            Self::Scaling => "application-autoscaling",
            Self::Ecr => "ecr",
        }
    }
}

/// The services that speak JSON only, by their names in credential scopes.
const JSON_SERVICES: [&str; 4] = ["sagemaker", "logs", "application-autoscaling", "ecr"];

/// `CloudWatch`'s name in requests.
const METRICS: &str = "GraniteServiceVersion20100801";

/// The destination of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// One of the server's own paths, without `/_local/`.
    Local(String),
    /// An operation of a service.
    Call(Service, WireFormat, String),
    /// `InvokeEndpoint` of this endpoint.
    Invoke(String),
    /// A form-encoded call to STS or IAM.
    Query,
    /// A runtime operation that the server does not implement.
    Unsupported(&'static str),
    /// A request that no service implements, with the HTTP status of the error.
    Unknown(String, StatusCode),
    /// Everything else.
    S3,
}

/// The credential scope of a request: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The region used in resource names.
    pub(crate) region: String,
    /// The service that the request was signed for; `None` if it was not signed.
    service: Option<String>,
}

impl Scope {
    /// Reads the `Authorization` header, or the query of a presigned URL.
    pub(crate) fn of(headers: &HeaderMap, query: Option<&str>) -> Self {
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
        // Read from the end, because an access key may itself contain slashes.
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
    /// Decides by the request's head alone, so that bodies can be streamed and faults apply before any
    /// work is done.
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
        let target = header("x-amz-target");
        if !target.is_empty() {
            return Self::of_target(request.method(), target);
        }
        // Decided by the header alone, because `service` could also be a bucket.
        if header("smithy-protocol") == "rpc-v2-cbor" {
            let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
            return match parts.as_slice() {
                ["service", METRICS, "operation", name] => {
                    Self::Call(Service::Metrics, WireFormat::Cbor, (*name).to_owned())
                }
                _ => Self::Unknown(path.to_owned(), StatusCode::NOT_FOUND),
            };
        }
        // The path alone is ambiguous, because `endpoints` could also be a bucket.
        let signed_for = scope.service.as_deref();
        if signed_for.is_none_or(|service| service == "sagemaker")
            && let Some((endpoint, action)) = invocation(path)
        {
            return Self::of_invocation(request.method(), path, endpoint, action);
        }
        // S3 has no POST request to the root.
        let content_type = header("content-type");
        let form = content_type.starts_with("application/x-www-form-urlencoded");
        if request.method() == Method::POST && path == "/" && form {
            return Self::Query;
        }
        let json = content_type.starts_with("application/x-amz-json");
        if json || signed_for.is_some_and(|service| JSON_SERVICES.contains(&service)) {
            let name = format!("{} {path} without X-Amz-Target", request.method());
            return Self::Unknown(name, StatusCode::NOT_FOUND);
        }
        Self::S3
    }

    /// The operation in the header `X-Amz-Target`.
    fn of_target(method: &Method, target: &str) -> Self {
        if method != Method::POST {
            let name = format!("{target} with method {method}");
            return Self::Unknown(name, StatusCode::METHOD_NOT_ALLOWED);
        }
        let (service, name) = target.split_once('.').unwrap_or((target, ""));
        let (service, format) = match service {
            "SageMaker" => (Service::SageMaker, WireFormat::Json),
            "Logs_20140328" => (Service::Logs, WireFormat::Json),
            METRICS => (Service::Metrics, WireFormat::OldJson),
            "AnyScaleFrontendService" => (Service::Scaling, WireFormat::Json),
            "AmazonEC2ContainerRegistry_V20150921" => (Service::Ecr, WireFormat::Json),
            _ => return Self::Unknown(target.to_owned(), StatusCode::BAD_REQUEST),
        };
        Self::Call(service, format, name.to_owned())
    }

    /// The operation of a runtime path.
    fn of_invocation(method: &Method, path: &str, endpoint: &str, action: &str) -> Self {
        if method != Method::POST {
            let name = format!("{method} {path}; expected POST");
            return Self::Unknown(name, StatusCode::METHOD_NOT_ALLOWED);
        }
        match action {
            _ if path.ends_with('/') => {
                Self::Unknown(format!("{method} {path}"), StatusCode::NOT_FOUND)
            }
            "async-invocations" => Self::Unsupported("InvokeEndpointAsync"),
            "invocations-response-stream" => Self::Unsupported("InvokeEndpointWithResponseStream"),
            _ => Self::Invoke(endpoint.to_owned()),
        }
    }
}

/// The endpoint and the last part of a runtime path, which may end with a slash too many.
fn invocation(path: &str) -> Option<(&str, &str)> {
    let (endpoint, action) = path
        .strip_prefix("/endpoints/")?
        .trim_end_matches('/')
        .split_once('/')?;
    let known = [
        "invocations",
        "async-invocations",
        "invocations-response-stream",
    ];
    (!endpoint.is_empty() && known.contains(&action)).then_some((endpoint, action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_is_parsed_from_the_runtime_path() {
        for (path, expected) in [
            ("/endpoints/a-b/invocations", Some(("a-b", "invocations"))),
            ("/endpoints/a/invocations/", Some(("a", "invocations"))),
            (
                "/endpoints/a/async-invocations",
                Some(("a", "async-invocations")),
            ),
            ("/endpoints//invocations", None),
            ("/endpoints/a/b/invocations", None),
            ("/endpoints/a", None),
            ("/bucket/endpoints/a/invocations", None),
        ] {
            assert_eq!(invocation(path), expected, "{path}");
        }
    }

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

    fn call(service: Service, protocol: WireFormat, name: &str) -> Operation {
        Operation::Call(service, protocol, name.into())
    }

    #[test]
    fn services_are_recognised_by_their_headers() {
        let cbor = "/service/GraniteServiceVersion20100801/operation/ListMetrics";
        let json = |target: &'static str| ("/", [("x-amz-target", target)]);
        let (path, header) = (cbor, [("smithy-protocol", "rpc-v2-cbor")]);
        for ((path, headers), expected) in [
            (
                json("SageMaker.CreateModel"),
                call(Service::SageMaker, WireFormat::Json, "CreateModel"),
            ),
            (
                json("Logs_20140328.GetLogEvents"),
                call(Service::Logs, WireFormat::Json, "GetLogEvents"),
            ),
            (
                json("GraniteServiceVersion20100801.ListMetrics"),
                call(Service::Metrics, WireFormat::OldJson, "ListMetrics"),
            ),
            (
                (path, header),
                call(Service::Metrics, WireFormat::Cbor, "ListMetrics"),
            ),
            (
                json("Lambda.Invoke"),
                Operation::Unknown("Lambda.Invoke".into(), StatusCode::BAD_REQUEST),
            ),
            (
                json("SageMaker"),
                call(Service::SageMaker, WireFormat::Json, ""),
            ),
        ] {
            assert_eq!(operation(Method::POST, path, &headers), expected);
        }
        assert_eq!(operation(Method::POST, cbor, &[]), Operation::S3);
    }

    #[test]
    fn requests_to_all_services_are_distinguished_on_one_port() {
        let form = [(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        )];
        let (s3, sagemaker) = (signed("s3"), signed("sagemaker"));
        let invocation = "/endpoints/e/invocations";
        let invoke = || Operation::Invoke("e".into());
        for (method, path, headers, expected) in [
            (Method::POST, "/", &form[..], Operation::Query),
            (
                Method::POST,
                invocation,
                &[("authorization", &*sagemaker)],
                invoke(),
            ),
            (Method::POST, invocation, &[], invoke()),
            (
                Method::POST,
                invocation,
                &[("authorization", &*s3)],
                Operation::S3,
            ),
            (
                Method::GET,
                invocation,
                &[("authorization", &*s3)],
                Operation::S3,
            ),
            (Method::PUT, "/endpoints/e/other", &[], Operation::S3),
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
    fn the_region_comes_from_the_credential_scope() {
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

    #[test]
    fn no_request_to_a_json_service_reaches_s3() {
        let (signed, target) = (signed("sagemaker"), "SageMaker.ListModels");
        let (signed, json) = (("authorization", &*signed), "application/x-amz-json-1.1");
        let invocation = "/endpoints/e/invocations";
        for (method, path, headers, expected) in [
            (Method::GET, "/", &[signed][..], 404),
            (Method::POST, "/", &[signed], 404),
            (Method::PUT, "/models/x", &[signed], 404),
            (Method::POST, "/endpoints/e", &[signed], 404),
            (Method::POST, "/", &[("content-type", json)], 404),
            (Method::GET, "/", &[("x-amz-target", target)], 405),
            (Method::POST, "/", &[("x-amz-target", "Nonsense")], 400),
            (Method::GET, invocation, &[], 405),
            (Method::DELETE, invocation, &[signed], 405),
            (Method::POST, "/endpoints/e/invocations/", &[], 404),
            (Method::POST, "/endpoints/e/invocations/", &[signed], 404),
        ] {
            let found = operation(method.clone(), path, headers);
            let Operation::Unknown(name, status) = found else {
                panic!("{method} {path} {headers:?}: {found:?}");
            };
            assert_eq!(status, expected, "{method} {path} {headers:?}: {name}");
        }
    }

    #[test]
    fn runtime_operations_that_are_missing_are_known_by_name() {
        for (action, name) in [
            ("async-invocations", "InvokeEndpointAsync"),
            (
                "invocations-response-stream",
                "InvokeEndpointWithResponseStream",
            ),
        ] {
            let path = format!("/endpoints/e/{action}");
            let found = operation(Method::POST, &path, &[]);
            assert_eq!(found, Operation::Unsupported(name));
        }
    }
}
