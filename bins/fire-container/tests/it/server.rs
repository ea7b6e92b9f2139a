//! A server on a free port, and a plain HTTP/1.1 client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::thread::JoinHandle;
use std::time::Duration;

use fire_container::serve::{Limits, Predictor, RequestLog, serve};
use sensor_model::episode::{EpisodeParams, EpisodeSource, Purpose};
use sensor_model::{FEATURE_COUNT, Feature};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::job::Job;

/// Far longer than any response takes; without it, a failing test would hang.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A running server; dropping it stops the server and waits for it.
pub(crate) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A parsed response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// A job with a trained logistic regression, the learner that fits fastest.
pub(crate) fn trained() -> Job {
    let job = Job::with_channels(&json!({ "algorithm": "logistic_regression" }));
    assert_eq!(job.train().code, 0);
    job
}

/// A job with a logistic regression trained on a few episodes in simulated rooms.
pub(crate) fn trained_on_rooms() -> Job {
    let job = Job::new(&json!({ "algorithm": "logistic_regression" }));
    let params = EpisodeParams::default().check().unwrap();
    let source = EpisodeSource::new(params, 11, Purpose::Training);
    for (channel, episodes) in [("train", 0..60), ("validation", 60..80)] {
        let generated = source.generate(episodes, NonZeroUsize::MIN).unwrap();
        job.channel(channel, "part-00000.parquet", &generated.rows);
    }
    let ended = job.train();
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    job
}

/// An error message written for 18 features, adapted to the current features.
pub(crate) fn for_current_features(message: &str) -> String {
    let last = Feature::ALL[FEATURE_COUNT - 1].name();
    let count = |words: &str| words.replace("18", &FEATURE_COUNT.to_string());
    message
        .replace(
            "has 18 values, from t_mean to gas_vel",
            &format!("has {FEATURE_COUNT} values, from t_mean to {last}"),
        )
        .replace("18 values per row", &count("18 values per row"))
        .replace("a list of 18 numbers", &count("a list of 18 numbers"))
}

pub(crate) fn predictor(job: &Job) -> Predictor {
    Predictor::load(&job.path("model")).unwrap()
}

impl Server {
    /// Serves a freshly trained model.
    pub(crate) fn start() -> Self {
        Self::of(predictor(&trained()))
    }

    pub(crate) fn of(predictor: Predictor) -> Self {
        Self::within(Limits::default(), predictor)
    }

    /// Serves with other limits than the defaults.
    pub(crate) fn within(limits: Limits, predictor: Predictor) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let stop = async { stopped.await.unwrap_or_default() };
                let served = serve(listener, predictor, limits, RequestLog::Problems, stop);
                served.await.unwrap();
            });
        });
        Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    /// Asserts that the server still responds.
    pub(crate) fn assert_alive(&self) {
        assert_eq!(self.request("GET /ping", &[], b"").status, 200);
    }

    /// Tells the server to stop, without waiting for it.
    pub(crate) fn stop(&mut self) {
        self.stop.take();
    }

    /// One request on a new connection.
    pub(crate) fn request(&self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        request(self.address, line, headers, body)
    }

    /// `POST /invocations` with a content type.
    pub(crate) fn invoke(&self, content_type: &str, body: &str) -> Response {
        self.request(
            "POST /invocations",
            &[("content-type", content_type)],
            body.as_bytes(),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

pub(crate) fn request(
    address: SocketAddr,
    line: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Response {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut head = format!("{line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.extend(["content-length: ", &body.len().to_string(), "\r\n\r\n"]);
    stream.write_all(head.as_bytes()).unwrap();
    // A server that rejects a long body may close before it has read all of it.
    let _ = stream.write_all(body);
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response);
    parse(&String::from_utf8(response).unwrap())
}

/// Reads until the server closes the connection; a reset fails the test.
pub(crate) fn rest(stream: &mut TcpStream) -> String {
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    String::from_utf8(response).unwrap()
}

/// Parses a response.
pub(crate) fn parse(response: &str) -> Response {
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let content_type = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-type")
            .then(|| value.to_owned())
    });
    let (head, body) = (head.to_ascii_lowercase(), body.to_owned());
    Response {
        status,
        head,
        content_type: content_type.unwrap_or_default(),
        body,
    }
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Asserts the probabilities of a JSON response, up to rounding.
    #[track_caller]
    pub(crate) fn assert_probabilities(&self, expected: &[f64]) {
        let json = self.json();
        let predictions = json["predictions"].as_array().unwrap();
        assert_eq!(predictions.len(), expected.len());
        for (i, (found, expected)) in predictions.iter().zip(expected).enumerate() {
            let found = found["fire_probability"].as_f64().unwrap();
            assert!(
                (found - expected).abs() < 1e-12,
                "row {i}: {found} is not {expected}"
            );
        }
    }
}
