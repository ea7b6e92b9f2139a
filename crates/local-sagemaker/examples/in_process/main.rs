//! SageMaker inside your own test: the server in this process, a container of yours behind it, asked over plain HTTP.
//!
//! `cargo run -p local-sagemaker --example in_process`
//!
//! `container.rs` is the container: it learns which words occur in spam. This program is called with `train` or `serve`
//! by the server, as a container is by SageMaker; called without arguments it is the client. Clients are usually SDKs
//! (boto3, aws CLI: `AWS_ENDPOINT_URL`); here there is none, so that one sees what goes over the wire.
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

/// What people called spam and what they did not.
const MAIL: &str = "spam\tcheap watches cheap pills\nspam\tyour prize is waiting claim cheap\n\
                    mail\tlunch is at twelve\nmail\tyour report is late claim it back\n";
/// Every image of this name is the program of [`Config::program`], and any registry may stand before it.
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
            // In a test, the script or program that you test: `env!("CARGO_BIN_EXE_...")`.
            config.program = Some(std::env::current_exe()?);
            let server = Server::start(config).await?;
            let done = whole_way(server.url()).await;
            // Also where something failed: the processes of the server end with it.
            server.stop().await;
            done
        }
    }
}

/// From data to answers.
async fn whole_way(url: &str) -> Outcome<()> {
    println!("a server of one's own at {url}");
    let model = train(url).await?;
    deploy(url, &model).await?;
    for mail in ["cheap prize", "lunch is late", ""] {
        let path = format!("{url}/endpoints/spam/invocations");
        let (status, answer) = send(Method::POST, &path, None, mail).await?;
        let answer: Value = serde_json::from_str(&answer)?;
        // What the container refuses is a `ModelError`, with the container's own status and words in it.
        let shown = answer.get("OriginalMessage").unwrap_or(&answer);
        println!("{mail:?}: {status} {shown}");
    }
    Ok(())
}

/// Puts the data into S3, has the container train on it, and says where the model is.
async fn train(url: &str) -> Outcome<Value> {
    // A bucket, and an object in it.
    for (path, content) in [("mails", ""), ("mails/train/mails.tsv", MAIL)] {
        let (status, said) = send(Method::PUT, &format!("{url}/{path}"), None, content).await?;
        if status != 200 {
            return Err(format!("{path}: {status} {said}").into());
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

/// Puts the model behind an endpoint and waits until it answers.
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

/// The description of a job or an endpoint once nothing more happens to it by itself.
async fn settled(url: &str, what: &str, name: &str) -> Outcome<Value> {
    loop {
        let request = json!({format!("{what}Name"): name});
        let found = call(url, &format!("Describe{what}"), &request).await?;
        let status = found[format!("{what}Status")].as_str().unwrap_or_default();
        match status {
            "InProgress" | "Creating" => tokio::time::sleep(Duration::from_millis(50)).await,
            "Failed" => return Err(found["FailureReason"].to_string().into()),
            _ => return Ok(found),
        }
    }
}

/// A SageMaker operation is named in a header, and both sides are JSON.
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
