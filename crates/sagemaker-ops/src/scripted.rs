//! A real HTTP server on 127.0.0.1 for tests. It returns scripted responses in order and records the
//! requests.
//!
//! The SDK's serialization, signing, retries and error parsing run against it.

mod cbor;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::net::TcpListener;

use crate::clients::Clients;

/// A scripted response.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// A recorded request.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The operation of a JSON or CBOR service, otherwise method, path and query.
    pub(crate) operation: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The remaining responses and the recorded requests.
#[derive(Debug, Default)]
struct Script {
    replies: VecDeque<Reply>,
    seen: Vec<Seen>,
}

pub(crate) struct Scripted {
    url: String,
    script: Arc<Mutex<Script>>,
}

/// A success response with this body.
pub(crate) fn ok(body: &str) -> Reply {
    Reply {
        status: 200,
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
    }
}

/// A success response of a CBOR service; `{"$time": seconds}` represents a timestamp.
pub(crate) fn cbor(value: &serde_json::Value) -> Reply {
    let reply = Reply {
        body: cbor::encode(value),
        ..ok("")
    };
    reply
        .header("smithy-protocol", "rpc-v2-cbor")
        .header("content-type", "application/cbor")
}

/// An error response of a JSON service.
pub(crate) fn rejection(code: &str, message: &str) -> Reply {
    let body = serde_json::json!({"__type": code, "message": message}).to_string();
    Reply {
        status: 400,
        ..ok(&body)
    }
}

impl Reply {
    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Scripted {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let script = Arc::new(Mutex::new(Script {
            replies: replies.into_iter().collect(),
            seen: Vec::new(),
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(reply)
            .with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, script }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Clients of this server without retries.
    pub(crate) fn clients(&self) -> Clients {
        Clients::of_server(&self.url, 1)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.script.lock().unwrap().seen.clone()
    }

    /// The operations of the recorded requests, in order.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.operation).collect()
    }

    /// The JSON body of the request with this index.
    pub(crate) fn json(&self, index: usize) -> serde_json::Value {
        serde_json::from_slice(&self.seen()[index].body).unwrap()
    }

    /// The CBOR body of the request with this index.
    pub(crate) fn cbor(&self, index: usize) -> serde_json::Value {
        cbor::decode(&self.seen()[index].body)
    }
}

async fn reply(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response<Body> {
    let target = request
        .headers()
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok());
    let named = target.and_then(|target| target.split_once('.'));
    let called = request.uri().path().split_once("/operation/");
    let operation = named.or(called).map_or_else(
        || format!("{} {}", request.method(), request.uri()),
        |(_, operation)| operation.to_owned(),
    );
    let headers = request.headers().clone();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut script = script.lock().unwrap();
    script.seen.push(Seen {
        operation,
        headers,
        body,
    });
    let reply = script
        .replies
        .pop_front()
        .unwrap_or_else(|| ok("the script has no more responses").status(501));
    let mut response = Response::builder().status(StatusCode::from_u16(reply.status).unwrap());
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap()
}
