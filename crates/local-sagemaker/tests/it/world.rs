use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::http::{HeaderMap, Method, Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use local_sagemaker::{Config, Server};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// Far longer than any step of a test takes.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A complete response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

/// Sends requests to any address.
#[derive(Clone)]
pub(crate) struct Http(Client<HttpConnector, Full<Bytes>>);

impl Http {
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// `None` if the connection broke.
    pub(crate) async fn try_send(&self, request: Request<Full<Bytes>>) -> Option<Answer> {
        let (parts, body) = self.0.request(request).await.ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        })
    }
}

/// A server with its directory and a client.
pub(crate) struct World {
    dir: TempDir,
    /// The configuration of all servers on the directory.
    pub(crate) config: Config,
    server: Option<Host>,
    http: Http,
}

/// Where a server runs.
enum Host {
    /// In this process.
    InProcess(Option<Server>),
    /// In a separate process, which can be killed.
    OwnProcess(Child, String),
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Self::OwnProcess(child, _) = self {
            // SIGTERM, so that its programs stop too. After `kill`, it has already exited.
            let pid = nix::unistd::Pid::from_raw(child.id() as i32);
            if child.try_wait().is_ok_and(|ended| ended.is_none()) {
                let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
            }
            let _ = child.wait();
        }
    }
}

pub(crate) type Headers<'a> = &'a [(&'a str, &'a str)];

impl World {
    pub(crate) async fn new() -> Self {
        Self::with_config(|_| ()).await
    }

    /// A server with these faults, and a bucket that holds one training file.
    pub(crate) async fn with_faults(faults: &[&str]) -> Self {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        let world = Self::with_config(|config| config.faults = faults).await;
        world.add_data().await;
        world
    }

    /// A server with a changed configuration.
    pub(crate) async fn with_config(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/container.py");
        let mut config = Config {
            program: Some(program),
            ..Config::new(dir.path().join("state"))
        };
        change(&mut config);
        let mut world = Self {
            dir,
            config,
            server: None,
            http: Http::new(),
        };
        world.start().await;
        world
    }

    /// A server with a bucket that holds one training file.
    pub(crate) async fn with_data() -> Self {
        let world = Self::new().await;
        world.add_data().await;
        world
    }

    /// Creates a bucket that holds one training file.
    async fn add_data(&self) {
        self.ok(Method::PUT, "/bucket", &[], "").await;
        let (path, text) = ("/bucket/data/train/part-0.csv", "a,b\n1,2\n");
        self.ok(Method::PUT, path, &[], text).await;
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub(crate) fn config(&self) -> Config {
        self.config.clone()
    }

    pub(crate) async fn start(&mut self) {
        let server = Server::start(self.config()).await.unwrap();
        self.server = Some(Host::InProcess(Some(server)));
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(Host::InProcess(server)) = &mut self.server {
            server.take().unwrap().stop().await;
        }
        self.server = None;
    }

    /// Starts the server in a separate process, with the same program behind it.
    pub(crate) async fn start_process(&mut self) {
        let programs = self.dir.path().join("bin");
        std::fs::create_dir_all(&programs).unwrap();
        let _ = std::os::unix::fs::symlink(
            self.config.program.as_ref().unwrap(),
            programs.join("fire-container"),
        );
        let mut command = Command::new(env!("CARGO_BIN_EXE_local-sagemaker"));
        command
            .arg("--state-dir")
            .arg(self.state_dir())
            .env("FIRE_BIN_DIR", programs)
            .env("FIRE_FAULTS", self.config.faults.join(";"))
            .stdout(Stdio::piped());
        // Stderr is inherited, to show why a server does not start.
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let line = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).map(|_| line)
        });
        let line = line.await.unwrap().unwrap();
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        self.server = Some(Host::OwnProcess(child, url));
    }

    /// Sends SIGKILL to a server in a separate process.
    pub(crate) fn kill(&mut self) {
        if let Some(Host::OwnProcess(child, _)) = &mut self.server {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        self.server = None;
    }

    /// Number of the server's child processes, identified by the state directory in their environment.
    pub(crate) fn processes(&self) -> usize {
        let state_dir = self.state_dir().display().to_string();
        let environments = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| std::fs::read(entry.ok()?.path().join("environ")).ok());
        environments
            .filter(|environment| {
                let text = String::from_utf8_lossy(environment);
                text.contains("FIRE_OPT_ML=") && text.contains(&state_dir)
            })
            .count()
    }

    pub(crate) fn url(&self) -> &str {
        match self.server.as_ref().unwrap() {
            Host::InProcess(server) => server.as_ref().unwrap().url(),
            Host::OwnProcess(_, url) => url,
        }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: Headers<'_>,
        body: impl Into<Bytes>,
    ) -> Answer {
        let sent = self.try_send(method, path, headers, body).await;
        sent.unwrap_or_else(|| panic!("the connection broke: {path}"))
    }

    /// `None` if the connection broke.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: Headers<'_>,
        body: impl Into<Bytes>,
    ) -> Option<Answer> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        self.http.try_send(request).await
    }

    /// Sends a request that must succeed.
    #[track_caller]
    pub(crate) fn ok<'a>(
        &'a self,
        method: Method,
        path: &'a str,
        headers: Headers<'a>,
        body: impl Into<Bytes> + 'a,
    ) -> impl Future<Output = Answer> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let answer = self.send(method, path, headers, body).await;
            assert!(
                answer.status.is_success(),
                "{place}: {path}: {} {}",
                answer.status,
                answer.text()
            );
            answer
        }
    }

    /// Makes a SageMaker call; returns the HTTP status and the body.
    pub(crate) async fn call(&self, operation: &str, body: Value) -> (u16, Value) {
        self.json(&format!("SageMaker.{operation}"), body).await
    }

    /// Makes a call to any JSON service; returns the HTTP status and the body.
    pub(crate) async fn json(&self, target: &str, body: Value) -> (u16, Value) {
        let headers = [
            ("x-amz-target", target),
            ("content-type", "application/x-amz-json-1.1"),
        ];
        let answer = self
            .send(Method::POST, "/", &headers, body.to_string())
            .await;
        (answer.status.as_u16(), answer.json())
    }

    /// Makes a SageMaker call that must succeed.
    #[track_caller]
    pub(crate) fn sagemaker<'a>(
        &'a self,
        operation: &'a str,
        body: Value,
    ) -> impl Future<Output = Value> + 'a {
        self.succeed("SageMaker", operation, body)
    }

    /// Makes a call to any JSON service that must succeed.
    #[track_caller]
    pub(crate) fn succeed<'a>(
        &'a self,
        service: &'a str,
        operation: &'a str,
        body: Value,
    ) -> impl Future<Output = Value> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let (status, answer) = self.json(&format!("{service}.{operation}"), body).await;
            assert_eq!(status, 200, "{place}: {operation}: {answer}");
            answer
        }
    }

    /// The message of a SageMaker call that must be rejected.
    pub(crate) async fn error_message(&self, operation: &str, body: Value) -> String {
        let (status, answer) = self.call(operation, body).await;
        assert_eq!(
            (status, &answer["__type"]),
            (400, &json!("ValidationException")),
            "{operation}: {answer}"
        );
        answer["message"].as_str().unwrap().to_owned()
    }

    /// Starts a job whose program is controlled by its hyperparameters.
    pub(crate) async fn train(&self, name: &str, hyperparameters: Value, changes: Value) {
        let mut request = json!({
            "TrainingJobName": name,
            "RoleArn": "arn:aws:iam::691595239825:role/SageMakerExecutionRole",
            "AlgorithmSpecification": {
                "TrainingImage": "691595239825.dkr.ecr.us-east-1.amazonaws.com/fire-container:1",
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "validation:auc", "Regex": "validation:auc=([0-9.]+);"}],
            },
            "HyperParameters": hyperparameters,
            "InputDataConfig": [{"ChannelName": "train", "ContentType": "text/csv",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data/train"}}}],
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/models/"},
            "ResourceConfig": {"InstanceType": "ml.m5.4xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        });
        for (member, value) in changes.as_object().unwrap() {
            request[member] = value.clone();
        }
        self.sagemaker("CreateTrainingJob", request).await;
    }

    pub(crate) async fn job(&self, name: &str) -> Value {
        self.sagemaker("DescribeTrainingJob", json!({"TrainingJobName": name}))
            .await
    }

    /// Waits until the job's program prints that it is waiting.
    pub(crate) async fn waiting_job(&self, name: &str) {
        let path = format!("/_local/jobs/{name}/log");
        self.until(async || {
            self.send(Method::GET, &path, &[], "")
                .await
                .text()
                .contains("waiting")
        })
        .await;
    }

    /// The job's description once it has ended.
    pub(crate) async fn ended_job(&self, name: &str) -> Value {
        self.until(async || {
            !["InProgress", "Stopping"]
                .contains(&self.job(name).await["TrainingJobStatus"].as_str().unwrap())
        })
        .await;
        self.job(name).await
    }

    /// Creates a model, a configuration and an endpoint, all with the same name.
    pub(crate) async fn deploy(&self, name: &str, environment: Value) {
        self.configure(name, environment).await;
        self.sagemaker(
            "CreateEndpoint",
            json!({"EndpointName": name, "EndpointConfigName": name}),
        )
        .await;
    }

    /// Creates a model, and a configuration with one variant.
    pub(crate) async fn configure(&self, name: &str, environment: Value) {
        let container = json!({"Image": "x/fire-container", "Environment": environment});
        let role = "arn:aws:iam::691595239825:role/SageMakerExecutionRole";
        self.sagemaker(
            "CreateModel",
            json!({"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": role}),
        )
        .await;
        let variant = json!({"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"});
        self.sagemaker(
            "CreateEndpointConfig",
            json!({"EndpointConfigName": name, "ProductionVariants": [variant]}),
        )
        .await;
    }

    /// Deploys an endpoint with variants given as (name, weight, instances).
    pub(crate) async fn deploy_variants(&self, name: &str, variants: &[(&str, f64, usize)]) {
        self.configure_variants(name, variants, json!({})).await;
        let request = json!({"EndpointName": name, "EndpointConfigName": name});
        self.sagemaker("CreateEndpoint", request).await;
        let endpoint = self.settled_endpoint(name).await;
        assert_eq!(endpoint["EndpointStatus"], "InService", "{endpoint}");
    }

    /// Creates a model, and a configuration with these variants and further members.
    pub(crate) async fn configure_variants(
        &self,
        name: &str,
        variants: &[(&str, f64, usize)],
        more: Value,
    ) {
        let container = json!({"Image": "x/fire-container"});
        self.sagemaker(
            "CreateModel",
            json!({"ModelName": name, "PrimaryContainer": container}),
        )
        .await;
        let variant = |(variant, weight, instances): &(&str, f64, usize)| {
            json!({"VariantName": variant, "ModelName": name, "InitialVariantWeight": weight,
                "InitialInstanceCount": instances, "InstanceType": "ml.m5.large"})
        };
        let variants: Value = variants.iter().map(variant).collect();
        let mut request = json!({"EndpointConfigName": name, "ProductionVariants": variants});
        for (member, value) in more.as_object().unwrap() {
            request[member] = value.clone();
        }
        self.sagemaker("CreateEndpointConfig", request).await;
    }

    /// The ids of the processes that answer this many requests.
    pub(crate) async fn pids(
        &self,
        name: &str,
        requests: usize,
    ) -> std::collections::BTreeSet<i64> {
        let mut pids = std::collections::BTreeSet::new();
        for _ in 0..requests {
            pids.insert(
                self.invoke(name, &[], "1").await.json()["pid"]
                    .as_i64()
                    .unwrap(),
            );
        }
        pids
    }

    pub(crate) async fn endpoint(&self, name: &str) -> Value {
        self.sagemaker("DescribeEndpoint", json!({"EndpointName": name}))
            .await
    }

    /// The endpoint's description once it is no longer being changed.
    pub(crate) async fn settled_endpoint(&self, name: &str) -> Value {
        let busy = ["Creating", "Updating", "Deleting"];
        self.until(async || {
            !busy.contains(
                &self.endpoint(name).await["EndpointStatus"]
                    .as_str()
                    .unwrap(),
            )
        })
        .await;
        self.endpoint(name).await
    }

    pub(crate) async fn invoke(
        &self,
        name: &str,
        headers: Headers<'_>,
        body: &'static str,
    ) -> Answer {
        self.send(
            Method::POST,
            &format!("/endpoints/{name}/invocations"),
            headers,
            body,
        )
        .await
    }

    /// Waits until `condition` holds.
    pub(crate) async fn until(&self, mut condition: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + TIMEOUT;
        while !condition().await {
            assert!(
                Instant::now() < deadline,
                "the condition did not hold within {TIMEOUT:?}"
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The text of one member of a stored tar.gz archive.
    pub(crate) async fn member(&self, path: &str, member: &str) -> String {
        use std::io::Read;
        let body = self.ok(Method::GET, path, &[], "").await.body;
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(body.as_ref()));
        let entries = archive.entries().unwrap().map(Result::unwrap);
        let mut found = entries
            .into_iter()
            .find(|entry| entry.path().unwrap() == Path::new(member))
            .unwrap();
        let mut text = String::new();
        found.read_to_string(&mut text).unwrap();
        text
    }
}
