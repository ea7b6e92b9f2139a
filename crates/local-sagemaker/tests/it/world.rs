use std::path::{Path, PathBuf};
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

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer, whole.
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

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let (parts, body) = self.0.request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

/// A server, its directory, and a client.
pub(crate) struct World {
    dir: TempDir,
    server: Option<Server>,
    http: Http,
}

pub(crate) type Headers<'a> = &'a [(&'a str, &'a str)];

impl World {
    pub(crate) async fn new() -> Self {
        let mut world = Self {
            dir: tempfile::tempdir().unwrap(),
            server: None,
            http: Http::new(),
        };
        world.start().await;
        world
    }

    /// With a bucket that holds one training file.
    pub(crate) async fn with_data() -> Self {
        let world = Self::new().await;
        world.ok(Method::PUT, "/bucket", &[], "").await;
        world
            .ok(
                Method::PUT,
                "/bucket/data/train/part-0.csv",
                &[],
                "a,b\n1,2\n",
            )
            .await;
        world
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub(crate) fn config(&self) -> Config {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/container.py");
        Config {
            program: Some(program),
            ..Config::new(self.state_dir())
        }
    }

    pub(crate) async fn start(&mut self) {
        self.server = Some(Server::start(self.config()).await.unwrap());
    }

    pub(crate) async fn stop(&mut self) {
        self.server.take().unwrap().stop().await;
    }

    pub(crate) fn url(&self) -> &str {
        self.server.as_ref().unwrap().url()
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: Headers<'_>,
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.http
            .send(request.body(Full::new(body.into())).unwrap())
            .await
    }

    /// A request that must succeed.
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

    /// A SageMaker call: HTTP status and body.
    pub(crate) async fn call(&self, operation: &str, body: Value) -> (u16, Value) {
        let target = format!("SageMaker.{operation}");
        let headers = [
            ("x-amz-target", target.as_str()),
            ("content-type", "application/x-amz-json-1.1"),
        ];
        let answer = self
            .send(Method::POST, "/", &headers, body.to_string())
            .await;
        (answer.status.as_u16(), answer.json())
    }

    /// A SageMaker call that must succeed.
    #[track_caller]
    pub(crate) fn done<'a>(
        &'a self,
        operation: &'a str,
        body: Value,
    ) -> impl Future<Output = Value> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let (status, answer) = self.call(operation, body).await;
            assert_eq!(status, 200, "{place}: {operation}: {answer}");
            answer
        }
    }

    /// The message of a SageMaker call that must be refused.
    pub(crate) async fn refused(&self, operation: &str, body: Value) -> String {
        let (status, answer) = self.call(operation, body).await;
        assert_eq!(
            (status, &answer["__type"]),
            (400, &json!("ValidationException")),
            "{operation}: {answer}"
        );
        answer["message"].as_str().unwrap().to_owned()
    }

    /// Starts a job whose program does as it is told.
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
        self.done("CreateTrainingJob", request).await;
    }

    pub(crate) async fn job(&self, name: &str) -> Value {
        self.done("DescribeTrainingJob", json!({"TrainingJobName": name}))
            .await
    }

    /// The job once its program runs and says that it waits.
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

    /// A model, its configuration and an endpoint, all of one name.
    pub(crate) async fn deploy(&self, name: &str, environment: Value) {
        self.configure(name, environment).await;
        self.done(
            "CreateEndpoint",
            json!({"EndpointName": name, "EndpointConfigName": name}),
        )
        .await;
    }

    /// A model of its own, and a configuration with one variant.
    pub(crate) async fn configure(&self, name: &str, environment: Value) {
        let container = json!({"Image": "x/fire-container", "Environment": environment});
        let role = "arn:aws:iam::691595239825:role/SageMakerExecutionRole";
        self.done(
            "CreateModel",
            json!({"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": role}),
        )
        .await;
        let variant = json!({"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"});
        self.done(
            "CreateEndpointConfig",
            json!({"EndpointConfigName": name, "ProductionVariants": [variant]}),
        )
        .await;
    }

    pub(crate) async fn endpoint(&self, name: &str) -> Value {
        self.done("DescribeEndpoint", json!({"EndpointName": name}))
            .await
    }

    /// The endpoint's description once nothing is being done to it.
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
        let deadline = Instant::now() + PATIENCE;
        while !condition().await {
            assert!(
                Instant::now() < deadline,
                "nothing has happened for {PATIENCE:?}"
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The member of an object that is a tar.gz.
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
