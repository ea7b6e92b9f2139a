//! Request dispatch: routes each request, logs it if configured, applies faults, and passes it to its
//! service.

mod call_log;
mod connection;
mod route;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, StatusCode};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::faults::{Effect, Faults, scripted_error};
use crate::protocol::query::{self, Form};
use crate::protocol::{ApiError, Call, json};
use crate::services::{Services, identity, s3};
use call_log::RequestHead;
use route::{Operation, Scope, Service};

pub(crate) use call_log::CallLog;
pub(crate) use connection::{ConnectionHandle, Listener};

/// Maximum size in bytes of a request that is not an upload or an invocation.
const MAX_CONTROL_BODY: usize = 4 << 20;

/// The entry point for requests.
pub(crate) struct Dispatcher {
    /// The services.
    pub(crate) services: Services,
    /// Faults to inject.
    pub(crate) faults: std::sync::Arc<Faults>,
    /// The log of calls, if configured.
    pub(crate) calls: CallLog,
    /// The constant part of the response of `/_local/health`.
    pub(crate) health: Value,
}

/// The data about a call that faults and the log need.
struct Incoming<'a> {
    /// The service, by its name in IAM actions.
    service: &'a str,
    /// The operation's name.
    operation: &'a str,
    /// The request's head and connection.
    origin: Origin,
}

/// The head and the connection of a request.
struct Origin {
    /// Path and length.
    head: RequestHead,
    /// The connection on which the request arrived.
    connection: ConnectionHandle,
}

impl Origin {
    /// The origin of this request.
    fn of(request: &Request<Body>) -> Self {
        let connection = request.extensions().get::<ConnectInfo<ConnectionHandle>>();
        Self {
            head: RequestHead::of(request),
            connection: connection.map(|info| info.0.clone()).unwrap_or_default(),
        }
    }
}

impl Dispatcher {
    /// Handles one request. Every response has a request id.
    pub(crate) async fn handle(&self, request: Request<Body>) -> Response<Body> {
        let mut response = self.route(request).await;
        json::add_request_id(response.headers_mut());
        response
    }

    /// Passes a request to its service.
    async fn route(&self, request: Request<Body>) -> Response<Body> {
        let scope = Scope::of(request.headers(), request.uri().query());
        let origin = Origin::of(&request);
        match Operation::of(&request, &scope) {
            Operation::S3 => self.s3(path_style(request), &scope.region, origin).await,
            Operation::Invoke(name) => {
                let incoming = Incoming {
                    service: "sagemaker",
                    operation: "InvokeEndpoint",
                    origin,
                };
                let endpoints = &self.services.endpoints;
                let work = endpoints.invoke(&name, &scope.region, request);
                let fail = |error: ApiError| json::error_response(&error);
                self.run(incoming, &Value::Null, fail, work).await
            }
            Operation::Call(service, format, name) => match read_body(request).await {
                Ok(body) => {
                    let incoming = Incoming {
                        service: service.name(),
                        operation: &name,
                        origin,
                    };
                    // Read before faults apply, because a quota error quotes members of the request.
                    let members = format.read(&body);
                    let known = members.as_ref().map_or(Value::Null, Value::clone);
                    let work = async {
                        let region = scope.region;
                        let result = match members {
                            Ok(body) => self.call(service, &name, &Call { region, body }).await,
                            Err(error) => Err(error),
                        };
                        format.respond(result)
                    };
                    let fail = |error| format.respond(Err(error));
                    self.run(incoming, &known, fail, work).await
                }
                Err(error) => format.respond(Err(error)),
            },
            Operation::Query => self.query(request, origin).await,
            Operation::Unsupported(operation) => {
                let incoming = Incoming {
                    service: "sagemaker",
                    operation,
                    origin,
                };
                let fail = |error: ApiError| json::error_response(&error);
                let error = ApiError::new(
                    "UnknownOperationException",
                    format!("The local server does not support {operation}; use InvokeEndpoint."),
                );
                let work = async { json::error_response(&error) };
                self.run(incoming, &Value::Null, fail, work).await
            }
            Operation::Unknown(name, status) => {
                json::error_response(&ApiError::unknown_operation(&name).with_status(status))
            }
            Operation::Local(path) => self.local(&path).await,
        }
    }

    /// Handles a call to STS or IAM.
    async fn query(&self, request: Request<Body>, origin: Origin) -> Response<Body> {
        let form = match read_body(request).await {
            Ok(body) => Form::parse(&body),
            Err(error) => return query::error_response(&error),
        };
        let incoming = Incoming {
            service: identity::service(&form),
            operation: form.action(),
            origin,
        };
        let fail = |error: ApiError| query::error_response(&error);
        let work = async { identity::handle(&form) };
        self.run(incoming, &Value::Null, fail, work).await
    }

    /// Handles a request to S3.
    async fn s3(&self, request: Request<Body>, region: &str, origin: Origin) -> Response<Body> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let incoming = Incoming {
            service: "s3",
            operation: s3::operation(&method, request.uri(), request.headers()),
            origin,
        };
        let fail = |error: ApiError| s3::rejection(&error, &method, &path);
        let work = self.services.storage.serve(request, region);
        self.run(incoming, &Value::Null, fail, work).await
    }

    /// Executes a call and logs it. Faults may delay it, prevent it, or suppress its response; `members`
    /// are the request's, for the message of a scripted error.
    async fn run(
        &self,
        incoming: Incoming<'_>,
        members: &Value,
        fail: impl FnOnce(ApiError) -> Response<Body>,
        work: impl Future<Output = Response<Body>>,
    ) -> Response<Body> {
        let Incoming {
            service,
            operation,
            origin: Origin { head, connection },
        } = incoming;
        let mut call = self.calls.begin(service, operation, &head);
        for effect in self.faults.effects(operation) {
            match effect {
                Effect::Delay(time) => sleep(time).await,
                Effect::Fail(code) => {
                    let response = fail(scripted_error(&code, operation, members));
                    call.set_status(response.status());
                    return response;
                }
                // The response is never sent: the connection is reset on the first write.
                Effect::Reset => {
                    connection.reset();
                    return Response::new(Body::empty());
                }
                Effect::ResetAfter => {
                    work.await;
                    connection.reset();
                    return Response::new(Body::empty());
                }
            }
        }
        let response = work.await;
        call.set_status(response.status());
        response
    }

    /// Passes a call to its service.
    async fn call(&self, service: Service, name: &str, call: &Call) -> Result<Value, ApiError> {
        let services = &self.services;
        match service {
            Service::SageMaker => services.sagemaker(name, call).await,
            Service::Logs => services.logs.handle(name, call),
            Service::Metrics => services.metrics.handle(name, call),
            Service::Scaling => services.scaling.handle(name, call, &services.endpoints),
            Service::Ecr => services.registry.handle(name, call),
        }
    }

    /// The server's own paths below `/_local/`: `health`, `jobs/NAME/log` and `endpoints/NAME/log`.
    async fn local(&self, path: &str) -> Response<Body> {
        let parts: Vec<_> = path.split('/').collect();
        let text = match parts.as_slice() {
            ["health"] => {
                let mut health = self.health.clone();
                health["idle"] = (!self.services.busy()).into();
                return json::plain(&health);
            }
            ["jobs", name, "log"] => match self.services.jobs.log(name) {
                // A job that was just accepted has no log file yet.
                Some(log) => Some(tokio::fs::read(log).await.unwrap_or_default()),
                None => None,
            },
            ["endpoints", name, "log"] => {
                let log = self.services.endpoints.log(name);
                log.map(String::into_bytes)
            }
            _ => None,
        };
        let Some(text) = text else {
            let message = format!("there is nothing at /_local/{path}");
            let mut response = json::plain(&json!({"message": message}));
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        };
        Response::new(Body::from(text))
    }
}

/// The request in path style, if its host names a bucket.
fn path_style(mut request: Request<Body>) -> Request<Body> {
    if let Some(uri) = s3::path_style(request.uri(), request.headers()) {
        *request.uri_mut() = uri;
    }
    request
}

/// The complete body of a request that is not an upload or an invocation.
async fn read_body(request: Request<Body>) -> Result<Bytes, ApiError> {
    let body = to_bytes(request.into_body(), MAX_CONTROL_BODY).await;
    body.map_err(|error| ApiError::new("RequestEntityTooLarge", error.to_string()))
}
