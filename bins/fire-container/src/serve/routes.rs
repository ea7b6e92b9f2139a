//! The four paths of the endpoint and their handlers.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{
    ACCEPT, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderName, HeaderValue, RETRY_AFTER,
};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::json;

use super::admission::{MemoryBudget, MemoryPermit, WorkQueue};
use super::body;
use super::inference::{Detail, InferenceResponse, RequestOptions};
use super::limits::Limits;
use super::log::{Log, RequestLog};
use super::metrics::{Gauges, Invocation, Metrics};
use super::predictor::Predictor;
use super::rejection::Rejection;

/// Requests with bodies of this many bytes or more are processed off the connection threads: a ping must never wait
/// behind thousands of rows. Smaller ones are processed in place, which is faster than a handover.
const LARGE: usize = 32 * 1024;

/// Listed in rejections.
const PATHS: &str = "this endpoint has GET /ping, POST /invocations, GET /metrics and \
                     GET /execution-parameters";

/// The header in which `members` requests each member's probability and `explain` requests explanations.
const CUSTOM_ATTRIBUTES: HeaderName = HeaderName::from_static("x-amzn-sagemaker-custom-attributes");
/// The caller's request ID, which SageMaker forwards.
const INFERENCE_ID: HeaderName = HeaderName::from_static("x-amzn-sagemaker-inference-id");
/// The request ID, as logged.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A caller's ID longer than this, in bytes, is ignored.
const LONGEST_ID: usize = 128;

/// State shared by all connections.
pub(super) struct Endpoint {
    pub(super) predictor: Predictor,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    pub(super) log: Log,
    memory: Arc<MemoryBudget>,
    queue: WorkQueue,
    /// The number of the next request. Generated IDs also contain the process ID, which differs between replicas.
    next_request: AtomicU64,
    process: u32,
}

/// A response body that counts as memory in use until it is sent.
pub(super) struct CountedBody {
    body: Full<Bytes>,
    _memory: Option<MemoryPermit>,
}

/// A response without its headers.
struct Reply {
    status: StatusCode,
    content_type: Option<&'static str>,
    body: Bytes,
    rows: usize,
    bytes_in: usize,
    rejection: Option<Rejection>,
    memory: Option<MemoryPermit>,
}

impl Endpoint {
    pub(super) fn new(predictor: Predictor, limits: Limits, log: Log) -> Self {
        Self {
            predictor,
            metrics: Metrics::default(),
            log,
            memory: MemoryBudget::new(limits.memory_bytes),
            queue: WorkQueue::new(&limits),
            limits,
            next_request: AtomicU64::new(0),
            process: std::process::id(),
        }
    }

    /// Responds to any request; `open` is the number of open connections.
    pub(super) async fn respond(
        self: Arc<Self>,
        request: Request<Incoming>,
        open: usize,
    ) -> Result<Response<CountedBody>, Infallible> {
        let started = Instant::now();
        let id = self.request_id(request.headers());
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let is_invocation = path == "/invocations";
        let reply = match (path, &head.method) {
            ("/invocations", &Method::POST) => self.clone().invocation(&head.headers, body).await,
            ("/ping", &Method::GET | &Method::HEAD) => self.ping(),
            ("/metrics", &Method::GET | &Method::HEAD) => self.metrics(open),
            ("/execution-parameters", &Method::GET | &Method::HEAD) => self.execution_parameters(),
            ("/invocations" | "/ping" | "/metrics" | "/execution-parameters", method) => {
                let message = format!("{path} does not accept {method}; {PATHS}");
                Rejection::new(StatusCode::METHOD_NOT_ALLOWED, message).into()
            }
            _ => {
                let message = format!("unknown path {path}; {PATHS}");
                Rejection::new(StatusCode::NOT_FOUND, message).into()
            }
        };
        let duration = started.elapsed();
        if is_invocation {
            self.metrics.record(&Invocation {
                status: reply.status.as_u16(),
                rows: reply.rows,
                bytes_in: reply.bytes_in,
                bytes_out: reply.body.len(),
                duration,
            });
        }
        if reply.status != StatusCode::OK || self.log.requests == RequestLog::All {
            let message = reply.rejection.as_ref().map(Rejection::message);
            self.log.put(
                "request",
                json!({
                    "request": id.to_str().unwrap_or_default(), "method": head.method.as_str(),
                    "path": path, "status": reply.status.as_u16(), "rows": reply.rows,
                    "bytes_in": reply.bytes_in, "bytes_out": reply.body.len(),
                    "seconds": duration.as_secs_f64(), "error": message,
                }),
            );
        }
        Ok(reply.into_response(id))
    }

    /// The caller's request ID, or a generated one that is unique in this process.
    pub(super) fn request_id(&self, headers: &HeaderMap) -> HeaderValue {
        let given = headers
            .get(INFERENCE_ID)
            .or_else(|| headers.get(REQUEST_ID))
            .filter(|id| id.len() <= LONGEST_ID && id.to_str().is_ok());
        given.cloned().unwrap_or_else(|| {
            let number = self.next_request.fetch_add(1, Ordering::Relaxed);
            let id = format!("{:x}-{number:x}", self.process);
            HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("unnamed"))
        })
    }

    /// 200 if the model still gives the prediction it gave when it was loaded.
    fn ping(&self) -> Reply {
        if self.predictor.can_predict() {
            Reply::ok(None, Bytes::new())
        } else {
            Rejection::defect().into()
        }
    }

    fn metrics(&self, open: usize) -> Reply {
        let text = self.metrics.render(&Gauges {
            open_connections: open,
            memory_bytes: self.memory.used(),
            members: self.predictor.artifact().members.len(),
        });
        Reply::ok(Some("text/plain; version=0.0.4"), text.into())
    }

    /// The request settings that a batch transform should use.
    fn execution_parameters(&self) -> Reply {
        let parameters = json!({
            "MaxConcurrentTransforms": self.limits.workers + self.limits.queue,
            "BatchStrategy": "MULTI_RECORD",
            // 6 MB is SageMaker's own default.
            "MaxPayloadInMB": 6.min(self.limits.body_bytes >> 20),
        });
        Reply::ok(Some("application/json"), parameters.to_string().into())
    }

    /// Rows in, predictions out. Unknown headers are ignored, because SageMaker adds its own.
    async fn invocation(self: Arc<Self>, headers: &HeaderMap, body: Incoming) -> Reply {
        let mut memory = self.memory.permit();
        let body = match self.check_announced_length(headers) {
            Ok(()) => body::read(body, &self.limits, &mut memory).await,
            Err(rejection) => Err(rejection),
        };
        let body = match body {
            Ok(body) => body,
            Err(rejection) => return rejection.into(),
        };
        let bytes_in = body.len();
        let response = if bytes_in < LARGE {
            match self.predictor.parse(options(headers), &body, &self.limits) {
                // One explained row takes as long as a hundred others, so it is queued whatever the size of its body.
                Ok(request) if request.is_explained() => {
                    self.enqueue(move |this| this.predictor.predict(&request))
                        .await
                }
                Ok(request) => self.predictor.predict(&request),
                Err(rejection) => Err(rejection),
            }
        } else {
            let headers = headers.clone();
            self.enqueue(move |this| {
                let options = options(&headers);
                this.predictor.respond(options, &body, &this.limits)
            })
            .await
        };
        match response {
            Ok(response) => {
                memory.replace(response.body.len());
                Reply {
                    rows: response.rows,
                    bytes_in,
                    memory: Some(memory),
                    ..Reply::ok(Some(response.content_type), response.body.into())
                }
            }
            Err(rejection) => Reply {
                bytes_in,
                ..rejection.into()
            },
        }
    }

    /// 413 if the announced body is too long and the client waits before sending it (`Expect: 100-continue`). Any other
    /// body must be read, or the connection would be reset before the client sees the response.
    fn check_announced_length(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        let waits = headers.contains_key(EXPECT);
        let length = headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        match length {
            Some(length) if waits && length > self.limits.body_bytes as u64 => {
                Err(body::too_long(self.limits.body_bytes).closing())
            }
            _ => Ok(()),
        }
    }

    /// Queues expensive work and runs it off the connection threads.
    async fn enqueue(
        self: Arc<Self>,
        work: impl FnOnce(&Self) -> Result<InferenceResponse, Rejection> + Send + 'static,
    ) -> Result<InferenceResponse, Rejection> {
        let permit = self.queue.acquire().await?;
        let work = move || {
            let response = work(&self);
            // Held by the task, not by this future, because a client that disconnects does not stop a blocking task.
            drop(permit);
            response
        };
        let response = tokio::task::spawn_blocking(work).await;
        response.unwrap_or_else(|_| Err(Rejection::defect()))
    }
}

/// The options in the headers.
fn options(headers: &HeaderMap) -> RequestOptions<'_> {
    let header = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    // Other software may add attributes of its own, so the words are searched for, in any format.
    let requests = |word| header(CUSTOM_ATTRIBUTES).is_some_and(|text| text.contains(word));
    RequestOptions {
        content_type: header(CONTENT_TYPE),
        accept: header(ACCEPT),
        detail: Detail {
            members: requests("members"),
            explanation: requests("explain"),
        },
    }
}

impl Reply {
    fn ok(content_type: Option<&'static str>, body: Bytes) -> Self {
        Self {
            status: StatusCode::OK,
            content_type,
            body,
            rows: 0,
            bytes_in: 0,
            rejection: None,
            memory: None,
        }
    }

    fn into_response(self, id: HeaderValue) -> Response<CountedBody> {
        let mut response = Response::new(CountedBody {
            body: Full::new(self.body),
            _memory: self.memory,
        });
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, id);
        if let Some(content_type) = self.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self.rejection.is_some_and(|rejection| rejection.closes()) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl From<Rejection> for Reply {
    fn from(rejection: Rejection) -> Self {
        let body = rejection.body().into();
        Self {
            status: rejection.status(),
            rejection: Some(rejection),
            ..Self::ok(Some("application/json"), body)
        }
    }
}

impl Body for CountedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
