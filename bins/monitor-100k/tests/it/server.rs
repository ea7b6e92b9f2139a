//! A fake server for training jobs and endpoints, each going through scripted states.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The log of an endpoint's container.
const SERVING: &str = "loading\nGET /ping 503\nno model here\n";

/// The name of a job or endpoint, and its states: one per describe call, the last one repeated.
type Life = (String, Vec<Value>);

#[derive(Default)]
struct Jobs {
    lives: Vec<Life>,
    described: HashMap<String, usize>,
    stopped: Vec<String>,
    logs_are_denied: bool,
}

pub(crate) struct Server {
    state_dir: tempfile::TempDir,
    jobs: Arc<Mutex<Jobs>>,
}

impl Server {
    /// Serves these jobs, oldest first, and writes the file by which clients find the server.
    pub(crate) async fn start<'a>(lives: impl IntoIterator<Item = (&'a str, Vec<Value>)>) -> Self {
        let lives = lives
            .into_iter()
            .map(|(name, life)| (name.to_owned(), life))
            .collect();
        let jobs = Arc::new(Mutex::new(Jobs {
            lives,
            ..Jobs::default()
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (pid, build_id) = (std::process::id(), "scripted");
        let health = json!({"pid": pid, "build_id": build_id, "idle": false}).to_string();
        let log = (1..=50)
            .map(|line| format!("line {line}"))
            .collect::<Vec<_>>()
            .join("\n");
        let router = Router::new()
            .route("/_local/health", get(async || health))
            .route("/_local/jobs/{name}/log", get(async || log))
            .route("/_local/endpoints/{name}/log", get(async || SERVING))
            .fallback(respond)
            .with_state(Arc::clone(&jobs));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let state_dir = tempfile::tempdir().unwrap();
        let server_file = json!({
            "pid": pid, "port": address.port(), "url": format!("http://{address}"),
            "build_id": build_id, "started": 0,
        });
        std::fs::write(
            state_dir.path().join("server.json"),
            server_file.to_string(),
        )
        .unwrap();
        Self { state_dir, jobs }
    }

    pub(crate) fn state_dir(&self) -> &Path {
        self.state_dir.path()
    }

    /// From now on, denies access to `CloudWatch` logs.
    pub(crate) fn deny_logs(&self) {
        self.jobs.lock().unwrap().logs_are_denied = true;
    }

    /// The jobs that were asked to stop.
    pub(crate) fn stopped(&self) -> Vec<String> {
        self.jobs.lock().unwrap().stopped.clone()
    }

    /// How often the job or endpoint was described.
    pub(crate) fn described(&self, job: &str) -> usize {
        self.jobs
            .lock()
            .unwrap()
            .described
            .get(job)
            .copied()
            .unwrap_or_default()
    }
}

async fn respond(State(jobs): State<Arc<Mutex<Jobs>>>, request: Request) -> (StatusCode, String) {
    let target = request.headers().get("x-amz-target").cloned();
    let body: Bytes = to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let input: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut jobs = jobs.lock().unwrap();
    match target.as_ref().and_then(|target| target.to_str().ok()) {
        Some("SageMaker.DescribeTrainingJob") => describe(&mut jobs, &input["TrainingJobName"]),
        Some("SageMaker.ListTrainingJobs") => list(&jobs, &input["NameContains"]),
        Some("SageMaker.StopTrainingJob") => stop(&mut jobs, &input["TrainingJobName"]),
        Some("SageMaker.DescribeEndpoint") => describe(&mut jobs, &input["EndpointName"]),
        Some("Logs_20140328.DescribeLogStreams") if jobs.logs_are_denied => {
            let error = json!({"__type": "AccessDeniedException", "message": "not authorized"});
            (StatusCode::BAD_REQUEST, error.to_string())
        }
        other => (StatusCode::NOT_IMPLEMENTED, format!("{other:?}")),
    }
}

fn describe(jobs: &mut Jobs, name: &Value) -> (StatusCode, String) {
    let name = name.as_str().unwrap_or_default().to_owned();
    let times = jobs.described.entry(name.clone()).or_default();
    let Some((_, life)) = jobs.lives.iter().find(|(known, _)| *known == name) else {
        let error = json!({
            "__type": "ValidationException", "message": "Requested resource not found.",
        });
        return (StatusCode::BAD_REQUEST, error.to_string());
    };
    let state = life
        .get(*times)
        .or(life.last())
        .cloned()
        .unwrap_or_default();
    *times += 1;
    if let Some(code) = state.as_str() {
        let error = json!({"__type": code, "message": "try again"});
        return (StatusCode::BAD_REQUEST, error.to_string());
    }
    (StatusCode::OK, state.to_string())
}

fn stop(jobs: &mut Jobs, name: &Value) -> (StatusCode, String) {
    let name = name.as_str().unwrap_or_default().to_owned();
    jobs.stopped.push(name);
    (StatusCode::OK, "{}".to_owned())
}

fn list(jobs: &Jobs, filter: &Value) -> (StatusCode, String) {
    let filter = filter.as_str().unwrap_or_default();
    let named = jobs
        .lives
        .iter()
        .rev()
        .filter(|(name, _)| name.contains(filter));
    let jobs: Vec<Value> = named
        .map(|(name, _)| {
            json!({
                "TrainingJobName": name, "TrainingJobStatus": "Completed", "CreationTime": 1000.0,
            })
        })
        .collect();
    (
        StatusCode::OK,
        json!({"TrainingJobSummaries": jobs}).to_string(),
    )
}
