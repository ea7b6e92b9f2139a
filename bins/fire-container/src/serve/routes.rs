//! The four paths of the endpoint.

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

use super::answer::{Answer, Ask, Detail};
use super::counters::{Counters, Gauges, Served};
use super::held::{Held, Memory};
use super::intake;
use super::limits::Limits;
use super::log::{Log, Requests};
use super::predictor::Predictor;
use super::refusal::Refusal;
use super::turn::Turns;

/// Bytes of a body from which a request is moved off the threads that serve connections: a ping must not wait behind
/// thousands of rows.
const LARGE: usize = 32 * 1024;

/// Named in refusals.
const KNOWN: &str = "this endpoint has GET /ping, POST /invocations, GET /metrics and \
                     GET /execution-parameters";

/// The request header whose word `members` asks for each member's own probability, and `explain` for explanations.
const CUSTOM_ATTRIBUTES: HeaderName = HeaderName::from_static("x-amzn-sagemaker-custom-attributes");
/// The caller's own name for a request, which SageMaker hands through.
const INFERENCE_ID: HeaderName = HeaderName::from_static("x-amzn-sagemaker-inference-id");
/// Under which name a request stands in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Bytes of a caller's own name that are taken.
const LONGEST_ID: usize = 128;

/// What all connections share.
pub(super) struct Endpoint {
    pub(super) predictor: Predictor,
    pub(super) limits: Limits,
    pub(super) counters: Counters,
    pub(super) log: Log,
    memory: Arc<Memory>,
    turns: Turns,
    /// The number of the next request, behind what tells this process from others.
    requests: AtomicU64,
    process: u32,
}

/// An answer's body, with its share of the memory until it is sent.
pub(super) struct Reply {
    body: Full<Bytes>,
    _held: Option<Held>,
}

/// An answer before it has headers.
struct Outcome {
    status: StatusCode,
    content_type: Option<&'static str>,
    body: Bytes,
    rows: usize,
    bytes_in: usize,
    refused: Option<Refusal>,
    held: Option<Held>,
}

impl Endpoint {
    pub(super) fn new(predictor: Predictor, limits: Limits, log: Log) -> Self {
        Self {
            predictor,
            counters: Counters::default(),
            log,
            memory: Memory::new(limits.held_bytes),
            turns: Turns::new(&limits),
            limits,
            requests: AtomicU64::new(0),
            process: std::process::id(),
        }
    }

    /// Answers a request, whatever it is.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        open: usize,
    ) -> Result<Response<Reply>, Infallible> {
        let started = Instant::now();
        let id = self.name(request.headers());
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let invocation = path == "/invocations";
        let outcome = match (path, &head.method) {
            ("/invocations", &Method::POST) => self.clone().invocation(&head.headers, body).await,
            ("/ping", &Method::GET | &Method::HEAD) => self.ping(),
            ("/metrics", &Method::GET | &Method::HEAD) => self.metrics(open),
            ("/execution-parameters", &Method::GET | &Method::HEAD) => self.execution_parameters(),
            ("/invocations" | "/ping" | "/metrics" | "/execution-parameters", method) => {
                let message = format!("{method} does not go with {path}; {KNOWN}");
                Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message).into()
            }
            _ => {
                let message = format!("there is no {path}; {KNOWN}");
                Refusal::new(StatusCode::NOT_FOUND, message).into()
            }
        };
        let took = started.elapsed();
        if invocation {
            self.counters.served(&Served {
                status: outcome.status.as_u16(),
                rows: outcome.rows,
                bytes_in: outcome.bytes_in,
                bytes_out: outcome.body.len(),
                took,
            });
        }
        if outcome.status != StatusCode::OK || self.log.requests == Requests::All {
            let message = outcome.refused.as_ref().map(Refusal::message);
            self.log.put(
                "request",
                json!({
                    "request": id.to_str().unwrap_or_default(), "method": head.method.as_str(),
                    "path": path, "status": outcome.status.as_u16(), "rows": outcome.rows,
                    "bytes_in": outcome.bytes_in, "bytes_out": outcome.body.len(),
                    "seconds": took.as_secs_f64(), "error": message,
                }),
            );
        }
        Ok(outcome.into_response(id))
    }

    /// The caller's name for the request, or one that no other request of this process has.
    pub(super) fn name(&self, headers: &HeaderMap) -> HeaderValue {
        let given = headers
            .get(INFERENCE_ID)
            .or_else(|| headers.get(REQUEST_ID))
            .filter(|name| name.len() <= LONGEST_ID && name.to_str().is_ok());
        given.cloned().unwrap_or_else(|| {
            let number = self.requests.fetch_add(1, Ordering::Relaxed);
            let name = format!("{:x}-{number:x}", self.process);
            HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("unnamed"))
        })
    }

    /// 200 if the model can predict: it is asked.
    fn ping(&self) -> Outcome {
        if self.predictor.can_predict() {
            Outcome::ok(None, Bytes::new())
        } else {
            Refusal::defect().into()
        }
    }

    fn metrics(&self, open: usize) -> Outcome {
        let text = self.counters.render(&Gauges {
            open_connections: open,
            held_bytes: self.memory.used(),
            members: self.predictor.artifact().members.len(),
        });
        Outcome::ok(Some("text/plain; version=0.0.4"), text.into())
    }

    /// What a batch transform may ask of this container.
    fn execution_parameters(&self) -> Outcome {
        let parameters = json!({
            "MaxConcurrentTransforms": self.limits.workers + self.limits.waiting,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": 6.min(self.limits.body_bytes >> 20),
        });
        Outcome::ok(Some("application/json"), parameters.to_string().into())
    }

    /// Rows in, predictions out. Headers that are not known are passed over: SageMaker adds its own.
    async fn invocation(self: Arc<Self>, headers: &HeaderMap, body: Incoming) -> Outcome {
        let mut held = self.memory.hold();
        let taken = match self.expected(headers) {
            Ok(()) => intake::take_in(body, &self.limits, &mut held).await,
            Err(refusal) => Err(refusal),
        };
        let body = match taken {
            Ok(body) => body,
            Err(refusal) => return refusal.into(),
        };
        let bytes_in = body.len();
        let answered = if bytes_in < LARGE {
            match self.predictor.read(ask(headers), &body, &self.limits) {
                Ok(question) if question.is_explained() => {
                    self.answer_apart(move |this| this.predictor.answer(&question))
                        .await
                }
                Ok(question) => self.predictor.answer(&question),
                Err(refusal) => Err(refusal),
            }
        } else {
            let headers = headers.clone();
            self.answer_apart(move |this| {
                this.predictor.respond(ask(&headers), &body, &this.limits)
            })
            .await
        };
        match answered {
            Ok(Answer {
                content_type,
                body,
                rows,
            }) => {
                held.exchange(body.len());
                Outcome {
                    rows,
                    bytes_in,
                    held: Some(held),
                    ..Outcome::ok(Some(content_type), body.into())
                }
            }
            Err(refusal) => Outcome {
                bytes_in,
                ..refusal.into()
            },
        }
    }

    /// Refuses a body whose announced length is too long, unless it is on its way already.
    fn expected(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let waits = headers.contains_key(EXPECT);
        let length = headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        match length {
            Some(length) if waits && length > self.limits.body_bytes as u64 => {
                Err(intake::too_long(self.limits.body_bytes).closing())
            }
            _ => Ok(()),
        }
    }

    /// Does long work when its turn comes, off the threads that serve connections.
    async fn answer_apart(
        self: Arc<Self>,
        work: impl FnOnce(&Self) -> Result<Answer, Refusal> + Send + 'static,
    ) -> Result<Answer, Refusal> {
        let turn = self.turns.take().await?;
        let work = move || {
            let answer = work(&self);
            drop(turn);
            answer
        };
        let answered = tokio::task::spawn_blocking(work).await;
        answered.unwrap_or_else(|_| Err(Refusal::defect()))
    }
}

/// What the headers say of the rows and of the answer.
fn ask(headers: &HeaderMap) -> Ask<'_> {
    let header = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let asks = |word| header(CUSTOM_ATTRIBUTES).is_some_and(|text| text.contains(word));
    Ask {
        content_type: header(CONTENT_TYPE),
        accept: header(ACCEPT),
        detail: Detail {
            members: asks("members"),
            explanation: asks("explain"),
        },
    }
}

impl Outcome {
    fn ok(content_type: Option<&'static str>, body: Bytes) -> Self {
        Self {
            status: StatusCode::OK,
            content_type,
            body,
            rows: 0,
            bytes_in: 0,
            refused: None,
            held: None,
        }
    }

    fn into_response(self, id: HeaderValue) -> Response<Reply> {
        let mut response = Response::new(Reply {
            body: Full::new(self.body),
            _held: self.held,
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
        if self.refused.is_some_and(|refusal| refusal.closes()) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        let body = refusal.body().into();
        Self {
            status: refusal.status(),
            refused: Some(refusal),
            ..Self::ok(Some("application/json"), body)
        }
    }
}

impl Body for Reply {
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
