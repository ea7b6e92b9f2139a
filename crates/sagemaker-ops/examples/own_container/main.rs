//! Trains and deploys a container of your own, then sends it requests. It predicts the rent of a flat from its size.
//!
//! `cargo build -p local-sagemaker`, then `cargo run -p sagemaker-ops --example own_container`
//!
//! The program has three parts. `container.rs` is the program that your image would contain: SageMaker runs it with
//! `train` or `serve`. `local.rs` starts the local server with this same program as its container; you do not need it on
//! AWS. The rest, below, is the same on both: data in S3, a job, a model, an endpoint, requests.
#![expect(
    clippy::print_stdout,
    reason = "an example prints to the reader's terminal"
)]

mod container;
mod local;

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use sagemaker_ops::endpoint::{
    self, Capacity, ContentDigest, Deployment, EndpointStatus, NewVariant, Payload, Rollout,
};
use sagemaker_ops::storage::{self, BucketOrigin};
use sagemaker_ops::training::{self, Channel, JobStatus, MetricDefinition, TrainingRequest};
use sagemaker_ops::{
    Backend, BucketName, Clients, EndpointConfigName, EndpointName, ImageUri, JobName, ModelName,
    Pace, RoleArn, S3Uri, VariantName, account, poll_until,
};

/// Flats that have been let: square metres, rent.
const FLATS: &str = "30,510\n45,660\n52,790\n60,850\n75,1080\n88,1190\n110,1520\n";

const PACE: Pace = Pace {
    interval: Duration::from_millis(200),
    deadline: Some(Duration::from_mins(15)),
    tolerated_errors: 3,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        Some("train") => container::train(),
        Some("serve") => container::serve().await,
        _ => {
            let server = local::Server::start()?;
            // `Backend::Aws { region: None }` uses AWS, with the credentials of your shell.
            run(&Backend::Local(server.backend()?)).await
        }
    }
}

/// The bucket, role and image.
struct Project {
    bucket: BucketName,
    role: RoleArn,
    image: ImageUri,
}

/// Trains, deploys, requests predictions and deletes the endpoint.
async fn run(backend: &Backend) -> Result<(), Box<dyn Error>> {
    let clients = Clients::connect(backend).await?;
    let account = account(&clients).await?;
    println!("account {account}, {}", clients.region());
    // Names are validated when they are created, so no call fails because of a malformed name.
    let project = Project {
        bucket: BucketName::new(format!("flats-{account}"))?,
        role: RoleArn::new(format!(
            "arn:aws:iam::{account}:role/SageMakerExecutionRole"
        ))?,
        // On AWS, use the URI of an image that you have pushed. The local server runs its own program for this name.
        image: ImageUri::new(format!(
            "{account}.dkr.ecr.us-east-1.amazonaws.com/fire-container:1"
        ))?,
    };
    let model_data = train(&clients, &project).await?;
    let name = EndpointName::new("rents")?;
    deploy(&clients, &project, &name, model_data).await?;
    for size in ["64", "sixty-four"] {
        let payload = Payload {
            content_type: "text/csv".to_owned(),
            accept: None,
            body: size.into(),
        };
        match endpoint::invoke(&clients, &name, None, payload).await {
            Ok(response) => println!(
                "{size} square metres: {}",
                String::from_utf8_lossy(&response.body)
            ),
            // An error is classified by what the caller can do next, and includes the container's message.
            Err(error) => println!("{size} square metres: {error}"),
        }
    }
    let deleted = endpoint::delete(&clients, &name).await?;
    println!("deleted the endpoint and {} model", deleted.models.len());
    Ok(())
}

/// Uploads the data and trains the container on it; returns the model's URI.
async fn train(clients: &Clients, project: &Project) -> Result<S3Uri, Box<dyn Error>> {
    storage::ensure_bucket(clients, &project.bucket, BucketOrigin::Default).await?;
    let data = S3Uri::new(&project.bucket, "let/");
    storage::put_bytes(clients, &data.join("2026.csv"), FLATS.into()).await?;
    let job = JobName::new("rents-1")?;
    let request = TrainingRequest {
        job: job.clone(),
        image: project.image.clone(),
        role: project.role.clone(),
        instance_type: "ml.m5.large".to_owned(),
        instance_count: 1,
        volume_gb: 5,
        max_runtime_seconds: 600,
        spot: None,
        hyperparameters: BTreeMap::from([("without".to_owned(), "110".to_owned())]),
        channels: vec![Channel {
            name: "train".to_owned(),
            uri: data,
            content_type: Some("text/csv".to_owned()),
        }],
        output: S3Uri::new(&project.bucket, "models"),
        // Metrics of the job are extracted from the output of the container.
        metrics: vec![MetricDefinition {
            name: "train:error".to_owned(),
            regex: "train:error=([0-9.]+);".to_owned(),
        }],
        environment: BTreeMap::new(),
        tags: BTreeMap::new(),
    };
    // Submitting a job twice creates it once: a program that was killed can simply be run again.
    for _ in 0..2 {
        println!(
            "job {job}: {:?}",
            training::submit(clients, &request).await?
        );
    }
    let ended = training::wait_all(clients, std::slice::from_ref(&job), PACE, |_| {}).await?;
    let ended = ended.into_iter().next().ok_or("no job was returned")?;
    if ended.status != JobStatus::Completed {
        return Err(ended.failure_reason.unwrap_or_default().into());
    }
    println!(
        "job {job}: {}, with a mean error of {}",
        ended.status, ended.metrics["train:error"]
    );
    Ok(ended.model_uri.ok_or("a completed job has a model")?)
}

/// Deploys the model to an endpoint and waits until it is in service.
async fn deploy(
    clients: &Clients,
    project: &Project,
    name: &EndpointName,
    model_data: S3Uri,
) -> Result<(), Box<dyn Error>> {
    // The names of models and configurations include a content hash, so deploying twice changes nothing.
    let digest = ContentDigest::of(&(&model_data, &project.image))?;
    let variant = NewVariant {
        name: VariantName::all_traffic(),
        weight: 1.0,
        model: ModelName::suffixed(name.as_str(), digest.as_str())?,
        image: project.image.clone(),
        model_data,
        capacity: Capacity::Instances {
            instance_type: "ml.t2.medium".to_owned(),
            count: 1,
        },
        environment: BTreeMap::new(),
        startup_timeout_seconds: None,
    };
    let deployment = Deployment {
        endpoint: name.clone(),
        config: EndpointConfigName::suffixed(name.as_str(), digest.as_str())?,
        role: project.role.clone(),
        variants: vec![variant],
        capture: None,
        rollout: Rollout::default(),
        tags: BTreeMap::new(),
    };
    println!(
        "endpoint {name}: {:?}",
        endpoint::deploy(clients, &deployment).await?
    );
    let settled = poll_until(PACE, "the endpoint", async || {
        let now = endpoint::describe(clients, name).await?;
        Ok(now.status.is_settled().then_some(now))
    });
    let settled = settled.await?;
    if settled.status != EndpointStatus::InService {
        return Err(settled.failure_reason.unwrap_or_default().into());
    }
    println!("endpoint {name}: {}", settled.status);
    Ok(())
}
