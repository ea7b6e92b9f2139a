use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use crate::world::World;

/// Starts a spot job that does this many steps with checkpoints.
async fn train_on_spot(world: &World, name: &str, steps: u32, wait: i64) {
    let changes = json!({
        "EnableManagedSpotTraining": true,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60.min(wait), "MaxWaitTimeInSeconds": wait},
        "CheckpointConfig": {"S3Uri": format!("s3://bucket/checkpoints/{name}")},
    });
    let hyperparameters = json!({"do": "steps", "steps": steps.to_string()});
    world.train(name, hyperparameters, changes).await;
}

fn steps(job: &Value) -> Vec<&str> {
    let steps = job["SecondaryStatusTransitions"].as_array().unwrap();
    steps
        .iter()
        .map(|step| step["Status"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn an_interrupted_job_resumes_from_its_checkpoints_on_another_instance() {
    let world = World::with_faults(&["train:interrupt-after:checkpoint"]).await;
    train_on_spot(&world, "spot", 8, 120).await;
    let job = world.ended_job("spot").await;
    assert_eq!(job["TrainingJobStatus"], "Completed", "{job}");
    let expected = [
        "Starting",
        "Downloading",
        "Training",
        "Interrupted",
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ];
    assert_eq!(steps(&job), expected);
    let (training, billed) = (&job["TrainingTimeInSeconds"], &job["BillableTimeInSeconds"]);
    assert!(billed.as_i64() < training.as_i64(), "{training} {billed}");
    let request = json!({"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamNamePrefix": "spot/",
        "filterPattern": "resumed"});
    let events = world
        .succeed("Logs_20140328", "FilterLogEvents", request)
        .await;
    let resumed: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["message"])
        .collect();
    assert_eq!(
        resumed.len(),
        2,
        "each instance has its own stream: {events}"
    );
    assert_eq!(resumed[0], "resumed at step 0");
    assert_ne!(
        resumed[1], "resumed at step 0",
        "the checkpoints were restored"
    );
    for step in 0..8 {
        world
            .ok(
                Method::GET,
                &format!("/bucket/checkpoints/spot/step-{step}"),
                &[],
                "",
            )
            .await;
    }
}

#[tokio::test]
async fn a_job_that_is_not_on_spot_is_never_interrupted() {
    let world =
        World::with_faults(&["train:interrupt-after:1ms", "train:capacity-after:60s"]).await;
    world.train("own", json!({}), json!({})).await;
    let job = world.ended_job("own").await;
    assert_eq!(job["TrainingJobStatus"], "Completed");
    assert_eq!(job["BillableTimeInSeconds"], job["TrainingTimeInSeconds"]);
}

#[tokio::test]
async fn a_spot_job_waits_for_an_instance_no_longer_than_allowed() {
    let world = World::with_faults(&["train:capacity-after:60s"]).await;
    train_on_spot(&world, "late", 1, 1).await;
    let job = world.ended_job("late").await;
    let status = (&job["TrainingJobStatus"], &job["SecondaryStatus"]);
    assert_eq!(
        status,
        (&json!("Stopped"), &json!("MaxWaitTimeExceeded")),
        "{job}"
    );
    assert_eq!(steps(&job), ["Starting", "MaxWaitTimeExceeded"]);
    train_on_spot(&world, "stopped", 1, 120).await;
    world
        .sagemaker("StopTrainingJob", json!({"TrainingJobName": "stopped"}))
        .await;
    assert_eq!(
        world.ended_job("stopped").await["SecondaryStatus"],
        "Stopped"
    );
}

#[tokio::test]
async fn checkpoints_are_stored_while_the_program_runs() {
    let world = World::with_data().await;
    let checkpoints = json!({"CheckpointConfig": {"S3Uri": "s3://bucket/live"}});
    let hyperparameters = json!({"do": "steps", "steps": "3", "pause": "1.5"});
    world.train("live", hyperparameters, checkpoints).await;
    let stored = async || {
        world
            .send(Method::GET, "/bucket/live/step-0", &[], "")
            .await
            .status
            == 200
    };
    world.until(stored).await;
    assert_eq!(world.job("live").await["SecondaryStatus"], "Training");
    world
        .sagemaker("StopTrainingJob", json!({"TrainingJobName": "live"}))
        .await;
    world.ended_job("live").await;
}

#[tokio::test]
async fn a_program_that_ignores_sigterm_is_killed_after_the_grace_period() {
    let mut world = World::with_data().await;
    world.config.stop_grace = Duration::from_millis(300);
    world.stop().await;
    world.start().await;
    for (name, limit, secondary) in [("stop", 600, "Stopped"), ("limit", 1, "MaxRuntimeExceeded")] {
        let changes = json!({"StoppingCondition": {"MaxRuntimeInSeconds": limit}});
        world.train(name, json!({"do": "stubborn"}), changes).await;
        if limit > 1 {
            world.waiting_job(name).await;
            world
                .sagemaker("StopTrainingJob", json!({"TrainingJobName": name}))
                .await;
        }
        let job = world.ended_job(name).await;
        assert_eq!(
            (&job["TrainingJobStatus"], &job["SecondaryStatus"]),
            (&json!("Stopped"), &json!(secondary)),
            "{name}"
        );
    }
}

#[tokio::test]
async fn deleting_a_job_frees_its_name_and_keeps_its_results() {
    let world = World::with_data().await;
    world.train("again", json!({"do": "wait"}), json!({})).await;
    let request = json!({"TrainingJobName": "again"});
    let (_, busy) = world.call("DeleteTrainingJob", request.clone()).await;
    assert_eq!(busy["__type"], "ResourceInUse", "{busy}");
    world.waiting_job("again").await;
    world.sagemaker("StopTrainingJob", request.clone()).await;
    world.ended_job("again").await;
    world.sagemaker("DeleteTrainingJob", request.clone()).await;
    assert_eq!(
        world
            .error_message("DescribeTrainingJob", request.clone())
            .await,
        "Requested resource not found."
    );
    let (_, gone) = world.call("DeleteTrainingJob", request).await;
    assert_eq!(gone["__type"], "ResourceNotFound", "{gone}");
    world
        .ok(
            Method::GET,
            "/bucket/models/again/output/model.tar.gz",
            &[],
            "",
        )
        .await;
    world.train("again", json!({}), json!({})).await;
    assert_eq!(
        world.ended_job("again").await["TrainingJobStatus"],
        "Completed"
    );
}

#[tokio::test]
async fn tags_are_set_at_creation_and_can_be_changed() {
    let mut world = World::with_data().await;
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    let first = json!({"Tags": [tag("run", "1"), tag("owner", "me")]});
    world.train("tagged", json!({}), first).await;
    let arn = world.ended_job("tagged").await["TrainingJobArn"].clone();
    world.configure("model", json!({})).await;
    let added = json!({"ResourceArn": arn, "Tags": [tag("run", "2"), tag("new", "")]});
    let answer = world.sagemaker("AddTags", added).await;
    assert_eq!(
        answer["Tags"],
        json!([tag("owner", "me"), tag("run", "2"), tag("new", "")])
    );
    let removed = json!({"ResourceArn": arn, "TagKeys": ["owner", "unknown"]});
    world.sagemaker("DeleteTags", removed).await;
    world.stop().await;
    world.start().await;
    let list = world
        .sagemaker("ListTags", json!({"ResourceArn": arn}))
        .await;
    assert_eq!(list["Tags"], json!([tag("run", "2"), tag("new", "")]));
    let model = "arn:aws:sagemaker:us-east-1:691595239825:model/model";
    assert_eq!(
        world
            .sagemaker("ListTags", json!({"ResourceArn": model}))
            .await["Tags"],
        json!([])
    );
    let nobody = "arn:aws:sagemaker:us-east-1:691595239825:model/nobody";
    let found = world
        .error_message("ListTags", json!({"ResourceArn": nobody}))
        .await;
    assert!(found.contains(nobody), "{found}");
    let reserved = json!({"ResourceArn": model, "Tags": [tag("aws:x", "1")]});
    assert!(
        world
            .error_message("AddTags", reserved)
            .await
            .contains("aws: prefixed")
    );
}
