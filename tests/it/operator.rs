//! An operator's work besides training and deploying, against the real server: checks before anything
//! is created, and the logs of running jobs up to their end.

use std::collections::BTreeMap;

use fire_cli::Exit;
use sagemaker_ops::BucketName;
use sagemaker_ops::logs::{Follower, LogSource, LogTail, tail};
use sagemaker_ops::preflight::{Outcome, TrainingPlan, training};
use sagemaker_ops::storage::BucketOrigin;
use sagemaker_ops::training::{Channel, TrainingRequest};

use crate::world::World;

const BUCKET: &str = "fire-detection-training-691595239825";

fn request(job: &str, channels: Vec<Channel>) -> TrainingRequest {
    TrainingRequest {
        job: job.parse().unwrap(),
        image: "691595239825.dkr.ecr.us-east-1.amazonaws.com/fire-container:1"
            .parse()
            .unwrap(),
        role: "arn:aws:iam::691595239825:role/SageMakerExecutionRole"
            .parse()
            .unwrap(),
        instance_type: "ml.m5.4xlarge".to_owned(),
        instance_count: 1,
        volume_gb: 30,
        max_runtime_seconds: 600,
        spot: None,
        hyperparameters: BTreeMap::new(),
        channels,
        output: format!("s3://{BUCKET}/flir_scd41_training/models")
            .parse()
            .unwrap(),
        metrics: Vec::new(),
        environment: BTreeMap::new(),
        tags: BTreeMap::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_can_begin_passes_every_check_and_others_say_what_to_change() {
    let world = World::new();
    world.trained("checked", "400").await;
    let clients = world.clients().await;
    let known = "flir-scd41-rf-100k-checked".parse().unwrap();
    let channels = sagemaker_ops::training::describe(&clients, &known)
        .await
        .unwrap()
        .channels;
    assert!(!channels.is_empty());
    let bucket = BUCKET.parse().unwrap();
    let failures = async |bucket: &BucketName, job: TrainingRequest, max_cost_usd| {
        let plan = TrainingPlan {
            bucket: (bucket, BucketOrigin::Named),
            jobs: &[job],
            data_is_there: true,
            max_cost_usd,
        };
        let report = training(&clients, &plan).await;
        let looked = |outcome| {
            let ended = report
                .checks
                .iter()
                .filter(|check| check.outcome == outcome);
            ended.count()
        };
        assert!(looked(Outcome::Passed) >= 5, "{report:?}");
        let failures: Vec<String> = report.failures().map(ToString::to_string).collect();
        failures.join("\n")
    };
    let good = request("checked-again", channels.clone());
    assert_eq!(failures(&bucket, good.clone(), Some(1.0)).await, "");

    let mut empty = good.clone();
    empty.channels[0].uri = format!("s3://{BUCKET}/nothing/").parse().unwrap();
    let bursting = TrainingRequest {
        instance_type: "ml.t2.medium".to_owned(),
        ..good.clone()
    };
    let elsewhere = "no-such-bucket".parse().unwrap();
    for (bucket, job, most, remedy) in [
        (&bucket, empty, None, "aws s3 ls"),
        (&bucket, bursting, None, "ml.m5.4xlarge"),
        (&bucket, good.clone(), Some(0.01), "raise the limit"),
        (&elsewhere, good, None, "aws s3 mb s3://no-such-bucket"),
    ] {
        let said = failures(bucket, job, most).await;
        assert!(said.contains(remedy) && said.lines().count() == 1, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_that_jobs_print_is_read_once_and_monitor_shows_it() {
    let world = World::new();
    world.trained("heard", "400").await;
    let clients = world.clients().await;
    let jobs = ["rf", "lr"].map(|short| format!("flir-scd41-{short}-100k-heard"));
    let sources = || jobs.iter().map(|job| LogSource::Job(job.parse().unwrap()));
    let mut follower = Follower::new(sources());
    let mut lines = follower.next(&clients).await.unwrap();
    lines.extend(follower.next(&clients).await.unwrap());
    for job in &jobs {
        let figures = lines
            .iter()
            .filter(|line| line.source == *job && line.text.starts_with("validation:auc="));
        assert_eq!(figures.count(), 1, "{job}: {lines:?}");
    }
    let last = lines.iter().rfind(|line| line.source == jobs[0]).unwrap();
    let end = tail(&clients, &sources().next().unwrap(), 1, None).await;
    assert_eq!(end.unwrap(), LogTail::Lines(vec![last.text.clone()]));

    let watch = [jobs[0].as_str(), &jobs[1], "--wait", "--logs"];
    let ran = world.monitor(&watch).await.ended(Exit::Done);
    let logged = ran
        .out
        .lines()
        .filter(|line| line.contains("\"event\":\"log\""));
    assert_eq!(logged.count(), lines.len(), "{}", ran.out);
}
