//! SageMaker inside your own test: the server in this process, with your container behind it, called over plain HTTP.
//!
//! `cargo run -p local-sagemaker --example in_process`
//!
//! `container.rs` is the container: it learns which words occur only in spam. The server runs this program with `train`
//! or `serve`, as SageMaker runs a container; without arguments, the program is the client. Most clients use an SDK
//! (boto3 or the aws CLI, with `AWS_ENDPOINT_URL`). This one uses none, to show the actual requests.
#![expect(clippy::print_stdout, reason = "an example is read in a terminal")]

mod container;

use std::error::Error;
use std::time::Duration;

use axum::http::{Method, Request};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use local_sagemaker::{Config, Server};
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Labelled mail.
const MAIL: &str = "spam\tcheap watches cheap pills\nspam\tyour prize is waiting claim cheap\n\
                    mail\tlunch is at twelve\nmail\tyour report is late claim it back\n";
/// Every image with this name runs [`Config::program`], whatever its registry.
const IMAGE: &str = "691595239825.dkr.ecr.us-east-1.amazonaws.com/fire-container:1";
const ROLE: &str = "arn:aws:iam::691595239825:role/SageMakerExecutionRole";

#[tokio::main]
async fn main() -> Outcome<()> {
    match std::env::args().nth(1).as_deref() {
        Some("train") => container::train(),
        Some("serve") => container::serve().await,
        _ => {
            let folder = tempfile::tempdir()?;
            let mut config = Config::new(folder.path());
            // In a test, the program under test: `env!("CARGO_BIN_EXE_...")`.
            config.program = Some(std::env::current_exe()?);
            let server = Server::start(config).await?;
            let outcome = train_and_deploy(server.url()).await;
            // Even after a failure, so that no process of the server is left behind.
            server.stop().await;
            outcome
        }
    }
}

/// Trains a model, deploys it and prints predictions.
async fn train_and_deploy(url: &str) -> Outcome<()> {
    println!("a server in this process at {url}");
    let model = train(url).await?;
    deploy(url, &model).await?;
    for mail in ["cheap prize", "lunch is late", ""] {
        let path = format!("{url}/endpoints/spam/invocations");
        let (status, answer) = send(Method::POST, &path, None, mail).await?;
        let answer: Value = serde_json::from_str(&answer)?;
        // An error response of the container becomes a `ModelError`, which includes its status and message.
        let shown = answer.get("OriginalMessage").unwrap_or(&answer);
        println!("{mail:?}: {status} {shown}");
    }
    Ok(())
}

/// Uploads the data to S3, trains a model on it, and returns the model's location.
async fn train(url: &str) -> Outcome<Value> {
    // Create a bucket and an object in it.
    for (path, content) in [("mails", ""), ("mails/train/mails.tsv", MAIL)] {
        let (status, text) = send(Method::PUT, &format!("{url}/{path}"), None, content).await?;
        if status != 200 {
            return Err(format!("{path}: {status} {text}").into());
        }
    }
    let source = json!({"S3DataType": "S3Prefix", "S3Uri": "s3://mails/train/"});
    let job = json!({
        "TrainingJobName": "words-1",
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "train:words", "Regex": "train:words=([0-9]+);"}]},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": "s3://mails/models/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    });
    call(url, "CreateTrainingJob", &job).await?;
    let mut job = settled(url, "TrainingJob", "words-1").await?;
    let (status, words) = (
        &job["TrainingJobStatus"],
        &job["FinalMetricDataList"][0]["Value"],
    );
    println!("job words-1: {status}, {words} words");
    Ok(job["ModelArtifacts"]["S3ModelArtifacts"].take())
}

/// Deploys the model to an endpoint and waits until it is in service.
async fn deploy(url: &str, model: &Value) -> Outcome<()> {
    let container = json!({"Image": IMAGE, "ModelDataUrl": model});
    let variant = json!({"VariantName": "AllTraffic", "ModelName": "spam",
        "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"});
    for (operation, request) in [
        (
            "CreateModel",
            json!({"ModelName": "spam", "PrimaryContainer": container, "ExecutionRoleArn": ROLE}),
        ),
        (
            "CreateEndpointConfig",
            json!({"EndpointConfigName": "spam", "ProductionVariants": [variant]}),
        ),
        (
            "CreateEndpoint",
            json!({"EndpointName": "spam", "EndpointConfigName": "spam"}),
        ),
    ] {
        call(url, operation, &request).await?;
    }
    let endpoint = settled(url, "Endpoint", "spam").await?;
    println!("endpoint spam: {}", endpoint["EndpointStatus"]);
    Ok(())
}

/// The description of a job or an endpoint once its status is final.
async fn settled(url: &str, kind: &str, name: &str) -> Outcome<Value> {
    loop {
        let request = json!({format!("{kind}Name"): name});
        let found = call(url, &format!("Describe{kind}"), &request).await?;
        let status = found[format!("{kind}Status")].as_str().unwrap_or_default();
        match status {
            "InProgress" | "Creating" => tokio::time::sleep(Duration::from_millis(50)).await,
            "Failed" => return Err(found["FailureReason"].to_string().into()),
            _ => return Ok(found),
        }
    }
}

/// Calls a SageMaker operation: its name is in a header, and request and response are JSON.
async fn call(url: &str, operation: &str, request: &Value) -> Outcome<Value> {
    let (status, text) = send(Method::POST, url, Some(operation), &request.to_string()).await?;
    if status != 200 {
        return Err(format!("{operation}: {status} {text}").into());
    }
    Ok(if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text)?
    })
}

async fn send(
    method: Method,
    url: &str,
    operation: Option<&str>,
    body: &str,
) -> Outcome<(u16, String)> {
    let mut request = Request::builder().method(method).uri(url);
    if let Some(operation) = operation {
        request = request
            .header("x-amz-target", format!("SageMaker.{operation}"))
            .header("content-type", "application/x-amz-json-1.1");
    }
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let answer = client
        .request(request.body(Full::from(body.to_owned()))?)
        .await?;
    let status = answer.status().as_u16();
    let bytes = answer.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}
