use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::world::World;

/// Milliseconds after which the server is killed: from at once until the work is long done.
const MOMENTS: [u64; 8] = [0, 3, 10, 30, 80, 200, 500, 1200];

/// A server of its own process, with a bucket and an endpoint of one process.
async fn world(faults: &[&str]) -> World {
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    let mut world = World::started(|config| config.faults = faults).await;
    world.ok(Method::PUT, "/bucket", &[], "").await;
    world
        .ok(Method::PUT, "/bucket/data/train/part-0.csv", &[], "1,2\n")
        .await;
    world.stop().await;
    world.start_elsewhere().await;
    world
}

async fn kill_and_restart(world: &mut World, moment: u64) {
    sleep(Duration::from_millis(moment)).await;
    world.kill();
    world.start_elsewhere().await;
}

fn counts(endpoint: &Value) -> (i64, i64) {
    let variant = &endpoint["ProductionVariants"][0];
    let count = |member: &str| variant[member].as_i64().unwrap();
    (count("CurrentInstanceCount"), count("DesiredInstanceCount"))
}

/// Once no deployment is under way.
async fn in_service(world: &World, name: &str) -> Value {
    let serves = async || world.endpoint(name).await["EndpointStatus"] == "InService";
    world.until(serves).await;
    world.endpoint(name).await
}

#[tokio::test]
async fn a_shape_is_the_old_or_the_new_one_and_has_as_many_processes() {
    let mut world = world(&[]).await;
    world.deploy_variants("e", &[("A", 1.0, 1)]).await;
    for (round, moment) in MOMENTS.into_iter().enumerate() {
        let wanted = if round % 2 == 0 { 3 } else { 1 };
        let desired = json!([{"VariantName": "A", "DesiredInstanceCount": wanted}]);
        let request = json!({"EndpointName": "e", "DesiredWeightsAndCapacities": desired});
        world
            .done("UpdateEndpointWeightsAndCapacities", request)
            .await;
        kill_and_restart(&mut world, moment).await;
        let endpoint = in_service(&world, "e").await;
        // The call was answered, so its shape is the one that stays.
        assert_eq!(counts(&endpoint), (wanted, wanted), "after {moment} ms");
        world
            .until(async || world.processes() == wanted as usize)
            .await;
        assert_eq!(world.invoke("e", &[], "1").await.status, 200);
    }
}

#[tokio::test]
async fn an_update_takes_over_whole_or_begins_again() {
    let mut world = world(&[]).await;
    world.deploy_variants("e", &[("A", 1.0, 2)]).await;
    for (number, moment) in MOMENTS.into_iter().enumerate() {
        let config = format!("config-{number}");
        world
            .configure_variants(&config, &[("A", 1.0, 2)], json!({}))
            .await;
        let request = json!({"EndpointName": "e", "EndpointConfigName": config});
        world.done("UpdateEndpoint", request).await;
        kill_and_restart(&mut world, moment).await;
        let endpoint = in_service(&world, "e").await;
        assert_eq!(endpoint["EndpointConfigName"], config, "after {moment} ms");
        world.until(async || world.processes() == 2).await;
        assert_eq!(world.pids("e", 6).await.len(), 2);
    }
}

#[tokio::test]
async fn a_spot_job_that_was_cut_off_ends_once_with_all_its_checkpoints() {
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
async fn what_was_captured_is_stored_once() {
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
    world.done("CreateEndpoint", request).await;
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
async fn what_is_registered_and_tagged_is_there_whole_or_not_at_all() {
    let mut world = world(&[]).await;
    world.deploy_variants("e", &[("A", 1.0, 1)]).await;
    let target = json!({"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/e/variant/A",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount", "MinCapacity": 1, "MaxCapacity": 2});
    for moment in [0, 2, 20] {
        world
            .fine(
                "AnyScaleFrontendService",
                "RegisterScalableTarget",
                target.clone(),
            )
            .await;
        let arn = world.endpoint("e").await["EndpointArn"].clone();
        let tags = json!([{"Key": "moment", "Value": moment.to_string()}]);
        world
            .done("AddTags", json!({"ResourceArn": arn, "Tags": tags}))
            .await;
        kill_and_restart(&mut world, moment).await;
        let all = json!({"ServiceNamespace": "sagemaker"});
        let targets = world
            .fine("AnyScaleFrontendService", "DescribeScalableTargets", all)
            .await;
        assert_eq!(targets["ScalableTargets"][0]["MaxCapacity"], 2, "{targets}");
        assert_eq!(
            world.done("ListTags", json!({"ResourceArn": arn})).await["Tags"],
            tags
        );
    }
    // An endpoint that is deleted while the server dies takes its target with it.
    in_service(&world, "e").await;
    world
        .done("DeleteEndpoint", json!({"EndpointName": "e"}))
        .await;
    kill_and_restart(&mut world, 0).await;
    let all = json!({"ServiceNamespace": "sagemaker"});
    let targets = world
        .fine("AnyScaleFrontendService", "DescribeScalableTargets", all)
        .await;
    assert_eq!(targets["ScalableTargets"], json!([]));
}
