use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::world::World;

/// Milliseconds until the server is killed: from immediately to long after the work is done.
const MOMENTS: [u64; 8] = [0, 3, 10, 30, 80, 200, 500, 1200];

/// A server in a separate process, with a bucket that holds one training file.
async fn world(faults: &[&str]) -> World {
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    let mut world = World::with_config(|config| config.faults = faults).await;
    world.ok(Method::PUT, "/bucket", &[], "").await;
    world
        .ok(Method::PUT, "/bucket/data/train/part-0.csv", &[], "1,2\n")
        .await;
    world.stop().await;
    world.start_process().await;
    world
}

async fn kill_and_restart(world: &mut World, moment: u64) {
    sleep(Duration::from_millis(moment)).await;
    world.kill();
    world.start_process().await;
}

fn counts(endpoint: &Value) -> (i64, i64) {
    let variant = &endpoint["ProductionVariants"][0];
    let count = |member: &str| variant[member].as_i64().unwrap();
    (count("CurrentInstanceCount"), count("DesiredInstanceCount"))
}

/// The endpoint's description once it is in service.
async fn in_service(world: &World, name: &str) -> Value {
    let serves = async || world.endpoint(name).await["EndpointStatus"] == "InService";
    world.until(serves).await;
    world.endpoint(name).await
}

#[tokio::test]
async fn after_a_kill_the_last_accepted_instance_count_applies() {
    let mut world = world(&[]).await;
    world.deploy_variants("e", &[("A", 1.0, 1)]).await;
    for (round, moment) in MOMENTS.into_iter().enumerate() {
        let count = if round % 2 == 0 { 3 } else { 1 };
        let desired = json!([{"VariantName": "A", "DesiredInstanceCount": count}]);
        let request = json!({"EndpointName": "e", "DesiredWeightsAndCapacities": desired});
        world
            .sagemaker("UpdateEndpointWeightsAndCapacities", request)
            .await;
        kill_and_restart(&mut world, moment).await;
        let endpoint = in_service(&world, "e").await;
        // The call succeeded before the kill, so its change must persist.
        assert_eq!(counts(&endpoint), (count, count), "after {moment} ms");
        world
            .until(async || world.processes() == count as usize)
            .await;
        assert_eq!(world.invoke("e", &[], "1").await.status, 200);
    }
}

#[tokio::test]
async fn after_a_kill_an_update_is_completed() {
    let mut world = world(&[]).await;
    world.deploy_variants("e", &[("A", 1.0, 2)]).await;
    for (number, moment) in MOMENTS.into_iter().enumerate() {
        let config = format!("config-{number}");
        world
            .configure_variants(&config, &[("A", 1.0, 2)], json!({}))
            .await;
        let request = json!({"EndpointName": "e", "EndpointConfigName": config});
        world.sagemaker("UpdateEndpoint", request).await;
        kill_and_restart(&mut world, moment).await;
        let endpoint = in_service(&world, "e").await;
        assert_eq!(endpoint["EndpointConfigName"], config, "after {moment} ms");
        world.until(async || world.processes() == 2).await;
        assert_eq!(world.pids("e", 6).await.len(), 2);
    }
}

#[tokio::test]
async fn an_interrupted_spot_job_survives_a_kill_with_all_its_checkpoints() {
    let mut world = world(&["train:interrupt-after:checkpoint"]).await;
    for (number, moment) in [0, 50, 400, 1500, 2500].into_iter().enumerate() {
        let name = format!("spot-{number}");
        let changes = json!({
            "EnableManagedSpotTraining": true,
            "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
            "CheckpointConfig": {"S3Uri": format!("s3://bucket/checkpoints/{name}")},
        });
        let hyperparameters = json!({"do": "steps", "steps": "6", "pause": "0.25"});
        world.train(&name, hyperparameters, changes).await;
        kill_and_restart(&mut world, moment).await;
        let job = world.ended_job(&name).await;
        assert_eq!(
            job["TrainingJobStatus"], "Completed",
            "after {moment} ms: {job}"
        );
        for step in 0..6 {
            let path = format!("/bucket/checkpoints/{name}/step-{step}");
            world.ok(Method::GET, &path, &[], "").await;
        }
        assert_eq!(world.processes(), 0, "after {moment} ms");
    }
}

#[tokio::test]
async fn captured_requests_are_stored_exactly_once() {
    let mut world = world(&[]).await;
    let capture = json!({"DataCaptureConfig": {
        "EnableCapture": true,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://bucket/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }});
    world
        .configure_variants("e", &[("A", 1.0, 1)], capture)
        .await;
    let request = json!({"EndpointName": "e", "EndpointConfigName": "e"});
    world.sagemaker("CreateEndpoint", request).await;
    in_service(&world, "e").await;
    let headers = [("content-type", "text/csv")];
    for moment in MOMENTS {
        for _ in 0..3 {
            assert_eq!(world.invoke("e", &headers, "1,2").await.status, 200);
        }
        kill_and_restart(&mut world, moment).await;
        in_service(&world, "e").await;
    }
    let expected = 3 * MOMENTS.len();
    let lines = async || {
        let list = world
            .ok(Method::GET, "/bucket?list-type=2&prefix=captured/", &[], "")
            .await
            .text();
        let mut lines = 0;
        for key in list.split("<Key>").skip(1) {
            let key = key.split("</Key>").next().unwrap();
            let text = world
                .ok(Method::GET, &format!("/bucket/{key}"), &[], "")
                .await
                .text();
            lines += text.lines().count();
        }
        lines
    };
    world.until(async || lines().await >= expected).await;
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(lines().await, expected);
}

#[tokio::test]
async fn targets_and_tags_survive_a_kill() {
    let mut world = world(&[]).await;
    world.deploy_variants("e", &[("A", 1.0, 1)]).await;
    let target = json!({"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/e/variant/A",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount", "MinCapacity": 1, "MaxCapacity": 2});
    for moment in [0, 2, 20] {
        world
            .succeed(
                "AnyScaleFrontendService",
                "RegisterScalableTarget",
                target.clone(),
            )
            .await;
        let arn = world.endpoint("e").await["EndpointArn"].clone();
        let tags = json!([{"Key": "moment", "Value": moment.to_string()}]);
        world
            .sagemaker("AddTags", json!({"ResourceArn": arn, "Tags": tags}))
            .await;
        kill_and_restart(&mut world, moment).await;
        let all = json!({"ServiceNamespace": "sagemaker"});
        let targets = world
            .succeed("AnyScaleFrontendService", "DescribeScalableTargets", all)
            .await;
        assert_eq!(targets["ScalableTargets"][0]["MaxCapacity"], 2, "{targets}");
        assert_eq!(
            world
                .sagemaker("ListTags", json!({"ResourceArn": arn}))
                .await["Tags"],
            tags
        );
    }
    // If the server is killed while it deletes an endpoint, the endpoint's target is deleted too.
    in_service(&world, "e").await;
    world
        .sagemaker("DeleteEndpoint", json!({"EndpointName": "e"}))
        .await;
    kill_and_restart(&mut world, 0).await;
    let all = json!({"ServiceNamespace": "sagemaker"});
    let targets = world
        .succeed("AnyScaleFrontendService", "DescribeScalableTargets", all)
        .await;
    assert_eq!(targets["ScalableTargets"], json!([]));
}
