use axum::http::Method;
use serde_json::{Value, json};

use crate::world::World;

fn statuses(job: &Value) -> Vec<&str> {
    job["SecondaryStatusTransitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["Status"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_program_receives_the_inputs_of_the_container_contract() {
    let world = World::with_data().await;
    let environment = json!({"Environment": {"COLOUR": "red"}});
    world
        .train("contract", json!({"n_estimators": "5"}), environment)
        .await;
    let job = world.ended_job("contract").await;
    assert_eq!(job["TrainingJobStatus"], "Completed", "{job}");
    let seen = world
        .member("/bucket/models/contract/output/model.tar.gz", "seen.json")
        .await;
    let seen: Value = serde_json::from_str(&seen).unwrap();
    assert_eq!(seen["arguments"], json!(["train"]));
    assert_eq!(seen["files"], json!({"train/part-0.csv": "a,b\n1,2\n"}));
    assert_eq!(
        seen["config"]["hyperparameters.json"],
        json!({"n_estimators": "5"})
    );
    assert_eq!(
        seen["config"]["inputdataconfig.json"],
        json!({"train": {"ContentType": "text/csv", "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}})
    );
    assert_eq!(
        seen["config"]["resourceconfig.json"]["current_host"],
        "algo-1"
    );
    assert_eq!(
        seen["config"]["resourceconfig.json"]["current_instance_type"],
        "ml.m5.4xlarge"
    );
    let variables = &seen["environment"];
    assert_eq!(variables["TRAINING_JOB_NAME"], "contract");
    assert_eq!(
        variables["TRAINING_JOB_ARN"],
        "arn:aws:sagemaker:us-east-1:691595239825:training-job/contract"
    );
    assert_eq!(
        (&variables["AWS_REGION"], &variables["COLOUR"]),
        (&json!("us-east-1"), &json!("red"))
    );
}

#[tokio::test]
async fn a_program_is_told_how_its_channels_were_requested() {
    let world = World::with_data().await;
    let channel = |name: &str, changes: Value| {
        let mut channel = json!({"ChannelName": name, "DataSource": {"S3DataSource":
            {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data/train"}}});
        for (pointer, value) in changes.as_object().unwrap() {
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            channel.pointer_mut(parent).unwrap()[member] = value.clone();
        }
        channel
    };
    let sharded = "/DataSource/S3DataSource/S3DataDistributionType";
    let channels = [
        channel("plain", json!({})),
        channel("fast", json!({"/InputMode": "FastFile"})),
        channel("sharded", json!({sharded: "ShardedByS3Key"})),
    ];
    world
        .train("modes", json!({}), json!({"InputDataConfig": channels}))
        .await;
    let job = world.ended_job("modes").await;
    assert_eq!(job["TrainingJobStatus"], "Completed", "{job}");
    assert_eq!(job["OutputDataConfig"]["KmsKeyId"], "");
    let archive = "/bucket/models/modes/output/model.tar.gz";
    let seen = world.member(archive, "seen.json").await;
    let seen: Value = serde_json::from_str(&seen).unwrap();
    let entry = |mode: &str, distribution: &str| json!({"TrainingInputMode": mode, "S3DistributionType": distribution, "RecordWrapperType": "None"});
    assert_eq!(
        seen["config"]["inputdataconfig.json"],
        json!({
            "plain": entry("File", "FullyReplicated"),
            "fast": entry("FastFile", "FullyReplicated"),
            "sharded": entry("File", "ShardedByS3Key"),
        })
    );
}

#[tokio::test]
async fn a_completed_job_is_described_with_its_times_metrics_and_artifacts() {
    let world = World::with_data().await;
    world.train("done", json!({}), json!({})).await;
    let job = world.ended_job("done").await;
    assert_eq!(
        statuses(&job),
        [
            "Starting",
            "Downloading",
            "Training",
            "Uploading",
            "Completed"
        ]
    );
    assert_eq!(
        job["FinalMetricDataList"][0]["MetricName"],
        "validation:auc"
    );
    assert_eq!(job["FinalMetricDataList"][0]["Value"], 0.75);
    assert_eq!(
        job["ModelArtifacts"]["S3ModelArtifacts"],
        "s3://bucket/models/done/output/model.tar.gz"
    );
    assert!(job["BillableTimeInSeconds"].as_u64().unwrap() >= 1);
    let predictions = world
        .member(
            "/bucket/models/done/output/output.tar.gz",
            "predictions.csv",
        )
        .await;
    assert!(predictions.starts_with("row,probability"));
    let log = world
        .ok(Method::GET, "/_local/jobs/done/log", &[], "")
        .await
        .text();
    assert!(
        log.contains("validation:auc=0.5;") && log.contains("validation:auc=0.75;"),
        "{log}"
    );
}

#[tokio::test]
async fn a_failure_is_reported_in_the_programs_words_and_uploads_nothing() {
    let world = World::with_data().await;
    for (action, expected) in [
        ("fail", "AlgorithmError: row 7 has 17 numbers, exit code: 3"),
        (
            "crash",
            "AlgorithmError: the program wrote no failure file; its last output was: about to crash, exit code: 137",
        ),
    ] {
        world.train(action, json!({"do": action}), json!({})).await;
        let job = world.ended_job(action).await;
        assert_eq!(
            (&job["TrainingJobStatus"], &job["FailureReason"]),
            (&json!("Failed"), &json!(expected))
        );
        assert_eq!(statuses(&job).last(), Some(&"Failed"));
        let model = world
            .send(
                Method::GET,
                &format!("/bucket/models/{action}/output/model.tar.gz"),
                &[],
                "",
            )
            .await;
        assert_eq!(model.status, 404);
    }
}

#[tokio::test]
async fn a_stopped_job_keeps_the_output_it_saved_on_sigterm() {
    let world = World::with_data().await;
    world
        .train("stopped", json!({"do": "wait"}), json!({}))
        .await;
    world.waiting_job("stopped").await;
    world
        .sagemaker("StopTrainingJob", json!({"TrainingJobName": "stopped"}))
        .await;
    let job = world.ended_job("stopped").await;
    assert_eq!(job["TrainingJobStatus"], "Stopped");
    assert_eq!(
        statuses(&job),
        [
            "Starting",
            "Downloading",
            "Training",
            "Stopping",
            "Uploading",
            "Stopped"
        ]
    );
    world
        .ok(
            Method::GET,
            "/bucket/models/stopped/output/model.tar.gz",
            &[],
            "",
        )
        .await;
    let again = world
        .error_message("StopTrainingJob", json!({"TrainingJobName": "stopped"}))
        .await;
    assert_eq!(
        again,
        "The request was rejected because the training job is in status Stopped."
    );
}

#[tokio::test]
async fn a_job_is_stopped_at_its_time_limit() {
    let world = World::with_data().await;
    // Long enough for the program to install its signal handler, even on a busy machine.
    let limit = json!({"StoppingCondition": {"MaxRuntimeInSeconds": 4}});
    world.train("slow", json!({"do": "wait"}), limit).await;
    let job = world.ended_job("slow").await;
    assert_eq!(
        (&job["TrainingJobStatus"], &job["SecondaryStatus"]),
        (&json!("Stopped"), &json!("MaxRuntimeExceeded"))
    );
    world
        .ok(
            Method::GET,
            "/bucket/models/slow/output/model.tar.gz",
            &[],
            "",
        )
        .await;
}

#[tokio::test]
async fn a_job_starts_with_the_checkpoints_of_the_previous_one() {
    let world = World::with_data().await;
    let checkpoints = json!({"CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints/run/"}});
    for (name, expected) in [("first", json!([])), ("second", json!(["state"]))] {
        world.train(name, json!({}), checkpoints.clone()).await;
        world.ended_job(name).await;
        let seen = world
            .member(
                &format!("/bucket/models/{name}/output/model.tar.gz"),
                "seen.json",
            )
            .await;
        assert_eq!(
            serde_json::from_str::<Value>(&seen).unwrap()["checkpoints"],
            expected,
            "{name}"
        );
    }
    assert_eq!(
        world
            .ok(Method::GET, "/bucket/checkpoints/run/state", &[], "")
            .await
            .text(),
        "done"
    );
}

#[tokio::test]
async fn jobs_run_concurrently() {
    let world = World::with_data().await;
    for name in ["a", "b", "c"] {
        world.train(name, json!({"do": "wait"}), json!({})).await;
    }
    for name in ["a", "b", "c"] {
        world.waiting_job(name).await;
    }
    for name in ["a", "b", "c"] {
        world
            .sagemaker("StopTrainingJob", json!({"TrainingJobName": name}))
            .await;
    }
    for name in ["a", "b", "c"] {
        assert_eq!(world.ended_job(name).await["TrainingJobStatus"], "Stopped");
    }
}

#[tokio::test]
async fn a_request_without_data_or_bucket_is_rejected_and_leaves_no_job() {
    let world = World::with_data().await;
    world.train("template", json!({}), json!({})).await;
    let described = world.ended_job("template").await;
    let mut request = json!({});
    for member in [
        "RoleArn",
        "AlgorithmSpecification",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
    ] {
        request[member] = described[member].clone();
    }
    request["TrainingJobName"] = json!("refused");
    for (pointer, value, expected) in [
        (
            "/InputDataConfig/0/DataSource/S3DataSource/S3Uri",
            "s3://bucket/none/",
            "No S3 objects found under S3 URL \"s3://bucket/none/\"",
        ),
        (
            "/InputDataConfig/0/DataSource/S3DataSource/S3Uri",
            "s3://nowhere/data/",
            "No S3 objects found under S3 URL",
        ),
        (
            "/OutputDataConfig/S3OutputPath",
            "s3://nowhere/models",
            "NoSuchBucket",
        ),
        (
            "/AlgorithmSpecification/TrainingImage",
            "x/xgboost:1",
            "no program for image 'x/xgboost:1'",
        ),
    ] {
        let mut request = request.clone();
        *request.pointer_mut(pointer).unwrap() = value.into();
        let message = world.error_message("CreateTrainingJob", request).await;
        assert!(message.contains(expected), "{message}");
        assert_eq!(
            world
                .error_message("DescribeTrainingJob", json!({"TrainingJobName": "refused"}))
                .await,
            "Requested resource not found."
        );
    }
    request["TrainingJobName"] = json!("template");
    let (status, twice) = world.call("CreateTrainingJob", request).await;
    assert_eq!((status, &twice["__type"]), (400, &json!("ResourceInUse")));
}
