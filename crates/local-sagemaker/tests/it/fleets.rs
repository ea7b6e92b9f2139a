use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Value, json};

use crate::world::World;

const UPDATE: &str = "UpdateEndpointWeightsAndCapacities";

/// Sends this many requests and counts how many each variant answers.
async fn shares(world: &World, name: &str, requests: usize) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for _ in 0..requests {
        let answer = world.invoke(name, &[], "1").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let variant = answer.headers["x-amzn-invoked-production-variant"]
            .to_str()
            .unwrap();
        *shares.entry(variant.to_owned()).or_default() += 1;
    }
    shares
}

fn members<'a>(endpoint: &'a Value, member: &str) -> Vec<&'a Value> {
    let variants = endpoint["ProductionVariants"].as_array().unwrap();
    variants.iter().map(|variant| &variant[member]).collect()
}

#[tokio::test]
async fn every_instance_is_a_process_and_serves_in_turn() {
    let world = World::new().await;
    world.deploy_variants("three", &[("A", 1.0, 3)]).await;
    assert_eq!(world.pids("three", 6).await.len(), 3);
    let endpoint = world.endpoint("three").await;
    assert_eq!(members(&endpoint, "CurrentInstanceCount"), [3]);
    let logs = json!({"logGroupName": "/aws/sagemaker/Endpoints/three"});
    let streams = world
        .succeed("Logs_20140328", "DescribeLogStreams", logs)
        .await;
    assert_eq!(
        streams["logStreams"].as_array().unwrap().len(),
        3,
        "{streams}"
    );
}

#[tokio::test]
async fn an_instance_that_crashes_leaves_the_others_serving() {
    let world = World::new().await;
    world.deploy_variants("pair", &[("A", 1.0, 2)]).await;
    world.invoke("pair", &[], "crash").await;
    for _ in 0..20 {
        let answer = world.invoke("pair", &[], "1").await;
        // One request may still be sent to the process that has just exited.
        assert!(
            answer.status == 200 || answer.status == 503,
            "{}",
            answer.text()
        );
    }
    world
        .until(async || world.pids("pair", 4).await.len() == 2)
        .await;
}

#[tokio::test]
async fn weights_and_instance_counts_change_while_the_endpoint_serves() {
    let world = World::new().await;
    world
        .deploy_variants("ab", &[("A", 9.0, 1), ("B", 1.0, 1)])
        .await;
    let before = shares(&world, "ab", 40).await;
    assert!(before["A"].abs_diff(36) <= 2, "{before:?}");
    let desired = json!([
        {"VariantName": "A", "DesiredWeight": 1.0},
        {"VariantName": "B", "DesiredWeight": 3.0, "DesiredInstanceCount": 2},
    ]);
    let request = json!({"EndpointName": "ab", "DesiredWeightsAndCapacities": desired});
    let answer = world.sagemaker(UPDATE, request).await;
    assert!(
        answer["EndpointArn"]
            .as_str()
            .unwrap()
            .ends_with(":endpoint/ab"),
        "{answer}"
    );
    assert_eq!(world.endpoint("ab").await["EndpointStatus"], "Updating");
    let endpoint = world.settled_endpoint("ab").await;
    assert_eq!(members(&endpoint, "CurrentInstanceCount"), [1, 2]);
    assert_eq!(members(&endpoint, "CurrentWeight"), [1.0, 3.0]);
    let after = shares(&world, "ab", 40).await;
    assert!(after["B"].abs_diff(30) <= 2, "{after:?}");
    let target = [("x-amzn-sagemaker-target-variant", "A")];
    let answer = world.invoke("ab", &target, "1").await;
    assert_eq!(answer.headers["x-amzn-invoked-production-variant"], "A");
    let fewer = json!([{"VariantName": "B", "DesiredInstanceCount": 1}]);
    let request = json!({"EndpointName": "ab", "DesiredWeightsAndCapacities": fewer});
    world.sagemaker(UPDATE, request).await;
    world.settled_endpoint("ab").await;
    assert_eq!(
        world.pids("ab", 12).await.len(),
        2,
        "one process for each variant"
    );
}

#[tokio::test]
async fn an_invalid_change_of_capacity_is_rejected_and_changes_nothing() {
    let world = World::new().await;
    world.deploy_variants("ab", &[("A", 1.0, 1)]).await;
    for (desired, message) in [
        (
            json!([{"VariantName": "C", "DesiredWeight": 1.0}]),
            "Could not find production variant",
        ),
        (
            json!([{"VariantName": "A", "DesiredInstanceCount": 0}]),
            "greater than or equal to 1",
        ),
        (
            json!([{"VariantName": "A", "DesiredWeight": -1.0}]),
            "greater than or equal to 0",
        ),
        (json!([]), "desiredWeightsAndCapacities"),
    ] {
        let request = json!({"EndpointName": "ab", "DesiredWeightsAndCapacities": desired});
        let found = world.error_message(UPDATE, request).await;
        assert!(found.contains(message), "{desired}: {found}");
    }
    let many = json!([{"VariantName": "A", "DesiredInstanceCount": 1000}]);
    let request = json!({"EndpointName": "ab", "DesiredWeightsAndCapacities": many});
    let (_, quota) = world.call(UPDATE, request).await;
    assert_eq!(quota["__type"], "ResourceLimitExceeded", "{quota}");
    assert_eq!(
        members(&world.endpoint("ab").await, "DesiredInstanceCount"),
        [1]
    );
}

#[tokio::test]
async fn weights_and_capacities_survive_the_server() {
    let mut world = World::new().await;
    world
        .deploy_variants("kept", &[("A", 1.0, 1), ("B", 0.0, 1)])
        .await;
    let desired = json!([{"VariantName": "A", "DesiredInstanceCount": 2}, {"VariantName": "B", "DesiredWeight": 1.0}]);
    let request = json!({"EndpointName": "kept", "DesiredWeightsAndCapacities": desired});
    world.sagemaker(UPDATE, request).await;
    world.settled_endpoint("kept").await;
    world.stop().await;
    world.start().await;
    let endpoint = world.settled_endpoint("kept").await;
    assert_eq!(members(&endpoint, "CurrentInstanceCount"), [2, 1]);
    assert_eq!(shares(&world, "kept", 10).await.len(), 2);
}

#[tokio::test]
async fn an_update_can_keep_weights_and_capacities() {
    let world = World::new().await;
    world
        .deploy_variants("e", &[("A", 1.0, 1), ("B", 1.0, 1)])
        .await;
    let desired = json!([{"VariantName": "A", "DesiredWeight": 5.0, "DesiredInstanceCount": 2}]);
    let request = json!({"EndpointName": "e", "DesiredWeightsAndCapacities": desired});
    world.sagemaker(UPDATE, request).await;
    world.settled_endpoint("e").await;
    world
        .configure_variants("next", &[("A", 1.0, 1), ("B", 1.0, 1)], json!({}))
        .await;
    for (excluded, weight, count) in [
        (json!([]), 5.0, 2),
        (json!([{"VariantPropertyType": "DesiredWeight"}]), 1.0, 2),
    ] {
        let request = json!({"EndpointName": "e", "EndpointConfigName": "next", "RetainAllVariantProperties": true,
            "ExcludeRetainedVariantProperties": excluded});
        world.sagemaker("UpdateEndpoint", request).await;
        let endpoint = world.settled_endpoint("e").await;
        assert_eq!(
            *members(&endpoint, "CurrentWeight")[0],
            json!(weight),
            "{excluded}"
        );
        assert_eq!(
            *members(&endpoint, "CurrentInstanceCount")[0],
            json!(count),
            "{excluded}"
        );
    }
}

/// A data capture configuration with this destination.
fn capture_to(destination: &str) -> Value {
    json!({"DataCaptureConfig": {
        "EnableCapture": true,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": destination,
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }})
}

#[tokio::test]
async fn captures_that_cannot_be_stored_are_counted_and_stored_later() {
    let world = World::new().await;
    world
        .configure_variants("e", &[("A", 1.0, 1)], capture_to("s3://late/captured"))
        .await;
    let request = json!({"EndpointName": "e", "EndpointConfigName": "e"});
    world.sagemaker("CreateEndpoint", request).await;
    world.settled_endpoint("e").await;
    world.invoke("e", &[], "1,2").await;
    world
        .sagemaker("DeleteEndpoint", json!({"EndpointName": "e"}))
        .await;
    let failures = json!({"Namespace": "AWS/SageMaker", "MetricName": "DataCaptureFailures"});
    world
        .until(async || {
            let target = "GraniteServiceVersion20100801.ListMetrics";
            let (_, found) = world.json(target, failures.clone()).await;
            found["Metrics"]
                .as_array()
                .is_some_and(|metrics| !metrics.is_empty())
        })
        .await;
    // Now there is a bucket.
    world.ok(Method::PUT, "/late", &[], "").await;
    world
        .until(async || {
            let path = "/late?list-type=2&prefix=captured/e/A/";
            let list = world.ok(Method::GET, path, &[], "").await.text();
            list.contains(".jsonl</Key>")
        })
        .await;
}

/// The number of captured lines in the bucket.
async fn captured_lines(world: &World) -> usize {
    let path = "/bucket?list-type=2&prefix=captured/";
    let list = world.ok(Method::GET, path, &[], "").await.text();
    let mut lines = 0;
    for key in list.split("<Key>").skip(1) {
        let path = format!("/bucket/{}", key.split("</Key>").next().unwrap());
        lines += world
            .ok(Method::GET, &path, &[], "")
            .await
            .text()
            .lines()
            .count();
    }
    lines
}

#[tokio::test]
async fn all_responses_are_captured_although_the_server_or_the_endpoint_stops() {
    let mut world = World::with_data().await;
    let capture = capture_to("s3://bucket/captured");
    world
        .configure_variants("e", &[("A", 1.0, 2)], capture)
        .await;
    let request = json!({"EndpointName": "e", "EndpointConfigName": "e"});
    world.sagemaker("CreateEndpoint", request).await;
    world.settled_endpoint("e").await;
    world.invoke("e", &[], "1,2").await;
    world.stop().await;
    world.start().await;
    assert_eq!(captured_lines(&world).await, 1);
    // Invokes until the endpoint is gone; returns the number of responses.
    let client = async || {
        let mut answered = 0;
        while world.invoke("e", &[], "1,2").await.status == 200 {
            answered += 1;
        }
        answered
    };
    let delete = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let request = json!({"EndpointName": "e"});
        world.sagemaker("DeleteEndpoint", request).await
    };
    let (first, second, third, _) = tokio::join!(client(), client(), client(), delete);
    let answered = 1 + first + second + third;
    assert!(answered > 3, "{answered}");
    let request = json!({"EndpointName": "e"});
    let gone = async || world.call("DescribeEndpoint", request.clone()).await.0 == 400;
    world.until(gone).await;
    assert_eq!(captured_lines(&world).await, answered);
}

#[tokio::test]
async fn destinations_whose_keys_would_be_too_long_are_rejected() {
    let world = World::new().await;
    // With these names, 1024 - 67 - 2 - 1 - 1 bytes are left for the prefix.
    let fits = "\u{e4}".repeat(476);
    world
        .configure_variants("e", &[("A", 1.0, 1)], capture_to(&format!("s3://b/{fits}")))
        .await;
    let variant = json!({"VariantName": "A", "ModelName": "e", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"});
    let mut request = json!({"EndpointConfigName": "long", "ProductionVariants": [variant]});
    request["DataCaptureConfig"] =
        capture_to(&format!("s3://b/{fits}\u{e4}"))["DataCaptureConfig"].clone();
    let error = world.error_message("CreateEndpointConfig", request).await;
    assert!(error.contains("a key prefix of 954 bytes"), "{error}");
    assert!(error.contains("at most 953 bytes"), "{error}");
    // A longer name of the endpoint leaves less room.
    let request = json!({"EndpointName": "longer", "EndpointConfigName": "e"});
    let error = world.error_message("CreateEndpoint", request).await;
    assert!(error.contains("at most 948 bytes"), "{error}");
    let request = json!({"EndpointName": "f", "EndpointConfigName": "e"});
    world.sagemaker("CreateEndpoint", request).await;
}

#[tokio::test]
async fn captured_requests_are_stored_in_the_layout_of_the_service() {
    let world = World::with_data().await;
    let capture = json!({"DataCaptureConfig": {
        "EnableCapture": true,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://bucket/captured/",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    }});
    world
        .configure_variants("seen", &[("A", 1.0, 1)], capture)
        .await;
    let request = json!({"EndpointName": "seen", "EndpointConfigName": "seen"});
    world.sagemaker("CreateEndpoint", request).await;
    let endpoint = world.settled_endpoint("seen").await;
    assert_eq!(
        endpoint["DataCaptureConfig"]["CaptureStatus"], "Started",
        "{endpoint}"
    );
    let headers = [
        ("content-type", "text/csv"),
        ("x-amzn-sagemaker-inference-id", "row-1"),
    ];
    let answer = world.invoke("seen", &headers, "1,2").await.text();
    world.invoke("seen", &headers, "bad").await;
    world
        .sagemaker("DeleteEndpoint", json!({"EndpointName": "seen"}))
        .await;
    let keys = async || {
        let list = world
            .ok(Method::GET, "/bucket?list-type=2&prefix=captured/", &[], "")
            .await
            .text();
        let keys: Vec<_> = list.split("<Key>").skip(1).collect();
        keys.into_iter()
            .map(|key| key.split("</Key>").next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    world.until(async || !keys().await.is_empty()).await;
    let keys = keys().await;
    let parts: Vec<_> = keys[0].split('/').collect();
    assert_eq!(
        (keys.len(), parts.len(), &parts[..3]),
        (1, 8, &["captured", "seen", "A"][..]),
        "{keys:?}"
    );
    assert!(
        parts[3..7].iter().all(|part| part.parse::<u32>().is_ok()),
        "{keys:?}"
    );
    let text = world
        .ok(Method::GET, &format!("/bucket/{}", keys[0]), &[], "")
        .await
        .text();
    // Requests that the container rejects are not captured.
    assert_eq!(text.lines().count(), 1, "{text}");
    let line: Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!(
        line["captureData"]["endpointInput"],
        json!({"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2", "encoding": "CSV"})
    );
    assert_eq!(line["captureData"]["endpointOutput"]["data"], answer);
    assert_eq!(line["eventMetadata"]["inferenceId"], "row-1");
}
