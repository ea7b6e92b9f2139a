//! Everything that answers requests, and what every request goes through before it is answered:
//! it is counted, written down where somebody wants to know, and meets the fault that is put on it.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::calls::{Calls, Head};
use crate::cbor;
use crate::connection::Line;
use crate::ecr::Registry;
use crate::endpoint::Endpoints;
use crate::faults::{Effect, Faults, refusal};
use crate::logs::Logs;
use crate::metrics::Metrics;
use crate::model::Models;
use crate::query::{self, Form};
use crate::route::{Operation, Protocol, Scope, Service};
use crate::s3::{self, Storage};
use crate::scaling::Scaling;
use crate::tags::{self, Tag};
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
    /// `CloudWatch` Logs.
    pub(crate) logs: Logs,
    /// `CloudWatch`.
    pub(crate) metrics: Arc<Metrics>,
    /// Application Auto Scaling.
    pub(crate) scaling: Arc<Scaling>,
    /// ECR.
    pub(crate) registry: Registry,
    /// What goes wrong on purpose.
    pub(crate) faults: Arc<Faults>,
    /// What has arrived, where that is wanted.
    pub(crate) calls: Calls,
    /// What `/_local/health` says.
    pub(crate) health: Value,
}

/// A call that may meet a fault: what it is called, and what it has come by.
struct Meeting<'a> {
    /// The service, as the actions of IAM call it.
    service: &'a str,
    /// The operation's name.
    operation: &'a str,
    /// The request and its connection.
    arrival: Arrival,
}

/// What a request has come by.
struct Arrival {
    /// What its head says.
    head: Head,
    /// The connection.
    line: Line,
}

impl Arrival {
    /// Of this request.
    fn of(request: &Request<Body>) -> Self {
        let connection = request.extensions().get::<ConnectInfo<Line>>();
        Self {
            head: Head::of(request),
            line: connection.map(|info| info.0.clone()).unwrap_or_default(),
        }
    }
}

impl Services {
    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let scope = Scope::of(request.headers(), request.uri().query());
        let arrival = Arrival::of(&request);
        match Operation::of(&request, &scope) {
            Operation::S3 => self.object_call(request, &scope.region, arrival).await,
            Operation::Invoke(name) => {
                let meeting = Meeting {
                    service: "sagemaker",
                    operation: "InvokeEndpoint",
                    arrival,
                };
                let work = self.endpoints.invoke(&name, &scope.region, request);
                let refuse = |code: &str| refusal(code, "InvokeEndpoint", &Value::Null).response();
                self.meet(meeting, refuse, work).await
            }
            Operation::Call(service, protocol, name) => match body(request).await {
                Ok(body) => {
                    let meeting = Meeting {
                        service: service.name(),
                        operation: &name,
                        arrival,
                    };
                    let speech = Speech(protocol);
                    let read = speech.read(&body);
                    let known = read.as_ref().map_or(Value::Null, Value::clone);
                    let refuse = |code: &str| speech.refused(refusal(code, &name, &known));
                    let work = async {
                        let answer = match read.clone() {
                            Ok(body) => {
                                let region = scope.region;
                                self.control(service, &name, &Call { region, body }).await
                            }
                            Err(error) => Err(error),
                        };
                        answer.map_or_else(
                            |error| speech.refused(error),
                            |answer| speech.answer(&answer),
                        )
                    };
                    self.meet(meeting, refuse, work).await
                }
                Err(error) => Speech(protocol).refused(error),
            },
            Operation::Query => match body(request).await {
                Ok(body) => {
                    let form = Form::parse(&body);
                    let meeting = Meeting {
                        service: query::service(&form),
                        operation: form.action(),
                        arrival,
                    };
                    let refuse =
                        |code: &str| query::refusal(&refusal(code, form.action(), &Value::Null));
                    let work = async { query::answer(&form) };
                    self.meet(meeting, refuse, work).await
                }
                Err(error) => query::refusal(&error),
            },
            Operation::Unknown(name) => unknown_operation(&name).response(),
            Operation::Local(path) => self.local(&path).await,
        }
    }

    /// One request of S3.
    async fn object_call(
        &self,
        request: Request<Body>,
        region: &str,
        arrival: Arrival,
    ) -> Response<Body> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let operation = s3::operation(&method, request.uri(), request.headers());
        let refuse =
            |code: &str| s3::refusal(&refusal(code, operation, &Value::Null), &method, &path);
        let work = self.storage.serve(request, region);
        let meeting = Meeting {
            service: "s3",
            operation,
            arrival,
        };
        self.meet(meeting, refuse, work).await
    }

    /// Does the work unless the call meets a fault that is against it, and writes the call down.
    async fn meet(
        &self,
        meeting: Meeting<'_>,
        refuse: impl FnOnce(&str) -> Response<Body>,
        work: impl Future<Output = Response<Body>>,
    ) -> Response<Body> {
        let Meeting {
            service,
            operation,
            arrival: Arrival { head, line },
        } = meeting;
        let mut call = self.calls.begin((service, operation), &head);
        for effect in self.faults.meet(operation) {
            match effect {
                Effect::Delay(time) => sleep(time).await,
                Effect::Refuse(code) => {
                    let refused = refuse(&code);
                    call.answered(refused.status());
                    return refused;
                }
                Effect::Reset => {
                    line.cut();
                    return Response::new(Body::empty());
                }
                Effect::ResetAfter => {
                    work.await;
                    line.cut();
                    return Response::new(Body::empty());
                }
            }
        }
        let answer = work.await;
        call.answered(answer.status());
        answer
    }

    /// One call of a service that speaks in names and members.
    async fn control(&self, service: Service, name: &str, call: &Call) -> Result<Value, ApiError> {
        match service {
            Service::SageMaker => self.sagemaker(name, call).await,
            Service::Logs => self.logs.answer(name, call),
            Service::Metrics => self.metrics.answer(name, call),
            Service::Scaling => self.scaling.answer(name, call, &self.endpoints),
            Service::Ecr => self.registry.answer(name, call),
        }
    }

    /// One call of SageMaker's control plane. A new operation is one line here.
    async fn sagemaker(&self, name: &str, call: &Call) -> Result<Value, ApiError> {
        let (jobs, models, endpoints) = (&self.jobs, &self.models, &self.endpoints);
        match name {
            "CreateTrainingJob" => jobs.clone().create(call).await,
            "DescribeTrainingJob" => jobs.describe(call),
            "ListTrainingJobs" => jobs.list(call),
            "StopTrainingJob" => jobs.stop(call),
            "DeleteTrainingJob" => jobs.delete(call),
            "CreateModel" => models.create(call),
            "DescribeModel" => models.describe(call),
            "ListModels" => models.list(call),
            "DeleteModel" => models.delete(call),
            "CreateEndpointConfig" => endpoints.configs.create(call, models),
            "DescribeEndpointConfig" => endpoints.configs.describe(call),
            "ListEndpointConfigs" => endpoints.configs.list(call),
            "DeleteEndpointConfig" => endpoints.configs.delete(call),
            "CreateEndpoint" => endpoints.clone().create(call, models),
            "UpdateEndpoint" => {
                let next = endpoints.next(call, models)?;
                self.scaling.allows(&next)?;
                endpoints.clone().update(next)
            }
            "UpdateEndpointWeightsAndCapacities" => endpoints.clone().reshape(call),
            "DescribeEndpoint" => endpoints.describe(call),
            "ListEndpoints" => endpoints.list(call),
            "DeleteEndpoint" => {
                let name = endpoints.clone().delete(call)?;
                self.scaling.forget(&name);
                Ok(json!({}))
            }
            "AddTags" => tags::add(call, &|arn, change| self.tagged(arn, change)),
            "ListTags" => tags::list(call, &|arn, change| self.tagged(arn, change)),
            "DeleteTags" => tags::delete(call, &|arn, change| self.tagged(arn, change)),
            other => Err(unknown_operation(&format!("SageMaker.{other}"))),
        }
    }

    /// Shows the tags of a resource to `change`; none if there is no such resource.
    fn tagged(&self, arn: &str, change: &mut dyn FnMut(&mut Vec<Tag>)) -> Option<()> {
        self.jobs
            .tagged(arn, change)
            .or_else(|| self.models.tagged(arn, change))
            .or_else(|| self.endpoints.configs.tagged(arn, change))
            .or_else(|| self.endpoints.tagged(arn, change))
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
        let text = match parts.as_slice() {
            ["health"] => return self.health(),
            ["jobs", name, "log"] => match self.jobs.log(name) {
                Some(log) => Some(read_log(log).await),
                None => None,
            },
            ["endpoints", name, "log"] => self.endpoints.log(name).map(String::into_bytes),
            _ => None,
        };
        let Some(text) = text else {
            let mut response =
                plain_json(&json!({"message": format!("nothing is known at /_local/{path}")}));
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        };
        Response::new(Body::from(text))
    }
}

/// A log; a job that has just been accepted has no file yet.
async fn read_log(log: PathBuf) -> Vec<u8> {
    tokio::fs::read(log).await.unwrap_or_default()
}

/// The whole body of a control call.
async fn body(request: Request<Body>) -> Result<Bytes, ApiError> {
    let body = to_bytes(request.into_body(), LONGEST_CALL).await;
    body.map_err(|error| ApiError::new("RequestEntityTooLarge", error.to_string()))
}

/// The same answer in AWS JSON 1.0.
fn old(mut response: Response<Body>) -> Response<Body> {
    let kind = HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers_mut().insert("content-type", kind);
    response
}

/// How one call is read and answered.
struct Speech(Protocol);

impl Speech {
    /// The members of a request.
    fn read(&self, body: &Bytes) -> Result<Value, ApiError> {
        match self.0 {
            // CloudWatch's clients may send nothing when there is nothing to say.
            Protocol::Cbor if body.is_empty() => Ok(json!({})),
            Protocol::Cbor => cbor::decode(body),
            Protocol::Json | Protocol::OldJson => {
                serde_json::from_slice(body).map_err(|error| error.to_string())
            }
        }
        .map_err(|why| ApiError::new("SerializationException", why))
    }

    /// The answer that says yes.
    fn answer(&self, answer: &Value) -> Response<Body> {
        match self.0 {
            Protocol::Cbor => cbor::answer(StatusCode::OK, answer),
            Protocol::Json => success(answer),
            Protocol::OldJson => old(success(answer)),
        }
    }

    /// The answer that says no.
    fn refused(&self, error: ApiError) -> Response<Body> {
        match self.0 {
            Protocol::Cbor => cbor::refusal(&error),
            Protocol::Json => error.response(),
            Protocol::OldJson => {
                let mut response = old(error.clone().response());
                query::remember(&mut response, &error);
                response
            }
        }
    }
}
